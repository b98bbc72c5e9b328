//! The checks of the fuzz targets: each takes the bytes of one input and panics on a finding.
//!
//! The targets in `fuzz/` call them on nightly Rust. `tests/corpus.rs` calls them with every stored input on stable Rust.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a finding is a panic"
)]

mod base_url;
mod callback_request;
mod callback_xml;
mod cassette;
mod envelope;
mod redaction;
pub mod replies;
mod seeds;
mod simulator;
mod steps;
mod world;

pub use crate::seeds::seeds;

/// A check of one input.
pub type Check = fn(&[u8]);

/// Every target with its name, which is also the name of its corpus.
pub const TARGETS: &[(&str, Check)] = &[
    ("base_url", base_url::check),
    ("callback_request", callback_request::check),
    ("callback_xml", callback_xml::check),
    ("cassette", cassette::check),
    ("envelope", envelope::check),
    ("replies", replies::check),
    ("simulator", simulator::check),
    ("steps", steps::check),
    ("world", world::check),
];

/// Runs the check of a target.
///
/// # Panics
///
/// Panics if the check fails, or if no target has this name.
pub fn check(target: &str, input: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of that name");
    check(input);
}

/// Splits an input into its first line, which holds the parameters, and the rest.
fn first_line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    (String::from_utf8_lossy(line).into_owned(), rest.get(1..).unwrap_or_default())
}
