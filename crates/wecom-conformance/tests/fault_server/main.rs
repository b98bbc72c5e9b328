//! A blocking client on a socket observes each fault as documented, and the server stops in bounded time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "sockets need real time and threads")]

mod client;
mod connections;
mod fault_queue;
mod http2;
mod lifecycle;
mod replies;
#[cfg(feature = "tls")]
mod tls;
