//! Which calls a fault is injected into, and what it counts.

use std::time::Duration;

use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::token::GET_TOKEN;
use wecom_core::{Client, Credentials, Delivery, Endpoint, ErrCode, Secret, TransportErrorKind};
use wecom_mock::ManualTimer;
use wecom_mock::faults::FaultRule;

use crate::support::{GET_GROUPS, LIST_IDS, call, failing, healthy, send};

const DOWN: TransportErrorKind = TransportErrorKind::Connect;

#[test]
fn a_fault_is_injected_into_its_own_endpoint_only() {
    let (_mock, faults) = healthy();
    let rule = faults.on(&LIST_IDS).fail_before_sending(DOWN);
    assert!(failing(&faults, &GET_GROUPS, 2).is_empty());
    assert_eq!(failing(&faults, &LIST_IDS, 2), [1, 2]);
    assert_eq!((rule.calls(), rule.injected()), (2, 2));
}

#[test]
fn another_descriptor_with_the_same_method_and_path_is_the_same_endpoint() {
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
fn all_conditions_must_hold() {
    let (_mock, faults) = healthy();
    faults.on(&LIST_IDS).every(2).calls(3..).at_most(2).fail_before_sending(DOWN);
    assert_eq!(failing(&faults, &LIST_IDS, 10), [4, 6]);
}

#[test]
fn a_call_that_does_not_match_the_predicate_is_not_counted() {
    let (_mock, faults) = healthy();
    let rule = faults.on_any().when(|request| request.endpoint() == &LIST_IDS).nth(2).fail_before_sending(DOWN);
    assert!(failing(&faults, &GET_GROUPS, 3).is_empty());
    assert_eq!(failing(&faults, &LIST_IDS, 3), [2]);
    assert_eq!(rule.calls(), 3);
}

#[test]
fn a_probability_selects_the_same_calls_for_the_same_seed_only() {
    let selected = |seed| {
        let (_mock, faults) = healthy();
        faults.on(&LIST_IDS).with_probability(0.5, seed).fail_before_sending(DOWN);
        failing(&faults, &LIST_IDS, 64)
    };
    assert_eq!(selected(1), selected(1));
    assert_ne!(selected(1), selected(2));
    assert!((16..48).contains(&selected(1).len()));
}

#[test]
fn other_rules_do_not_change_the_calls_that_a_seed_selects() {
    let selected = |with_another: bool| {
        let (_mock, faults) = healthy();
        if with_another {
            faults.on(&GET_GROUPS).with_probability(0.5, 9).fail_before_sending(DOWN);
        }
        let rule = faults.on(&LIST_IDS).with_probability(0.5, 1).fail_before_sending(DOWN);
        let selected = (0..64).map(|_| {
            let _ = send(&faults, &GET_GROUPS);
            send(&faults, &LIST_IDS).is_err()
        });
        (selected.collect::<Vec<_>>(), rule.injected())
    };
    assert_eq!(selected(false), selected(true));
}

#[test]
fn a_window_of_time_uses_its_timer() {
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
fn the_first_rule_is_applied_and_both_rules_count_the_call() {
    let (_mock, faults) = healthy();
    let first = faults.on(&LIST_IDS).nth(2).fail_before_sending(DOWN);
    let second = faults.on_any().fail_after_sending(TransportErrorKind::Timeout);
    let deliveries: Vec<_> = (0..3).map(|_| send(&faults, &LIST_IDS).unwrap_err().delivery()).collect();
    assert_eq!(deliveries, [Delivery::Unknown, Delivery::NotSent, Delivery::Unknown]);
    assert_eq!((first.calls(), first.injected()), (3, 1));
    assert_eq!((second.calls(), second.injected()), (3, 2));
}

#[test]
fn a_stopped_fault_is_not_injected() {
    let (_mock, faults) = healthy();
    let outage = faults.on_any().fail_before_sending(DOWN);
    assert_eq!(failing(&faults, &LIST_IDS, 2), [1, 2]);
    outage.stop();
    assert!(failing(&faults, &LIST_IDS, 2).is_empty());
    assert_eq!((outage.calls(), outage.injected()), (2, 2));
}

#[test]
fn a_fault_without_an_action_has_no_effect() {
    let (_mock, faults) = healthy();
    let _ = faults.on_any().nth(1);
    assert!(failing(&faults, &LIST_IDS, 1).is_empty());
}

#[test]
fn the_debug_text_shows_the_counts_of_each_rule_and_no_token() {
    let (_mock, faults) = healthy();
    faults.on(&LIST_IDS).nth(1).fail_before_sending(DOWN);
    faults.on(&GET_GROUPS).error_code(45009);
    let _ = (call(&faults, &LIST_IDS), call(&faults, &LIST_IDS));
    assert!(format!("{:?}", faults.on(&LIST_IDS)).starts_with("the fault for list_ids ("));
    let text = format!("{faults:?}");
    assert!(text.contains("the fault for list_ids (") && text.contains("called 2 times, injected once"), "{text}");
    assert!(text.contains("the fault for get_groups (") && text.contains("not called, injected 0 times"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn each_attempt_of_the_client_is_a_call() {
    let (mock, faults) = healthy();
    mock.on_endpoint(&GET_TOKEN).json(json!({"access_token": "canary", "expires_in": 7200})).times(2);
    let expired = faults.on(&LIST_IDS).nth(1).error_code(ErrCode::ACCESS_TOKEN_EXPIRED);
    let credentials = Credentials::new("ww1234567890abcdef", Secret::new("canary-secret"));
    let client = Client::builder(faults).credentials(credentials).build();
    assert!(pollster::block_on(client.call_raw(RawCall::new(&LIST_IDS))).is_ok());
    assert_eq!((expired.calls(), expired.injected()), (2, 1));
}
