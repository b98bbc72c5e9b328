//! Replays the exchanges of a cassette.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use wecom_core::secret::Redactor;
use wecom_core::{Delivery, LocalTransport, Request, Response, Transport, TransportError, TransportErrorKind};

#[cfg(doc)]
use crate::Recorder;
use crate::cassette::Cassette;
use crate::cassette::entry::{Entry, request_value};
use crate::cassette::masking::{MASK, Masking};
use crate::cassette::wild_places::{content, has_no_other_alias, masked, wild_places};
use crate::fail_test::{fail, report_error, verify_on_drop};
use crate::stub::answer::Outcome;
use crate::stub::difference::Differences;

/// The maximum number of calls and of entries in a report.
const REPORTED: usize = 5;

/// A transport that answers from a [`Cassette`], in any order.
///
/// A request is answered by the first unused entry with the same endpoint, query and body. JSON is compared by value. In a
/// recorded request, `***` matches any value, and an alias such as `#1` any value that is not another alias.
///
/// Secrets are not compared, so a replay needs none, except when two entries differ only in their secrets and their replies,
/// such as the token requests of two apps. Such requests need the aliases of the file: `Secret::new("#1")` is the secret
/// with the alias `#1`, and the text `#2` is the [hidden](Recorder::hide) text with the alias `#2`. The tokens in replayed
/// replies are aliases already. Entries that differ in other access tokens are used in the recorded order.
///
/// A request without a matching entry fails with [`TransportErrorKind::Other`] and [`Delivery::NotSent`]. The text of the
/// error shows the nearest entry and the differences.
///
/// Verification fails if there is an unused entry, or if there was a request without a matching entry. The player is
/// verified by [`Player::verify`], and when its last clone is dropped, unless it has been verified or the thread is
/// panicking. Cheap to clone; all clones use the same entries.
#[derive(Clone)]
pub struct Player {
    state: Arc<Mutex<State>>,
}

struct State {
    entries: Vec<Entry>,
    /// The unused entries by their request, with `***` in its wild places.
    unused: HashMap<Value, BTreeSet<usize>>,
    /// The different sets of wild places. There are few, because the calls of a program have few shapes.
    places: HashSet<Vec<String>>,
    unmatched: Vec<ReplayError>,
    /// Whether the player has been verified since the last request without a matching entry.
    verified: bool,
}

impl Player {
    /// Replays a cassette.
    #[must_use]
    pub fn new(cassette: Cassette) -> Self {
        let (mut unused, mut all_places) = (HashMap::<_, BTreeSet<_>>::new(), HashSet::new());
        let mut same_content = HashMap::<_, Vec<_>>::new();
        for (index, entry) in cassette.entries.iter().enumerate() {
            same_content.entry(content(&entry.request)).or_default().push((index, entry));
        }
        for entries in same_content.into_values() {
            let places = compared_places(&entries);
            for (index, entry) in entries {
                unused.entry(masked(&entry.request, &places)).or_default().insert(index);
            }
            all_places.insert(places);
        }
        let entries = cassette.entries;
        let state = State { entries, unused, places: all_places, unmatched: Vec::new(), verified: false };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Returns the number of unused entries.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.lock().unused.values().map(BTreeSet::len).sum()
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Outcome {
        let recorded = self.take(&request_value(request));
        recorded.and_then(|entry| entry.outcome().ok()).unwrap_or_else(|| self.reject(request))
    }

    /// Takes the first unused entry that matches a request.
    fn take(&mut self, request: &Value) -> Option<&Entry> {
        let Self { entries, unused, places, .. } = self;
        let found = places.iter().filter_map(|places| {
            let masked = masked(request, places);
            let is_meant = |entry: &Entry| has_no_other_alias(&entry.request, request, places);
            let indexes = unused.get(&masked)?.iter();
            let index = indexes.copied().find(|index| entries.get(*index).is_some_and(is_meant))?;
            Some((index, masked))
        });
        let (index, masked) = found.min_by_key(|(index, _)| *index)?;
        unused.get_mut(&masked)?.remove(&index);
        entries.get(index)
    }

    fn reject(&mut self, request: &Request) -> Outcome {
        let mut masking = Masking::default();
        let request = request_value(request);
        masking.add_request(&request);
        let request = content(&masking.request(request));
        let (call, reason) = (shown(&request), self.nearest(&request));
        let error =
            ReplayError(format!("no unused entry of the cassette matches this call\n  call: {call}\n  {reason}"));
        self.verified = false;
        self.unmatched.push(error.clone());
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(error))
    }

