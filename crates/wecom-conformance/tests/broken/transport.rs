//! An HTTP/1.1 transport on `std::net` that keeps the whole contract, except for at most one bug.
//!
//! Each call runs on its own thread. [`exchange`] makes one request and reads its reply, [`retry`] decides whether to make
//! another one, and [`pool`] keeps idle connections.

pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod exchange;
pub(crate) mod memory;
pub(crate) mod pipeline;
pub(crate) mod pool;
pub(crate) mod retry;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wecom_core::{Request, Response, Transport, TransportError, async_trait};

use crate::bug::Bug;
use crate::transport::call::Call;
use crate::transport::memory::Memory;
use crate::transport::pipeline::Pipelines;
use crate::transport::pool::Pool;
use crate::transport::retry::InFlight;

/// The time limit of a request that has none.
pub(crate) const DEFAULT_LIMIT: Duration = Duration::from_secs(5);

/// The largest reply.
pub(crate) const REPLY_LIMIT: usize = 8 * 1024 * 1024;

/// The transport. Clones share its state.
#[derive(Clone)]
pub(crate) struct Http1(Arc<Inner>);

/// The state of the transport.
pub(crate) struct Inner {
    pub(crate) bug: Option<Bug>,
    pub(crate) requests_gzip: bool,
    pub(crate) pool: Pool,
    pub(crate) pipelines: Pipelines,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) in_flight: InFlight,
    /// Connections that are never closed.
    pub(crate) leaked: Mutex<Vec<TcpStream>>,
    /// The proxy of [`Bug::UsesProxy`], which accepts no connection.
    pub(crate) proxy: TcpListener,
    pub(crate) was_dropped: AtomicBool,
    pub(crate) running: AtomicUsize,
    /// The number of complete replies.
    pub(crate) replies: AtomicUsize,
    /// The number of replies in a row with a status of 500 and above.
    pub(crate) failures: AtomicUsize,
    pub(crate) last_reply: Mutex<Option<Response>>,
}

impl Http1 {
    pub(crate) fn new(bug: Option<Bug>) -> Self {
        Self::with_gzip(bug, false)
    }

    /// Creates a transport without a bug that requests gzip and decodes it.
    pub(crate) fn decoding_gzip() -> Self {
        Self::with_gzip(None, true)
    }

    fn with_gzip(bug: Option<Bug>, requests_gzip: bool) -> Self {
        Self(Arc::new(Inner {
            bug,
            requests_gzip,
            pool: Pool::default(),
            pipelines: Pipelines::default(),
            memory: Mutex::default(),
            in_flight: InFlight::default(),
            leaked: Mutex::default(),
            proxy: TcpListener::bind("127.0.0.1:0").unwrap(),
            was_dropped: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            replies: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            last_reply: Mutex::default(),
        }))
    }
}

impl Inner {
    /// Whether the transport has a bug.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether the transport has one of these bugs.
    pub(crate) fn has_any(&self, bugs: &[Bug]) -> bool {
        self.bug.is_some_and(|bug| bugs.contains(&bug))
    }

    /// Returns the address to connect to for a server.
    pub(crate) fn peer(&self, server: SocketAddr) -> SocketAddr {
        if self.has(Bug::UsesProxy) { self.proxy.local_addr().unwrap() } else { server }
    }
}

#[async_trait]
impl Transport for Http1 {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Call::start(&self.0, request).await
    }
}
