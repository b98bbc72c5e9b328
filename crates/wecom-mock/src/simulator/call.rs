//! One call as it comes to the simulator, and what the service makes of any call before and after its own work.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use wecom_core::{ErrCode, Response};

use super::parameters::Parameters;
use super::refusal::{Refusal, words};
use super::world::WorldApp;

/// What a call that is granted answers, `errcode` and `errmsg` apart.
pub(crate) type Payload = Map<String, Value>;

/// A call whose token is good.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a WorldApp,
    pub(crate) now: Duration,
    pub(crate) parameters: &'a Parameters,
}

/// Makes a payload of pairs.
pub(crate) fn payload<const N: usize>(pairs: [(&str, Value); N]) -> Payload {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The body of every answer: the envelope first, as the service writes it.
#[derive(Serialize)]
struct Body<'a> {
    errcode: i64,
    errmsg: &'a str,
    #[serde(flatten)]
    payload: &'a Payload,
}

pub(crate) fn granted(payload: &Payload) -> Response {
    answer(0, "ok", payload)
}

/// `number` tells one refusal from the next in the hint, as the service does for its own logs.
pub(crate) fn refused(refusal: &Refusal, malformed: bool, now: Duration, number: u64) -> Response {
    let Refusal { code, detail } = refusal;
    let warning = if malformed { "Warning: wrong json format. " } else { "" };
    let separator = if detail.is_empty() { "" } else { ": " };
    let message = format!(
        "{warning}{}{separator}{detail}, hint: [{}{number:014}], from ip: {IP}, more info at {}",
        words(*code),
        1_700_000_000 + now.as_secs(),
        code.lookup_url(),
    );
    answer(code.0, &message, &Payload::new())
}

/// Where the simulator says that calls come from: an address that is nobody's.
pub(crate) const IP: &str = "192.0.2.1";

fn answer(errcode: i64, errmsg: &str, payload: &Payload) -> Response {
    // Strings, numbers and lists: there is nothing in it that can't be written.
    let body = serde_json::to_vec(&Body { errcode, errmsg, payload }).unwrap_or_default();
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
