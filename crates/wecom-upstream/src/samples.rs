//! What the endpoints' tests share: the vendor's documented samples, and the ways to look at a call and a reply.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::{ApiCall, Error, ErrorKind, Request, Response, decode, encode};

/// The text of a sample.
macro_rules! sample {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/", $file))
    };
}
pub(crate) use sample;

/// The sample decodes to this call, and the call is written without loss.
#[track_caller]
pub(crate) fn assert_request<C: ApiCall + DeserializeOwned + PartialEq + Debug>(sample: &str, expected: &C) {
    assert_eq!(&serde_json::from_str::<C>(sample).unwrap(), expected);
    assert_eq!(body(expected), serde_json::from_str::<Value>(sample).unwrap());
}

/// The sample decodes to this reply, and so does what is written of the reply.
#[track_caller]
pub(crate) fn assert_reply<C>(sample: &str, expected: &C::Reply)
where
    C: ApiCall<Reply: Serialize + PartialEq + Debug>,
{
    assert_eq!(&reply::<C>(sample).unwrap(), expected);
    let mut written = serde_json::to_value(expected).unwrap();
    written["errcode"] = 0.into();
    assert_eq!(&reply::<C>(&written.to_string()).unwrap(), expected);
}

/// What a call makes of a reply.
pub(crate) fn reply<C: ApiCall>(body: &str) -> Result<C::Reply, Error> {
    decode::<C>(&Request::new(C::ENDPOINT), &Response::new(200, body.to_owned()))
}

/// The path at which a reply fails to decode.
#[track_caller]
pub(crate) fn failing_path<C: ApiCall<Reply: Debug>>(body: &str) -> String {
    match reply::<C>(body).unwrap_err().kind() {
        ErrorKind::Decode(error) => error.path.clone(),
        other => panic!("{other}"),
    }
}

/// The JSON that a call sends.
#[track_caller]
pub(crate) fn body<C: ApiCall>(call: &C) -> Value {
    serde_json::from_slice(encode(call).unwrap().body().unwrap()).unwrap()
}

/// Method and address of a call: `POST corpgroup/…`.
#[track_caller]
pub(crate) fn target<C: ApiCall>(call: &C) -> String {
    let request = encode(call).unwrap();
    let url = request.expose_url();
    format!("{} {}", request.method(), url.strip_prefix("https://qyapi.weixin.qq.com/cgi-bin/").unwrap())
}

/// The fields for which a call is refused.
pub(crate) fn refused_fields<C: ApiCall>(call: &C) -> Vec<String> {
    match call.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error.violations().iter().map(|violation| violation.field.clone()).collect(),
    }
}
