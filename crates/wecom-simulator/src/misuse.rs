//! Fails a test that misuses the simulator.

use std::fmt;

#[expect(clippy::panic, reason = "misuse in a test fails the test where it occurs")]
#[track_caller]
pub(crate) fn fail(report: &dyn fmt::Display) -> ! {
    panic!("{report}")
}
