//! The core of a client for the WeCom (企业微信) API, independent of any HTTP library and any async runtime.
//!
//! | to | use |
//! |---|---|
//! | connect an HTTP library | [`Transport`], [`LocalTransport`], [`from_fn`], [`http`] |
//! | make calls | [`Client`], [`ClientBuilder`], [`Credentials`] |
//! | repeat failed calls, limit their number and time | [`Retry`], [`Quotas`], [`ClientBuilder::deadline`], [`Timer`] |
//! | share tokens and quotas between processes | [`token::TokenStore`], [`quota::QuotaStore`] |
//! | let one of several processes do some work | [`lease::Lease`] |
//! | bring your own tokens | [`token::TokenProvider`] |
//! | observe calls | [`Observer`], the feature `tracing` |
//! | handle errors | [`Error`], [`ErrorKind`], [`ErrCode`] |
//! | add a typed endpoint | [`ApiCall`], [`Endpoint`], [`codec::wire`] |
//! | work without a client | [`encode`], [`decode`] |
//!
//! The crate root has the items that most programs need. Everything else is in its module.
//!
//! `wecom-upstream` has the calls, `wecom-hyper` a transport on hyper, and `wecom-mock` transports for tests.
//!
//! This crate has no HTTP library, no runtime, no clock and no global state, and it spawns nothing.
//!
//! | feature | adds |
//! |---|---|
//! | `http1` | conversions from and to the types of the crate `http`, version 1 |
//! | `tower` | [`http`]'s `TowerTransport`, a transport over any `tower` service; includes `http1` |
//! | `tracing` | a span for each call, and its events |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod client;
pub mod codec;
pub mod endpoint;
pub mod error;
pub mod http;
pub mod ids;
pub mod lease;
pub mod observe;
mod pointers;
pub mod quota;
pub mod retry;
pub mod secret;
mod threading;
pub mod timer;
pub mod token;

pub use async_trait::async_trait;

pub use crate::client::{Client, ClientBuilder, Threading};
pub use crate::codec::{decode, encode};
pub use crate::endpoint::{ApiCall, Endpoint, Safety};
pub use crate::error::{ErrCode, Error, ErrorKind};
pub use crate::http::{
    BaseUrl, Delivery, LocalTransport, Request, Response, Transport, TransportError, TransportErrorKind, from_fn,
};
pub use crate::observe::{CallEvent, Observer};
pub use crate::quota::Quotas;
pub use crate::retry::Retry;
pub use crate::secret::{AccessToken, Secret};
pub use crate::threading::{Local, Shared};
pub use crate::timer::{LocalTimer, Timer};
pub use crate::token::Credentials;
