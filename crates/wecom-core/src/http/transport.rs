//! The trait that connects an HTTP library.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;

use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::TransportError;

/// Sends a request to the server and returns its reply.
///
/// # Responsibilities of a transport
///
/// - **Any HTTP status is `Ok`.** A 404 or a 502 is a reply, not an error of the transport.
/// - **A call is one request.** The HTTP library must not retry: the client decides what may be repeated.
/// - **Bytes in, bytes out.** The transport sends the body unchanged and returns the reply's body unchanged, after transfer
///   and content decoding. It limits the size of a reply.
/// - **Redirects are not followed**, because the new host would receive the token. A 3xx is returned like any other status.
/// - **URLs are not logged**, because they contain the access token. The `Debug` form of [`Request`] hides it.
/// - **Dropping the future cancels** the request. The transport stays usable.
/// - **An error states whether the request may have reached the server** ([`Delivery`](crate::Delivery)), which decides what
///   may be repeated. Return [`Delivery::NotSent`](crate::Delivery::NotSent) only if it is certain, and
///   [`Delivery::Unknown`](crate::Delivery::Unknown) otherwise.
/// - **Every request ends.** The transport applies [`Request::time_limit`] if it is set, and its own limit otherwise.
/// - **Headers are complete.** The transport sends the [headers](Request::headers) of the request and returns those of the
///   reply.
///
/// A transport is not responsible for tokens, retries, quotas or the meaning of a reply. It is responsible for connections,
/// DNS, TLS and proxies. `wecom-conformance` tests a transport for all of this.
///
/// # Implementing a transport
///
/// ```
/// use wecom_core::{Request, Response, Transport, TransportError, async_trait};
///
/// struct OurStack;
///
/// #[async_trait]
/// impl Transport for OurStack {
///     async fn send(&self, request: Request) -> Result<Response, TransportError> {
///         let (method, url) = (request.method().as_str(), request.expose_url());
///         // ... pass them, request.headers() and request.body() to the HTTP library ...
/// #       let _ = (method, url);
///         Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
///     }
/// }
/// ```
///
/// If the HTTP library's client is not `Send`, implement [`LocalTransport`]. For a closure, use [`from_fn`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transport that can move between threads",
    note = "implement `Transport` with `#[async_trait]`",
    note = "a `LocalTransport` goes to `Client::local` instead of `Client::builder`"
)]
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and returns its reply.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// A [`Transport`] that stays on one thread, for thread-per-core runtimes and browsers, whose HTTP clients are not `Send`.
///
/// It has the responsibilities of a [`Transport`]. [`AsLocal`] turns a `Transport` into a `LocalTransport`.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use wecom_core::{LocalTransport, Request, Response, TransportError, async_trait};
///
/// struct OneThread {
///     sent: Rc<Cell<u32>>,
/// }
///
/// #[async_trait(?Send)]
/// impl LocalTransport for OneThread {
///     async fn send(&self, _request: Request) -> Result<Response, TransportError> {
///         self.sent.set(self.sent.get() + 1);
///         Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transport for one thread",
    note = "implement `LocalTransport` with `#[async_trait(?Send)]`",
    note = "wrap a `Transport` in `AsLocal`"
)]
#[async_trait(?Send)]
pub trait LocalTransport {
    /// Sends a request and returns its reply.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// Implements the trait for pointers. Written with the desugared signature of `async_trait`, so that a pointer adds no
/// boxed future of its own.
macro_rules! forward {
    ($trait:ident, $future:ty, $($pointer:ty),+) => {$(
        impl<T: $trait + ?Sized> $trait for $pointer {
            fn send<'life0, 'async_trait>(&'life0 self, request: Request) -> $future
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                (**self).send(request)
            }
        }
    )+};
}

type SharedReply<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;
type LocalReply<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + 'a>>;

forward!(Transport, SharedReply<'async_trait>, &T, Box<T>, Arc<T>);
forward!(LocalTransport, LocalReply<'async_trait>, &T, Box<T>, Rc<T>, Arc<T>);

/// Turns a [`Transport`] into a [`LocalTransport`].
///
/// ```
/// use wecom_core::http::AsLocal;
/// use wecom_core::{AccessToken, Client, Transport};
///
/// fn on_one_thread(transport: impl Transport + 'static) -> Client<wecom_core::Local> {
///     Client::local(AsLocal(transport)).token(AccessToken::new("a-token")).build()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AsLocal<T>(pub T);

#[async_trait(?Send)]
impl<T: Transport> LocalTransport for AsLocal<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await
    }
}

/// Creates a transport from a closure. It is a [`Transport`] if the closure and its future are `Send`, and always a
/// [`LocalTransport`].
///
/// ```
/// use wecom_core::{AccessToken, Client, Response, from_fn};
///
/// let transport = from_fn(|_request| async {
///     Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
/// });
/// let client = Client::builder(transport).token(AccessToken::new("a-token")).build();
/// # let _ = client;
/// ```
pub fn from_fn<F, R>(function: F) -> FromFn<F>
where
    F: Fn(Request) -> R,
    R: Future<Output = Result<Response, TransportError>>,
{
    FromFn(function)
}

/// A transport backed by a closure, created by [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

#[async_trait]
impl<F, R> Transport for FromFn<F>
where
    F: Fn(Request) -> R + Send + Sync,
    R: Future<Output = Result<Response, TransportError>> + Send,
{
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        (self.0)(request).await
    }
}

#[async_trait(?Send)]
impl<F, R> LocalTransport for FromFn<F>
where
    F: Fn(Request) -> R,
    R: Future<Output = Result<Response, TransportError>>,
{
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        (self.0)(request).await
    }
}
