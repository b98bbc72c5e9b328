//! What carries a request to WeCom and a reply back: the one thing that an HTTP library has to be adapted to.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use async_trait::async_trait;

use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::TransportError;

/// Carries one request to the server and brings its reply back.
///
/// # What a transport is responsible for
///
/// - **Any HTTP status is `Ok`.** A 404 or a 502 is a reply, not an error of the transport.
/// - **One call is one request.** Retries of an HTTP library are switched off: what may be repeated is decided above.
/// - **Bytes in, bytes out.** The body goes out as it is and comes back as it is, apart from transfer and content
///   decoding; it is the transport that bounds how large a reply may be.
/// - **Redirects are not followed**: the next address would be given the token. A 3xx is returned like any status.
/// - **URLs are not logged.** They carry the access token; [`Request`]'s `Debug` doesn't show it.
/// - **Dropping the future cancels** the request, and leaves the transport usable.
/// - **An error says whether the request can have reached the server** ([`Delivery`](crate::Delivery)): that decides
///   what may be repeated. [`Delivery::NotSent`](crate::Delivery::NotSent) is a promise; when in doubt it is
///   [`Delivery::Unknown`](crate::Delivery::Unknown).
/// - **It ends.** [`Request::time_limit`] is kept when it is set, and a limit of the transport's own otherwise.
/// - **The [headers](Request::headers) of the request are sent**, and those of the reply are given back.
///
/// It is not responsible for tokens, repetitions, quotas or what a reply means: those lie above it. Connections, DNS,
/// TLS and proxies are its own business.
///
/// # Bring your own
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
///         // ... hand method, url, request.headers() and request.body() to the HTTP library ...
/// #       let _ = (method, url);
///         Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
///     }
/// }
/// ```
///
/// Where the client is not `Send`, implement [`LocalTransport`]; for a closure there is [`from_fn`].
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request, and gives its reply.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// A [`Transport`] that stays on one thread: for thread-per-core runtimes and browsers, whose clients are not `Send`.
///
/// The responsibilities are those of [`Transport`]. A `Transport` serves as one through [`AsLocal`].
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
#[async_trait(?Send)]
pub trait LocalTransport {
    /// Sends one request, and gives its reply.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// Pointers to a transport are transports: `async_trait`'s desugared signature is written out here, so that a pointer
/// adds no box of its own.
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

/// A [`Transport`] where a [`LocalTransport`] is asked for.
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

/// A transport made of a closure: a [`Transport`] where the closure and its future are `Send`, and a
/// [`LocalTransport`] in any case.
///
/// ```
/// use wecom_core::{AccessToken, Client, Response, from_fn};
///
/// let transport = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
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

/// What [`from_fn`] gives.
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
