//! One recorded exchange, in the form in which the file holds it.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use wecom_core::http::QueryValue;
use wecom_core::{Delivery, Request, Response, TransportError, TransportErrorKind};

use crate::cassette::aliases::Aliases;
use crate::cassette::secret_kind::SecretKind;
use crate::stub::answer::Outcome;

/// The headers of a reply that are kept: the others are of the connection or of the day.
const KEPT_HEADERS: [&str; 4] = ["content-type", "retry-after", "error-code", "error-msg"];

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
    /// The endpoint's name: for the reader.
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The alias of the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// `name=value`, the access token apart.
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
    #[serde(with = "kind")]
    kind: TransportErrorKind,
    #[serde(with = "delivery")]
    delivery: Delivery,
}

/// A body in the form in which a person reads it best.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    #[serde(serialize_with = "write_base64", deserialize_with = "read_base64")]
    Base64(Vec<u8>),
}

impl Entry {
    pub(crate) fn record(request: &Request, outcome: &Outcome, aliases: &mut Aliases) -> Self {
        let (reply, failure) = match outcome {
            Ok(response) => (Some(RecordedReply::record(response)), None),
            Err(error) => (None, Some(RecordedFailure { kind: error.kind(), delivery: error.delivery() })),
        };
        let mut entry = Self { request: RecordedRequest::record(request, aliases), reply, failure };
        entry.clean(aliases);
        entry
    }

    /// Puts aliases for all secrets that are known, or that the entry itself names as such.
    pub(crate) fn clean(&mut self, aliases: &mut Aliases) {
        let Self { request, reply, .. } = self;
        let bodies = request.body.iter_mut().chain(reply.as_mut().map(|reply| &mut reply.body));
        bodies.for_each(|body| body.clean(aliases));
        let headers = reply.iter_mut().flat_map(|reply| &mut reply.headers);
        for text in request.query.iter_mut().chain(headers) {
            aliases.learn_named(text);
            *text = aliases.text(text);
        }
    }

    /// What is wrong with an entry that somebody has edited.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.reply.is_some() == self.failure.is_some() {
            return Some("it needs either a reply or a failure");
        }
        if !["GET", "POST"].contains(&self.request.method.as_str()) {
            return Some("its method is neither GET nor POST");
        }
        if self.request.query.iter().any(|pair| !pair.contains('=')) {
            return Some("a text of its query is not of the form name=value");
        }
        let mut headers = self.reply.iter().flat_map(|reply| &reply.headers);
        headers.any(|header| !header.contains(": ")).then_some("a header of its reply is not of the form name: value")
    }

    /// What the recorded exchange brought; `None` when the entry says nothing of it, which reading it rules out.
    pub(crate) fn outcome(&self, number: usize) -> Option<Outcome> {
        let failed = |failure: &RecordedFailure| {
            let error = TransportError::new(failure.kind, failure.delivery);
            Err(error.with_source(format!("so it was recorded in entry {number} of the cassette")))
        };
        let replied = |reply: &RecordedReply| {
            let response = Response::new(reply.status, reply.body.bytes());
            let pairs = reply.headers.iter().filter_map(|header| header.split_once(": "));
            Ok(pairs.fold(response, |response, (name, value)| response.with_header(name, value)))
        };
        self.reply.as_ref().map(replied).or_else(|| self.failure.as_ref().map(failed))
    }

    /// The bytes of the bodies that the file holds in Base64.
    pub(crate) fn binary(&self) -> impl Iterator<Item = &[u8]> {
        let bodies = self.request.body.iter().chain(self.reply.as_ref().map(|reply| &reply.body));
        bodies.filter_map(|body| match body {
            Body::Base64(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
    }
}

impl RecordedRequest {
    fn record(request: &Request, aliases: &mut Aliases) -> Self {
        let endpoint = request.endpoint();
        Self {
            endpoint: endpoint.name().to_owned(),
            method: endpoint.method().as_str().to_owned(),
            path: endpoint.path().to_owned(),
            token: request.token().map(|token| aliases.learn(SecretKind::Token, token.expose())),
            query: request.query().iter().map(|(name, value)| recorded_pair(name, value, aliases)).collect(),
            body: request.body().map(Body::record),
        }
    }
}

fn recorded_pair(name: &str, value: &QueryValue, aliases: &mut Aliases) -> String {
    let kind = SecretKind::of_field(name).unwrap_or(SecretKind::Other);
    match value {
        QueryValue::Public(value) => format!("{name}={value}"),
        QueryValue::Secret(secret) => format!("{name}={}", aliases.learn(kind, secret.expose())),
        // Nobody knows what it is, so it stays out.
        _ => format!("{name}=***"),
    }
}

impl RecordedReply {
    fn record(response: &Response) -> Self {
        let kept = |name: &str| KEPT_HEADERS.iter().any(|kept| kept.eq_ignore_ascii_case(name));
        let headers = response.headers().iter().filter(|(name, _)| kept(name));
        let text = |(name, value): (&str, &[u8])| Some(format!("{name}: {}", std::str::from_utf8(value).ok()?));
        Self {
            status: response.status(),
            headers: headers.filter_map(text).collect(),
            body: Body::record(response.body()),
        }
    }
}

impl Body {
    pub(crate) fn record(bytes: &Bytes) -> Self {
        if serde_json::from_slice::<Exact>(bytes).is_ok() {
            if let Ok(value) = serde_json::from_slice(bytes) {
                return Self::Json(value);
            }
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(bytes.to_vec()),
        }
    }

    fn clean(&mut self, aliases: &mut Aliases) {
        match self {
            Self::Json(value) => aliases.json(value),
            Self::Text(text) => {
                aliases.learn_named(text);
                *text = aliases.text(text);
            }
            Self::Base64(bytes) => {
                aliases.learn_named(&String::from_utf8_lossy(bytes));
                *bytes = aliases.bytes(bytes);
            }
        }
    }

    fn bytes(&self) -> Bytes {
        match self {
            Self::Json(value) => value.to_string().into(),
            Self::Text(text) => text.clone().into(),
            Self::Base64(bytes) => bytes.clone().into(),
        }
    }

    /// The body as something that can be compared field by field, where it is JSON.
    pub(crate) fn comparable(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())),
            Self::Base64(bytes) => Value::from(BASE64.encode(bytes)),
        }
    }
}

