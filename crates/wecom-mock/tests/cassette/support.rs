//! A service with credentials, and functions to record and replay it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pollster::block_on;
use serde_json::{Value, json};
use wecom_core::endpoint::RawCall;
use wecom_core::http::Query;
use wecom_core::token::GET_TOKEN;
use wecom_core::{Client, Credentials, Endpoint, Error, Request, Response, Secret, Transport, TransportError};
use wecom_mock::{Cassette, Mock, Player, Recorder};

pub(crate) const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
pub(crate) const GET_RESULT: Endpoint = Endpoint::get("get_result", "corpgroup/getresult");

/// The text of an error and of its sources.
pub(crate) fn text(error: &TransportError) -> String {
    let links = std::iter::successors(Some(error as &dyn std::error::Error), |&link| link.source());
    links.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A service that rejects the first token once.
pub(crate) fn service() -> Mock {
    let token = |token: &str| json!({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200});
    let mock = Mock::new();
    mock.on_endpoint(&GET_TOKEN).json(token("canary/token+1")).json(token("canary/token+2"));
    mock.on_endpoint(&LIST_IDS)
        .when(|request| request.token().is_some_and(|token| token.expose() == "canary/token+1"))
        .error_code(42001);
    mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "errmsg": "ok", "rule_ids": [1, 2]}));
    mock
}

pub(crate) fn credentials(secret: &str) -> Credentials {
    Credentials::new("ww1234567890abcdef", Secret::new(secret))
}

pub(crate) fn client(transport: impl Transport + 'static, secret: &str) -> Client {
    Client::builder(transport).credentials(credentials(secret)).build()
}

pub(crate) fn list_ids(client: &Client, chain_id: &str) -> Result<Value, Error> {
    let call = RawCall::new(&LIST_IDS).with_body(&json!({"chain_id": chain_id, "limit": 10})).unwrap();
    block_on(client.call_raw(call))
}

/// gettoken, a rejected call, gettoken, the repeated call.
pub(crate) fn recorded() -> Cassette {
    let recorder = Recorder::new(service());
    list_ids(&client(recorder.clone(), "canary-secret"), "ch1").unwrap();
    recorder.cassette()
}

/// A cassette with one exchange.
pub(crate) fn recorded_once(request: Request, reply: Result<Response, TransportError>) -> Cassette {
    let recorder = Recorder::new(wecom_core::from_fn(move |_| {
        let reply = reply.clone();
        async { reply }
    }));
    let _ = block_on(Transport::send(&recorder, request));
    recorder.cassette()
}

/// The cassette, written and read again.
pub(crate) fn through_file(cassette: &Cassette) -> Cassette {
    Cassette::from_json(&cassette.to_json().unwrap()).unwrap()
}

pub(crate) fn replay(player: &Player, request: Request) -> Result<Response, TransportError> {
    block_on(Transport::send(player, request))
}

pub(crate) fn get_result(jobid: &str) -> Request {
    let mut query = Query::new();
    query.push("jobid", jobid);
    Request::new(&GET_RESULT).with_query(query)
}

/// The text of the panic. Empty if there is none.
pub(crate) fn panic_text(run: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(run)) else { return String::new() };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}
