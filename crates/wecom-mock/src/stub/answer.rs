//! The answer of a stub: a reply or a transport error.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use wecom_core::{ApiCall, ErrCode, Response, TransportError};

use crate::fail_test::fail;

/// The result of [`Transport::send`](wecom_core::Transport::send).
pub(crate) type Outcome = Result<Response, TransportError>;

/// An answer to a call of the type `C`. Returned by the closure of [`Stub::respond_with`](crate::stub::Stub::respond_with).
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
#[must_use = "an answer has no effect until a stub returns it"]
pub struct Answer<C = Untyped> {
    outcome: Outcome,
    /// The type of the call. An answer contains no call.
    call: PhantomData<fn(C)>,
}

/// The type parameter of a [`Stub`](crate::stub::Stub) for requests instead of typed calls. See
/// [`Mock::on_endpoint`](crate::Mock::on_endpoint).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Untyped {}

impl<C: ApiCall> Answer<C> {
    /// Creates a typed reply. See [`Stub::reply`](crate::stub::Stub::reply).
    ///
    /// # Panics
    ///
    /// Panics if the reply does not serialize to a JSON object.
    #[track_caller]
    pub fn reply(reply: C::Reply) -> Self
    where
        C::Reply: Serialize,
    {
        match serde_json::to_value(reply) {
            Ok(Value::Object(payload)) => Self::envelope(ErrCode(0), "ok", payload),
            // A reply without fields is a unit struct.
            Ok(Value::Null) => Self::envelope(ErrCode(0), "ok", Map::new()),
            Ok(_) => fail_on_reply::<C>("does not serialize to a JSON object"),
            Err(error) => fail_on_reply::<C>(&format!("cannot be serialized: {error}")),
        }
    }
}

impl<C> Answer<C> {
    /// Creates an error reply of WeCom. See [`Stub::error_code`](crate::stub::Stub::error_code).
    pub fn error_code(code: impl Into<ErrCode>) -> Self {
        let code = code.into();
        let message = format!(
            "{}, hint: [1700000000000000000000000], from ip: 192.0.2.1, more info at {}",
            code.label().unwrap_or("refused by the mock"),
            code.lookup_url(),
        );
        Self::envelope(code, &message, Map::new())
    }

    /// Creates a reply with a JSON body, including the envelope. See [`Stub::json`](crate::stub::Stub::json).
    pub fn json(body: Value) -> Self {
        Self::raw(body.to_string())
    }

    /// Creates a reply with this body and status 200. See [`Stub::raw`](crate::stub::Stub::raw).
    pub fn raw(body: impl Into<Bytes>) -> Self {
        Self::status(200, body)
    }

    /// Creates a reply with an HTTP status and a body. See [`Stub::status`](crate::stub::Stub::status).
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self::of(Ok(Response::new(status, body)))
    }

    /// Creates a transport error. See [`Stub::fail`](crate::stub::Stub::fail).
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

/// Does not show the body, which may contain a token.
impl<C> fmt::Debug for Answer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answer").field(&self.outcome).finish()
    }
}

#[track_caller]
fn fail_on_reply<C: ApiCall>(problem: &str) -> ! {
    fail(&format_args!("the reply for {} {problem}", C::ENDPOINT))
}
