//! Which stub answers, and what is said when none does.

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::{Delivery, Endpoint, Error, ErrorKind, TransportErrorKind};
use wecom_mock::Mock;

use crate::calls::{GET_GROUPS, GetChains, GetGroups, StopJob, call, groups, of_chain, stop};

/// The text of the error that a call gets which no stub answers.
fn refusal(outcome: Result<impl Sized, Error>) -> String {
    let Err(error) = outcome else { panic!("a stub answered") };
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!((transport.kind(), transport.delivery()), (TransportErrorKind::Other, Delivery::NotSent));
    error.to_string()
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// For tests of what is said about a call that nobody answers: the mock itself may then rest in peace.
fn put_aside(mock: &Mock) {
    mock.try_verify().unwrap_err();
}

#[test]
fn the_first_stub_whose_predicate_holds_answers() {
    let mock = Mock::new();
    mock.on::<GetGroups>().when(|call| call.chain_id == "ch1").reply(groups(&["one"]));
    mock.on::<GetGroups>().when(|call| call.chain_id.starts_with("ch")).reply(groups(&["other"]));
    mock.on::<GetGroups>().reply(groups(&["any"])).optional();
    let client = mock.client();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["one"]));
    assert_eq!(call(&client, of_chain("ch2")).unwrap(), groups(&["other"]));
    assert_eq!(call(&client, of_chain("x")).unwrap(), groups(&["any"]));
}

#[test]
fn all_conditions_of_a_stub_have_to_hold() {
    let mock = Mock::new();
    mock.on::<GetGroups>()
        .when(|call| call.chain_id == "ch1")
        .when(|call| call.groupid.is_some())
        .error_code(-1)
        .optional();
    mock.on::<GetGroups>().reply(groups(&[]));
    assert!(call(&mock.client(), of_chain("ch1")).is_ok());
}

#[test]
fn a_stub_with_a_whole_call_answers_what_sends_the_same() {
    let mock = Mock::new();
    mock.on::<StopJob>().with(stop("a b/企")).reply(());
    mock.on::<GetGroups>().with(of_chain("ch1")).reply(groups(&["one"]));
    mock.on::<GetGroups>().reply(groups(&["other"]));
    let client = mock.client();
    call(&client, stop("a b/企")).unwrap();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["one"]));
    assert_eq!(call(&client, of_chain("ch2")).unwrap(), groups(&["other"]));
}

#[test]
fn an_untyped_stub_looks_at_the_request() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_GROUPS).with(json!({"chain_id": "ch1", "debug": "1"})).json(json!({"groups": ["body"]}));
    mock.on_endpoint(&GET_GROUPS).when(|request| request.query().is_empty()).json(json!({"groups": ["no query"]}));
    let client = mock.client();
    let raw = RawCall::new(&GET_GROUPS).with_query("debug", "1").with_body(&of_chain("ch1")).unwrap();
    assert_eq!(block_on(client.call_raw(raw)).unwrap(), json!({"groups": ["body"]}));
    assert_eq!(block_on(client.call_raw(RawCall::new(&GET_GROUPS))).unwrap(), json!({"groups": ["no query"]}));
}

#[test]
fn a_stub_is_for_whatever_goes_to_the_same_place_however_it_is_described() {
    const OTHERWISE: Endpoint = Endpoint::post("groups", "corpgroup/corp/get_groups").with_title("获取分组");
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["a"]));
    let raw = RawCall::new(&OTHERWISE).with_body(&of_chain("ch1")).unwrap();
    assert_eq!(block_on(mock.client().call_raw(raw)).unwrap(), json!({"groups": ["a"]}));
}

#[test]
fn a_stub_is_not_for_another_method_at_the_same_path() {
    const READ: Endpoint = Endpoint::get("read_groups", "corpgroup/corp/get_groups");
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["a"])).optional();
    let raw = RawCall::new(&READ).with_query("chain_id", "ch1");
    refusal(block_on(mock.client().call_raw(raw)));
    assert_eq!((mock.calls::<GetGroups>().len(), mock.journal().len()), (0, 1));
    put_aside(&mock);
}

