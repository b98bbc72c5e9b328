//! The expected number of calls.

use wecom_core::ErrCode;
use wecom_mock::Mock;

use crate::calls::{GetGroups, call, groups, of_chain};

/// The report after this number of calls.
fn report_after(calls: usize, mock: &Mock) -> Option<String> {
    let client = mock.client();
    (0..calls).for_each(|_| drop(call(&client, of_chain("ch1"))));
    mock.try_verify().err().map(|error| error.to_string())
}

#[test]
fn a_stub_expects_at_least_as_many_calls_as_it_has_answers() {
    for (calls, is_met) in [(0, false), (1, false), (2, true), (3, true)] {
        let mock = Mock::new();
        mock.on::<GetGroups>().error_code(-1).reply(groups(&[]));
        assert_eq!(report_after(calls, &mock).is_none(), is_met, "{calls} calls");
    }
}

#[test]
fn times_is_exact() {
    for (calls, is_met) in [(1, false), (2, true), (3, false)] {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[])).times(2);
        assert_eq!(report_after(calls, &mock).is_none(), is_met, "{calls} calls");
    }
}

#[test]
fn at_least_is_the_minimum_for_any_number_of_answers() {
    for (calls, is_met) in [(2, false), (3, true), (9, true)] {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[])).at_least(3);
        assert_eq!(report_after(calls, &mock).is_none(), is_met, "{calls} calls");
    }
    let mock = Mock::new();
    mock.on::<GetGroups>().error_code(-1).error_code(-1).reply(groups(&[])).at_least(1);
    assert_eq!(report_after(1, &mock), None);
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).times(1).at_least(1);
    assert_eq!(report_after(2, &mock), None);
}

#[test]
fn optional_sets_the_minimum_to_zero_and_keeps_the_maximum_of_times() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&[])).optional();
    assert_eq!(report_after(0, &mock), None);
    for (calls, is_met) in [(0, true), (2, true), (3, false)] {
        let mock = Mock::new();
        mock.on::<GetGroups>().reply(groups(&[])).times(2).optional();
        assert_eq!(report_after(calls, &mock).is_none(), is_met, "{calls} calls");
    }
}

#[test]
fn the_next_stub_answers_after_a_stub_is_exhausted() {
    let mock = Mock::new();
    mock.on::<GetGroups>().error_code(45009).times(1);
    mock.on::<GetGroups>().reply(groups(&["next"]));
    let client = mock.client();
    assert_eq!(call(&client, of_chain("ch1")).unwrap_err().code(), Some(ErrCode::FREQUENCY_EXCEEDED));
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["next"]));
}

#[test]
fn the_report_shows_the_stub_its_location_and_both_counts() {
    let mock = Mock::new();
    mock.on::<GetGroups>().named("first page").reply(groups(&[])).times(3);
    mock.on::<GetGroups>().named("second page").reply(groups(&[]));
    let report = report_after(1, &mock).unwrap();
    for part in [
        "the stub for get_groups named \"first page\" (",
        "counts.rs:",
        "was called once, expected exactly 3 times",
        "named \"second page\"",
        "was not called, expected at least once",
    ] {
        assert!(report.contains(part), "{part:?} is not in:\n{report}");
    }
}

#[test]
#[should_panic(expected = "has 2 answers, but expects to be called once; the last answer would never be given")]
fn times_panics_if_there_are_more_answers() {
    let mock = Mock::new();
    mock.on::<GetGroups>().error_code(-1).reply(groups(&[])).times(1);
}

#[test]
fn times_zero_expects_no_call_with_or_without_an_answer() {
    for has_answer in [false, true] {
        for (calls, is_met) in [(0, true), (1, false)] {
            let mock = Mock::new();
            let stub = mock.on::<GetGroups>();
            let stub = if has_answer { stub.reply(groups(&[])) } else { stub };
            let _ = stub.times(0);
            assert_eq!(report_after(calls, &mock).is_none(), is_met, "{calls} calls, {has_answer}");
        }
    }
}

#[test]
fn a_call_to_a_stub_with_times_zero_is_not_answered_by_a_later_stub() {
    let mock = Mock::new();
    let _ = mock.on::<GetGroups>().when(|call| call.chain_id == "ch1").times(0);
    mock.on::<GetGroups>().reply(groups(&[])).optional();
    assert!(call(&mock.client(), of_chain("ch2")).is_ok());
    assert_eq!(mock.try_verify().err().map(|error| error.to_string()), None);
    let error = call(&mock.client(), of_chain("ch1")).unwrap_err().to_string();
    assert!(error.contains("it expects no call"), "{error}");
    assert!(mock.try_verify().is_err());
}
