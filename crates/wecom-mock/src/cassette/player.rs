//! Replays the exchanges of a cassette.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wecom_core::secret::Redactor;
use wecom_core::{
    AccessToken, Delivery, LocalTransport, Request, Response, Transport, TransportError, TransportErrorKind,
};

use crate::cassette::Cassette;
use crate::cassette::content::Content;
use crate::cassette::masking::{Secrets, is_alias};
use crate::fail_test::{fail, report_error, verify_on_drop};
use crate::stub::answer::Outcome;
use crate::stub::difference::Differences;

/// The maximum number of calls and of entries in a report.
const REPORTED: usize = 5;

/// A transport that answers from a [`Cassette`], in any order.
///
/// A request is answered by the first unused entry with the same endpoint, query and body. JSON is compared by value. The
/// values of access tokens and secrets are not compared, so a replay needs neither. If several entries match, the first one
/// whose token alias is the request's token is preferred. In a recorded request, `***` matches any text.
///
/// A request without a matching entry fails with [`TransportErrorKind::Other`] and [`Delivery::NotSent`]. The text of the
/// error shows the nearest entry and the differences.
///
/// Verification fails if there is an unused entry, or if there was a request without a matching entry. The player is
/// verified by [`Player::verify`], and when its last clone is dropped, unless it has been verified or the thread is
/// panicking. Cheap to clone; all clones use the same entries.
#[derive(Clone)]
pub struct Player {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    cassette: Cassette,
    /// The unused entries of each content, in order.
    unused: HashMap<Content, VecDeque<usize>>,
    unmatched: Vec<Unmatched>,
    more_unmatched: usize,
    /// Whether the player has been verified since the last request without a matching entry.
    verified: bool,
}

impl Player {
    /// Replays a cassette.
    #[must_use]
    pub fn new(cassette: Cassette) -> Self {
        let mut unused = HashMap::<_, VecDeque<_>>::new();
        for (index, entry) in cassette.entries.iter().enumerate() {
            unused.entry(Content::recorded(&entry.request)).or_default().push_back(index);
        }
        let state = State { cassette, unused, unmatched: Vec::new(), more_unmatched: 0, verified: false };
        Self { shared: Arc::new(Shared { state: Mutex::new(state) }) }
    }

    /// Returns the number of unused entries.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.lock().unused.values().map(VecDeque::len).sum()
    }

    /// Panics if there is an unused entry, or if there was a request without a matching entry.
    ///
    /// # Panics
    ///
    /// Panics with a report of all problems.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(error) = self.try_verify() {
            fail(&error);
        }
    }

    /// Like [`Player::verify`], but returns the report.
    ///
    /// Dropping the player does not verify it again, unless there was another request without a matching entry.
    ///
    /// # Errors
    ///
    /// Returns a report of all problems.
    pub fn try_verify(&self) -> Result<(), ReplayError> {
        self.lock().verify()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Outcome {
        let content = Content::of(request);
        match self.take(&content, request).and_then(|index| self.cassette.entries.get(index)?.outcome()) {
            Some(outcome) => outcome,
            None => self.reject(request, &content),
        }
    }

    /// Takes the first unused entry with this content, or one whose `***` matches.
    fn take(&mut self, content: &Content, request: &Request) -> Option<usize> {
        let pattern = || {
            let patterns = self.unused.iter().filter(|(pattern, _)| pattern.matches(content));
            patterns.min_by_key(|(_, indexes)| indexes.front().copied()).map(|(pattern, _)| pattern.clone())
        };
        let key = if self.unused.contains_key(content) { content.clone() } else { pattern()? };
        let indexes = self.unused.get_mut(&key)?;
        let token = request.token().map(AccessToken::expose).filter(|token| is_alias(token));
        let has_token = |index: &usize| {
            token.is_some()
                && self.cassette.entries.get(*index).is_some_and(|entry| entry.request.token.as_deref() == token)
        };
        let index = indexes.remove(indexes.iter().position(has_token).filter(|_| token.is_some()).unwrap_or(0));
        if indexes.is_empty() {
            self.unused.remove(&key);
        }
        index
    }

    fn reject(&mut self, request: &Request, content: &Content) -> Outcome {
        let mut secrets = Secrets::default();
        secrets.add_request(request);
        let redactor = secrets.redactor();
        let error = Unmatched(format!(
            "no unused entry of the cassette matches this call\n  call: {} {}\n  {}",
            request.endpoint(),
            redactor.json_text(&content.value),
            self.nearest(content, &redactor)
        ));
        self.verified = false;
        if self.unmatched.len() < REPORTED {
            self.unmatched.push(error.clone());
        } else {
            self.more_unmatched += 1;
        }
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(error))
    }

    /// The nearest unused entry and the differences from it.
    fn nearest(&self, content: &Content, redactor: &Redactor) -> String {
        let entries = self.unused.iter().filter(|(other, _)| other.endpoint == content.endpoint);
        let compared = entries.filter_map(|(recorded, indexes)| {
            let differences = Differences::between(&recorded.value, &recorded.align(content), redactor)?;
            Some((differences.count(), *indexes.front()?, recorded, differences))
        });
        match compared.min_by_key(|&(count, index, ..)| (count, index)) {
            Some((_, index, recorded, differences)) => {
                format!("nearest: {}\n  differences: {differences}", self.describe(index, recorded))
            }
            None => "the cassette has no unused entry for this endpoint".to_owned(),
        }
    }

    /// An entry on one line.
    fn describe(&self, index: usize, content: &Content) -> String {
        let name = self.cassette.entries.get(index).map_or("", |entry| entry.request.endpoint.as_str());
        format!("entry {}: {name} {}", index + 1, Redactor::default().json_text(&content.value))
    }

    fn verify(&mut self) -> Result<(), ReplayError> {
        self.verified = true;
        let mut problems: Vec<_> = self.unmatched.iter().map(ToString::to_string).collect();
        if self.more_unmatched > 0 {
            problems.push(format!("and {} more calls without a matching entry", self.more_unmatched));
        }
        let unused =
            self.unused.iter().flat_map(|(content, indexes)| indexes.iter().map(move |&index| (index, content)));
        let unused: BTreeMap<_, _> = unused.collect();
        problems.extend(
            unused.iter().take(REPORTED).map(|(&at, content)| format!("not used: {}", self.describe(at, content))),
        );
        if unused.len() > REPORTED {
            problems.push(format!("and {} more entries that were not used", unused.len() - REPORTED));
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(ReplayError(format!("replay verification failed\n- {}", problems.join("\n- ")))),
        }
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
        self.lock().answer(&request)
    }
}

#[async_trait(?Send)]
impl LocalTransport for Player {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.lock().answer(&request)
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// The source of the error of a request without a matching entry. Contains no secret.
#[derive(Clone)]
struct Unmatched(String);

/// The error of [`Player::try_verify`]: unused entries, and requests without a matching entry.
///
/// Its text is the report with which [`Player::verify`] panics. It contains no secret.
#[derive(Clone)]
pub struct ReplayError(String);

report_error!(Unmatched);
report_error!(ReplayError);
