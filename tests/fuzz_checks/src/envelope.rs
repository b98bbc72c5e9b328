//! A reply with any status, decoded as payloads of several shapes. The first line of the input is the status, a space and the
//! header `retry-after`. The rest is the body.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wecom_core::{ApiCall, Endpoint, Error, ErrorKind, Request, Response, decode};

use crate::first_line;
use crate::redaction::{assert_redacted, with_token};

const ENDPOINT: Endpoint = Endpoint::post("any", "any");

macro_rules! calls {
    ($($call:ident answers $reply:ty;)+) => {$(
        #[derive(Serialize)]
        struct $call;

        impl ApiCall for $call {
            const ENDPOINT: &'static Endpoint = &ENDPOINT;
            type Reply = $reply;
        }
    )+};
}

calls! {
    Untyped answers Value;
    Bare answers ();
    Optional answers Option<Known>;
    Typed answers Known;
}

/// A reply with a field of every kind that the vendor writes in several forms.
#[derive(Deserialize)]
#[allow(dead_code, reason = "decoded only")]
struct Known {
    #[serde(default, deserialize_with = "wecom_core::codec::wire::integer")]
    integer: i64,
    #[serde(default, deserialize_with = "wecom_core::codec::wire::optional_integer")]
    optional_integer: Option<i64>,
    #[serde(default, deserialize_with = "wecom_core::codec::wire::flag")]
    flag: bool,
    #[serde(default, deserialize_with = "wecom_core::codec::wire::text")]
    text: String,
    #[serde(default, deserialize_with = "wecom_core::codec::wire::list")]
    list: Vec<Known>,
    #[serde(default, deserialize_with = "wecom_core::codec::wire::optional")]
    optional: Option<f64>,
}

pub(crate) fn check(input: &[u8]) {
    let (line, body) = first_line(input);
    let (status, retry_after) = line.split_once(' ').unwrap_or((&line, ""));
    let status = status.parse().unwrap_or(200);
    let response = Response::new(status, body.to_vec()).with_header("retry-after", retry_after);
    let _ = read::<Bare>(&response);
    let _ = read::<Optional>(&response);
    let _ = read::<Typed>(&response);
    if let Ok(reply) = read::<Untyped>(&response) {
        let fields = reply.as_object().expect("a reply is an object");
        assert!(!fields.contains_key("errcode") && !fields.contains_key("errmsg"), "the envelope is in the payload");
    }
    if let Ok(Value::Object(whole)) = serde_json::from_slice(body) {
        check_plain(whole);
    }
}

/// Plain JSON with unique names is an error exactly if its `errcode` is not 0.
fn check_plain(whole: Map<String, Value>) {
    let response = Response::new(200, Value::from(whole.clone()).to_string());
    let outcome = read::<Untyped>(&response);
    let has_message = matches!(whole.get("errmsg"), None | Some(Value::Null | Value::String(_)));
    let code = whole.get("errcode").and_then(Value::as_i64).filter(|_| has_message);
    match (code, outcome) {
        (Some(0), outcome) => {
            let reply = outcome.expect("a reply with errcode 0");
            let is_payload = |name: &&String| *name != "errcode" && *name != "errmsg";
            assert!(reply.as_object().unwrap().keys().eq(whole.keys().filter(is_payload)), "a field was lost");
        }
        (Some(code), outcome) => assert_eq!(outcome.expect_err("a refusal").code().map(|code| code.0), Some(code)),
        (None, _) => {}
    }
}

fn read<C: ApiCall>(response: &Response) -> Result<C::Reply, Error> {
    let outcome = decode::<C>(&with_token(Request::new(&ENDPOINT)), response);
    if let Err(error) = &outcome {
        assert_redacted(error);
        assert!(matches!(error.kind(), ErrorKind::Status(_) | ErrorKind::Api(_) | ErrorKind::Decode(_)), "{error}");
    }
    outcome
}
