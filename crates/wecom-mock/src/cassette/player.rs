//! Replays the exchanges of a cassette.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use wecom_core::secret::Redactor;
use wecom_core::{Delivery, LocalTransport, Request, Response, Transport, TransportError, TransportErrorKind};

#[cfg(doc)]
use crate::Recorder;
use crate::cassette::Cassette;
use crate::cassette::content::{align, matches, wildcards, without_aliases};
use crate::cassette::entry::{Entry, recorded_request};
use crate::cassette::masking::Masking;
use crate::fail_test::{fail, report_error, verify_on_drop};
use crate::stub::answer::Outcome;
use crate::stub::difference::Differences;

/// The maximum number of calls and of entries in a report.
const REPORTED: usize = 5;

/// A transport that answers from a [`Cassette`], in any order.
///
/// A request is answered by the first unused entry with the same endpoint, query and body. JSON is compared by value. In a
/// recorded request, `***` matches any text, and an alias such as `#1` any text that is not another alias.
///
/// Secrets are not compared, so a replay needs none. Only if two entries differ in nothing but their secrets and their
/// replies, such as the token requests of two apps, the aliases in the file are needed: `Secret::new("#1")` is the secret
/// with the alias `#1`, and the text `#2` is the [hidden](Recorder::hide) text with the alias `#2`. Tokens from a replayed reply are aliases already. Other access tokens are used in the recorded order.
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
    /// The unused entries by their content: the request without aliases.
    unused: HashMap<Value, SameContent>,
    /// The different [`wildcards`] of the content. Few, because they differ in their places only.
    wildcards: HashSet<Value>,
    unmatched: Vec<ReplayError>,
    /// Whether the player has been verified since the last request without a matching entry.
    verified: bool,
}

/// The entries whose requests differ in nothing but their secrets, in order.
#[derive(Default)]
struct SameContent {
    indexes: VecDeque<usize>,
    /// Whether both the secrets, apart from access tokens, and the outcomes differ. Then only an alias shows which entry is
    /// meant.
    is_ambiguous: bool,
}

impl Player {
    /// Replays a cassette.
    #[must_use]
    pub fn new(cassette: Cassette) -> Self {
        let entries = cassette.entries;
        let mut unused = HashMap::<_, SameContent>::new();
        for (index, entry) in entries.iter().enumerate() {
            unused.entry(without_aliases(&entry.request)).or_default().indexes.push_back(index);
        }
        for SameContent { indexes, is_ambiguous } in unused.values_mut() {
            let same = indexes.iter().filter_map(|index| entries.get(*index));
            let mut pairs = same.clone().zip(same.skip(1));
            *is_ambiguous =
                pairs.clone().any(|(entry, next)| without_token(&entry.request) != without_token(&next.request))
                    && pairs.any(|(entry, next)| !entry.has_same_outcome(next));
        }
        let wildcards = unused.keys().filter_map(wildcards).collect();
        let state = State { entries, unused, wildcards, unmatched: Vec::new(), verified: false };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Returns the number of unused entries.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.lock().unused.values().map(|same| same.indexes.len()).sum()
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
        let masking = Masking::of_replayed(request);
        let recorded = recorded_request(request, &masking);
        match self.take(&recorded).and_then(|index| self.entries.get(index)?.outcome()) {
            Some(outcome) => outcome,
            None => self.reject(&recorded),
        }
    }

    /// Takes the first unused entry that matches a request.
    fn take(&mut self, request: &Value) -> Option<usize> {
        let content = self.content_of(request)?;
        let SameContent { indexes, is_ambiguous } = self.unused.get_mut(&content)?;
        let is_meant = |entry: &Entry| match is_ambiguous {
            true => entry.request == *request,
            false => matches(&entry.request, request),
        };
        let at = indexes.iter().position(|index| self.entries.get(*index).is_some_and(is_meant))?;
        let index = indexes.remove(at);
        if indexes.is_empty() {
            self.unused.remove(&content);
        }
        index
    }

    /// The content of the unused entries that match a request, apart from its secrets.
    fn content_of(&self, request: &Value) -> Option<Value> {
        let content = without_aliases(request);
        if self.unused.contains_key(&content) {
            return Some(content);
        }
        let aligned = self.wildcards.iter().map(|wildcards| align(wildcards, &content));
        let matching = aligned.filter_map(|content| Some((*self.unused.get(&content)?.indexes.front()?, content)));
        matching.min_by_key(|(index, _)| *index).map(|(_, content)| content)
    }

    fn reject(&mut self, request: &Value) -> Outcome {
        let reason = match self.content_of(request).and_then(|content| self.unused.get(&content)) {
            Some(same) => {
                let entries = listed(same.indexes.iter().map(|index| self.describe(*index)), "entries").join(", ");
                format!("only the secrets differ, so use the aliases of the recorded ones as secrets: {entries}")
            }
            None => self.nearest(request),
        };
        let call = shown(request);
        let error =
            ReplayError(format!("no unused entry of the cassette matches this call\n  call: {call}\n  {reason}"));
        self.verified = false;
        self.unmatched.push(error.clone());
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(error))
    }

    /// The nearest unused entry and the differences from it.
    fn nearest(&self, request: &Value) -> String {
        let same_call = self.unused.iter().filter(|(recorded, _)| recorded.get("call") == request.get("call"));
        let compared = same_call.filter_map(|(recorded, same)| {
            let differences = Differences::between(recorded, &align(recorded, request), &Redactor::default())?;
            Some((differences.count(), same.indexes.front()?, differences))
        });
        match compared.min_by_key(|&(count, index, _)| (count, index)) {
            Some((_, index, differences)) => {
                format!("nearest: {}\n  differences: {differences}", self.describe(*index))
            }
            None => "the cassette has no unused entry for this endpoint".to_owned(),
        }
    }

    /// An entry on one line.
    fn describe(&self, index: usize) -> String {
        let request = self.entries.get(index).map(|entry| shown(&entry.request));
        format!("entry {}: {}", index + 1, request.unwrap_or_default())
    }

    fn verify(&mut self) -> Result<(), ReplayError> {
        self.verified = true;
        let mut unused: Vec<_> = self.unused.values().flat_map(|same| &same.indexes).collect();
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

fn without_token(request: &Value) -> Value {
    let mut request = request.clone();
    request.get_mut("secrets").and_then(Value::as_object_mut).and_then(|secrets| secrets.remove("access_token"));
    request
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
