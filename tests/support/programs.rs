//! Programs that tests run beside our own code.

use std::env;
use std::process::{Command, Stdio};

/// Whether a program that a test needs is installed.
///
/// If it returns `false`, the test must return early. It returns `false` only with `ALLOW_SKIP=1` in the environment.
///
/// # Panics
///
/// Panics if the program is missing and `ALLOW_SKIP=1` is not set.
#[must_use]
#[allow(clippy::print_stderr, reason = "a skipped test is reported")]
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
