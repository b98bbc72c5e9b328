//! A transport over a service of `tower`.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use thiserror::Error;
use tower_service::Service;

use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport::{LocalTransport, Transport};
use crate::http::transport_error::{Delivery, TransportError, TransportErrorKind};
use crate::timer::Timer;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A transport over any [`Service`] from `http::Request` to `http::Response`: hyper-util's client, a stack of `tower`
/// layers, an `axum` router in a test.
///
/// `B` is the type of the request body that the service takes; it has to be [`From<Bytes>`](From). The service is cloned
/// for each call. The transport applies the time limit, with the given timer, and the limit for the size of a reply.
///
/// It is a [`Transport`] if the futures of the service are `Send`, and always a [`LocalTransport`].
///
/// # Responsibilities of the service
///
/// It must not follow redirects, repeat requests or log URLs: see [`Transport`].
///
/// ```
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
///
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use tower_service::Service;
/// use wecom_core::http::TowerTransport;
/// use wecom_core::{AccessToken, Client, Timer};
///
/// #[derive(Clone)]
/// struct OurService;
///
/// impl Service<http::Request<Full<Bytes>>> for OurService {
///     type Response = http::Response<Full<Bytes>>;
///     type Error = Infallible;
///     type Future = Ready<Result<Self::Response, Infallible>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, _: http::Request<Full<Bytes>>) -> Self::Future {
///         ready(Ok(http::Response::new(r#"{"errcode":0,"errmsg":"ok"}"#.into())))
///     }
/// }
///
/// fn client(timer: impl Timer + 'static) -> Client {
///     Client::builder(TowerTransport::new(OurService, timer))
///         .token(AccessToken::new("a-token"))
///         .build()
/// }
/// ```
pub struct TowerTransport<S, B> {
    service: S,
    timer: Arc<dyn Timer>,
    time_limit: Duration,
    reply_limit: usize,
    classify: Classify,
    body: PhantomData<fn(Bytes) -> B>,
}

