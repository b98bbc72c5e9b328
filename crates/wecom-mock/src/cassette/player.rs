//! Replays what was recorded.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wecom_core::{Delivery, LocalTransport, Request, Response, Secret, Transport, TransportError, TransportErrorKind};

use crate::cassette::Cassette;
use crate::cassette::aliases::Aliases;
use crate::cassette::compare::{Comparison, recorded_line};
use crate::fail_test::{fail, verify_on_drop};
use crate::stub::answer::Outcome;

/// How many calls and entries a report names; of the others only the number is.
const NAMED: usize = 5;

/// A transport that answers with what was recorded on a [`Cassette`], in order.
///
/// A request that is not the recorded one fails at once with a [`TransportErrorKind::Other`] that was
/// [not sent](Delivery::NotSent); its text names the entry and what differs, and the entry stays the next one. Compared are
/// method, path, query, body (JSON by its meaning, anything else byte by byte) and whether the token is the one that it was.
///
/// The credentials need not be those of the recording: what comes first in the place of an alias is what that alias
/// stands for from then on.
///
/// The test fails when entries are left over, or when a request came that was not the recorded one: [`Player::verify`]
/// says so, and so does dropping the last clone of the player, unless it has been verified or the thread is panicking
/// already. Cheap to clone; all clones play the same cassette.
#[derive(Clone)]
pub struct Player {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    cassette: Cassette,
    /// How many entries have been played.
    played: usize,
    bound: Aliases,
    refused: Vec<Refused>,
    /// How many more were refused than are kept.
    more_refused: usize,
    /// Whether somebody has seen the verdict, and nothing has come since that could make it a worse one.
    verified: bool,
}

impl Player {
    /// Plays a cassette from its beginning.
    #[must_use]
    pub fn new(cassette: Cassette) -> Self {
        let state = State {
            cassette,
            played: 0,
            bound: Aliases::default(),
            refused: Vec::new(),
            more_refused: 0,
            verified: false,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state) }) }
    }

    /// Says what an alias stands for from the beginning: for what was [hidden by hand](crate::Recorder::hide) and is part of
    /// a request. Tokens and secrets that stand where they did in the recording need not be said.
    #[must_use]
    pub fn with_secret(self, alias: &str, secret: Secret) -> Self {
        self.lock().bound.bind(alias, secret.expose());
        self
    }

    /// How many entries have not been played yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let state = self.lock();
        state.cassette.len().saturating_sub(state.played)
    }

    /// Fails the test when entries are left over, or a request came that was not the recorded one.
    ///
    /// # Panics
    ///
    /// With a report of all of these.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(error) = self.try_verify() {
            fail(&error);
        }
    }

    /// As [`Player::verify`], for those who want to look at the report.
    ///
    /// Dropping the player doesn't verify it again, unless a request was refused since.
    ///
    /// # Errors
    ///
    /// With a report of what was not as it was recorded.
    pub fn try_verify(&self) -> Result<(), ReplayError> {
        self.lock().verify()
    }

    fn answer(&self, request: &Request) -> Outcome {
        self.lock().answer(request)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Outcome {
        let number = self.played + 1;
        let Some(entry) = self.cassette.entries().get(self.played) else {
            let text = format!("the cassette has ended: its {} entries have been played", self.played);
            return self.refuse(request, &text);
        };
        let Comparison { bound, differences } = Comparison::new(&entry.request, request, &self.bound);
        match entry.outcome(number).filter(|_| differences.is_empty()) {
            Some(outcome) => {
                self.bound = bound;
                self.played = number;
                outcome
            }
            None => {
                let expected = recorded_line(&entry.request);
                let text = format!("entry {number} is: {expected}\n  differs: {}", differences.join("; "));
                self.refuse(request, &text)
            }
        }
    }

    fn refuse(&mut self, request: &Request, why: &str) -> Outcome {
        self.verified = false;
        let endpoint = request.endpoint();
        let refused = Refused(format!("this call is not the recorded one\n  came: {endpoint}\n  {why}"));
        if self.refused.len() < NAMED {
            self.refused.push(refused.clone());
        } else {
            self.more_refused += 1;
        }
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(refused))
    }

    fn verify(&mut self) -> Result<(), ReplayError> {
        self.verified = true;
        let mut found: Vec<_> = self.refused.iter().map(ToString::to_string).collect();
        if self.more_refused > 0 {
            found.push(format!("and {} more calls that were not the recorded ones", self.more_refused));
        }
        let unused = self.cassette.entries().iter().enumerate().skip(self.played);
        found.extend(unused.take(NAMED).map(|(at, entry)| {
            let line = recorded_line(&entry.request);
            format!("entry {} was not played: {line}", at + 1)
        }));
        let left = self.cassette.len().saturating_sub(self.played);
        if left > NAMED {
            found.push(format!("and {} more entries that were not played", left - NAMED));
        }
        if found.is_empty() { Ok(()) } else { Err(ReplayError { found }) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        verify_on_drop(state.verified, || state.verify());
    }
}

#[async_trait]
impl Transport for Player {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.answer(&request)
    }
}

#[async_trait(?Send)]
impl LocalTransport for Player {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.answer(&request)
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Player")
            .field("entries", &state.cassette.len())
            .field("played", &state.played)
            .finish_non_exhaustive()
    }
}

/// A request that was not the recorded one, as the source of the error that its caller gets. Its text holds no secret.
#[derive(Clone)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text as it is: `unwrap` shows it so, and a test that fails has to be readable.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Refused {}

/// Entries that were not played, and requests that were not the recorded ones; from [`Player::try_verify`].
///
/// Its text is the report that [`Player::verify`] panics with. It holds no secret.
#[derive(Clone)]
pub struct ReplayError {
    found: Vec<String>,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the replay was not as it was recorded")?;
        self.found.iter().try_for_each(|text| write!(f, "\n- {text}"))
    }
}

/// The text as it is: `unwrap` shows it so, and a test that fails has to be readable.
impl fmt::Debug for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for ReplayError {}
