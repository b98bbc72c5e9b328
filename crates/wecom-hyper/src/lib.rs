//! Carries WeCom (企业微信) calls over HTTPS, with hyper on tokio and TLS by rustls.
//!
//! ```no_run
//! # #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
//! # fn client() -> Result<(), wecom_hyper::BuildError> {
//! use wecom_core::{AccessToken, Client};
//! use wecom_hyper::HyperTransport;
//!
//! let client = Client::builder(HyperTransport::new()?).token(AccessToken::new("a-token")).build();
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! | To | there is |
//! |---|---|
//! | use it as it is | [`HyperTransport::new`] |
//! | set limits, pool, roots, crypto provider, runtime | [`HyperTransport::builder`] |
//! | keep a client of your own: connector, TLS, proxy, pool | [`HyperTransport::from_client`] |
//! | give the client of `wecom-core` a clock | [`TokioTimer`] |
//!
//! # What it does and what it leaves alone
//!
//! - HTTPS unless the base URL begins with `http://`, which is then the caller's explicit word. HTTP/1.1, `TCP_NODELAY`.
//! - It follows no redirect, logs nothing and repeats nothing, with one exception: a request that hyper hands back
//!   unsent, because a pooled connection turned out to be closed, goes out on another connection.
//! - Three limits hold: for connecting, for the whole attempt, and for the size of the reply.
//! - No process-wide state: the crypto provider is passed to rustls explicitly, whichever others are compiled in.
//! - No text of any error holds a URL, a token or a header's value.
//!
//! # Runtime
//!
//! Calls run on the tokio runtime of the thread that polls them, or, when one is given, on the runtime of a
//! [handle](HyperTransport::with_runtime): then any thread and any executor may poll them. Without either, a call ends
//! in [`NoRuntime`](wecom_core::TransportErrorKind::NoRuntime). The runtime needs its I/O and time drivers
//! (`enable_all`): tokio panics where they are missing, and offers no way to ask.

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod builder;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod connector;
mod failure;
mod outgoing;
mod reply;
mod runtime;
mod timer;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod tls;
mod transport;

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::builder::{BuildError, HyperTransportBuilder};
pub use crate::timer::TokioTimer;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::tls::{Crypto, Roots};
pub use crate::transport::HyperTransport;
