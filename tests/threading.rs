//! Both threading families: futures of `Shared` are `Send`, and `Local` makes the same calls over a transport that holds an
//! `Rc`, on a runtime other than tokio and without a runtime.

use std::cell::Cell;
use std::rc::Rc;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::{
    Client, Credentials, Local, LocalTransport, Request, Response, Secret, TransportError, async_trait, from_fn,
};
use wecom_upstream::{Downstream, Upstream, calls, for_each_call};

const CHAINS: &str = r#"{"errcode":0,"errmsg":"ok","chains":[{"chain_id":"ch1","chain_name":"能源供应链"}]}"#;
const TOKEN: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"token","expires_in":7200}"#;

assert_impl_all!(Client: Send, Sync, Clone);
assert_impl_all!(Upstream: Send, Sync, Clone);
assert_not_impl_any!(Client<Local>: Send, Sync);
assert_impl_all!(wecom_core::Error: Send, Sync, std::error::Error);

fn is_send<T: Send>(future: T) -> T {
    future
}

macro_rules! assert_every_future_is_send {
    (
        upstream { $($upstream:tt)+ }
        upstream_or_downstream { $($either:tt)+ }
        downstream { $($downstream:tt)+ }
    ) => {
        #[test]
        fn the_future_of_every_call_is_send() {
            // Compiling is enough: the function never runs.
            let _ = |upstream: Upstream, downstream: Downstream| {
                assert_every_future_is_send! { @rows upstream $($upstream)+ $($either)+ }
                assert_every_future_is_send! { @rows downstream $($downstream)+ $($either)+ }
            };
        }
    };
    (@rows $facade:ident $(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+) => {
        $(assert_every_future_is_send! { @row $facade $method $request [$($new)*] })+
    };
    (@row $facade:ident $method:ident $request:ident []) => {
        let of = |call: calls::$request| is_send($facade.$method(call));
        let _ = of;
    };
    (@row $facade:ident $method:ident $request:ident [:: new()]) => {
        drop(is_send($facade.$method()));
    };
}
for_each_call!(assert_every_future_is_send);

#[tokio::test]
async fn a_call_can_be_spawned_on_tokio() {
    let transport = from_fn(|request: Request| async move {
        Ok(Response::new(200, if request.token().is_some() { CHAINS } else { TOKEN }))
    });
    let credentials = Credentials::new("ww1", Secret::new("secret"));
    let upstream = Upstream::new(Client::builder(transport).credentials(credentials).build());
    let spawned = tokio::spawn(async move { upstream.get_chain_list().await });
    assert_eq!(spawned.await.unwrap().unwrap().chains[0].chain_name, "能源供应链");
}

/// A transport that is not `Send`.
struct OneThread {
    sent: Rc<Cell<u32>>,
}

#[async_trait(?Send)]
impl LocalTransport for OneThread {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.sent.set(self.sent.get() + 1);
        Ok(Response::new(200, if request.token().is_some() { CHAINS } else { TOKEN }))
    }
}

fn local() -> (Upstream<Local>, Rc<Cell<u32>>) {
    let sent = Rc::new(Cell::new(0));
    let credentials = Credentials::new("ww1", Secret::new("secret"));
    let client = Client::local(OneThread { sent: Rc::clone(&sent) }).credentials(credentials).build();
    (Upstream::new(client), sent)
}

#[test]
fn a_local_client_works_on_a_single_threaded_runtime_that_is_not_tokio() {
    let (upstream, sent) = local();
    let executor = smol::LocalExecutor::new();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let upstream = upstream.clone();
            executor.spawn(async move { upstream.get_chain_list().await.map(|reply| reply.chains.len()) })
        })
        .collect();
    smol::block_on(executor.run(async {
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1);
        }
    }));
    assert_eq!(sent.get(), 11, "one token and ten calls");
}

#[test]
fn a_local_client_works_without_a_runtime() {
    let (upstream, sent) = local();
    assert_eq!(pollster::block_on(upstream.get_chain_list()).unwrap().chains.len(), 1);
    assert_eq!(sent.get(), 2, "one token and one call");
}
