//! The file format of one recorded exchange.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wecom_core::http::QueryValue;
use wecom_core::{Delivery, Request, Response, TransportError, TransportErrorKind};

use crate::cassette::masking::{MASK, Masking};
use crate::stub::answer::Outcome;

/// The headers of a reply that are recorded.
const RECORDED_HEADERS: [&str; 4] = ["content-type", "retry-after", "error-code", "error-msg"];

const KINDS: [(&str, TransportErrorKind); 10] = [
    ("dns", TransportErrorKind::Dns),
    ("connect", TransportErrorKind::Connect),
    ("tls", TransportErrorKind::Tls),
    ("timeout", TransportErrorKind::Timeout),
    ("connection_lost", TransportErrorKind::ConnectionLost),
    ("protocol", TransportErrorKind::Protocol),
    ("reply_too_large", TransportErrorKind::ReplyTooLarge),
    ("unsupported", TransportErrorKind::Unsupported),
    ("no_runtime", TransportErrorKind::NoRuntime),
    ("other", TransportErrorKind::Other),
];

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) request: RecordedRequest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<RecordedReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<RecordedFailure>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedRequest {
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// `name=value`, without the access token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) query: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedReply {
    status: u16,
    /// `name: value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    body: Body,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedFailure {
    kind: String,
    delivery: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    Base64(String),
}

impl Entry {
    pub(crate) fn record(request: &Request, outcome: &Outcome, masking: &Masking) -> Self {
        let endpoint = request.endpoint();
        let query = |(name, value): (&str, &QueryValue)| match value {
            QueryValue::Public(value) => format!("{name}={}", masking.request_text(value)),
            QueryValue::Secret(secret) => format!("{name}={}", masking.alias(secret.expose())),
            _ => format!("{name}={MASK}"),
        };
        let recorded = RecordedRequest {
            endpoint: endpoint.name().to_owned(),
            method: endpoint.method().as_str().to_owned(),
            path: endpoint.path().to_owned(),
            token: request.token().map(|token| masking.alias(token.expose())),
            query: request.query().iter().map(query).collect(),
            body: request.body().map(|body| Body::new(body).masked(masking, true, false)),
        };
        let reply = |reply| RecordedReply::record(reply, masking, endpoint.has_secret_reply());
        let failure = outcome.as_ref().err().map(RecordedFailure::record);
        Self { request: recorded, reply: outcome.as_ref().ok().map(reply), failure }
    }

    /// Whether the entry still contains a secret, because it cannot be replaced.
    pub(crate) fn has_secret(&self, masking: &Masking) -> bool {
        let texts = serde_json::json!([self.request.token, self.request.query, self.headers()]);
        masking.finds_secret(&texts) || self.bodies().any(|body| masking.finds_secret(&body.value()))
    }

    fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.request.body.iter().chain(self.reply.as_ref().map(|reply| &reply.body))
    }

    fn headers(&self) -> Vec<&str> {
        self.reply.iter().flat_map(|reply| &reply.headers).map(String::as_str).collect()
    }

    /// Returns why the entry is invalid, for example after a mistake in editing it. `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<String> {
        let RecordedRequest { method, query, .. } = &self.request;
        match &self.failure {
            Some(RecordedFailure { kind, delivery })
                if self.failure.as_ref().and_then(RecordedFailure::error).is_none() =>
            {
                Some(format!(
                    "unknown failure kind {kind} or delivery {delivery}; expected the delivery not_sent or unknown"
                ))
            }
            failure if self.reply.is_some() == failure.is_some() => Some("expected either a reply or a failure".into()),
            _ if !["GET", "POST"].contains(&method.as_str()) => Some("expected the method GET or POST".into()),
            _ if query.iter().any(|pair| !pair.contains('=')) => Some("expected name=value in the query".into()),
            _ if self.headers().iter().any(|header| !header.contains(": ")) => {
                Some("expected name: value in the headers".into())
            }
            _ => self.bodies().any(|body| body.bytes().is_none()).then(|| "invalid Base64".into()),
        }
    }

    /// The recorded outcome. `None` if [`problem`](Self::problem) finds one.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        let Some(reply) = &self.reply else { return self.failure.as_ref()?.error().map(Err) };
        let response = Response::new(reply.status, reply.body.bytes()?);
        let headers = reply.headers.iter().filter_map(|header| header.split_once(": "));
        Some(Ok(headers.fold(response, |response, (name, value)| response.with_header(name, value))))
    }
}

impl RecordedReply {
    fn record(response: &Response, masking: &Masking, is_secret: bool) -> Self {
        let is_recorded = |name: &str| RECORDED_HEADERS.iter().any(|recorded| recorded.eq_ignore_ascii_case(name));
        let headers =
            response.headers().iter().filter(|(name, _)| is_recorded(name)).filter_map(|(name, value)| {
                Some(format!("{name}: {}", masking.text(std::str::from_utf8(value).ok()?)))
            });
        let body = Body::new(response.body()).masked(masking, false, is_secret);
        Self { status: response.status(), headers: headers.collect(), body }
    }
}

impl RecordedFailure {
    fn record(error: &TransportError) -> Self {
        let kind = KINDS.iter().find(|(_, kind)| *kind == error.kind()).map_or("other", |(name, _)| name);
        let delivery = if error.delivery() == Delivery::NotSent { "not_sent" } else { "unknown" };
        Self { kind: kind.to_owned(), delivery: delivery.to_owned() }
    }

    fn error(&self) -> Option<TransportError> {
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == self.kind)?;
        let delivery = match self.delivery.as_str() {
            "not_sent" => Delivery::NotSent,
            "unknown" => Delivery::Unknown,
            _ => return None,
        };
        Some(TransportError::new(*kind, delivery).with_source("recorded in a cassette"))
    }
}

impl Body {
    pub(crate) fn new(bytes: &Bytes) -> Self {
        match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
            (Ok(value), _) => Self::Json(value),
            (_, Ok(text)) => Self::Text(text.to_owned()),
            _ => Self::Base64(BASE64.encode(bytes)),
        }
    }

    /// The JSON, or the text as a JSON string.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            other => String::from_utf8_lossy(&other.bytes().unwrap_or_default()).into(),
        }
    }

    fn masked(self, masking: &Masking, is_request: bool, is_secret: bool) -> Self {
        if let Self::Json(mut value) = self {
            masking.json(&mut value, false, is_request);
            return Self::Json(value);
        }
        let text = self.value();
        let text = text.as_str().unwrap_or_default();
        let masked = match is_request {
            true => masking.request_text(text),
            false if is_secret && !text.is_empty() => MASK.to_owned(),
            false => masking.text(text),
        };
        if masked == text { self } else { Self::Text(masked) }
    }

    fn bytes(&self) -> Option<Bytes> {
        Some(match self {
            Self::Json(value) => value.to_string().into(),
            Self::Text(text) => text.clone().into(),
            // A long text may be wrapped.
            Self::Base64(text) => BASE64.decode(text.split_ascii_whitespace().collect::<String>()).ok()?.into(),
        })
    }
}
