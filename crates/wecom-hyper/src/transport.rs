//! The transport: one request out, one reply back, within its limits.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::connect::{CaptureConnection, Connect, capture_connection};
use hyper_util::client::legacy::{Client, ResponseFuture};
use tokio::runtime::Handle;
use tokio::time::timeout;
use wecom_core::{Request, Response, Safety, Transport, TransportError};

use crate::counters::{Counters, Counts, Used};
use crate::exchange::reply;
use crate::exchange::request::outgoing;
use crate::failure;
use crate::pause::{Pauses, look_at_connections};
use crate::runtime::run_in;

/// How long one attempt may take when neither the transport nor the request says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How large a reply may be when the transport doesn't say otherwise: 8 MiB.
const REPLY_LIMIT: usize = 8 * 1024 * 1024;

/// Carries requests over HTTPS with hyper's pooled client.
///
/// Made by [`HyperTransport::new`], by [`HyperTransport::builder`], or of a client of your own by
/// [`HyperTransport::from_client`]. Cheap to clone; all clones share the connections. Make one and keep it: each new
/// one reads the roots and begins with an empty pool.
///
/// # What its errors say
///
/// | what happened | kind | the request |
/// |---|---|---|
/// | the name did not resolve | `Dns` | was not sent |
/// | no TCP connection, or no tunnel through a proxy | `Connect` | was not sent |
/// | no TLS, or a certificate that is not trusted | `Tls` | was not sent |
/// | the connect limit passed | `Timeout` | was not sent |
/// | the attempt's limit passed | `Timeout` | may have been carried out, unless it would change something and had no connection yet: then it was not sent |
/// | the connection was closed or broke | `ConnectionLost` | may have been carried out, unless hyper gave it back or the server left it out (HTTP/2) |
/// | what came back is not HTTP, or its head is beyond what hyper takes | `Protocol` | may have been carried out |
/// | the reply is over the limit | `ReplyTooLarge` | may have been carried out |
/// | HTTP can't express the request | `Unsupported` | was not sent |
/// | there is no tokio runtime | `NoRuntime` | was not sent |
#[derive(Clone)]
pub struct HyperTransport {
    client: Arc<dyn Exchange>,
    time_limit: Duration,
    reply_limit: usize,
    runtime: Option<Handle>,
    counts: Arc<Counts>,
    pauses: Arc<Pauses>,
}

