//! A server without faults, and calls to it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::{AccessToken, Client, Endpoint, Error, Request, Response, Transport, TransportError};
use wecom_mock::{Faults, Mock};

pub(crate) const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
pub(crate) const GET_GROUPS: Endpoint = Endpoint::post("get_groups", "corpgroup/corp/get_groups");

pub(crate) const REPLY: &str = r#"{"errcode":0,"rule_ids":[1,2]}"#;

/// A server that answers every call, wrapped by `Faults`.
pub(crate) fn healthy() -> (Mock, Faults<Mock>) {
    let mock = Mock::new();
    for endpoint in [&LIST_IDS, &GET_GROUPS] {
        mock.on_endpoint(endpoint)
            .respond_with(|_| wecom_mock::Answer::json(json!({"errcode": 0, "rule_ids": [1, 2]})))
            .optional();
    }
    (mock.clone(), Faults::new(mock))
}

pub(crate) fn client(faults: &Faults<Mock>) -> Client {
    Client::builder(faults.clone()).token(AccessToken::new("the-canary-token")).build()
}

pub(crate) fn call(faults: &Faults<Mock>, endpoint: &'static Endpoint) -> Result<serde_json::Value, Error> {
    block_on(client(faults).call_raw(RawCall::new(endpoint)))
}

/// Sends one request without a client.
pub(crate) fn send(faults: &Faults<Mock>, endpoint: &'static Endpoint) -> Result<Response, TransportError> {
    block_on(Transport::send(faults, Request::new(endpoint).with_body("{}")))
}

/// The numbers of the next calls that fail. The first call is 1.
pub(crate) fn failing(faults: &Faults<Mock>, endpoint: &'static Endpoint, calls: usize) -> Vec<usize> {
    (1..=calls).filter(|_| send(faults, endpoint).is_err()).collect()
}

/// The text of the panic. Empty if there is none.
pub(crate) fn panic_text(run: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(run)) else { return String::new() };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}
