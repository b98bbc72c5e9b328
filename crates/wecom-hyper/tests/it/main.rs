//! The transport against servers on loopback whose answers a test scripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod closing;
#[cfg(feature = "proxy")]
mod configuration;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod connecting;
mod counters;
mod exchange;
#[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
mod frames;
mod hostile;
#[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
mod http2;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod idle;
mod limits;
mod pool;
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
mod proxy;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod resolving;
mod reuse;
mod runtime;
mod server;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod settings;
mod support;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod tls;

static_assertions::assert_impl_all!(wecom_hyper::HyperTransport: Send, Sync, Clone, std::fmt::Debug);
static_assertions::assert_impl_all!(wecom_hyper::TokioTimer: wecom_core::Timer, Clone, std::fmt::Debug);
