//! The journal.

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_mock::Mock;

use crate::calls::{GET_GROUPS, GetChains, GetGroups, StopJob, call, groups, of_chain, stop};

#[test]
fn calls_are_typed_and_in_order() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[]));
    mock.on::<StopJob>().reply(());
    let client = mock.client();
    call(&client, of_chain("ch2")).unwrap();
    call(&client, stop("job1")).unwrap();
    call(&client, of_chain("ch1")).unwrap();
    assert_eq!(mock.calls::<GetGroups>(), [of_chain("ch2"), of_chain("ch1")]);
    assert_eq!(mock.calls::<StopJob>(), [stop("job1")]);
    assert_eq!(mock.calls::<GetChains>(), []);
}

#[test]
fn the_journal_has_every_call_its_request_and_whether_it_was_answered() {
    let mock = Mock::new();
    mock.on::<StopJob>().reply(());
    let client = mock.client();
    call(&client, stop("job1")).unwrap();
    call(&client, of_chain("ch1")).unwrap_err();
    let journal = mock.journal();
    let seen: Vec<_> =
        journal.iter().map(|call| (call.endpoint().name(), call.request().clone(), call.is_answered())).collect();
    assert_eq!(seen, [("stop_job", json!({"jobid": "job1"}), true), ("get_groups", json!({"chain_id": "ch1"}), false)],);
    mock.try_verify().unwrap_err();
}

#[test]
fn a_request_that_cannot_be_deserialized_is_only_in_the_journal() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_GROUPS).json(json!({"errcode": 0}));
    let raw = RawCall::new(&GET_GROUPS).with_body(&json!({"chain": "ch1"})).unwrap();
    block_on(mock.client().call_raw(raw)).unwrap();
    assert_eq!(mock.calls::<GetGroups>(), []);
    assert_eq!(*mock.journal()[0].request(), json!({"chain": "ch1"}));
}

#[test]
fn clearing_the_journal_keeps_the_counts() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).times(1);
    call(&mock.client(), of_chain("ch1")).unwrap();
    mock.clear_journal();
    assert!(mock.journal().is_empty());
    mock.verify();
}

#[test]
fn debug_texts_have_the_numbers_of_a_mock_the_name_of_a_stub_and_the_parts_of_a_call() {
    let mock = Mock::new();
    let stub = mock.on::<StopJob>().reply(());
    assert!(format!("{stub:?}").starts_with("Stub(the stub for stop_job ("), "{stub:?}");
    mock.on::<GetGroups>().reply(groups(&[])).optional();
    call(&mock.client(), stop("job1")).unwrap();
    assert_eq!(format!("{mock:?}"), "Mock { stubs: 2, calls: 1, .. }");
    let text = format!("{:?}", mock.journal());
    for part in ["RecordedCall { endpoint: \"stop_job\", attempt: 1", "job1", "answered: true"] {
        assert!(text.contains(part), "{text}");
    }
}
