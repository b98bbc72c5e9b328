//! Lists that come in pages: their ends, their circles, their failures, stopped and gone on with.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod circles;
mod ends;
mod families;
mod restarts;
mod sizes;
#[cfg(feature = "stream")]
mod stream;
mod support;
