//! The handle that notes events for a directory.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use wecom_core::ids::ChainId;

use super::event::DirectoryEvent;
use super::noted::Noted;

/// Notes events for a [`Directory`](crate::jobs::directory::Directory). Created by
/// [`Directory::hints`](crate::jobs::directory::Directory::hints).
///
/// Noting an event takes a short lock, waits for nothing and makes no call, so a callback's handler can do it before it
/// replies. Cheap to clone; all clones belong to the same directory. It is `Send` and `Sync` in both threading families.
///
/// An event is only a hint about what to read again. Its content is never applied, so events may come in any order, late and
/// repeatedly. Note every event before a filter for duplicates such as `handle_once` of `wecom-callback`: two changes within
/// one second can be equal byte for byte, and the filter drops the second.
///
/// The hints take bounded memory: beyond 4,096 corps, the directory reads the whole chain again instead.
#[derive(Clone)]
pub struct DirectoryHints {
    inbox: Arc<Inbox>,
}

struct Inbox {
    chain_id: ChainId,
    noted: Mutex<Noted>,
    /// The task that awaits the next event.
    task: AtomicWaker,
}

impl DirectoryHints {
    pub(crate) fn new(chain_id: ChainId) -> Self {
        Self { inbox: Arc::new(Inbox { chain_id, noted: Mutex::default(), task: AtomicWaker::new() }) }
    }

    /// Notes an event. Returns whether the event concerns the directory; one of another chain does not.
    ///
    /// An event without a chain, [`ImportEnded`](DirectoryEvent::ImportEnded), concerns every directory.
    pub fn note(&self, event: impl Into<DirectoryEvent>) -> bool {
        let event = event.into();
        let is_concerned = event.chain_id().is_none_or(|chain_id| *chain_id == self.inbox.chain_id);
        if is_concerned {
            self.lock().add(event);
            self.inbox.task.wake();
        }
        is_concerned
    }

    /// Makes the directory read the whole chain again, for example after changes by the API, which send no events.
    pub fn request_walk(&self) {
        self.note(DirectoryEvent::Chain { chain_id: self.inbox.chain_id.clone() });
    }

    #[cfg(feature = "callback")]
    pub(crate) fn chain_id(&self) -> &ChainId {
        &self.inbox.chain_id
    }

    /// Removes and returns the notes.
    pub(crate) fn take(&self) -> Noted {
        std::mem::take(&mut *self.lock())
    }

    /// Returns the notes, and keeps them.
    pub(crate) fn noted(&self) -> Noted {
        self.lock().clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Returns whether anything was noted. If not, the task is woken once something is.
    pub(crate) fn poll_noted(&self, task: &Waker) -> bool {
        self.inbox.task.register(task);
        !self.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.inbox.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DirectoryHints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryHints").field("chain_id", &self.inbox.chain_id).finish_non_exhaustive()
    }
}
