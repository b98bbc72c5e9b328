//! The shared parts of the tests of calls: the vendor's documented samples, and helpers to inspect a call and a reply.
//!
//! Each call has `samples/CALL.request.json` (its parameters, also those of a `GET`) and `samples/CALL.reply.json`. In
//! the samples of rules, the vendor's placeholders for groups (`groupid1`) are numbers, because a group's id is a
//! number. The vendor documents no sample for the requests of `get_chain_list`, `get_result`, `list_rule_ids`,
//! `get_rule_info` and `delete_rule`, nor for the replies of `delete_rule` and `modify_rule`: these are made from the
//! documented fields.

use std::cell::RefCell;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::endpoint::Method;
use wecom_core::{
    AccessToken, ApiCall, Client, Credentials, Delivery, Endpoint, Error, ErrorKind, Request, Response, Secret,
    TransportError, TransportErrorKind, decode, encode, from_fn,
};

use crate::calls::GetChainList;

/// The text of a sample, by the parts of its file name.
macro_rules! sample {
    ($($part:expr),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/", $($part),+))
    };
}
pub(crate) use sample;

/// Asserts that a sample deserializes to this call, and that the call sends exactly the sample.
#[track_caller]
pub(crate) fn assert_request<C: ApiCall + DeserializeOwned + PartialEq + Debug>(sample: &str, expected: &C) {
    assert_eq!(&serde_json::from_str::<C>(sample).unwrap(), expected);
    assert_eq!(sent(expected), serde_json::from_str::<Value>(sample).unwrap());
}

/// Asserts that a sample decodes to this reply, and that the serialized reply does too.
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

/// Decodes a reply to a call.
pub(crate) fn reply<C: ApiCall>(body: &str) -> Result<C::Reply, Error> {
    decode::<C>(&Request::new(C::ENDPOINT), &Response::new(200, body.to_owned()))
}

/// Returns the JSON path at which a reply fails to decode.
#[track_caller]
pub(crate) fn failing_path<C: ApiCall<Reply: Debug>>(body: &str) -> String {
    match reply::<C>(body).unwrap_err().kind() {
        ErrorKind::Decode(error) => error.path.clone(),
        other => panic!("{other}"),
    }
}

/// Returns the parameters that a call sends: the body of a `POST`, the query of a `GET`.
#[track_caller]
pub(crate) fn sent<C: ApiCall>(call: &C) -> Value {
    if C::ENDPOINT.method() == Method::Post {
        return body(call);
    }
    let url = encode(call).unwrap().expose_url();
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// Returns the JSON body of a call.
#[track_caller]
pub(crate) fn body<C: ApiCall>(call: &C) -> Value {
    serde_json::from_slice(encode(call).unwrap().body().unwrap()).unwrap()
}

/// Returns the method and path of a call with its query: `POST corpgroup/…`.
#[track_caller]
pub(crate) fn target<C: ApiCall>(call: &C) -> String {
    let request = encode(call).unwrap();
    let url = request.expose_url();
    format!("{} {}", request.method(), url.strip_prefix("https://qyapi.weixin.qq.com/cgi-bin/").unwrap())
}

/// What the vendor documents on an endpoint besides its path: the token, the safety, the limits, and whether the reply is
/// secret.
pub(crate) fn facts(endpoint: &Endpoint) -> String {
    let quota = endpoint.quota();
    let limits = [
        (quota.per_minute(), "a minute"),
        (quota.per_hour(), "an hour"),
        (quota.per_day(), "a day"),
        (quota.per_month(), "a month"),
        (endpoint.concurrency(), "at once"),
    ];
    let limits = limits.iter().filter_map(|(limit, unit)| Some(format!("{} {unit}", (*limit)?)));
    let kind = [format!("{:?}", endpoint.token_kind()), format!("{:?}", endpoint.safety())];
    let secret = endpoint.has_secret_reply().then(|| "secret reply".to_owned());
    kind.into_iter().chain(limits).chain(secret).collect::<Vec<_>>().join(", ")
}

/// Returns the fields that violate a documented rule.
pub(crate) fn rejected_fields<C: ApiCall>(call: &C) -> Vec<String> {
    match call.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error.violations().iter().map(|violation| violation.field.clone()).collect(),
    }
}

/// Returns the error of a call with this status and `errcode` in its reply.
pub(crate) fn reply_error(status: u16, code: i64) -> Error {
    error_of(Ok(Response::new(status, format!(r#"{{"errcode":{code},"errmsg":""}}"#))))
}

/// Returns the error of a call with this body in its reply.
pub(crate) fn text_error(body: &'static str) -> Error {
    error_of(Ok(Response::new(200, body)))
}

/// Returns the error of a call that the transport failed to make.
pub(crate) fn call_error(kind: TransportErrorKind, delivery: Delivery) -> Error {
    error_of(Err(TransportError::new(kind, delivery).with_source("it is down")))
}

/// Returns the error of a call whose token the transport failed to fetch.
pub(crate) fn fetch_error(kind: TransportErrorKind) -> Error {
    let transport = from_fn(move |_| async move { Err(TransportError::new(kind, Delivery::NotSent)) });
    let credentials = Credentials::new("ww1", Secret::new("app-secret"));
    let client = Client::local(transport).credentials(credentials).build();
    pollster::block_on(client.call(GetChainList::new())).unwrap_err()
}

fn error_of(outcome: Result<Response, TransportError>) -> Error {
    let outcome = RefCell::new(Some(outcome));
    let transport = from_fn(move |_| std::future::ready(outcome.take().unwrap()));
    let client = Client::local(transport).token(AccessToken::new("token")).build();
    pollster::block_on(client.call(GetChainList::new())).unwrap_err()
}
