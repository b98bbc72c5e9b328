//! Which calls a fault strikes, and what it counts.

use std::time::Duration;

use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::token::GET_TOKEN;
use wecom_core::{Client, Credentials, Delivery, Endpoint, ErrCode, Secret, TransportErrorKind};
use wecom_mock::{FaultRule, ManualTimer};

use crate::support::{GET_GROUPS, LIST_IDS, call, failing, healthy, send};

const DOWN: TransportErrorKind = TransportErrorKind::Connect;

#[test]
fn a_fault_strikes_its_own_endpoint_alone() {
    let (_mock, faults) = healthy();
    let rule = faults.on(&LIST_IDS).fail_before_sending(DOWN);
    assert!(failing(&faults, &GET_GROUPS, 2).is_empty());
    assert_eq!(failing(&faults, &LIST_IDS, 2), [1, 2]);
    assert_eq!((rule.calls(), rule.strikes()), (2, 2));
}

#[test]
fn an_endpoint_is_known_by_its_place_whoever_described_it() {
    const OTHER: Endpoint =
        Endpoint::post("named_otherwise", "corpgroup/rule/list_ids").with_title("获取对接规则id列表");
    let (_mock, faults) = healthy();
    faults.on(&OTHER).fail_before_sending(DOWN);
    assert_eq!(failing(&faults, &LIST_IDS, 1), [1]);
}

#[test]
fn on_any_counts_the_calls_of_all_endpoints_together() {
    let (_mock, faults) = healthy();
    faults.on_any().nth(3).fail_before_sending(DOWN);
    assert!(failing(&faults, &GET_GROUPS, 2).is_empty());
    assert_eq!(failing(&faults, &LIST_IDS, 2), [1]);
}

#[test]
fn nth_first_calls_and_every_count_from_one() {
    let (_mock, faults) = healthy();
    let down = |rule: FaultRule, expected: &[usize]| {
        assert_eq!(failing(&faults, &LIST_IDS, 7), expected);
        rule.stop();
    };
    down(faults.on(&LIST_IDS).nth(2).fail_before_sending(DOWN), &[2]);
    down(faults.on(&LIST_IDS).first(2).fail_before_sending(DOWN), &[1, 2]);
    down(faults.on(&LIST_IDS).calls(3..6).fail_before_sending(DOWN), &[3, 4, 5]);
    down(faults.on(&LIST_IDS).calls(6..).fail_before_sending(DOWN), &[6, 7]);
    down(faults.on(&LIST_IDS).every(3).fail_before_sending(DOWN), &[3, 6]);
}

#[test]
fn what_is_said_together_has_to_hold_together() {
    let (_mock, faults) = healthy();
    faults.on(&LIST_IDS).every(2).calls(3..).at_most(2).fail_before_sending(DOWN);
    assert_eq!(failing(&faults, &LIST_IDS, 10), [4, 6]);
}

#[test]
fn a_call_that_the_predicate_refuses_is_not_counted() {
    let (_mock, faults) = healthy();
    let rule = faults.on_any().when(|request| request.endpoint() == &LIST_IDS).nth(2).fail_before_sending(DOWN);
    assert!(failing(&faults, &GET_GROUPS, 3).is_empty());
    assert_eq!(failing(&faults, &LIST_IDS, 3), [2]);
    assert_eq!(rule.calls(), 3);
}

#[test]
fn a_probability_strikes_the_same_calls_for_the_same_seed_and_others_for_another() {
    let struck = |seed| {
        let (_mock, faults) = healthy();
        faults.on(&LIST_IDS).with_probability(0.5, seed).fail_before_sending(DOWN);
        failing(&faults, &LIST_IDS, 64)
    };
    assert_eq!(struck(1), struck(1));
    assert_ne!(struck(1), struck(2));
    assert!((16..48).contains(&struck(1).len()));
}

