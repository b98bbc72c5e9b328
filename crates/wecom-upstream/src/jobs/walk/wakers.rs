//! The wakers of a walk's calls. A walk polls only the calls that were woken, so an event costs the same at any
//! concurrency.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use futures_util::task::AtomicWaker;

/// The waker of the task that awaits the walk, and whether any call was woken.
#[derive(Debug, Default)]
pub(crate) struct WalkAlarm {
    pub(crate) task: AtomicWaker,
    is_rung: AtomicBool,
}

/// The waker of one group's calls.
#[derive(Debug)]
pub(crate) struct GroupAlarm {
    walk: Arc<WalkAlarm>,
    is_rung: AtomicBool,
}

impl WalkAlarm {
    /// Rings without waking the task.
    pub(crate) fn ring(&self) {
        self.is_rung.store(true, Ordering::Release);
    }

    /// Returns whether any group's alarm rang since the last call of this method.
    pub(crate) fn take(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl GroupAlarm {
    /// Creates an alarm that rings at once, so that the group is polled for the first time.
    pub(crate) fn new(walk: &Arc<WalkAlarm>) -> Arc<Self> {
        walk.is_rung.store(true, Ordering::Release);
        Arc::new(Self { walk: Arc::clone(walk), is_rung: AtomicBool::new(true) })
    }

    /// Returns whether the alarm rang since the last call of this method.
    pub(crate) fn take(&self) -> bool {
        self.is_rung.swap(false, Ordering::AcqRel)
    }
}

impl Wake for GroupAlarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::Release);
        self.walk.is_rung.store(true, Ordering::Release);
        self.walk.task.wake();
    }
}
