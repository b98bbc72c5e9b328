//! An HTTP/2 connection that calls share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::client::conn::http2::SendRequest;
use tokio::time::Instant;

use crate::connect::origin::Origin;
use crate::connect::socket::Wire;
use crate::exchange::body::Whole;

/// A connection that calls share.
#[derive(Clone)]
pub(crate) struct Connection {
    sender: SendRequest<Whole>,
    streams: Arc<Streams>,
}

/// The state that the calls of a connection share. It holds no sender, so it does not keep the connection open.
pub(crate) struct Streams {
    origin: Arc<Origin>,
    wire: Arc<Wire>,
    active: AtomicUsize,
    was_used: AtomicBool,
    last_used: Mutex<Instant>,
}

impl Connection {
    pub(crate) fn new(sender: SendRequest<Whole>, origin: Arc<Origin>, wire: Arc<Wire>) -> Self {
        let streams = Streams {
            origin,
            wire,
            active: AtomicUsize::new(0),
            was_used: AtomicBool::new(false),
            last_used: Mutex::new(Instant::now()),
        };
        Self { sender, streams: Arc::new(streams) }
    }

    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    /// Counts a call, until its [`Active`] is dropped.
    pub(crate) fn begin(&self) {
        self.streams.active.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Splits the connection for a call that [`begin`](Self::begin) has counted.
    ///
    /// The call has to drop the sender before it waits: a request that crosses the end of the connection is returned only
    /// once there are no senders.
    pub(crate) fn split(self) -> (SendRequest<Whole>, Active) {
        (self.sender, Active(self.streams))
    }
}

impl Streams {
    pub(crate) fn is_idle(&self) -> bool {
        self.active.load(Ordering::Acquire) == 0
    }

    /// When a call was last under way; the current time during a call.
    pub(crate) fn last_used(&self) -> Instant {
        if self.is_idle() {
            return *self.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        }
        Instant::now()
    }
}

/// A call on the connection. Dropping it ends the count that [`Connection::begin`] began.
pub(crate) struct Active(Arc<Streams>);

impl Active {
    pub(crate) fn origin(&self) -> &Origin {
        &self.0.origin
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.0.wire
    }

    /// Records a reply, and returns whether there was one before.
    pub(crate) fn record_reply(&self) -> bool {
        self.0.was_used.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn was_used(&self) -> bool {
        self.0.was_used.load(Ordering::Relaxed)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        *self.0.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use crate::pool::fixture::connection;

    #[tokio::test]
    async fn a_connection_was_used_once_it_has_had_a_reply() {
        let (connection, _task) = connection().await;
        connection.begin();
        let (_, call) = connection.split();
        assert!(!call.was_used());
        assert!(!call.record_reply());
        assert!(call.was_used());
        assert!(call.record_reply());
    }

    #[tokio::test]
    async fn a_connection_is_idle_between_calls() {
        let (connection, _task) = connection().await;
        let streams = connection.streams().clone();
        assert!(streams.is_idle());
        connection.begin();
        assert!(!streams.is_idle());
        drop(connection.split());
        assert!(streams.is_idle());
    }
}