    /// The nearest unused entry and the differences from it.
    fn nearest(&self, request: &Value) -> String {
        let indexes = self.unused.values().flatten();
        let compared = indexes.filter_map(|&index| {
            let recorded = &self.entries.get(index)?.request;
            let request =
                (recorded.get("call") == request.get("call")).then(|| masked(request, &wild_places(recorded)))?;
            Some((Differences::between(&content(recorded), &request, &Redactor::default()), index))
        });
        let mut compared: Vec<_> = compared.collect();
        compared.sort_by_key(|(differences, index)| (differences.as_ref().map(Differences::count), *index));
        let others = compared.partition_point(|(differences, _)| differences.is_none());
        let same = compared.drain(..others).map(|(_, index)| self.describe(index));
        let same = listed(same, "entries").join(", ");
        match compared.first() {
            _ if !same.is_empty() => {
                format!("only the secrets differ, so use the aliases of the recorded ones as secrets: {same}")
            }
            Some((Some(differences), index)) => {
                format!("nearest: {}\n  differences: {differences}", self.describe(*index))
            }
            _ => "the cassette has no unused entry for this endpoint".to_owned(),
        }
    }

    /// An entry on one line.
    fn describe(&self, index: usize) -> String {
        let request = self.entries.get(index).map(|entry| shown(&entry.request));
        format!("entry {}: {}", index + 1, request.unwrap_or_default())
    }

    fn verify(&mut self) -> Result<(), ReplayError> {
        self.verified = true;
        let mut unused: Vec<_> = self.unused.values().flatten().collect();
        unused.sort_unstable();
        let mut problems = listed(self.unmatched.iter().map(ToString::to_string), "calls without a matching entry");
        let unused = unused.into_iter().map(|index| format!("not used: {}", self.describe(*index)));
        problems.extend(listed(unused, "entries that were not used"));
        match problems.is_empty() {
            true => Ok(()),
            false => Err(ReplayError(format!("replay verification failed\n- {}", problems.join("\n- ")))),
        }
    }
}

/// The wild places of entries whose requests differ in nothing else. If their outcomes differ too, only a secret shows which
/// entry is meant, so a place with different aliases is not wild. The access token is, because a client fetches new ones.
fn compared_places(entries: &[(usize, &Entry)]) -> Vec<String> {
    let Some((_, first)) = entries.first() else { return Vec::new() };
    let mut places = wild_places(&first.request);
    if entries.iter().any(|(_, entry)| !entry.has_same_outcome(first)) {
        places.retain(|place| {
            let values: HashSet<_> = entries.iter().map(|(_, entry)| entry.request.pointer(place)).collect();
            place == "/secrets/access_token" || values.len() < 2 || values.contains(&Some(&MASK.into()))
        });
    }
    places
}

/// A request on one line. Its secrets are masked.
fn shown(request: &Value) -> String {
    Redactor::default().text(&request.to_string())
}

/// The first five texts, and the number of the others.
fn listed(mut texts: impl ExactSizeIterator<Item = String>, what: &str) -> Vec<String> {
    let mut listed: Vec<_> = texts.by_ref().take(REPORTED).collect();
    listed.extend((texts.len() > 0).then(|| format!("and {} more {what}", texts.len())));
    listed
}

impl Drop for State {
    fn drop(&mut self) {
        verify_on_drop(self.verified, || self.verify());
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

/// The error of [`Player::try_verify`]: unused entries, and requests without a matching entry.
///
/// Its text is the report with which [`Player::verify`] panics. It contains no secret.
#[derive(Clone)]
pub struct ReplayError(String);

report_error!(ReplayError);
