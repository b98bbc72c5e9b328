//! A reply of any status to a call of any shape. The first line is the status, a space and the header `retry-after`;
//! the rest is the body.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wecom_core::{ApiCall, Endpoint, Error, ErrorKind, Request, Response, decode};

use crate::first_line;
use crate::shown::{assert_fit_to_show, with_token};

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

/// A reply with one field of each kind that the vendor writes in several ways.
#[derive(Deserialize)]
#[allow(dead_code, reason = "it is read, and that is all")]
struct Known {
    #[serde(default, deserialize_with = "wecom_core::wire::integer")]
    integer: i64,
    #[serde(default, deserialize_with = "wecom_core::wire::optional_integer")]
    optional_integer: Option<i64>,
    #[serde(default, deserialize_with = "wecom_core::wire::flag")]
    flag: bool,
    #[serde(default, deserialize_with = "wecom_core::wire::text")]
    text: String,
    #[serde(default, deserialize_with = "wecom_core::wire::list")]
    list: Vec<Known>,
    #[serde(default, deserialize_with = "wecom_core::wire::optional")]
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

/// A reply that is plain JSON, with each name once, means what its `errcode` says.
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
        assert_fit_to_show(error);
        assert!(matches!(error.kind(), ErrorKind::Status(_) | ErrorKind::Api(_) | ErrorKind::Decode(_)), "{error}");
    }
    outcome
}