impl HyperTransport {
    /// A transport on a hyper-util client of your own: with its connector, its TLS, its pool and its proxies.
    ///
    /// The client decides what a scheme means, how long connecting may take and when idle connections close; give it a
    /// [pool timer](hyper_util::client::legacy::Builder::pool_timer), without which they don't. The limits of the whole
    /// attempt (30 seconds) and of the reply (8 MiB) are this transport's. A name that does not resolve is reported as
    /// [`Connect`](wecom_core::TransportErrorKind::Connect): a connector's error doesn't tell them apart.
    ///
    /// ```
    /// use hyper_util::client::legacy::Client;
    /// use hyper_util::rt::TokioExecutor;
    /// use wecom_hyper::HyperTransport;
    ///
    /// let plain = Client::builder(TokioExecutor::new()).build_http();
    /// let transport = HyperTransport::from_client(plain);
    /// # let _ = transport;
    /// ```
    #[must_use]
    pub fn from_client<C>(client: Client<C, Full<Bytes>>) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        Self::counted(client, Arc::default())
    }

    /// As [`from_client`](Self::from_client), for a client whose connector counts as well.
    pub(crate) fn counted<C>(client: Client<C, Full<Bytes>>, counts: Arc<Counts>) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        Self {
            client: Arc::new(client),
            time_limit: TIME_LIMIT,
            reply_limit: REPLY_LIMIT,
            runtime: None,
            counts,
            pauses: Arc::new(Pauses::new()),
        }
    }

    /// What this transport and all its clones have done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counts.read()
    }

    /// The same transport with a limit for the whole attempt, from connecting to the last byte of the reply: 30 seconds
    /// by default. A request that brings a [limit of its own](Request::time_limit) is held to that one instead.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The same transport with a limit for the body of a reply, in bytes: 8 MiB by default. No more than that is kept,
    /// and a reply that announces more is not read at all.
    #[must_use]
    pub fn with_reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// The same transport, running on this runtime whichever thread and executor polls its calls.
    ///
    /// The runtime needs its I/O and time drivers, has to be running for the call to get on (a current-thread runtime
    /// runs only inside its `block_on`), and has to outlive the transport's calls.
    ///
    /// ```
    /// use hyper_util::client::legacy::Client;
    /// use hyper_util::rt::TokioExecutor;
    /// use wecom_hyper::HyperTransport;
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    /// let client = Client::builder(TokioExecutor::new()).build_http();
    /// let transport = HyperTransport::from_client(client).with_runtime(runtime.handle().clone());
    /// # let _ = transport;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Hands the request to the client, and says how to tell whether it has got a connection.
    ///
    /// Watching for the connection costs some five percent of a call's time, and what it tells decides only what a call
    /// that changes something may do. So a call that only reads goes without: when its time is over it may have been
    /// carried out, whatever it was waiting for.
    fn begin(&self, request: &Request) -> Result<(ResponseFuture, Option<CaptureConnection>), TransportError> {
        let mut sent = outgoing(request)?;
        let watched = request.endpoint().safety() != Safety::Safe;
        let connection = watched.then(|| capture_connection(&mut sent));
        Ok((self.client.exchange(sent), connection))
    }

    /// The reply to what was begun, on a runtime.
    async fn finish(
        &self,
        reply: ResponseFuture,
        connection: Option<CaptureConnection>,
        limit: Duration,
    ) -> Result<Response, TransportError> {
        let after_a_pause = self.pauses.call_began();
        let exchange = timeout(limit, async {
            if after_a_pause {
                look_at_connections().await;
            }
            let reply = reply.await;
            let reply = reply.map_err(|error| failure::of_exchange(error, is_there(connection.as_ref())))?;
            if reply.extensions().get().is_some_and(Used::swap) {
                self.counts.connection_was_reused();
            }
            reply::collect(reply, self.reply_limit).await
        });
        match exchange.await {
            Ok(result) => result,
            Err(_) => Err(failure::timed_out(limit, is_there(connection.as_ref()))),
        }
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.counts.call_began();
        let limit = request.time_limit().unwrap_or(self.time_limit);
        let ambient;
        let runtime = match &self.runtime {
            Some(given) => Ok(given),
            None => match Handle::try_current() {
                Ok(current) => {
                    ambient = current;
                    Ok(&ambient)
                }
                Err(_) => Err(failure::no_runtime()),
            },
        };
        let result = match runtime.and_then(|runtime| Ok((runtime, self.begin(&request)?))) {
            Ok((runtime, (reply, connection))) => {
                run_in(runtime, pin!(Some(self.finish(reply, connection, limit)))).await
            }
            Err(error) => Err(error),
        };
        self.counts.call_ended(&result);
        result
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("time_limit", &self.time_limit)
            .field("reply_limit", &self.reply_limit)
            .field("has_runtime", &self.runtime.is_some())
            .finish_non_exhaustive()
    }
}

/// A client whatever its connector is: the connector's type would otherwise be part of the user's types.
trait Exchange: Send + Sync {
    fn exchange(&self, request: http::Request<Full<Bytes>>) -> ResponseFuture;
}

impl<C: Connect + Clone + Send + Sync + 'static> Exchange for Client<C, Full<Bytes>> {
    fn exchange(&self, request: http::Request<Full<Bytes>>) -> ResponseFuture {
        self.request(request)
    }
}

/// Whether the request can have had a connection: until then, no byte of it was sent.
fn is_there(connection: Option<&CaptureConnection>) -> bool {
    connection.is_none_or(|connection| connection.connection_metadata().is_some())
}
