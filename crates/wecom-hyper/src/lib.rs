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
//! | set limits, pool, roots, crypto provider, resolver, runtime | [`HyperTransport::builder`] |
//! | call from a trusted address (企业可信IP): HTTP and SOCKS5 proxies | `Proxy`, with the feature `proxy` |
//! | speak HTTP/2 | `Http2`, with the feature `http2` |
//! | keep a client of your own: connector, TLS, pool | [`HyperTransport::from_client`] |
//! | see what it does: connections, replies, failures | [`HyperTransport::counters`] |
//! | give the client of `wecom-core` time: retries, quotas, deadlines | [`TokioTimer`] |
//!
//! # What it does and what it leaves alone
//!
//! - HTTPS unless the base URL begins with `http://`, which is then the caller's explicit word. HTTP/1.1 unless the
//!   builder says otherwise, `TCP_NODELAY`.
//! - It follows no redirect, logs nothing and repeats nothing, with one exception: a request that hyper hands back
//!   unsent, because a pooled connection turned out to be closed, goes out on another connection. After a pause of a
//!   quarter of a second it looks for such connections first. One whose call timed out or broke off is never used again
//!   (with HTTP/2, a call that timed out leaves the others their connection).
//! - It asks the environment nothing: no proxy is used unless the builder is given one.
//! - No process-wide state: the crypto provider is passed to rustls explicitly, whichever others are compiled in.
//! - No text of any error holds a URL, a token, a header's value or a proxy's credentials.
//!
//! # Limits
//!
//! | of what | how much | beyond it |
//! |---|---|---|
//! | getting a connection: DNS, TCP, proxy, TLS | 10 seconds, [set](HyperTransportBuilder::connect_limit) | `Timeout`, not sent |
//! | the whole attempt, however slowly bytes trickle in | 30 seconds, [set](HyperTransport::with_time_limit) | `Timeout` |
//! | the body of a reply, in one piece or in chunks | 8 MiB, [set](HyperTransport::with_reply_limit) | `ReplyTooLarge` |
//! | the head of a reply | hyper's: 100 headers, some 400 kB; with HTTP/2 16 kB | `Protocol` |
//! | a chunk's extensions, trailers | hyper's: 16 kB each | `Protocol` |
//! | interim replies (1xx) | passed over | the time limit |
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
mod connect;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
mod connection;
mod counters;
mod exchange;
mod failure;
#[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
mod http2;
mod pause;
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
mod proxy;
mod runtime;
mod timer;
mod transport;

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::builder::{BuildError, HyperTransportBuilder};
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::connect::resolve::Resolve;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::connect::tls::{Crypto, Roots};
pub use crate::counters::Counters;
#[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
pub use crate::http2::Http2;
#[cfg(all(feature = "proxy", any(feature = "ring", feature = "aws-lc-rs")))]
pub use crate::proxy::{Proxy, ProxyError};
pub use crate::timer::TokioTimer;
pub use crate::transport::HyperTransport;