#[test]
fn what_else_is_defined_does_not_change_what_a_seed_strikes() {
    let struck = |with_another: bool| {
        let (_mock, faults) = healthy();
        if with_another {
            faults.on(&GET_GROUPS).with_probability(0.5, 9).fail_before_sending(DOWN);
        }
        let rule = faults.on(&LIST_IDS).with_probability(0.5, 1).fail_before_sending(DOWN);
        let struck = (0..64).map(|_| {
            let _ = send(&faults, &GET_GROUPS);
            send(&faults, &LIST_IDS).is_err()
        });
        (struck.collect::<Vec<_>>(), rule.strikes())
    };
    assert_eq!(struck(false), struck(true));
}

#[test]
fn a_window_of_time_is_that_of_its_timer() {
    let (_mock, faults) = healthy();
    let timer = ManualTimer::new();
    let second = Duration::from_secs(1);
    faults.on_any().during(second..second * 3, timer.clone()).fail_before_sending(DOWN);
    let failed: Vec<_> = (0..5)
        .filter(|_| {
            let failed = send(&faults, &LIST_IDS).is_err();
            timer.advance(second);
            failed
        })
        .collect();
    assert_eq!(failed, [1, 2]);
}

#[test]
fn of_two_rules_the_first_defined_strikes_and_both_count_the_call() {
    let (_mock, faults) = healthy();
    let first = faults.on(&LIST_IDS).nth(2).fail_before_sending(DOWN);
    let second = faults.on_any().fail_after_sending(TransportErrorKind::Timeout);
    let deliveries: Vec<_> = (0..3).map(|_| send(&faults, &LIST_IDS).unwrap_err().delivery()).collect();
    assert_eq!(deliveries, [Delivery::Unknown, Delivery::NotSent, Delivery::Unknown]);
    assert_eq!((first.calls(), first.strikes()), (3, 1));
    assert_eq!((second.calls(), second.strikes()), (3, 2));
}

#[test]
fn a_fault_that_was_stopped_strikes_no_more() {
    let (_mock, faults) = healthy();
    let outage = faults.on_any().fail_before_sending(DOWN);
    assert_eq!(failing(&faults, &LIST_IDS, 2), [1, 2]);
    outage.stop();
    assert!(failing(&faults, &LIST_IDS, 2).is_empty());
    assert_eq!((outage.calls(), outage.strikes()), (2, 2));
}

#[test]
fn a_fault_without_an_action_is_no_rule() {
    let (_mock, faults) = healthy();
    let _ = faults.on_any().nth(1);
    assert!(failing(&faults, &LIST_IDS, 1).is_empty());
}

#[test]
fn debug_tells_of_each_rule_what_it_did_and_of_no_token() {
    let (_mock, faults) = healthy();
    faults.on(&LIST_IDS).nth(1).fail_before_sending(DOWN);
    faults.on(&GET_GROUPS).error_code(45009);
    let _ = (call(&faults, &LIST_IDS), call(&faults, &LIST_IDS));
    let text = format!("{faults:?}");
    assert!(text.contains("the fault for list_ids (") && text.contains("called 2 times, struck once"), "{text}");
    assert!(text.contains("the fault for get_groups (") && text.contains("not called, did not strike"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn a_repetition_by_the_client_is_a_call_of_its_own() {
    let (mock, faults) = healthy();
    mock.on_endpoint(&GET_TOKEN).json(json!({"access_token": "canary", "expires_in": 7200})).times(2);
    let expired = faults.on(&LIST_IDS).nth(1).error_code(ErrCode::ACCESS_TOKEN_EXPIRED);
    let credentials = Credentials::new("ww1234567890abcdef", Secret::new("canary-secret"));
    let client = Client::builder(faults).credentials(credentials).build();
    assert!(pollster::block_on(client.call_raw(RawCall::new(&LIST_IDS))).is_ok());
    assert_eq!((expired.calls(), expired.strikes()), (2, 1));
}
