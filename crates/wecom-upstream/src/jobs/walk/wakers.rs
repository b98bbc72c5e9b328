//! The wakers of a walk's calls. A walk polls only the calls that were woken, so an event costs the same at any
//! concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use futures_util::task::AtomicWaker;

/// The waker of the task that awaits the walk, and whether any call was woken.
#[derive(Debug, Default)]
pub(crate) struct WalkWaker {
    pub(crate) task: AtomicWaker,
    is_woken: AtomicBool,
}

/// The waker of one group's calls.
#[derive(Debug)]
pub(crate) struct GroupWaker {
    walk: Arc<WalkWaker>,
    is_woken: AtomicBool,
}

impl WalkWaker {
    /// Marks a call as woken, without waking the task.
    pub(crate) fn mark_woken(&self) {
        self.is_woken.store(true, Ordering::Release);
    }

    /// Returns whether any call was woken since the last call of this method.
    pub(crate) fn take(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }
}

impl GroupWaker {
    /// Creates a waker that is already woken, so that the group is polled for the first time.
    pub(crate) fn new(walk: &Arc<WalkWaker>) -> Arc<Self> {
        walk.is_woken.store(true, Ordering::Release);
        Arc::new(Self { walk: Arc::clone(walk), is_woken: AtomicBool::new(true) })
    }

    /// Returns whether the group was woken since the last call of this method.
    pub(crate) fn take(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for GroupWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.walk.is_woken.store(true, Ordering::Release);
        self.walk.task.wake();
    }
}