#[test]
fn without_any_stub_a_call_is_told_what_came_and_that_nothing_is_stubbed() {
    let mock = Mock::new();
    let text = refusal(call(&mock.client(), of_chain("ch1")));
    assert_says(&text, &["no stub answers", "came: get_groups {\"chain_id\":\"ch1\"}", "nothing is stubbed"]);
    put_aside(&mock);
}

#[test]
fn a_call_of_another_endpoint_is_told_the_nearest_stub_and_all_that_there_are() {
    let mock = Mock::new();
    mock.on::<StopJob>().reply(()).optional();
    mock.on::<GetChains>().named("the chains").error_code(-1).optional();
    let text = refusal(call(&mock.client(), of_chain("ch1")));
    assert_says(&text, &["nearest: the stub for get_chains named \"the chains\"", "it is for another endpoint"]);
    assert_says(&text, &["\n    - the stub for stop_job (", "matching.rs:", "not called"]);
    put_aside(&mock);
}

#[test]
fn a_call_that_differs_is_told_field_by_field() {
    let mock = Mock::new();
    mock.on::<GetGroups>()
        .with(GetGroups { chain_id: "far".to_owned(), groupid: Some(1) })
        .reply(groups(&[]))
        .optional();
    mock.on::<GetGroups>()
        .with(GetGroups { chain_id: "ch1".to_owned(), groupid: Some(7) })
        .reply(groups(&[]))
        .optional();
    let text = refusal(call(&mock.client(), of_chain("ch1")));
    assert_says(&text, &["groupid is absent, expected 7"]);
    assert!(!text.contains("far"), "not the nearest: {text}");
    put_aside(&mock);
}

#[test]
fn a_call_that_the_predicate_refuses_is_told_so() {
    let mock = Mock::new();
    mock.on::<GetChains>().error_code(-1).optional();
    mock.on::<GetGroups>().when(|call| call.chain_id == "ch2").reply(groups(&[])).optional();
    let text = refusal(call(&mock.client(), of_chain("ch1")));
    assert_says(&text, &["nearest: the stub for get_groups", "its predicate said no"]);
    put_aside(&mock);
}

#[test]
fn a_call_that_comes_once_too_often_is_told_that_the_stub_is_used_up() {
    let mock = Mock::new();
    mock.on::<GetGroups>().with(of_chain("ch2")).reply(groups(&[])).optional();
    mock.on::<GetGroups>().reply(groups(&[])).times(2);
    let client = mock.client();
    (0..2).for_each(|_| assert!(call(&client, of_chain("ch1")).is_ok()));
    let text = refusal(call(&client, of_chain("ch1")));
    assert_says(&text, &["it is used up: it may be called 2 times", "called 2 times"]);
    put_aside(&mock);
}

#[test]
fn a_request_that_is_not_of_the_stubs_type_is_told_why_it_cannot_be_read() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).optional();
    let raw = RawCall::new(&GET_GROUPS).with_body(&json!({"chain_id": 7})).unwrap();
    let text = refusal(block_on(mock.client().call_raw(raw)));
    assert_says(&text, &["can't be read as its type of call", "invalid type", "came: get_groups {\"chain_id\":7}"]);
    put_aside(&mock);
}

#[test]
fn a_stub_without_an_answer_is_told_to_have_none() {
    let mock = Mock::new();
    let _ = mock.on::<GetGroups>();
    assert_says(&refusal(call(&mock.client(), of_chain("ch1"))), &["it has no answer"]);
    put_aside(&mock);
}

#[test]
fn a_huge_request_and_a_hundred_stubs_make_a_short_text() {
    let mock = Mock::new();
    (0..100).for_each(|_| drop(mock.on::<GetChains>().error_code(-1).optional()));
    let text = refusal(call(&mock.client(), of_chain(&"企业".repeat(100_000))));
    assert_says(&text, &["…", "and 80 more"]);
    assert!(text.len() < 5_000, "{} bytes", text.len());
    put_aside(&mock);
}
