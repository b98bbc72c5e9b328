//! Encodes calls and decodes replies, without any I/O.
//!
//! A program without a [`Client`](crate::Client) needs only [`encode`] and [`decode`]. [`wire`] deserializes fields that WeCom
//! writes in more than one form.

pub(crate) mod decode;
mod diagnosis;
pub(crate) mod encode;
pub(crate) mod envelope;
pub(crate) mod lenient_json;
mod reply_secrets;
pub mod wire;

pub use self::decode::decode;
pub use self::encode::encode;
pub use self::lenient_json::read_json;
