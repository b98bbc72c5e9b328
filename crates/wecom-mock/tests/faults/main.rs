//! What faults promise, seen from above, where the client is, and from below, where the server is.

mod actions;
mod delays;
mod selection;
mod support;
