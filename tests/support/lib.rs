//! What the tests and benchmarks of the workspace share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

pub mod comparison;
pub mod loopback;
pub mod programs;
pub mod ratios;
pub mod samples;

/// The README's examples compile, as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct ReadmeExamples;

/// The examples of the Chinese README compile, as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../README.zh-CN.md")]
pub struct ChineseReadmeExamples;
