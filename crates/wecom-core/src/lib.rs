//! What a call of the WeCom (企业微信) API is, apart from any HTTP library and any async runtime.
//!
//! | To | there is |
//! |---|---|
//! | bring an HTTP stack | [`Transport`], [`LocalTransport`], [`from_fn`], [`TransportError`] |
//! | make calls | [`Client`], [`ClientBuilder`], [`Credentials`], [`TokenProvider`] |
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
mod decode;
mod endpoint;
mod envelope;
mod error;
mod headers;
mod invalid_request;
mod query;
mod raw;
mod redact;
mod request;
mod response;
mod secret;
mod threading;
mod timer;
mod token;
mod transport;
mod transport_error;
pub mod wire;

pub use async_trait::async_trait;

pub use crate::base_url::{BaseUrl, InvalidBaseUrl};
pub use crate::call::{ApiCall, encode};
pub use crate::client::{Client, ClientBuilder, NoToken, TokenSource};
pub use crate::decode::decode;
pub use crate::endpoint::{Endpoint, Method, Quota, Safety, TokenKind};
pub use crate::error::{ApiError, DecodeError, DecodeProblem, ErrCode, Error, ErrorKind, StatusError};
pub use crate::headers::Headers;
pub use crate::invalid_request::{InvalidRequest, Violation, Violations};
pub use crate::query::{Query, QueryValue};
pub use crate::raw::RawCall;
pub use crate::request::Request;
pub use crate::response::Response;
pub use crate::secret::{AccessToken, Secret};
pub use crate::threading::{Local, Shared, Threading};
pub use crate::timer::{LocalTimer, Timer};
pub use crate::token::{
    Credentials, GET_TOKEN, GetToken, GetTokenReply, LocalTokenProvider, TokenError, TokenProvider, TokenScope,
};
pub use crate::transport::{AsLocal, FromFn, LocalTransport, Transport, from_fn};
pub use crate::transport_error::{Delivery, TransportError, TransportErrorKind};
