//! One request out and its reply back, between the terms of `wecom-core` and those of hyper.

pub(crate) mod reply;
pub(crate) mod request;
