//! The token's single flight under loom, which runs every interleaving of the threads within a bound:
//!
//! ```text
//! .ci/loom
//! ```
//!
//! A thread that nobody wakes is a deadlock, and loom fails the test for it. Each test keeps a client until the other
//! threads have been joined: loom knows nothing of the `Arc` in it, so the last one must be dropped by a thread that
//! comes after all others by what loom does know.

#![cfg(loom)]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;
use wecom_core::{
    Client, Credentials, Endpoint, Error, GET_TOKEN, RawCall, Request, Response, Secret, TransportError, from_fn,
};

const LIST: Endpoint = Endpoint::get("list", "list");

/// A service that gives the tokens `token-1`, `token-2` … and answers every call that carries one that is not revoked.
///
/// Its counters are the standard library's: the order in which they are changed is not what is looked at.
#[derive(Clone, Default)]
struct Service(Arc<Counts>);

#[derive(Default)]
struct Counts {
    fetches: AtomicUsize,
    is_first_revoked: AtomicBool,
    refuses_credentials: AtomicBool,
}

impl Service {
    fn client(&self) -> Client {
        let service = self.clone();
        let transport = from_fn(move |request: Request| {
            let service = service.clone();
            async move { service.answer(&request).await }
        });
        Client::builder(transport).credentials(Credentials::new("ww1", Secret::new("the-secret"))).build()
    }

    async fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let Counts { fetches, is_first_revoked, refuses_credentials } = &*self.0;
        if *request.endpoint() != GET_TOKEN {
            let is_first = request.token().is_some_and(|token| token.expose() == "token-1");
            let is_refused = is_first && is_first_revoked.load(Ordering::SeqCst);
            return Ok(reply(if is_refused { r#"{"errcode":40014}"# } else { r#"{"errcode":0,"list":[]}"# }));
        }
        let number = fetches.fetch_add(1, Ordering::SeqCst) + 1;
        // Whoever fetches may be dropped here, or overtaken.
        give_way().await;
        if refuses_credentials.load(Ordering::SeqCst) {
            return Ok(reply(r#"{"errcode":40013}"#));
        }
        Ok(reply(&format!(r#"{{"errcode":0,"access_token":"token-{number}","expires_in":7200}}"#)))
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }
}

fn reply(body: &str) -> Response {
    Response::new(200, body.to_owned())
}

/// Is not ready at once.
async fn give_way() {
    let mut has_waited = false;
    poll_fn(|context| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A call; in a box, because loom's threads have small stacks.
fn call(client: &Client) -> Call<'_> {
    Box::pin(async { client.call_raw(RawCall::new(&LIST)).await.map(drop) })
}

/// A caller on a thread of his own.
fn caller(client: &Client) -> thread::JoinHandle<Result<(), Error>> {
    let client = client.clone();
    thread::spawn(move || block_on(call(&client)))
}

/// Runs every interleaving in which threads are interrupted at most so often where they need not be.
fn explore(interruptions: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(interruptions);
    model.check(test);
}

#[test]
fn two_callers_without_a_token_share_one_fetch() {
    explore(3, || {
        let service = Service::default();
        let client = service.client();
        let other = caller(&client);
        block_on(call(&client)).unwrap();
        other.join().unwrap().unwrap();
        assert_eq!(service.fetches(), 1);
    });
}

#[test]
fn three_callers_without_a_token_share_one_fetch() {
    explore(2, || {
        let service = Service::default();
        let client = service.client();
        let others = [caller(&client), caller(&client)];
        block_on(call(&client)).unwrap();
        others.into_iter().for_each(|other| other.join().unwrap().unwrap());
        assert_eq!(service.fetches(), 1);
    });
}

#[test]
fn a_refusal_of_the_credentials_reaches_all_and_is_not_asked_for_again() {
    explore(2, || {
        let service = Service::default();
        service.0.refuses_credentials.store(true, Ordering::SeqCst);
        let client = service.client();
        let others = [caller(&client), caller(&client)];
        let errors = others.map(|other| other.join().unwrap().unwrap_err());
        let error = block_on(call(&client)).unwrap_err();
        assert!(errors.iter().chain([&error]).all(Error::is_credentials_rejected), "{error}");
        assert_eq!(service.fetches(), 1);
    });
}

/// Begins a call, and gives it up at the first thing that it has to wait for.
fn begin_and_drop(client: &Client) {
    let _ = call(client).as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

#[test]
fn another_takes_over_from_a_caller_who_is_dropped() {
    explore(3, || {
        let service = Service::default();
        let client = service.client();
        let other = caller(&client);
        begin_and_drop(&client);
        other.join().unwrap().unwrap();
        assert!(service.fetches() <= 2);
    });
}

#[test]
fn nobody_sleeps_for_ever_when_one_of_three_is_dropped() {
    explore(2, || {
        let service = Service::default();
        let client = service.client();
        let others = [caller(&client), caller(&client)];
        begin_and_drop(&client);
        others.into_iter().for_each(|other| other.join().unwrap().unwrap());
        // The one who is dropped either fetched in vain or waited; of the others one fetches.
        assert!((1..=2).contains(&service.fetches()));
    });
}

/// A client whose token has been revoked since it was fetched.
fn with_a_dead_token(service: &Service) -> Client {
    let client = service.client();
    block_on(call(&client)).unwrap();
    service.0.is_first_revoked.store(true, Ordering::SeqCst);
    client
}

#[test]
fn a_late_refusal_does_not_drop_the_token_that_came_since() {
    explore(3, || {
        let service = Service::default();
        let client = with_a_dead_token(&service);
        let other = caller(&client);
        block_on(call(&client)).unwrap();
        other.join().unwrap().unwrap();
        assert_eq!(service.fetches(), 2);
    });
}

#[test]
fn a_refusal_whose_caller_is_dropped_leaves_the_others_to_go_on() {
    explore(2, || {
        let service = Service::default();
        let client = with_a_dead_token(&service);
        let others = [caller(&client), caller(&client)];
        begin_and_drop(&client);
        others.into_iter().for_each(|other| other.join().unwrap().unwrap());
        assert!((2..=3).contains(&service.fetches()));
    });
}
