//! What goes to a server and what comes back: the [`Transport`] trait, [`Request`] and [`Response`].
//!
//! These are this crate's own types, so that a major version of an HTTP library changes nothing here.

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
pub use self::headers::Headers;
pub use self::query::{Query, QueryValue};
pub use self::request::Request;
pub use self::response::Response;
#[cfg(feature = "tower")]
pub use self::tower_transport::TowerTransport;
pub use self::transport::{AsLocal, FromFn, LocalTransport, Transport, from_fn};
pub use self::transport_error::{Delivery, TransportError, TransportErrorKind};
