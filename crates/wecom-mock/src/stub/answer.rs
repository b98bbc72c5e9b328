//! What a stub answers: a reply in bytes, or a failure of the transport.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use wecom_core::{ApiCall, ErrCode, Response, TransportError};

use crate::fail::fail;

/// What a [`Transport`](wecom_core::Transport) gives for a request.
pub(crate) type Outcome = Result<Response, TransportError>;

/// One answer to a call of the type `C`: what [`Stub::respond_with`](crate::Stub::respond_with) makes of a call.
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::Endpoint;
/// use wecom_mock::{Answer, Mock};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let mock = Mock::new();
/// mock.on_endpoint(&LIST_IDS).respond_with(|request| match request.attempt() {
///     1 => Answer::error_code(42001),
///     _ => Answer::json(json!({"errcode": 0, "errmsg": "ok", "rule_ids": [1, 2]})),
/// });
/// # let error = pollster::block_on(mock.client().call_raw(RawCall::new(&LIST_IDS))).unwrap_err();
/// # assert!(error.is_token_rejected());
/// ```
#[must_use = "an answer does nothing until a stub gives it"]
pub struct Answer<C = Untyped> {
    outcome: Outcome,
    /// An answer holds no call; it is for calls of this type.
    call: PhantomData<fn(C)>,
}

/// Marks a [`Stub`](crate::Stub) that reads requests instead of typed calls; see
/// [`Mock::on_endpoint`](crate::Mock::on_endpoint).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Untyped {}

impl<C: ApiCall> Answer<C> {
    /// A typed reply; see [`Stub::reply`](crate::Stub::reply).
    ///
    /// # Panics
    ///
    /// When the reply can't be written as a JSON object.
    #[track_caller]
    pub fn reply(reply: C::Reply) -> Self
    where
        C::Reply: Serialize,
    {
        match serde_json::to_value(reply) {
            Ok(Value::Object(payload)) => Self::envelope(ErrCode(0), "ok", payload),
            // A call that is answered by the envelope alone has a unit for its reply.
            Ok(Value::Null) => Self::envelope(ErrCode(0), "ok", Map::new()),
            Ok(_) => unusable::<C>("is JSON, but not an object"),
            Err(error) => unusable::<C>(&format!("can't be written as JSON: {error}")),
        }
    }
}

impl<C> Answer<C> {
    /// A refusal by WeCom; see [`Stub::error_code`](crate::Stub::error_code).
    pub fn error_code(code: impl Into<ErrCode>) -> Self {
        let code = code.into();
        let message = format!(
            "{}, hint: [1700000000000000000000000], from ip: 192.0.2.1, more info at {}",
            code.label().unwrap_or("refused by the mock"),
            code.lookup_url(),
        );
        Self::envelope(code, &message, Map::new())
    }

    /// A whole JSON body, envelope included; see [`Stub::json`](crate::Stub::json).
    pub fn json(body: Value) -> Self {
        Self::raw(body.to_string())
    }

    /// A body as it is, with status 200; see [`Stub::raw`](crate::Stub::raw).
    pub fn raw(body: impl Into<Bytes>) -> Self {
        Self::status(200, body)
    }

    /// An HTTP status and a body as it is; see [`Stub::status`](crate::Stub::status).
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self::of(Ok(Response::new(status, body)))
    }

    /// A failure of the transport; see [`Stub::fail`](crate::Stub::fail).
    pub fn fail(error: TransportError) -> Self {
        Self::of(Err(error))
    }

    pub(crate) fn into_outcome(self) -> Outcome {
        self.outcome
    }

    fn envelope(code: ErrCode, message: &str, payload: Map<String, Value>) -> Self {
        let mut body = payload;
        body.insert("errcode".to_owned(), Value::from(code.0));
        body.insert("errmsg".to_owned(), Value::from(message));
        Self::json(Value::Object(body))
    }

    fn of(outcome: Outcome) -> Self {
        Self { outcome, call: PhantomData }
    }
}

impl<C> Clone for Answer<C> {
    fn clone(&self) -> Self {
        Self::of(self.outcome.clone())
    }
}

/// Shows no body: it may be a token.
impl<C> fmt::Debug for Answer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answer").field(&self.outcome).finish()
    }
}

#[track_caller]
fn unusable<C: ApiCall>(problem: &str) -> ! {
    fail(&format_args!("the reply for {} {problem}", C::ENDPOINT))
}
