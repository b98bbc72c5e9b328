//! No text contains a secret. Every secret contains `canary`.

use std::time::Duration;

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::token::GET_TOKEN;
use wecom_core::{AccessToken, Client, Credentials, Delivery, ErrCode, Secret, TransportError, TransportErrorKind};
use wecom_mock::{Answer, ManualTimer, Mock};

use crate::calls::{GET_GROUPS, GetChains, GetGroups, call, groups, of_chain};
use crate::verification::panic_text;

fn credentials() -> Credentials {
    Credentials::new("ww1234", Secret::new("canary-secret"))
}

fn token(token: &str) -> serde_json::Value {
    json!({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})
}

#[track_caller]
fn assert_no_canary(text: &str) {
    assert!(!text.is_empty() && !text.contains("canary"), "{text}");
}

#[test]
fn a_rejected_token_is_replaced_and_the_call_repeated() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_TOKEN).json(token("canary-1")).json(token("canary-2")).times(2);
    mock.on_endpoint(&GET_GROUPS)
        .when(|request| request.token().is_some_and(|token| token.expose() == "canary-1"))
        .error_code(ErrCode::ACCESS_TOKEN_EXPIRED);
    mock.on::<GetGroups>().reply(groups(&["a"])).times(1);
    let client = Client::builder(mock.clone()).credentials(credentials()).build();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["a"]));

    let journal = mock.journal();
    let seen: Vec<_> = journal.iter().map(|call| (call.endpoint().name(), call.attempt())).collect();
    assert_eq!(seen, [("gettoken", 1), ("get_groups", 1), ("gettoken", 1), ("get_groups", 2)]);
    assert_eq!(*journal[0].request(), json!({"corpid": "ww1234"}));
    assert_no_canary(&format!("{journal:?} {journal:#?} {mock:?} {client:?}"));
}

#[test]
fn a_token_is_fetched_again_after_it_expires() {
    let (mock, timer) = (Mock::new(), ManualTimer::new());
    mock.on_endpoint(&GET_TOKEN).json(token("canary-1")).json(token("canary-2")).times(2);
    mock.on::<GetGroups>().reply(groups(&[]));
    let client = Client::builder(mock.clone()).credentials(credentials()).timer(timer.clone()).build();
    for seconds in [0, 6000, 1200] {
        timer.advance(Duration::from_secs(seconds));
        call(&client, of_chain("ch1")).unwrap();
    }
    let names: Vec<_> = mock.journal().iter().map(|call| call.endpoint().name()).collect();
    assert_eq!(names, ["gettoken", "get_groups", "get_groups", "gettoken", "get_groups"]);
}

#[test]
fn the_error_of_an_unanswered_call_contains_no_secret() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_TOKEN).json(token("canary-1"));
    mock.on::<GetGroups>().with(of_chain("ch2")).reply(groups(&[]));
    mock.on_endpoint(&GET_GROUPS).with(json!({"session_key": "canary-3"})).json(json!({}));
    let client = Client::builder(mock.clone()).credentials(credentials()).build();
    let body = json!({"chain_id": "canary-1", "note": ["canary-secret"], "session_key": "canary-2", "canary-1": 0});
    let raw = RawCall::new(&GET_GROUPS).with_body(&body).unwrap();
    let error = block_on(client.call_raw(raw)).unwrap_err();
    assert!(error.to_string().contains("\"session_key\":\"***\""), "{error}");
    for text in [error.to_string(), format!("{error:?}"), mock.try_verify().unwrap_err().to_string()] {
        assert_no_canary(&text);
    }
}

#[test]
fn neither_the_panic_of_a_dropped_mock_nor_its_debug_text_contains_a_secret() {
    let mock = Mock::new();
    let stub = mock.on_endpoint(&GET_TOKEN).json(token("canary-1")).times(2);
    let client = Client::builder(mock.clone()).credentials(credentials()).build();
    let error = call(&client, of_chain("ch1")).unwrap_err();
    assert_no_canary(&format!("{error} {error:?} {stub:?} {mock:?} {:?}", mock.journal()));
    let report = panic_text(move || drop((client, stub, mock)));
    assert!(report.contains("get_groups") && report.contains("gettoken"), "{report}");
    assert_no_canary(&report);
}

#[test]
fn the_error_of_a_missing_gettoken_stub_contains_no_secret() {
    let mock = Mock::new();
    mock.on::<GetChains>().error_code(-1).optional();
    let client = Client::builder(mock.clone()).credentials(credentials()).build();
    let error = call(&client, GetChains).unwrap_err();
    assert!(error.to_string().contains("call: gettoken {\"corpid\":\"ww1234\"}"), "{error}");
    assert_no_canary(&format!("{error} {error:?} {}", mock.try_verify().unwrap_err()));
}

#[test]
fn the_debug_text_of_an_answer_does_not_show_the_body() {
    let answers: [Answer; 3] = [
        Answer::json(token("canary")),
        Answer::status(500, "canary"),
        Answer::fail(TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown)),
    ];
    assert_no_canary(&format!("{answers:?}"));
}

#[test]
fn a_token_of_one_letter_is_not_redacted_in_texts() {
    let mock = Mock::new();
    let client = Client::builder(mock.clone()).token(AccessToken::new("t")).build();
    let _ = call(&client, of_chain("start"));
    assert_eq!(*mock.journal()[0].request(), json!({"chain_id": "start"}));
    let report = mock.try_verify().unwrap_err().to_string();
    assert!(report.contains("call: get_groups {\"chain_id\":\"start\"}"), "{report}");
}
