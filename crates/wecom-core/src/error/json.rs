//! The JSON of errors, for logs and reports.

use serde::{Serialize, Serializer};

use super::{ErrCode, Error, ErrorKind};
use crate::http::transport_error::{Delivery, TransportErrorKind};

/// The serialized form of an error.
#[derive(Serialize)]
struct Fields<'a> {
    endpoint: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errcode: Option<ErrCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<TransportErrorKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    attempts: u32,
    delivery: Delivery,
    is_transient: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    message: String,
}

/// Serializes the values that the error's methods return, and its text as `message`. The output contains neither a
/// token nor a secret. The names are stable. A field without a value is omitted.
///
/// ```json
/// {
///   "endpoint": "get_chain_list", "kind": "status", "status": 502, "attempts": 3,
///   "delivery": "unknown", "is_transient": true, "message": "…"
/// }
/// ```
///
/// `kind` is the name of the [`ErrorKind`] in snake case. The optional fields are `errcode`, `status`, `transport` (the
/// [`TransportErrorKind`]), `hint` and `retry_after_ms` (milliseconds).
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let transport = match self.fetch_error().kind() {
            ErrorKind::Transport(transport) => Some(transport.kind()),
            _ => None,
        };
        let fields = Fields {
            endpoint: self.endpoint().name(),
            kind: self.kind().name(),
            errcode: self.code(),
            status: self.status(),
            transport,
            hint: self.hint(),
            attempts: self.attempts(),
            delivery: self.delivery(),
            is_transient: self.is_transient(),
            retry_after_ms: self.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            message: self.to_string(),
        };
        fields.serialize(serializer)
    }
}

impl ErrorKind {
    fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::Token(_) => "token",
            Self::Quota(_) => "quota",
            Self::Deadline(_) => "deadline",
            Self::Transport(_) => "transport",
            Self::Status(_) => "status",
            Self::Api(_) => "api",
            Self::Decode(_) => "decode",
        }
    }
}
