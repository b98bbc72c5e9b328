//! Translates requests and replies between the types of `wecom-core` and those of hyper.

pub(crate) mod body;
pub(crate) mod reply;
pub(crate) mod request;
