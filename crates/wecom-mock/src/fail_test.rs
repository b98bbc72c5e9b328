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

/// Implements the traits of an error that is a report for a person. `Debug` shows the line breaks, because `unwrap` prints it.
macro_rules! report_error {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::error::Error for $name {}
    };
}

pub(crate) use report_error;
