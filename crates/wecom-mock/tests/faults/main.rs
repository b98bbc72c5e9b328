//! Fault injection, as the client and as the server sees it.

mod actions;
mod delays;
mod selection;
mod support;
