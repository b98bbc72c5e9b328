//! The JSON of errors, for logs and reports.

use serde::{Serialize, Serializer};

use super::{ErrCode, Error, ErrorKind};
use crate::http::transport_error::{Delivery, TransportErrorKind};

/// What an error serializes as.
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

/// Serializes what the methods of the error return, and its text as `message`, with neither a token nor a secret. The names
/// are stable; an absent value has no field.
///
/// ```json
/// {
///   "endpoint": "get_chain_list", "kind": "status", "status": 502, "attempts": 3,
///   "delivery": "unknown", "is_transient": true, "message": "…"
/// }
/// ```
///
/// `kind` is the name of the [`ErrorKind`] in snake case. The other fields are `errcode`, `transport` (the
/// [`TransportErrorKind`]), `hint` and `retry_after_ms`.
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
