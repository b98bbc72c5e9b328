//! The facade: one method for each call that accepts the upstream corp's token.

use std::fmt;
use std::time::Duration;

use wecom_core::{Client, Shared, Threading};

/// The API of an upstream corp: one method for each call, with the vendor's name.
///
/// An `Upstream` is cheap to clone, and all clones share the client's transport and token. The parameter is the
/// [threading family](Threading) and defaults to [`Shared`].
///
/// Each method takes its request by value. To keep the request, pass a reference to the [client](Upstream::client):
///
/// ```
/// use wecom_upstream::calls::GetChainGroup;
/// use wecom_upstream::{ChainId, Upstream};
///
/// # async fn example(upstream: Upstream) -> Result<(), wecom_core::Error> {
/// let call = GetChainGroup::new(ChainId::new("Ch1234"));
/// let before = upstream.client().call(&call).await?;
/// let after = upstream.get_chain_group(call).await?;
/// # assert_eq!(before, after);
/// # Ok(())
/// # }
/// ```
///
/// Beside the [calls](#calls) there are methods for jobs of several calls, such as [`walk`](Self::walk) and
/// [`import`](Upstream::import); the module [`jobs`](crate::jobs) lists them.
///
/// # Errors
///
/// Every call fails as [`Client::call`] does. Its [`Error`](wecom_core::Error) states the cause and the remedy. The
/// documentation of each request names the error codes of that call.
pub struct Upstream<M: Threading = Shared> {
    client: Client<M>,
}

impl<M: Threading> Upstream<M> {
    /// Creates an `Upstream` over a client that has a token of the upstream corp's app.
    #[must_use]
    pub fn new(client: Client<M>) -> Self {
        Self { client }
    }

    /// Returns the client, for calls that have no method here.
    #[must_use]
    pub fn client(&self) -> &Client<M> {
        &self.client
    }

    /// Returns an `Upstream` with a time limit for each request; see [`Client::with_time_limit`].
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self::new(self.client.with_time_limit(limit))
    }

    /// Returns an `Upstream` with a deadline for each call, retries included; see [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self::new(self.client.with_deadline(limit))
    }
}

macro_rules! upstream_methods {
    (
        upstream { $($upstream:tt)+ }
        upstream_or_downstream { $($either:tt)+ }
        downstream { $($downstream:tt)+ }
    ) => {
        facade! { Upstream: $($upstream)+ $($either)+ }
    };
}
for_each_call!(upstream_methods);

impl<M: Threading> Clone for Upstream<M> {
    fn clone(&self) -> Self {
        Self::new(self.client.clone())
    }
}

impl<M: Threading> fmt::Debug for Upstream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("client", &self.client).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use wecom_core::ids::JobId;
    use wecom_core::{AccessToken, Endpoint, Error, Local, Response, from_fn};

    use super::*;
    use crate::calls::{ENDPOINTS, GetResult};
    use crate::samples::sample;

    /// Returns an upstream over a transport that replies with samples and records the endpoints that were called.
    fn upstream() -> (Upstream<Local>, Rc<RefCell<Vec<&'static Endpoint>>>) {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let journal = Rc::clone(&seen);
        let transport = from_fn(move |request| {
            journal.borrow_mut().push(request.endpoint());
            let limit = request.time_limit();
            async move {
                assert_eq!(limit, Some(Duration::from_secs(7)));
                Ok(Response::new(200, reply_to(request.endpoint())))
            }
        });
        let client = Client::local(transport).token(AccessToken::new("a-token")).build();
        (Upstream::new(client).with_time_limit(Duration::from_secs(7)), seen)
    }

    macro_rules! reply_to {
        ($($section:ident {$(
            $(#[$doc:meta])+
            fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
        )+})+) => {
            /// Returns the sample reply of an endpoint.
            fn reply_to(endpoint: &Endpoint) -> &'static str {
                match endpoint.name() {
                    $($(stringify!($method) => sample!(stringify!($method), ".reply.json"),)+)+
                    other => panic!("{other} has no sample"),
                }
            }
        };
    }
    for_each_call!(reply_to);

    macro_rules! call_every_method {
        (
            upstream { $($upstream:tt)+ }
            upstream_or_downstream { $($either:tt)+ }
            downstream { $($downstream:tt)+ }
        ) => {
            /// Makes every call with its sample request.
            async fn call_every_method(upstream: &Upstream<Local>) -> Result<(), Error> {
                call_every_method! { @rows upstream $($upstream)+ $($either)+ }
                Ok(())
            }
        };
        (@rows $facade:ident $(
            $(#[$doc:meta])+
            fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
        )+) => {
            $(call_every_method! { @row $facade $method [$($new)*] })+
        };
        (@row $facade:ident $method:ident []) => {
            let call = serde_json::from_str(sample!(stringify!($method), ".request.json")).unwrap();
            $facade.$method(call).await?;
        };
        (@row $facade:ident $method:ident [:: new()]) => {
            $facade.$method().await?;
        };
    }
    for_each_call!(call_every_method);

    #[test]
    fn the_debug_text_of_the_facades_names_them_and_shows_no_token() {
        let (upstream, _) = upstream();
        let share = upstream.share(crate::AgentId::new(7));
        for (text, name) in [(format!("{upstream:?}"), "Upstream {"), (format!("{share:?}"), "Share { agent_id: ")] {
            assert!(text.starts_with(name) && !text.contains("a-token"), "{text}");
        }
    }

    #[test]
    fn every_method_calls_its_own_endpoint() {
        let (upstream, seen) = upstream();
        pollster::block_on(call_every_method(&upstream)).unwrap();
        assert_eq!(*seen.borrow(), ENDPOINTS);
    }

    #[test]
    fn futures_of_a_shared_upstream_are_send() {
        fn assert_send<T: Send>(_: &T) {}
        let transport = from_fn(|_request| async { Ok(Response::new(200, "{}")) });
        let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build());
        assert_send(&upstream);
        assert_send(&upstream.get_chain_list());
        assert_send(&upstream.get_result(GetResult::new(JobId::new("job"))));
    }

    #[test]
    fn debug_does_not_contain_the_token() {
        let (upstream, _) = upstream();
        assert!(!format!("{upstream:?}").contains("a-token"), "{upstream:?}");
    }
}
