//! How a test double fails the test that uses it: with a panic.

use std::fmt;

/// Fails the test.
#[expect(clippy::panic, reason = "to fail the test is what this is for")]
#[track_caller]
pub(crate) fn fail(report: &dyn fmt::Display) -> ! {
    panic!("{report}")
}

/// What a test double does when its last clone goes: it fails the test, unless somebody has seen the verdict already.
pub(crate) fn at_drop<E: fmt::Display>(verified: bool, verify: impl FnOnce() -> Result<(), E>) {
    // A second panic would abort the test program and hide the first.
    if verified || std::thread::panicking() {
        return;
    }
    if let Err(error) = verify() {
        fail(&error);
    }
}
