//! HTTP without an HTTP library: the [`Transport`] trait, [`Request`] and [`Response`].
//!
//! The types are this crate's own, so that a new major version of an HTTP library does not change this API.

pub(crate) mod addressed_transport;
pub(crate) mod base_url;
pub(crate) mod headers;
#[cfg(feature = "http1")]
mod http1;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry_after;
#[cfg(feature = "tower")]
pub(crate) mod tower_transport;
pub(crate) mod transport;
pub(crate) mod transport_error;

pub use self::base_url::{BaseUrl, InvalidBaseUrl};
pub use self::headers::{Headers, Iter as HeadersIter};
pub use self::query::{Query, QueryValue};
pub use self::request::Request;
pub use self::response::Response;
#[cfg(feature = "tower")]
pub use self::tower_transport::TowerTransport;
pub use self::transport::{AsLocal, FromFn, LocalTransport, Transport, from_fn};
pub use self::transport_error::{Delivery, TransportError, TransportErrorKind};
