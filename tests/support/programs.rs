//! Programs that tests run beside our own code.

use std::env;
use std::process::{Command, Stdio};

/// Whether a program that a test needs is installed.
///
/// The test returns early when it is not. That is only possible with `ALLOW_SKIP=1` in the environment.
///
/// # Panics
///
/// If the program is missing and `ALLOW_SKIP=1` is not set.
#[must_use]
#[allow(clippy::print_stderr, reason = "a test that can't run says so")]
pub fn is_installed(program: &str) -> bool {
    let probe = Command::new(program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
    if probe.is_ok() {
        return true;
    }
    let may_skip = env::var_os("ALLOW_SKIP").is_some_and(|value| value == "1");
    assert!(may_skip, "{program} is not installed: install it, or set ALLOW_SKIP=1 to pass without this test");
    eprintln!("skipped: {program} is not installed");
    false
}
