//! What each fuzz target checks of one input, whatever its bytes. A finding is a panic.
//!
//! The targets and `tests/corpus.rs` share it: the stored corpus is a test on stable Rust too.

mod base_url;
mod cassette;
mod envelope;
pub mod replies;
mod shown;
mod simulator;
mod world;

/// A check of one input.
pub type Check = fn(&[u8]);

/// Every target by its name, which is that of its corpus.
pub const TARGETS: &[(&str, Check)] = &[
    ("base_url", base_url::check),
    ("cassette", cassette::check),
    ("envelope", envelope::check),
    ("replies", replies::check),
    ("simulator", simulator::check),
    ("world", world::check),
];

/// Runs the check of a target.
pub fn check(target: &str, input: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of that name");
    check(input);
}

/// The first line of an input, which says what the rest is for, and the rest.
fn first_line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    (String::from_utf8_lossy(line).into_owned(), rest.get(1..).unwrap_or_default())
}
