//! Which stub answers, and the error if none does.

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::{Delivery, Endpoint, Error, ErrorKind, TransportErrorKind};
use wecom_mock::Mock;

use crate::calls::{GET_GROUPS, GetChains, GetGroups, StopJob, call, groups, of_chain, stop};

/// The text of the error of a call that no stub answers.
fn unanswered(outcome: Result<impl Sized, Error>) -> String {
    let Err(error) = outcome else { panic!("a stub answered") };
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!((transport.kind(), transport.delivery()), (TransportErrorKind::Other, Delivery::NotSent));
    error.to_string()
}

#[track_caller]
fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// Verifies the mock, so that dropping it does not fail the test.
fn ignore_report(mock: &Mock) {
    mock.try_verify().unwrap_err();
}

#[test]
fn the_first_stub_whose_predicate_returns_true_answers() {
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
fn all_conditions_of_a_stub_must_hold() {
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
fn a_stub_with_a_call_answers_equal_calls() {
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
fn the_predicate_of_an_untyped_stub_receives_the_request() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_GROUPS).with(json!({"chain_id": "ch1", "debug": "1"})).json(json!({"groups": ["body"]}));
    mock.on_endpoint(&GET_GROUPS).when(|request| request.query().is_empty()).json(json!({"groups": ["no query"]}));
    let client = mock.client();
    let raw = RawCall::new(&GET_GROUPS).with_query("debug", "1").with_body(&of_chain("ch1")).unwrap();
    assert_eq!(block_on(client.call_raw(raw)).unwrap(), json!({"groups": ["body"]}));
    assert_eq!(block_on(client.call_raw(RawCall::new(&GET_GROUPS))).unwrap(), json!({"groups": ["no query"]}));
}

#[test]
fn a_stub_matches_another_descriptor_with_the_same_method_and_path() {
    const SAME_ENDPOINT: Endpoint = Endpoint::post("groups", "corpgroup/corp/get_groups").with_title("获取分组");
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["a"]));
    let raw = RawCall::new(&SAME_ENDPOINT).with_body(&of_chain("ch1")).unwrap();
    assert_eq!(block_on(mock.client().call_raw(raw)).unwrap(), json!({"groups": ["a"]}));
}

#[test]
fn a_stub_does_not_match_another_method_of_the_same_path() {
    const READ: Endpoint = Endpoint::get("read_groups", "corpgroup/corp/get_groups");
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["a"])).optional();
    let raw = RawCall::new(&READ).with_query("chain_id", "ch1");
    unanswered(block_on(mock.client().call_raw(raw)));
    assert_eq!((mock.calls::<GetGroups>().len(), mock.journal().len()), (0, 1));
    ignore_report(&mock);
}

#[test]
fn without_stubs_the_error_shows_the_call_and_that_there_are_no_stubs() {
    let mock = Mock::new();
    let text = unanswered(call(&mock.client(), of_chain("ch1")));
    assert_contains(&text, &["no stub answers", "call: get_groups {\"chain_id\":\"ch1\"}", "the mock has no stubs"]);
    ignore_report(&mock);
}

#[test]
fn the_error_of_another_endpoint_shows_the_nearest_stub_and_lists_all() {
    let mock = Mock::new();
    mock.on::<StopJob>().reply(()).optional();
    mock.on::<GetChains>().named("the chains").error_code(-1).optional();
    let text = unanswered(call(&mock.client(), of_chain("ch1")));
    assert_contains(&text, &["nearest: the stub for get_chains named \"the chains\"", "it is for another endpoint"]);
    assert_contains(&text, &[" - the stub for stop_job (", "matching.rs:", "not called"]);
    ignore_report(&mock);
}

#[test]
fn the_error_of_a_different_call_lists_the_differences() {
    let mock = Mock::new();
    mock.on::<GetGroups>()
        .with(GetGroups { chain_id: "far".to_owned(), groupid: Some(1) })
        .reply(groups(&[]))
        .optional();
    mock.on::<GetGroups>()
        .with(GetGroups { chain_id: "ch1".to_owned(), groupid: Some(7) })
        .reply(groups(&[]))
        .optional();
    let text = unanswered(call(&mock.client(), of_chain("ch1")));
    assert_contains(&text, &["groupid is absent, expected 7"]);
    assert!(!text.contains("far"), "not the nearest: {text}");
    ignore_report(&mock);
}

#[test]
fn the_error_says_that_the_predicate_returned_false() {
    let mock = Mock::new();
    mock.on::<GetChains>().error_code(-1).optional();
    mock.on::<GetGroups>().when(|call| call.chain_id == "ch2").reply(groups(&[])).optional();
    let text = unanswered(call(&mock.client(), of_chain("ch1")));
    assert_contains(&text, &["nearest: the stub for get_groups", "its predicate returned false"]);
    ignore_report(&mock);
}

#[test]
fn the_error_of_a_call_over_the_maximum_says_that_the_stub_is_exhausted() {
    let mock = Mock::new();
    mock.on::<GetGroups>().with(of_chain("ch2")).reply(groups(&[])).optional();
    mock.on::<GetGroups>().reply(groups(&[])).times(2);
    let client = mock.client();
    (0..2).for_each(|_| assert!(call(&client, of_chain("ch1")).is_ok()));
    let text = unanswered(call(&client, of_chain("ch1")));
    assert_contains(&text, &["it is exhausted: it expects at most 2 calls", "called 2 times"]);
    ignore_report(&mock);
}

#[test]
fn the_error_of_another_type_says_why_it_cannot_be_deserialized() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).optional();
    let raw = RawCall::new(&GET_GROUPS).with_body(&json!({"chain_id": 7})).unwrap();
    let text = unanswered(block_on(mock.client().call_raw(raw)));
    assert_contains(
        &text,
        &["cannot be deserialized into its call type", "invalid type", "call: get_groups {\"chain_id\":7}"],
    );
    ignore_report(&mock);
}

#[test]
fn the_error_says_that_a_stub_has_no_answer() {
    let mock = Mock::new();
    let _ = mock.on::<GetGroups>();
    assert_contains(&unanswered(call(&mock.client(), of_chain("ch1"))), &["it has no answer"]);
    ignore_report(&mock);
}

#[test]
fn the_error_of_a_huge_request_and_a_hundred_stubs_is_short() {
    let mock = Mock::new();
    (0..100).for_each(|_| drop(mock.on::<GetChains>().error_code(-1).optional()));
    let text = unanswered(call(&mock.client(), of_chain(&"企业".repeat(100_000))));
    assert_contains(&text, &["…", "and 80 more"]);
    assert!(text.len() < 5_000, "{} bytes", text.len());
    ignore_report(&mock);
}
