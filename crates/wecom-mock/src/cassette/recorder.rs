//! Records what goes over a transport.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wecom_core::{LocalTransport, Request, Response, Secret, Transport, TransportError};

use crate::cassette::Cassette;
use crate::cassette::aliases::Aliases;
use crate::cassette::entry::Entry;
use crate::cassette::secret_kind::SecretKind;
use crate::stub::answer::Outcome;

/// A transport that passes calls on to another one and keeps what was said, for a [`Cassette`].
///
/// Cheap to clone; all clones record onto the same cassette. Entries stand in the order in which the calls were sent; one
/// whose future is dropped before its reply is there is left out. The example stands at [`Cassette`].
pub struct Recorder<T> {
    inner: Arc<T>,
    tape: Arc<Mutex<Tape>>,
}

#[derive(Default)]
struct Tape {
    /// One for each call that was sent; empty until its reply is there.
    slots: Vec<Option<Entry>>,
    aliases: Aliases,
}

impl<T> Recorder<T> {
    /// Records what goes over a transport.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner: Arc::new(inner), tape: Arc::default() }
    }

    /// Keeps one more text out of the cassette: an alias takes its place too. Tokens and secrets of the requests are known
    /// without it, and so are fields whose name says that they are secret.
    ///
    /// A text of less than four bytes is not looked for. A replay whose requests carry the text is told of it by
    /// [`Player::with_secret`](crate::Player::with_secret).
    #[must_use]
    pub fn hide(self, secret: Secret) -> Self {
        self.lock().aliases.learn(SecretKind::Other, secret.expose());
        self
    }

    /// What has been recorded until now.
    #[must_use]
    pub fn cassette(&self) -> Cassette {
        let mut tape = self.lock();
        let Tape { slots, aliases } = &mut *tape;
        // A secret may have been seen before anything told that it is one.
        for _ in 0..2 {
            slots.iter_mut().flatten().for_each(|entry| entry.clean(aliases));
        }
        Cassette::new(slots.iter().flatten().cloned().collect(), aliases.clone())
    }

    /// The transport below.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }

    fn begin(&self) -> usize {
        let mut tape = self.lock();
        tape.slots.push(None);
        tape.slots.len() - 1
    }

    fn end(&self, at: usize, request: &Request, outcome: &Outcome) {
        let mut tape = self.lock();
        let Tape { slots, aliases } = &mut *tape;
        let entry = Entry::record(request, outcome, aliases);
        if let Some(slot) = slots.get_mut(at) {
            *slot = Some(entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tape> {
        // Nothing in here panics between two changes that belong together.
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let at = self.begin();
        let outcome = Transport::send(&*self.inner, request.clone()).await;
        self.end(at, &request, &outcome);
        outcome
    }
}

#[async_trait(?Send)]
impl<T: LocalTransport> LocalTransport for Recorder<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let at = self.begin();
        let outcome = LocalTransport::send(&*self.inner, request.clone()).await;
        self.end(at, &request, &outcome);
        outcome
    }
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), tape: Arc::clone(&self.tape) }
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("calls", &self.lock().slots.len()).finish_non_exhaustive()
    }
}
