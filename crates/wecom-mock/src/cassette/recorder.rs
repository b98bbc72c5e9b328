//! Records the exchanges of a transport.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use wecom_core::{LocalTransport, Request, Response, Secret, Transport, TransportError};

use crate::cassette::Cassette;
use crate::stub::answer::Outcome;

/// A transport that records the exchanges of its inner transport for a [`Cassette`].
///
/// Cheap to clone; all clones record to the same cassette. The entries are in the order in which the requests were sent. A
/// call that was cancelled has no entry. For an example see [`Cassette`].
pub struct Recorder<T> {
    inner: Arc<T>,
    recording: Arc<Mutex<Recording>>,
}

#[derive(Default)]
struct Recording {
    /// The requests in order, each with its outcome once there is one.
    exchanges: Vec<(Request, Arc<OnceLock<Outcome>>)>,
    hidden: Vec<Secret>,
}

impl<T> Recorder<T> {
    /// Records the exchanges of a transport.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner: Arc::new(inner), recording: Arc::default() }
    }

    /// Also replaces this text wherever it occurs, such as a phone number. A text of fewer than four bytes is ignored.
    ///
    /// In a replay, any text matches a hidden one of a request.
    #[must_use]
    pub fn hide(self, secret: Secret) -> Self {
        self.lock().hidden.push(secret);
        self
    }

    /// Returns the exchanges so far.
    #[must_use]
    pub fn cassette(&self) -> Cassette {
        let recording = self.lock();
        let finished = recording.exchanges.iter().filter_map(|(request, outcome)| Some((request, outcome.get()?)));
        Cassette::record(&finished.collect::<Vec<_>>(), &recording.hidden)
    }

    fn start(&self, request: &Request) -> Arc<OnceLock<Outcome>> {
        let outcome = Arc::default();
        self.lock().exchanges.push((request.clone(), Arc::clone(&outcome)));
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let recorded = self.start(&request);
        let outcome = Transport::send(&*self.inner, request).await;
        recorded.get_or_init(|| outcome).clone()
    }
}

#[async_trait(?Send)]
impl<T: LocalTransport> LocalTransport for Recorder<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let recorded = self.start(&request);
        let outcome = LocalTransport::send(&*self.inner, request).await;
        recorded.get_or_init(|| outcome).clone()
    }
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), recording: Arc::clone(&self.recording) }
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("calls", &self.lock().exchanges.len()).finish_non_exhaustive()
    }
}
