//! Counts the steps of calls, so that a fuzz target can bound them. Requires the feature `step-count`.
//!
//! A step is an access to one item of the state: a group, a corp, a person or a chain.

#[cfg(feature = "step-count")]
use std::cell::Cell;

#[cfg(feature = "step-count")]
thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Runs a closure, and returns its number of steps.
///
/// # Panics
///
/// Panics after more steps than the limit, so that an endless loop ends.
#[cfg(feature = "step-count")]
#[track_caller]
pub fn count_steps<T>(limit: u64, run: impl FnOnce() -> T) -> (T, u64) {
    TAKEN.set(0);
    LIMIT.set(limit);
    let value = run();
    LIMIT.set(u64::MAX);
    (value, TAKEN.get())
}

/// Counts a step.
#[inline]
pub(crate) fn step() {
    #[cfg(feature = "step-count")]
    {
        TAKEN.set(TAKEN.get() + 1);
        if TAKEN.get() > LIMIT.get() {
            // Unwinding runs destructors, which may take steps too.
            LIMIT.set(u64::MAX);
            crate::misuse::fail(&"too many steps");
        }
    }
}

/// Counts a step for each item.
pub(crate) fn each<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    items.into_iter().inspect(|_| step())
}
