//! Test doubles fail a test with a panic.

use std::fmt;

/// Fails the test.
#[expect(clippy::panic, reason = "a panic is how a test fails")]
#[track_caller]
pub(crate) fn fail(report: &dyn fmt::Display) -> ! {
    panic!("{report}")
}

/// Verifies a test double when its last clone is dropped.
///
/// Does nothing if it has been verified, or if the thread is panicking: a second panic would abort the test program.
pub(crate) fn verify_on_drop<E: fmt::Display>(verified: bool, verify: impl FnOnce() -> Result<(), E>) {
    if verified || std::thread::panicking() {
        return;
    }
    if let Err(error) = verify() {
        fail(&error);
    }
}