/// Maps an error of the service to a kind and a delivery.
type Classify = fn(&(dyn StdError + 'static)) -> (TransportErrorKind, Delivery);

impl<S, B> TowerTransport<S, B> {
    /// Creates a transport over a service, with a time limit of 30 seconds and a reply limit of 8 MiB.
    pub fn new(service: S, timer: impl Timer + 'static) -> Self {
        Self {
            service,
            timer: Arc::new(timer),
            time_limit: Duration::from_secs(30),
            reply_limit: 8 * 1024 * 1024,
            classify,
            body: PhantomData,
        }
    }

    /// Sets the limit for a whole attempt. The [limit of a request](Request::time_limit) takes precedence.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the limit for the body of a reply, in bytes.
    #[must_use]
    pub fn with_reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Sets how an error of the service maps to a kind and a delivery.
    ///
    /// By default, a refused connection is `Connect` and not sent. Any other `std::io::Error` among the sources is
    /// `Timeout` or `ConnectionLost`, and everything else is `Other`, both with an unknown delivery. Return
    /// [`NotSent`](Delivery::NotSent) only if the error guarantees it.
    #[must_use]
    pub fn with_classification(
        mut self,
        classify: fn(&(dyn StdError + 'static)) -> (TransportErrorKind, Delivery),
    ) -> Self {
        self.classify = classify;
        self
    }

    /// Runs an exchange within its limit.
    async fn within_limit(
        &self,
        limit: Duration,
        exchange: impl Future<Output = Result<Response, TransportError>>,
    ) -> Result<Response, TransportError> {
        let mut exchange = pin!(exchange);
        let mut sleep = None;
        poll_fn(|context| {
            if let Poll::Ready(outcome) = exchange.as_mut().poll(context) {
                return Poll::Ready(outcome);
            }
            let sleep = sleep.get_or_insert_with(|| self.timer.sleep(limit));
            sleep.as_mut().poll(context).map(|()| {
                let error = TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
                Err(error.with_source(DeadlineExceeded(limit)))
            })
        })
        .await
    }

    /// Classifies an error of the service. A known delivery takes precedence over the classification.
    fn failed_with(&self, known: Option<Delivery>, error: impl Into<BoxError>) -> TransportError {
        let error = error.into();
        let (kind, delivery) = (self.classify)(&*error);
        TransportError::new(kind, known.unwrap_or(delivery)).with_source(error)
    }
}

impl<S, B, R> TowerTransport<S, B>
where
    S: Service<::http::Request<B>, Response = ::http::Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
    B: From<Bytes>,
{
    async fn exchange(&self, mut service: S, request: ::http::Request<B>) -> Result<Response, TransportError> {
        if let Err(error) = poll_fn(|context| service.poll_ready(context)).await {
            // The service has not received the request.
            return Err(self.failed_with(Some(Delivery::NotSent), error));
        }
        let reply = service.call(request).await.map_err(|error| self.failed_with(None, error))?;
        let (head, body) = reply.into_parts();
        let body = self.collect(body).await?;
        Ok(::http::Response::from_parts(head, body).into())
    }

    async fn collect(&self, body: R) -> Result<Bytes, TransportError> {
        let mut body = pin!(body);
        let mut collected = BytesMut::new();
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            // The request has arrived, because the reply has begun.
            let frame = frame.map_err(|error| self.failed_with(Some(Delivery::Unknown), error))?;
            let Ok(mut data) = frame.into_data() else { continue };
            if data.remaining() > self.reply_limit - collected.len() {
                let error = TransportError::new(TransportErrorKind::ReplyTooLarge, Delivery::Unknown);
                return Err(error.with_source(ReplyTooLarge(self.reply_limit)));
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                collected.extend_from_slice(chunk);
                let length = chunk.len();
                data.advance(length);
            }
        }
        Ok(collected.freeze())
    }

    fn convert(request: &Request) -> Result<::http::Request<B>, TransportError> {
        ::http::Request::<Bytes>::try_from(request).map(|request| request.map(B::from))
    }
}

#[async_trait]
impl<S, B, R> Transport for TowerTransport<S, B>
where
    S: Service<::http::Request<B>, Response = ::http::Response<R>> + Clone + Send + Sync,
    S::Future: Send,
    S::Error: Into<BoxError> + Send,
    R: Body + Send,
    R::Data: Send,
    R::Error: Into<BoxError> + Send,
    B: From<Bytes> + Send,
{
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let converted = Self::convert(&request)?;
        let limit = request.time_limit().unwrap_or(self.time_limit);
        self.within_limit(limit, self.exchange(self.service.clone(), converted)).await
    }
}

#[async_trait(?Send)]
impl<S, B, R> LocalTransport for TowerTransport<S, B>
where
    S: Service<::http::Request<B>, Response = ::http::Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body,
    R::Error: Into<BoxError>,
    B: From<Bytes>,
{
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let converted = Self::convert(&request)?;
        let limit = request.time_limit().unwrap_or(self.time_limit);
        self.within_limit(limit, self.exchange(self.service.clone(), converted)).await
    }
}

impl<S: Clone, B> Clone for TowerTransport<S, B> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), timer: Arc::clone(&self.timer), ..*self }
    }
}

impl<S, B> fmt::Debug for TowerTransport<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerTransport")
            .field("time_limit", &self.time_limit)
            .field("reply_limit", &self.reply_limit)
            .finish_non_exhaustive()
    }
}

