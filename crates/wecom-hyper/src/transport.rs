//! The transport: sends one request and returns its reply, within its limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use wecom_core::{Delivery, Request, Response, Transport, TransportError};

use crate::counters::{Counters, Counts};
use crate::exchange::request::{invalid_base_url, outgoing};
use crate::failure;
use crate::pool::Pool;
use crate::pool::job::{Job, JobLimits, Outcome, Ticket};

/// A transport over HTTPS on hyper's connections, with a pool of its own.
///
/// Created by [`HyperTransport::new`] or [`HyperTransport::builder`]. Cheap to clone; all clones share the connections.
/// Create one and keep it: each new one loads the root certificates and starts without connections.
///
/// # Errors of a call
///
/// | failure | kind | delivery |
/// |---|---|---|
/// | DNS lookup failed | `Dns` | not sent |
/// | connection refused, unreachable, or no tunnel through a proxy | `Connect` | not sent |
/// | TLS handshake failed, or the certificate is not trusted | `Tls` | not sent |
/// | connect limit exceeded | `Timeout` | not sent |
/// | time limit exceeded while waiting for a connection | `Timeout` | not sent |
/// | time limit exceeded on a connection | `Timeout` | unknown; not sent if no byte has left |
/// | connection closed or broken | `ConnectionLost` | unknown; not sent if no byte has left, or the server refused the HTTP/2 stream |
/// | the reply is not HTTP, or its head is too large | `Protocol` | unknown |
/// | the reply is over the limit | `ReplyTooLarge` | unknown |
/// | HTTP can't express the request, or the build has no TLS | `Unsupported` | not sent |
/// | no tokio runtime | `NoRuntime` | not sent |
/// | the runtime shut down during the call | `NoRuntime` | unknown; not sent if no connection had taken the call |
///
/// The delivery is exact for HTTP/1.1: the transport counts the writes on each socket, and a request that has failed is
/// not written later.
///
/// # Futures that are not polled
///
/// Tasks on the runtime send the request and read the reply. A future of [`send`](Transport::send) that is kept without
/// being polled holds no connection, and its reply is available when it is polled again.
#[derive(Clone)]
pub struct HyperTransport {
    pool: Arc<Pool>,
    time_limit: Duration,
    reply_limit: usize,
    runtime: Option<Handle>,
    counts: Arc<Counts>,
}

impl HyperTransport {
    pub(crate) fn over(
        pool: Pool,
        time_limit: Duration,
        reply_limit: usize,
        runtime: Option<Handle>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { pool: Arc::new(pool), time_limit, reply_limit, runtime, counts }
    }

    #[cfg(test)]
    #[cfg(feature = "bundled-roots")]
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns the counters of this transport and all its clones.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counts.read()
    }

    /// Sets the limit for a whole attempt, from connecting to the last byte of the reply. Default: 30 seconds. The
    /// [limit of a request](Request::time_limit) takes precedence.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the limit for the body of a reply, in bytes. Default: 8 MiB. A reply that declares more is not read.
    #[must_use]
    pub fn with_reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Binds the transport to a runtime: its calls then work on any thread and any executor.
    ///
    /// The runtime needs its I/O and time drivers, and has to run for calls to progress (a current-thread runtime runs
    /// only inside `block_on`). After its shutdown, calls fail with
    /// [`NoRuntime`](wecom_core::TransportErrorKind::NoRuntime).
    ///
    /// ```
    /// # #[cfg(all(any(feature = "ring", feature = "aws-lc-rs"), feature = "bundled-roots"))]
    /// # {
    /// use wecom_hyper::{HyperTransport, Roots};
    ///
    /// let runtime =
    ///     tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    /// let transport = HyperTransport::builder()
    ///     .roots(Roots::Bundled)
    ///     .build()?
    ///     .with_runtime(runtime.handle().clone());
    /// # let _ = transport;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Passes the request to the pool, and returns the receiver of its outcome.
    fn submit(&self, request: &Request) -> Result<oneshot::Receiver<Outcome>, TransportError> {
        let ambient;
        let runtime = match &self.runtime {
            Some(bound) => bound,
            None => {
                ambient = Handle::try_current().map_err(|_| failure::no_runtime())?;
                &ambient
            }
        };
        let origin = self.pool.origin(request.base_url()).ok_or_else(invalid_base_url)?;
        let limits = JobLimits::new(request.time_limit().unwrap_or(self.time_limit), self.reply_limit);
        let (ticket, outcome) = Ticket::new();
        let job = Job { request: outgoing(request, &origin)?, limits, ticket };
        self.pool.submit(runtime, &origin, Box::new(job));
        Ok(outcome)
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.counts.call_began();
        let outcome = match self.submit(&request) {
            Ok(outcome) => outcome.await.unwrap_or_else(|_| Err(failure::runtime_stopped(Delivery::Unknown))),
            Err(error) => Err(error),
        };
        self.counts.call_ended(&outcome);
        outcome
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
