//! The file format of one recorded exchange.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wecom_core::codec::read_json;
use wecom_core::http::QueryValue;
use wecom_core::{Delivery, Request, Response, TransportError, TransportErrorKind};

use crate::cassette::masking::{MASK, Masking};
use crate::stub::answer::Outcome;

/// The headers of a reply that are recorded.
const RECORDED_HEADERS: [&str; 4] = ["content-type", "retry-after", "error-code", "error-msg"];

/// The maximum depth of JSON in a cassette. serde_json reads at most 127 levels, of which five are around a body.
const MAX_DEPTH: usize = 122;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The value of [`request_value`], with its secrets masked.
    pub(crate) request: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<RecordedReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<(TransportErrorKind, Delivery)>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedReply {
    status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    body: Body,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Body {
    Json(Value),
    Text(String),
    Base64(String),
}

impl Entry {
    pub(crate) fn record(request: &Request, outcome: &Outcome, masking: &Masking) -> Self {
        let is_secret = request.endpoint().has_secret_reply();
        Self {
            request: masking.request(request_value(request)),
            reply: outcome.as_ref().ok().map(|reply| RecordedReply::record(reply, masking, is_secret)),
            failure: outcome.as_ref().err().map(|error| (error.kind(), error.delivery())),
        }
    }

    /// Returns why the entry is invalid, for example after a mistake in editing it. `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let Some(parts) = self.request.as_object() else { return Some("expected the request to be an object") };
        if !parts.keys().all(|name| ["call", "secrets", "query", "body"].contains(&name.as_str())) {
            return Some("expected no parts of the request other than call, secrets, query and body");
        }
        if !parts.get("call").is_some_and(Value::is_string) {
            return Some("expected a call, such as \"GET gettoken\", in the request");
        }
        self.outcome().err()
    }

    /// The recorded outcome, or why the entry is invalid.
    pub(crate) fn outcome(&self) -> Result<Outcome, &'static str> {
        match (&self.reply, self.failure) {
            (Some(reply), None) => reply.response().map(Ok),
            (None, Some((kind, delivery))) => {
                Ok(Err(TransportError::new(kind, delivery).with_source("recorded in a cassette")))
            }
            _ => Err("expected either a reply or a failure"),
        }
    }

    pub(crate) fn has_same_outcome(&self, other: &Self) -> bool {
        self.reply == other.reply && self.failure == other.failure
    }
}

/// The value of a request, with its secrets: the call, the secrets, the query and the body. Empty parts are absent.
pub(crate) fn request_value(request: &Request) -> Value {
    let (mut secrets, mut query) = (Map::new(), Map::new());
    request.token().into_iter().for_each(|token| push(&mut secrets, "access_token", token.expose()));
    for (name, value) in request.query().iter() {
        match value {
            QueryValue::Public(value) => push(&mut query, name, value),
            QueryValue::Secret(secret) => push(&mut secrets, name, secret.expose()),
            _ => push(&mut secrets, name, MASK),
        }
    }
    let call = format!("{} {}", request.method(), request.endpoint().path()).into();
    let body = request.body().map(|body| json_of(body).unwrap_or_else(|| String::from_utf8_lossy(body).into()));
    let object = |fields: Map<_, _>| (!fields.is_empty()).then_some(Value::Object(fields));
    let parts = [("call", Some(call)), ("secrets", object(secrets)), ("query", object(query)), ("body", body)];
    parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?))).collect()
}

/// Adds a value. The values of a repeated name form an array.
fn push(fields: &mut Map<String, Value>, name: &str, value: &str) {
    match fields.get_mut(name) {
        Some(Value::Array(values)) => values.push(value.into()),
        Some(first) => *first = json!([first, value]),
        None => drop(fields.insert(name.to_owned(), value.into())),
    }
}

/// Returns the JSON of a body. `None` if it is not JSON, or too deep for a cassette.
fn json_of(body: &[u8]) -> Option<Value> {
    read_json(body).filter(|value| depth(value) <= MAX_DEPTH)
}

/// The number of arrays and objects around the innermost value.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

impl RecordedReply {
    fn record(reply: &Response, masking: &Masking, is_secret: bool) -> Self {
        let header = |name: &&str| {
            let value = std::str::from_utf8(reply.headers().get(name)?).ok()?;
            Some(((*name).to_owned(), masking.text(value)))
        };
        let headers = RECORDED_HEADERS.iter().filter_map(header).collect();
        Self { status: reply.status(), headers, body: Body::record(reply.body(), masking, is_secret) }
    }

    /// The recorded reply, or why it is invalid.
    fn response(&self) -> Result<Response, &'static str> {
        let body: Bytes = match &self.body {
            Body::Json(value) => value.to_string().into(),
            Body::Text(text) => text.clone().into(),
            // The text of a long body may be wrapped over several lines.
            Body::Base64(text) => {
                let text: String = text.split_ascii_whitespace().collect();
                BASE64.decode(text).map_err(|_| "invalid Base64")?.into()
            }
        };
        match self.status {
            100..1000 => {
                let reply = Response::new(self.status, body);
                Ok(self.headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value)))
            }
            _ => Err("expected a status from 100 to 999"),
        }
    }
}

impl Body {
    /// Keeps JSON with its secrets masked, and other bytes only if they contain no secret.
    fn record(bytes: &Bytes, masking: &Masking, is_secret: bool) -> Self {
        if let Some(value) = json_of(bytes) {
            return Self::Json(masking.json(value, false));
        }
        match String::from_utf8_lossy(bytes) {
            text if masking.has_secret(&text) || is_secret && !text.is_empty() => Self::Text(MASK.to_owned()),
            Cow::Borrowed(text) => Self::Text(text.to_owned()),
            Cow::Owned(_) => Self::Base64(BASE64.encode(bytes)),
        }
    }
}