fn classify(error: &(dyn StdError + 'static)) -> (TransportErrorKind, Delivery) {
    let links = std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>() {
        // The source of an I/O error is not the error that it wraps, but the source of that error.
        Some(error) => error.get_ref().map(|wrapped| wrapped as &(dyn StdError + 'static)),
        None => link.source(),
    });
    match links.filter_map(|link| link.downcast_ref::<io::Error>()).last().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => (TransportErrorKind::Connect, Delivery::NotSent),
        Some(io::ErrorKind::TimedOut) => (TransportErrorKind::Timeout, Delivery::Unknown),
        Some(_) => (TransportErrorKind::ConnectionLost, Delivery::Unknown),
        None => (TransportErrorKind::Other, Delivery::Unknown),
    }
}

#[derive(Debug, Error)]
#[error("deadline exceeded: no reply within {0:?}")]
struct DeadlineExceeded(Duration);

#[derive(Debug, Error)]
#[error("reply body exceeds the limit of {0} bytes; raise it with with_reply_limit")]
struct ReplyTooLarge(usize);

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::Context;

    use pollster::block_on;

    use super::*;
    use crate::endpoint::descriptor::Endpoint;

    const ENDPOINT: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");

    /// A timer whose sleeps end immediately.
    struct ImmediateTimer;

    #[async_trait]
    impl Timer for ImmediateTimer {
        fn now(&self) -> Duration {
            Duration::ZERO
        }

        async fn sleep(&self, _: Duration) {}
    }

    /// A body of these pieces.
    struct Pieces(VecDeque<Result<&'static str, io::ErrorKind>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
            let piece = self.0.pop_front();
            Poll::Ready(piece.map(|piece| match piece {
                Ok(text) => Ok(http_body::Frame::data(text.into())),
                Err(kind) => Err(kind.into()),
            }))
        }
    }

    /// A service, by what it does with a call.
    #[derive(Clone)]
    enum StubService {
        Reply(Vec<Result<&'static str, io::ErrorKind>>),
        Fail(io::ErrorKind),
        Hang,
        NeverReady(io::ErrorKind),
    }

    impl Service<::http::Request<Bytes>> for StubService {
        type Response = ::http::Response<Pieces>;
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
            match self {
                Self::NeverReady(kind) => Poll::Ready(Err((*kind).into())),
                _ => Poll::Ready(Ok(())),
            }
        }

        fn call(&mut self, request: ::http::Request<Bytes>) -> Self::Future {
            assert!(request.uri().path().ends_with("get_chain_list"));
            match self.clone() {
                Self::Reply(pieces) => {
                    let reply = ::http::Response::builder().status(201).header("x-note", "1");
                    Box::pin(async move { Ok(reply.body(Pieces(pieces.into())).unwrap()) })
                }
                Self::Fail(kind) => Box::pin(async move { Err(kind.into()) }),
                Self::Hang | Self::NeverReady(_) => Box::pin(std::future::pending()),
            }
        }
    }

    fn send(service: StubService, limit: usize) -> Result<Response, (TransportErrorKind, Delivery)> {
        let transport = TowerTransport::new(service, ImmediateTimer).with_reply_limit(limit);
        let local = block_on(LocalTransport::send(&transport, Request::new(&ENDPOINT)));
        let shared = block_on(Transport::send(&transport, Request::new(&ENDPOINT)));
        let outcome = shared.map_err(|error| (error.kind(), error.delivery()));
        assert_eq!(outcome, local.map_err(|error| (error.kind(), error.delivery())));
        outcome
    }

    #[test]
    fn a_reply_keeps_its_status_headers_and_the_pieces_of_its_body() {
        let reply = send(StubService::Reply(vec![Ok("a"), Ok(""), Ok("bc")]), 3).unwrap();
        assert_eq!((reply.status(), &reply.body()[..]), (201, &b"abc"[..]));
        assert_eq!(reply.headers().get("x-note"), Some(&b"1"[..]));
    }

    #[test]
    fn a_reply_over_the_limit_is_too_large() {
        let outcome = send(StubService::Reply(vec![Ok("a"), Ok("bc")]), 2);
        assert_eq!(outcome, Err((TransportErrorKind::ReplyTooLarge, Delivery::Unknown)));
    }

    #[test]
    fn a_call_that_hangs_ends_at_the_limit_of_the_timer() {
        assert_eq!(send(StubService::Hang, 1), Err((TransportErrorKind::Timeout, Delivery::Unknown)));
    }

    #[test]
    fn an_error_is_classified_and_the_delivery_is_known_before_and_after_the_call() {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset, TimedOut};
        for (service, expected) in [
            (StubService::Fail(ConnectionRefused), (TransportErrorKind::Connect, Delivery::NotSent)),
            (StubService::Fail(TimedOut), (TransportErrorKind::Timeout, Delivery::Unknown)),
            (StubService::Fail(ConnectionReset), (TransportErrorKind::ConnectionLost, Delivery::Unknown)),
            (StubService::NeverReady(ConnectionReset), (TransportErrorKind::ConnectionLost, Delivery::NotSent)),
            (
                StubService::Reply(vec![Ok("a"), Err(ConnectionRefused)]),
                (TransportErrorKind::Connect, Delivery::Unknown),
            ),
        ] {
            assert_eq!(send(service, 8), Err(expected));
        }
    }

    #[test]
    fn a_custom_classification_replaces_the_default() {
        let transport = TowerTransport::<_, Bytes>::new(StubService::Fail(io::ErrorKind::Other), ImmediateTimer)
            .with_classification(|_| (TransportErrorKind::Dns, Delivery::NotSent));
        let error = block_on(Transport::send(&transport, Request::new(&ENDPOINT))).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Dns, Delivery::NotSent));
    }
}