/// Base64 with padding (RFC 4648, section 4). A file that was edited by hand may have stray bits at its end.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

fn write_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(bytes))
}

fn read_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let mut text = String::deserialize(deserializer)?;
    // A long text may have been wrapped.
    text.retain(|character| !character.is_ascii_whitespace());
    BASE64.decode(&text).map_err(|_| D::Error::custom("not Base64"))
}

/// What failed, by name.
mod kind {
    use super::*;

    const NAMES: [(&str, TransportErrorKind); 10] = [
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

    pub(crate) fn serialize<S: Serializer>(kind: &TransportErrorKind, serializer: S) -> Result<S::Ok, S::Error> {
        let name = NAMES.iter().find(|(_, other)| other == kind).map_or("other", |&(name, _)| name);
        serializer.serialize_str(name)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TransportErrorKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = NAMES.iter().find(|(other, _)| *other == name).map(|&(_, kind)| kind);
        known.ok_or_else(|| D::Error::custom(format_args!("{name} is no kind of failure")))
    }
}

/// Whether the request can have reached the server, by name.
mod delivery {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(delivery: &Delivery, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if *delivery == Delivery::NotSent { "not_sent" } else { "unknown" })
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Delivery, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "not_sent" => Ok(Delivery::NotSent),
            "unknown" => Ok(Delivery::Unknown),
            _ => Err(D::Error::custom("a delivery is not_sent or unknown")),
        }
    }
}

/// JSON of which a [`Value`] loses nothing but spaces and the order of fields: no name twice, no number that is not an
/// integer of 64 bits.
struct Exact;

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> DeserializeSeed<'de> for Exact {
    type Value = Self;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Exact {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON that can be kept without loss")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value_seed(Self)?;
            if !names.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<u8>> {
        match serde_json::from_value(serde_json::json!({ "base64": text })) {
            Ok(Body::Base64(bytes)) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn bytes_that_are_not_text_come_back_as_they_were() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 1..bytes.len() {
            let body = Body::record(&Bytes::copy_from_slice(&bytes[..length]));
            let written = serde_json::to_value(&body).unwrap();
            assert_eq!(read(written["base64"].as_str().unwrap()).as_deref(), Some(&bytes[..length]));
        }
    }

    #[test]
    fn base64_may_be_wrapped_and_have_stray_bits() {
        assert_eq!(read("Zm9v\n YmE=\n").as_deref(), Some(&b"fooba"[..]));
        assert_eq!(read("QR==").as_deref(), Some(&b"A"[..]));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["A", "AA", "AAA", "AA=A", "A===", "企业", "AA-_", "===="] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
