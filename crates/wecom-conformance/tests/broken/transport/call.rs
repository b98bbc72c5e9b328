//! One call on its own thread, which ends when its future is dropped.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use event_listener::Event;
use wecom_core::{Delivery, Request, Response, TransportError, TransportErrorKind as Kind};

use crate::bug::Bug;
use crate::transport::{DEFAULT_LIMIT, Inner};

pub(crate) type Outcome = Result<Response, TransportError>;

/// What the future of a call and its threads share.
#[derive(Default)]
pub(crate) struct Call {
    outcome: Mutex<Option<Outcome>>,
    finished: Event,
    /// The connections in use.
    streams: Mutex<Vec<TcpStream>>,
    is_dropped: AtomicBool,
    /// Whether the head of the reply has arrived.
    pub(crate) has_head: AtomicBool,
}

impl Call {
    pub(crate) async fn start(inner: &Arc<Inner>, request: Request) -> Outcome {
        if inner.has(Bug::FailsAfterDrop) && inner.was_dropped.swap(false, Ordering::SeqCst) {
            return Err(TransportError::new(Kind::ConnectionLost, Delivery::NotSent));
        }
        let failures = inner.failures.load(Ordering::SeqCst);
        if matches!(inner.bug, Some(Bug::OpensCircuitAfter(most)) if failures >= most) {
            inner.failures.store(0, Ordering::SeqCst);
            return Err(TransportError::new(Kind::Connect, Delivery::NotSent));
        }
        if inner.has(Bug::PanicsOnLargestLimit) {
            let _ = Instant::now() + request.time_limit().unwrap_or(DEFAULT_LIMIT);
        }
        let call = Arc::new(Self::default());
        if inner.has(Bug::BlocksThread) {
            return inner.run(&request, &call);
        }
        let (own, shared) = (Arc::clone(inner), Arc::clone(&call));
        let is_large = request.body().is_some_and(|body| body.len() > 256 * 1024);
        let future = CallFuture { inner: Arc::clone(inner), call: Arc::clone(&call), is_large, is_finished: false };
        thread::spawn(move || {
            let outcome = own.run(&request, &shared);
            *shared.outcome.lock().unwrap() = Some(outcome);
            shared.finished.notify(usize::MAX);
        });
        future.outcome().await
    }

    /// Adds a connection, to be shut down when the future is dropped.
    pub(crate) fn use_stream(&self, stream: &TcpStream) -> io::Result<()> {
        self.streams.lock().unwrap().push(stream.try_clone()?);
        if self.is_dropped() {
            stream.shutdown(Shutdown::Both)?;
        }
        Ok(())
    }

    pub(crate) fn release_streams(&self) {
        self.streams.lock().unwrap().clear();
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.is_dropped.load(Ordering::SeqCst)
    }
}

/// The future of a call.
struct CallFuture {
    inner: Arc<Inner>,
    call: Arc<Call>,
    /// Whether the body of the request is large.
    is_large: bool,
    is_finished: bool,
}

impl CallFuture {
    async fn outcome(mut self) -> Outcome {
        loop {
            let finished = self.call.finished.listen();
            let outcome = self.call.outcome.lock().unwrap().take();
            if let Some(outcome) = outcome {
                self.is_finished = true;
                return outcome;
            }
            finished.await;
        }
    }
}

impl Drop for CallFuture {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        self.inner.was_dropped.store(true, Ordering::SeqCst);
        let continues = self.inner.has(Bug::ContinuesWhenDropped)
            || self.inner.has(Bug::ContinuesLargeUploadsWhenDropped) && self.is_large
            || self.inner.has(Bug::ContinuesReadingWhenDropped) && self.call.has_head.load(Ordering::SeqCst);
        if continues {
            return;
        }
        if self.inner.has(Bug::KeepsConnectionWhenDropped) {
            let streams = self.call.streams.lock().unwrap();
            self.inner.leaked.lock().unwrap().extend(streams.iter().filter_map(|stream| stream.try_clone().ok()));
            return;
        }
        self.call.is_dropped.store(true, Ordering::SeqCst);
        if self.inner.has(Bug::PoolsDroppedConnections) {
            return;
        }
        for stream in self.call.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
