//! The pager: the end of a list, cursor cycles, errors, page sizes, resuming.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod cycles;
mod ends;
mod page_size;
mod resuming;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod threading;
