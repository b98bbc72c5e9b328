//! What a call of the WeCom (企业微信) API is, apart from any HTTP library and any async runtime.
//!
//! | To | there is |
//! |---|---|
//! | bring an HTTP stack | [`Transport`], [`LocalTransport`], [`from_fn`], [`TransportError`] |
//! | make calls | [`Client`], [`ClientBuilder`], [`Credentials`], [`TokenProvider`] |
//! | have calls survive | [`Retry`], [`Quotas`], [`ClientBuilder::deadline`], [`Timer`] |
//! | share tokens between processes | [`TokenStore`] |
//! | see what calls do | [`Layer`], the feature `tracing` |
//! | understand a failure | [`Error`], [`ErrorKind`], [`ErrCode`] |
//! | type an endpoint | [`ApiCall`], [`Endpoint`], [`wire`] |
//! | do without a client | [`encode`], [`decode`] |
//!
//! The calls themselves are in `wecom-upstream`, a transport on hyper in `wecom-hyper`, transports for tests in
//! `wecom-mock`.
//!
//! This crate holds no HTTP library, no runtime, no clock and no global, and spawns nothing.

mod base_url;
mod call;
mod channel;
mod clean;
mod client;
mod deadline;
mod decode;
mod endpoint;
mod envelope;
mod error;
mod headers;
mod invalid_request;
mod layer;
mod query;
mod quotas;
mod race;
mod random;
mod raw;
mod redact;
mod request;
mod response;
mod retry;
mod retry_after;
mod secret;
mod sync;
mod threading;
mod timer;
mod token;
mod trace;
mod transport;
mod transport_error;
pub mod wire;

pub use async_trait::async_trait;

pub use crate::base_url::{BaseUrl, InvalidBaseUrl};
pub use crate::call::{ApiCall, encode};
pub use crate::client::{Client, ClientBuilder, NoTimer, NoToken, Timed, TokenSource};
pub use crate::deadline::{CallPhase, DeadlineError};
pub use crate::decode::decode;
pub use crate::endpoint::{Endpoint, Method, Quota, Safety, TokenKind};
pub use crate::error::{ApiError, DecodeError, DecodeProblem, ErrCode, Error, ErrorKind, StatusError};
pub use crate::headers::Headers;
pub use crate::invalid_request::{InvalidRequest, Violation, Violations};
pub use crate::layer::{CallEvent, CallOutcome, Layer};
pub use crate::query::{Query, QueryValue};
pub use crate::quotas::{QuotaError, QuotaLimit, Quotas};
pub use crate::raw::RawCall;
pub use crate::request::Request;
pub use crate::response::Response;
pub use crate::retry::Retry;
pub use crate::secret::{AccessToken, Secret};
pub use crate::threading::{Local, Shared, Threading};
pub use crate::timer::{LocalTimer, Timer};
pub use crate::token::{
    CORP_GET_TOKEN, CorpGetToken, Credentials, DownstreamApp, GET_TOKEN, GetToken, GetTokenReply, LocalTokenProvider,
    LocalTokenStore, StoredToken, TokenError, TokenKey, TokenProvider, TokenScope, TokenStore, TokenStoreError,
};
pub use crate::transport::{AsLocal, FromFn, LocalTransport, Transport, from_fn};
pub use crate::transport_error::{Delivery, TransportError, TransportErrorKind};
