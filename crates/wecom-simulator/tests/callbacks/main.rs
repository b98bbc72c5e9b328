//! Events pushed to a URL: the URL check, the order, attempts and time limits, and the program `wecom-sim`.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod attempts;
mod forms;
mod harness;
mod page;
mod program;
mod url_check;
mod urls;
