//! From a reply's bytes to a typed reply or an error that says what to do.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::codec::envelope::{Envelope, Head};
use crate::codec::lenient_json::{escape_control_characters, without_bom};
use crate::endpoint::call::ApiCall;
use crate::endpoint::descriptor::Endpoint;
use crate::error::api_error::ApiError;
use crate::error::code::ErrCode;
use crate::error::decode_error::{DecodeError, DecodeProblem};
use crate::error::status_error::StatusError;
use crate::error::{Error, ErrorKind};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::retry_after::retry_after;
use crate::secret::Redactor;

/// Reads the reply of a call: the second half of what a [`Client`](crate::Client) does, for those who want no client.
///
/// The request is needed because its secrets must not come back in an error's text. An example stands at
/// [`encode`](crate::encode).
///
/// # Errors
///
/// An [`Error`] of the kind [`ErrorKind::Status`], [`ErrorKind::Api`] or [`ErrorKind::Decode`].
pub fn decode<C: ApiCall>(request: &Request, response: &Response) -> Result<C::Reply, Error> {
    decode_as(request, response)
}

pub(crate) fn decode_as<T: DeserializeOwned>(request: &Request, response: &Response) -> Result<T, Error> {
    let body = without_bom(response.body());
    let outcome = if (200..300).contains(&response.status()) {
        read(body)
    } else {
        let retry_after = retry_after(response.headers());
        Err(Failure::Status { status: response.status(), code: code_of(body), retry_after })
    };
    outcome.map_err(|failure| Error::new(request.endpoint(), request.attempt(), failure.explain(request, body)))
}

/// Why there is no reply, before it is put in words.
enum Failure {
    Status { status: u16, code: Option<i64>, retry_after: Option<Duration> },
    Api { code: i64, message: String },
    Json { problem: DecodeProblem, path: String, detail: String },
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let mut head = Head::default();
    let error = match read_envelope::<T>(body, &mut head) {
        Ok(payload) => return accept(payload, &head),
        Err(error) => error,
    };
    if let Some(escaped) = escape_control_characters(body) {
        let mut head = Head::default();
        if let Ok(payload) = read_envelope::<T>(&escaped, &mut head) {
            return accept(payload, &head);
        }
        return Err(diagnose::<T>(&escaped, &head, &error));
    }
    Err(diagnose::<T>(body, &head, &error))
}

fn read_envelope<'de, T: Deserialize<'de>>(body: &'de [u8], head: &mut Head<'de>) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let payload = T::deserialize(Envelope::new(&mut json, head))?;
    json.end()?;
    Ok(payload)
}

/// What was read is the reply, unless the envelope says otherwise.
fn accept<T>(payload: T, head: &Head<'_>) -> Result<T, Failure> {
    match head.code {
        Some(0) => Ok(payload),
        // The vendor may leave errcode out on success; then a field of the reply has to tell that it is one.
        None if head.recognised => Ok(payload),
        None => Err(Failure::Json { problem: DecodeProblem::Foreign, path: String::new(), detail: String::new() }),
        Some(code) => Err(Failure::refusal(code, head)),
    }
}

/// The slow way, taken only when the fast one failed: was it a refusal whose payload doesn't fit, and if not, where does
/// the reply differ?
fn diagnose<T: DeserializeOwned>(body: &[u8], head: &Head<'_>, error: &serde_json::Error) -> Failure {
    if let Some(code) = head.code.filter(|&code| code != 0) {
        return Failure::refusal(code, head);
    }
    let mut head = Head::default();
    let _ = read_envelope::<IgnoredAny>(body, &mut head);
    if let Some(code) = head.code.filter(|&code| code != 0) {
        return Failure::refusal(code, &head);
    }
    let problem = problem_of(body, error);
    let (path, detail) = match problem {
        DecodeProblem::Shape => locate::<T>(body).unwrap_or_else(|| (String::new(), error.to_string())),
        _ => (String::new(), error.to_string()),
    };
    Failure::Json { problem, path, detail }
}

fn problem_of(body: &[u8], error: &serde_json::Error) -> DecodeProblem {
    match body.trim_ascii_start().first() {
        None => DecodeProblem::Empty,
        Some(b'<') => DecodeProblem::Html,
        Some(b'{') if error.is_eof() => DecodeProblem::Truncated,
        Some(_) if error.is_data() => DecodeProblem::Shape,
        Some(_) => DecodeProblem::NotJson,
    }
}

/// Reads once more with the path on record: that costs, so it is not done while all is well.
fn locate<T: DeserializeOwned>(body: &[u8]) -> Option<(String, String)> {
    let mut head = Head::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let envelope = Envelope::new(&mut json, &mut head);
    let error = T::deserialize(serde_path_to_error::Deserializer::new(envelope, &mut track)).err()?;
    let path = track.path().to_string();
    // The whole reply has no path: the tracker calls it a dot.
    Some((if path == "." { String::new() } else { path }, error.to_string()))
}

/// The `errcode` of a reply that is none of an endpoint's, if it has one.
fn code_of(body: &[u8]) -> Option<i64> {
    let mut head = Head::default();
    let _ = read_envelope::<IgnoredAny>(body, &mut head);
    head.code.filter(|&code| code != 0)
}

impl Failure {
    fn refusal(code: i64, head: &Head<'_>) -> Self {
        Self::Api { code, message: head.message.as_deref().unwrap_or_default().to_owned() }
    }

    fn explain(self, request: &Request, body: &[u8]) -> ErrorKind {
        let redactor = Redactor::new(request.expose_secrets());
        let hidden = |endpoint: &Endpoint| endpoint.has_secret_reply();
        let shown_body = || if hidden(request.endpoint()) { String::new() } else { redactor.bytes(body) };
        match self {
            Self::Status { status, code, retry_after } => {
                StatusError { status, code: code.map(ErrCode), retry_after, body: shown_body() }.into()
            }
            Self::Api { code, message } => ApiError { code: ErrCode(code), message: redactor.text(&message) }.into(),
            Self::Json { problem, path, detail } => {
                let detail = if hidden(request.endpoint()) { String::new() } else { redactor.text(&detail) };
                let path = redactor.text(&path);
                DecodeError { problem, path, detail, body: shown_body() }.into()
            }
        }
    }
}
