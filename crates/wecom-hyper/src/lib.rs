//! The HTTPS transport for WeCom (企业微信) calls, on hyper and tokio, with TLS by rustls.
//!
//! ```no_run
//! # #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
//! # fn client() -> Result<(), wecom_hyper::BuildError> {
//! use wecom_core::{AccessToken, Client};
//! use wecom_hyper::HyperTransport;
//!
//! let client = Client::builder(HyperTransport::new()?)
//!     .token(AccessToken::new("a-token"))
//!     .build();
//! # let _ = client;
//! # Ok(())
//! # }
//! ```
//!
//! | Task | Item |
//! |---|---|
//! | use the defaults | [`HyperTransport::new`] |
//! | set limits, connections, root certificates, crypto provider, resolver, runtime | [`HyperTransport::builder`] |
//! | call from a trusted address (企业可信IP) through an HTTP or SOCKS5 proxy | `Proxy`, feature `proxy` |
//! | use HTTP/2 | `Http2`, feature `http2` |
//! | count connections, replies and failures | [`HyperTransport::counters`] |
//! | give the client of `wecom-core` a timer for retries, quotas and deadlines | [`TokioTimer`] |
//!
//! To use another HTTP client, such as reqwest or any `tower` service, see `wecom_core::http::TowerTransport` or implement
//! [`Transport`](wecom_core::Transport).
//!
//! # Behaviour
//!
//! - HTTPS, unless the base URL begins with `http://`. HTTP/1.1, unless the builder enables HTTP/2. `TCP_NODELAY`.
//! - No redirects, no logging, no retries, with one exception: a request that a reused connection returns unsent,
//!   because the server has closed it, is sent on another connection. A connection whose call timed out or failed is
//!   never used again (an HTTP/2 connection stays open for the other calls after a timeout).
//! - The environment is not read: there is no proxy unless the builder sets one.
//! - No process-wide state: the crypto provider is passed to rustls explicitly.
//! - No error text contains a URL, a token, the value of a header or the credentials of a proxy.
//!
//! # Limits
//!
//! | limit | default | beyond it |
//! |---|---|---|
//! | opening a connection: DNS, TCP, proxy, TLS | 10 seconds, [setting](HyperTransportBuilder::connect_limit) | `Timeout`, not sent |
//! | a whole attempt, however slowly the reply arrives | 30 seconds, [setting](HyperTransport::with_time_limit) | `Timeout` |
//! | connections | 256, [setting](HyperTransportBuilder::max_connections) | calls wait in order |
//! | the body of a reply | 8 MiB, [setting](HyperTransport::with_reply_limit) | `ReplyTooLarge` |
//! | the head of a reply | hyper's: 100 headers, about 400 kB; with HTTP/2 16 kB | `Protocol` |
//! | interim replies (1xx) and the head together | 1 MiB | `Protocol` |
//! | the extensions of a chunk, trailers | hyper's: 16 kB each | `Protocol` |
//!
//! # Runtime
//!
//! Calls run on the tokio runtime of the polling thread, or on the one that the transport is
//! [bound to](HyperTransport::with_runtime): then any thread and any executor can poll them. Without either, a call fails
//! with [`NoRuntime`](wecom_core::TransportErrorKind::NoRuntime). The runtime needs its I/O and time drivers
//! (`enable_all`). A transport can serve several runtimes; each has its own connections.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `ring` | yes | TLS with ring as the crypto provider of rustls |
//! | `aws-lc-rs` | | TLS with aws-lc-rs, if `ring` is off or the builder selects it |
//! | `platform-roots` | yes | the root certificates of the operating system |
//! | `bundled-roots` | | Mozilla's root certificates, bundled into the binary |
//! | `proxy` | | HTTP and SOCKS5 proxies |
//! | `http2` | | HTTP/2, if the builder enables it |
//! | `tracing` | | the spans of `wecom-core` |
//!
//! Without `ring` and `aws-lc-rs` there is no TLS, and only `http://` base URLs work.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(doctest, feature = "ring", feature = "platform-roots", feature = "proxy"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod build_error;
mod builder;
mod connect;
mod counters;
mod error_chain;
mod exchange;
mod failure;
#[cfg(feature = "http2")]
mod http2;
mod pool;
#[cfg(feature = "proxy")]
mod proxy;
mod timer;
mod transport;

pub use crate::build_error::BuildError;
pub use crate::builder::HyperTransportBuilder;
pub use crate::connect::resolve::Resolve;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
pub use crate::connect::tls::{Crypto, Roots};
pub use crate::counters::Counters;
#[cfg(feature = "http2")]
pub use crate::http2::Http2;
#[cfg(feature = "proxy")]
pub use crate::proxy::{Proxy, ProxyError};
pub use crate::timer::TokioTimer;
pub use crate::transport::HyperTransport;
