//! Seen messages in the memory of one process.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Seen, SeenEvents};
use crate::digest::MessageDigest;

/// [`SeenEvents`] in memory, for one process: the latest messages, up to a maximum number.
///
/// It needs no clock: the oldest handled message is forgotten when the maximum is exceeded. Messages that are being handled
/// are always kept.
///
/// ```
/// use wecom_callback::InMemorySeenEvents;
///
/// let seen = InMemorySeenEvents::default();
/// assert_eq!(seen.capacity(), InMemorySeenEvents::DEFAULT_CAPACITY);
/// ```
pub struct InMemorySeenEvents {
    capacity: usize,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    states: HashMap<MessageDigest, Seen>,
    /// The handled ones, oldest first.
    handled: VecDeque<MessageDigest>,
}

impl InMemorySeenEvents {
    /// The number of messages that [`InMemorySeenEvents::default`] remembers. Each takes about 84 bytes.
    pub const DEFAULT_CAPACITY: usize = 16_384;

    /// Creates a store that remembers this number of handled messages.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, marks: Mutex::default() }
    }

    /// Returns the number of handled messages that are remembered.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Locks the marks. The lock is held for a few instructions, never across an `await`.
    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, digest: &MessageDigest) {
        let mut marks = self.marks();
        if marks.states.get(digest) == Some(&Seen::InProgress) {
            marks.states.remove(digest);
        }
    }
}

impl Default for InMemorySeenEvents {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl SeenEvents for InMemorySeenEvents {
    type Error = Infallible;

    async fn begin(&self, digest: &MessageDigest) -> Result<Seen, Infallible> {
        let mut marks = self.marks();
        let seen = marks.states.get(digest).copied().unwrap_or(Seen::New);
        if seen == Seen::New {
            marks.states.insert(*digest, Seen::InProgress);
        }
        Ok(seen)
    }

    async fn finish(&self, digest: &MessageDigest) -> Result<(), Infallible> {
        let mut marks = self.marks();
        if marks.states.insert(*digest, Seen::Handled) != Some(Seen::Handled) {
            marks.handled.push_back(*digest);
        }
        while marks.handled.len() > self.capacity {
            if let Some(oldest) = marks.handled.pop_front() {
                marks.states.remove(&oldest);
            }
        }
        Ok(())
    }

    async fn forget(&self, digest: &MessageDigest) -> Result<(), Infallible> {
        self.remove(digest);
        Ok(())
    }

    fn abandon(&self, digest: &MessageDigest) {
        self.remove(digest);
    }
}

impl fmt::Debug for InMemorySeenEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks = self.marks();
        let in_progress = marks.states.len().saturating_sub(marks.handled.len());
        f.debug_struct("InMemorySeenEvents")
            .field("capacity", &self.capacity)
            .field("handled", &marks.handled.len())
            .field("in_progress", &in_progress)
            .finish()
    }
}
