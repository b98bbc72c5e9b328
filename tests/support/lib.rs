//! Support code for the tests and benchmarks of the workspace.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

pub mod adversary;
pub mod bench_server;
pub mod comparison;
pub mod programs;
pub mod ratios;
pub mod redis_server;
pub mod samples;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct ReadmeExamples;

/// Compiles the examples of the Chinese README.
#[cfg(doctest)]
#[doc = include_str!("../../README.zh-CN.md")]
pub struct ChineseReadmeExamples;
