//! Each fault does on the socket what its documentation says, as a small blocking client sees it, and the server ends in
//! bounded time whatever its clients do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "sockets are met in real time, on threads")]

mod client;
mod connections;
mod http2;
mod lifecycle;
mod replies;
mod script;
#[cfg(feature = "tls")]
mod tls;
