//! Verification.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wecom_mock::Mock;

use crate::calls::{GetGroups, call, groups, of_chain};

/// The text of the panic. Empty if there is none.
pub(crate) fn panic_text(run: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(run)) else { return String::new() };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

#[test]
fn dropping_a_mock_panics_if_a_stub_was_not_called() {
    let report = panic_text(|| {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[]));
    });
    assert!(report.contains("the stub for get_groups") && report.contains("was not called"), "{report}");
}

#[test]
fn dropping_a_mock_panics_after_an_unanswered_call_even_if_its_error_was_ignored() {
    let report = panic_text(|| {
        let mock = Mock::new();
        let _ = call(&mock.client(), of_chain("ch1"));
    });
    assert!(report.contains("no stub answers") && report.contains("{\"chain_id\":\"ch1\"}"), "{report}");
}

#[test]
fn dropping_a_mock_does_not_panic_if_all_expected_calls_were_made() {
    let report = panic_text(|| {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[]));
        call(&mock.client(), of_chain("ch1")).unwrap();
    });
    assert_eq!(report, "");
}

#[test]
fn only_the_last_clone_verifies() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[]));
    let (clone, client) = (mock.clone(), mock.client());
    assert_eq!(panic_text(move || drop(mock)), "");
    assert_eq!(panic_text(move || drop(clone)), "");
    assert_ne!(panic_text(move || drop(client)), "");
}

#[test]
fn a_mock_does_not_panic_during_another_panic() {
    let report = panic_text(|| {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[]));
        assert_eq!(1, 2, "the first panic");
    });
    assert!(report.contains("the first panic") && !report.contains("get_groups"), "{report}");
}

#[test]
fn verify_panics_with_the_report_and_dropping_the_mock_does_not_panic_again() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[]));
    let report = panic_text(|| mock.verify());
    assert!(report.contains("was not called, expected at least once"), "{report}");
    assert_eq!(panic_text(move || drop(mock)), "");
}

#[test]
fn a_call_after_verify_is_verified_on_drop() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).times(1);
    let client = mock.client();
    call(&client, of_chain("ch1")).unwrap();
    mock.verify();
    let _ = call(&client, of_chain("ch1"));
    assert!(panic_text(move || drop((client, mock))).contains("no stub answers"));
}

#[test]
fn a_stub_without_an_answer_fails_the_test() {
    let mock = Mock::new();
    let _ = mock.on::<GetGroups>();
    let report = mock.try_verify().unwrap_err().to_string();
    assert!(report.contains("the stub for get_groups") && report.contains("has no answer"), "{report}");
}

#[test]
fn five_unanswered_calls_are_reported_and_the_others_counted() {
    let mock = Mock::new();
    let client = mock.client();
    (0..100).for_each(|_| drop(call(&client, of_chain("ch1"))));
    let report = format!("{:?}", mock.try_verify().unwrap_err());
    assert_eq!(report.matches("call: get_groups").count(), 5);
    assert!(report.ends_with("and 95 more calls that no stub answers"), "{report}");
}

#[test]
fn a_panic_of_a_predicate_or_responder_on_another_thread_fails_the_verification() {
    for in_predicate in [true, false] {
        let mock = Mock::new();
        let stub = mock.on::<GetGroups>().named("panicking").when(move |_| !in_predicate || panic!("in the predicate"));
        stub.respond_with(|_| panic!("in the responder")).optional();
        let client = mock.client();
        let outcome = std::thread::scope(|scope| scope.spawn(|| call(&client, of_chain("ch1")).is_ok()).join());
        drop(client);
        assert!(outcome.is_err());
        let report = panic_text(move || drop(mock));
        let part = if in_predicate { "its predicate panicked" } else { "its responder panicked" };
        assert!(report.contains("named \"panicking\"") && report.contains(part), "{report}");
    }
}

#[test]
fn a_panic_after_verify_is_verified_on_drop() {
    let mock = Mock::new();
    mock.on::<GetGroups>().respond_with(|_| panic!("in the responder")).optional();
    mock.verify();
    assert_eq!(panic_text(|| drop(call(&mock.client(), of_chain("ch1")))), "in the responder");
    assert!(panic_text(move || drop(mock)).contains("its responder panicked"));
}
