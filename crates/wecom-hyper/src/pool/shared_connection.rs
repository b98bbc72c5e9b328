//! An HTTP/2 connection as its calls share it.

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

/// What the calls of a connection have in common.
struct Streams {
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

    /// Counts a call, until its [`Active`] is dropped.
    pub(crate) fn begin(&self) {
        self.streams.active.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.streams.active.load(Ordering::Acquire) == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.streams, &other.streams)
    }

    pub(crate) fn sender(&self) -> SendRequest<Whole> {
        self.sender.clone()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.streams.origin
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.streams.wire
    }

    /// Notes a reply, and returns whether there was one before.
    pub(crate) fn note_reply(&self) -> bool {
        self.streams.was_used.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn was_used(&self) -> bool {
        self.streams.was_used.load(Ordering::Relaxed)
    }

    /// When a call was last under way: now, while one is.
    pub(crate) fn last_used(&self) -> Instant {
        if self.is_idle() {
            return *self.streams.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        }
        Instant::now()
    }
}

/// Ends the count that [`Connection::begin`] began.
pub(crate) struct Active(pub(crate) Connection);

impl Drop for Active {
    fn drop(&mut self) {
        let streams = &self.0.streams;
        *streams.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        streams.active.fetch_sub(1, Ordering::AcqRel);
    }
}
