//! From a call to bytes and from bytes to a reply, without any I/O.
//!
//! [`encode`] and [`decode`] are all that a program needs that wants no [`Client`](crate::Client). [`wire`] reads the
//! fields that WeCom writes in several ways.

pub(crate) mod decode;
mod diagnosis;
pub(crate) mod encode;
pub(crate) mod envelope;
pub(crate) mod lenient_json;
mod reply_secrets;
pub mod wire;

pub use self::decode::decode;
pub use self::encode::encode;
