//! The call that a handler receives, and the response that is made of its outcome.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use wecom_core::{ErrCode, Response};
use wecom_upstream::CorpId;

use crate::parameters::Parameters;
use crate::refusal::{Refusal, error_text};
use crate::wire_variant::{UNKNOWN_FIELD, WireVariant};
use crate::world::WorldApp;

/// The fields of a successful reply, except `errcode` and `errmsg`.
pub(crate) type Payload = Map<String, Value>;

/// A call with a valid token.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a WorldApp,
    /// The downstream corp, if the call has the token of one.
    pub(crate) downstream: Option<&'a CorpId>,
    pub(crate) now: Duration,
    /// The rule version when the call arrived. It may have changed while the call was in flight.
    pub(crate) rule_version_on_arrival: u64,
    pub(crate) variants: &'a [WireVariant],
    pub(crate) parameters: &'a Parameters,
}

/// Creates a payload from pairs.
pub(crate) fn payload<const N: usize>(pairs: [(&str, Value); N]) -> Payload {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The vendor's warning about a body that is not as documented.
const WRONG_FORMAT: &str = "Warning: wrong json format. ";

/// The response to a successful call. `has_wrong_format` adds the vendor's warning.
pub(crate) fn success(payload: Payload, has_wrong_format: bool, variants: &[WireVariant]) -> Response {
    let message = if has_wrong_format { format!("ok. {WRONG_FORMAT}") } else { "ok".to_owned() };
    respond(0, &message, payload, variants)
}

/// The response to a refused call. `number` makes the hint unique, as in the real service.
pub(crate) fn failure(
    refusal: &Refusal,
    has_wrong_format: bool,
    now: Duration,
    number: u64,
    variants: &[WireVariant],
) -> Response {
    let Refusal { code, detail } = refusal;
    let warning = if has_wrong_format { WRONG_FORMAT } else { "" };
    let separator = if detail.is_empty() { "" } else { ": " };
    let message = format!(
        "{warning}{}{separator}{detail}, hint: [{}{number:014}], from ip: {IP}, more info at {}",
        error_text(*code),
        1_700_000_000 + now.as_secs(),
        code.lookup_url(),
    );
    respond(code.0, &message, Payload::new(), variants)
}

/// The caller's address in error texts, from a range reserved for documentation.
pub(crate) const IP: &str = "192.0.2.1";

/// The body of every reply. The envelope comes first, as in the real service.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    envelope: Option<Envelope<'a>>,
    #[serde(flatten)]
    payload: &'a Payload,
}

#[derive(Serialize)]
struct Envelope<'a> {
    errcode: i64,
    errmsg: &'a str,
}

fn respond(errcode: i64, errmsg: &str, mut payload: Payload, variants: &[WireVariant]) -> Response {
    variants.iter().for_each(|variant| variant.rewrite(&mut payload));
    let has_payload = payload.keys().any(|name| name != UNKNOWN_FIELD);
    let is_bare = errcode == 0 && has_payload && variants.contains(&WireVariant::NoErrcode);
    let envelope = if is_bare { None } else { Some(Envelope { errcode, errmsg }) };
    // JSON values always serialize.
    let body = serde_json::to_vec(&Body { envelope, payload: &payload }).unwrap_or_default();
    let body = variants.iter().fold(body, |body, variant| variant.rewrite_bytes(body));
    Response::new(200, body)
        .with_header("Content-Type", "application/json; charset=UTF-8")
        .with_header("Error-Code", errcode.to_string())
        .with_header("Error-Msg", errmsg)
}

impl Call<'_> {
    /// Returns an error unless the app is listed under 上下游 → 可调用接口的应用.
    pub(crate) fn require_callable_app(&self) -> Result<(), Refusal> {
        if self.app.callable { Ok(()) } else { Err(ErrCode::API_FORBIDDEN.into()) }
    }
}
