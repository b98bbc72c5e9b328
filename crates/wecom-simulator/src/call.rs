//! One call as it comes to the simulator, and what the service makes of any call before and after its own work.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use wecom_core::{ErrCode, Response};
use wecom_upstream::CorpId;

use crate::parameters::Parameters;
use crate::refusal::{Refusal, error_text};
use crate::wire_variant::{UNKNOWN_FIELD, WireVariant};
use crate::world::WorldApp;

/// What a call that is granted answers, `errcode` and `errmsg` apart.
pub(crate) type Payload = Map<String, Value>;

/// A call whose token is good.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a WorldApp,
    /// Whose token it carries, where that is a downstream corp's.
    pub(crate) downstream: Option<&'a CorpId>,
    pub(crate) now: Duration,
    /// How many changes to rules there had been when it came; some may have come while it was under way.
    pub(crate) rule_version_on_arrival: u64,
    pub(crate) parameters: &'a Parameters,
}

/// Makes a payload of pairs.
pub(crate) fn payload<const N: usize>(pairs: [(&str, Value); N]) -> Payload {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn success(payload: Payload, variants: &[WireVariant]) -> Response {
    answer(0, "ok", payload, variants)
}

/// `number` tells one refusal from the next in the hint, as the service does for its own logs.
pub(crate) fn failure(
    refusal: &Refusal,
    malformed: bool,
    now: Duration,
    number: u64,
    variants: &[WireVariant],
) -> Response {
    let Refusal { code, detail } = refusal;
    let warning = if malformed { "Warning: wrong json format. " } else { "" };
    let separator = if detail.is_empty() { "" } else { ": " };
    let message = format!(
        "{warning}{}{separator}{detail}, hint: [{}{number:014}], from ip: {IP}, more info at {}",
        error_text(*code),
        1_700_000_000 + now.as_secs(),
        code.lookup_url(),
    );
    answer(code.0, &message, Payload::new(), variants)
}

/// Where the simulator says that calls come from: an address that is nobody's.
pub(crate) const IP: &str = "192.0.2.1";

/// The body of every answer: the envelope first, as the service writes it.
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

fn answer(errcode: i64, errmsg: &str, mut payload: Payload, variants: &[WireVariant]) -> Response {
    variants.iter().for_each(|variant| variant.rewrite(&mut payload));
    let says_something = payload.keys().any(|name| name != UNKNOWN_FIELD);
    let is_bare = errcode == 0 && says_something && variants.contains(&WireVariant::NoErrcode);
    let envelope = if is_bare { None } else { Some(Envelope { errcode, errmsg }) };
    // Strings, numbers and lists: there is nothing in it that can't be written.
    let body = serde_json::to_vec(&Body { envelope, payload: &payload }).unwrap_or_default();
    let body = variants.iter().fold(body, |body, variant| variant.rewrite_bytes(body));
    Response::new(200, body)
        .with_header("Content-Type", "application/json; charset=UTF-8")
        .with_header("Error-Code", errcode.to_string())
        .with_header("Error-Msg", errmsg)
}

/// What the host answers where there is no call.
pub(crate) fn not_found() -> Response {
    Response::new(404, "<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>")
        .with_header("Content-Type", "text/html")
}

impl Call<'_> {
    /// Refuses what only the apps under 上下游 → 可调用接口的应用 may do.
    pub(crate) fn must_be_callable(&self) -> Result<(), Refusal> {
        if self.app.callable { Ok(()) } else { Err(ErrCode::API_FORBIDDEN.into()) }
    }
}
