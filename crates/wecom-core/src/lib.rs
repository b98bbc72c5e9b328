//! What a call of the WeCom (企业微信) API is, apart from any HTTP library and any async runtime.
//!
//! | To | there is |
//! |---|---|
//! | bring an HTTP stack | [`Transport`], [`LocalTransport`], [`from_fn`], [`TransportError`] |
//! | make calls | [`Client`], [`ClientBuilder`], [`Credentials`], [`TokenProvider`] |
//! | have calls survive | [`Retry`], [`Quotas`], [`ClientBuilder::deadline`], [`Timer`] |
//! | share tokens between processes | [`TokenStore`] |
//! | see what calls do | [`Observer`], the feature `tracing` |
//! | understand a failure | [`Error`], [`ErrorKind`], [`ErrCode`] |
//! | type an endpoint | [`ApiCall`], [`Endpoint`], [`wire`] |
//! | do without a client | [`encode`], [`decode`] |
//!
//! The calls themselves are in `wecom-upstream`, a transport on hyper in `wecom-hyper`, transports for tests in
//! `wecom-mock`.
//!
//! This crate holds no HTTP library, no runtime, no clock and no global, and spawns nothing.

pub mod client;
pub mod codec;
pub mod endpoint;
pub mod error;
pub mod http;
pub mod ids;
pub mod observe;
pub mod quota;
pub mod retry;
pub mod secret;
mod threading;
pub mod timer;
pub mod token;

pub use async_trait::async_trait;

pub use crate::client::{Client, ClientBuilder, NoTimer, NoToken, Threading, Timed, TokenSource};
pub use crate::codec::{decode, encode, wire};
pub use crate::endpoint::{
    ApiCall, Endpoint, InvalidRequest, Method, Quota, RawCall, Safety, TokenKind, Violation, Violations,
};
pub use crate::error::{
    ApiError, CallPhase, DeadlineError, DecodeError, DecodeProblem, ErrCode, Error, ErrorKind, StatusError,
};
pub use crate::http::{
    AsLocal, BaseUrl, Delivery, FromFn, Headers, InvalidBaseUrl, LocalTransport, Query, QueryValue, Request, Response,
    Transport, TransportError, TransportErrorKind, from_fn,
};
pub use crate::observe::{CallEvent, CallOutcome, Observer};
pub use crate::quota::{QuotaError, QuotaLimit, Quotas};
pub use crate::retry::Retry;
pub use crate::secret::{AccessToken, Secret};
pub use crate::threading::{Local, Shared};
pub use crate::timer::{Clock, LocalTimer, Timer};
pub use crate::token::{
    CORP_GET_TOKEN, CorpGetToken, Credentials, DownstreamApp, GET_TOKEN, GetToken, GetTokenReply, LocalTokenProvider,
    LocalTokenStore, StoredToken, TokenError, TokenKey, TokenProvider, TokenScope, TokenStore, TokenStoreError,
};
