//! Decodes the bytes of a reply into the typed reply of a call, or into an error.

use serde::de::DeserializeOwned;

use crate::codec::diagnosis::{Failure, diagnose, refusal_code, shown_path};
use crate::codec::envelope::{Head, read_envelope};
use crate::codec::lenient_json::{BadBytes, repaired, without_bom};
use crate::codec::reply_secrets::reply_secrets;
use crate::endpoint::call::ApiCall;
use crate::error::api_error::ApiError;
use crate::error::code::ErrCode;
use crate::error::decode_error::DecodeError;
use crate::error::reply_summary::ReplySummary;
use crate::error::status_error::StatusError;
use crate::error::{Error, ErrorKind};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::retry_after::retry_after;
use crate::secret::message::shown_message;
use crate::secret::redactor::Redactor;

/// Decodes the reply to a call, for programs without a [`Client`](crate::Client).
///
/// Takes the request too, because an error must not show its secrets. Bytes that are not UTF-8 and unpaired surrogates
/// become U+FFFD. For an example see [`encode`](crate::encode).
///
/// # Errors
///
/// An [`Error`] of the kind [`ErrorKind::Status`], [`ErrorKind::Api`] or [`ErrorKind::Decode`].
pub fn decode<C: ApiCall>(request: &Request, response: &Response) -> Result<C::Reply, Error> {
    decode_as(request, response)
}

pub(crate) fn decode_as<T: DeserializeOwned>(request: &Request, response: &Response) -> Result<T, Error> {
    let body = without_bom(response.body());
    let kind = if !(200..300).contains(&response.status()) {
        ErrorKind::Status(status_error(response, body))
    } else {
        match read(body) {
            Ok(reply) => return Ok(reply),
            Err(failure) => error_kind(failure, request, body),
        }
    };
    Err(Error::new(request.endpoint(), request.attempt(), kind))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let mut head = Head::default();
    match read_envelope(body, &mut head) {
        Ok(payload) => accept(payload, &head),
        Err(error) => read_repaired(body, &head, &error),
    }
}

/// Reads a body that is not valid JSON or does not fit, with its strings repaired.
fn read_repaired<T: DeserializeOwned>(body: &[u8], head: &Head<'_>, error: &serde_json::Error) -> Result<T, Failure> {
    let mut best: Option<Failure> = None;
    for bad_bytes in [BadBytes::Single, BadBytes::Pairs] {
        let Some(repaired) = repaired(body, bad_bytes) else { break };
        let mut head = Head::default();
        match read_envelope(&repaired, &mut head) {
            Ok(payload) => return accept(payload, &head),
            Err(error) => {
                let failure = diagnose::<T>(&repaired, &head, &error);
                best = Some(match best {
                    Some(best) => best.or_better(failure),
                    None => failure,
                });
            }
        }
    }
    Err(best.unwrap_or_else(|| diagnose::<T>(body, head, error)))
}

/// Accepts the payload unless the envelope reports a refusal.
fn accept<T>(payload: T, head: &Head<'_>) -> Result<T, Failure> {
    match head.code {
        Some(0) => Ok(payload),
        // The vendor may omit errcode on success. Then a known field must prove that the reply is WeCom's.
        None if head.recognized => Ok(payload),
        None => Err(Failure::foreign()),
        Some(code) => Err(Failure::refusal(code, head)),
    }
}

fn error_kind(failure: Failure, request: &Request, body: &[u8]) -> ErrorKind {
    let redactor = Redactor::new(request.expose_secrets());
    match failure {
        Failure::Refusal { code, message } => {
            let message = errmsg(&message, request, body);
            ApiError { code: ErrCode(code), message, language: request.error_language() }.into()
        }
        Failure::NoReply { problem, path, detail } => {
            DecodeError { problem, path: shown_path(&path, &redactor), detail, reply: ReplySummary::of(body) }.into()
        }
    }
}

/// The errmsg as the error shows it.
fn errmsg(message: &str, request: &Request, body: &[u8]) -> String {
    // The text of the error contains the same address.
    let message = message.split_once(", more info at http").map_or(message, |(message, _)| message);
    if !request.endpoint().has_secret_reply() {
        return shown_message(message, &Redactor::new(request.expose_secrets()));
    }
    // A reply that is not read to its end may contain an unknown secret.
    let Some(secrets) = reply_secrets(body) else { return String::new() };
    let secrets = request.expose_secrets().chain(secrets.iter().map(String::as_str));
    shown_message(message, &Redactor::new(secrets))
}

fn status_error(response: &Response, body: &[u8]) -> StatusError {
    StatusError {
        status: response.status(),
        code: refusal_code(body).map(ErrCode),
        retry_after: retry_after(response.headers()),
        reply: ReplySummary::of(body),
    }
}
