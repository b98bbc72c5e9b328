//! Adding, reading, modifying and deleting the rules of a chain.

use std::time::Duration;

use futures_util::future::join3;
use serde_json::{Value, json};
use wecom_core::ErrCode;
use wecom_core::endpoint::RawCall;
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{DELETE_RULE as DELETE, LIST_RULE_IDS as LIST};

use crate::support::{Harness, code_of, drive, warmed_up};

pub(crate) use wecom_upstream::calls::{ADD_RULE as ADD, GET_RULE_INFO as GET, MODIFY_RULE as MODIFY};

pub(crate) fn rule(owner: Value, member: Value) -> Value {
    json!({"chain_id": "ChDealers", "rule_info": {"owner_corp_range": owner, "member_corp_range": member}})
}

pub(crate) fn good() -> Value {
    rule(json!({"userids": ["linfang"]}), json!({"groupids": [2], "corpids": ["wwjingxi"]}))
}

pub(crate) fn of(id: i64) -> Value {
    json!({"chain_id": "ChDealers", "rule_id": id})
}

#[test]
fn a_rule_can_be_added_read_modified_and_deleted() {
    let sim = Harness::demo();
    let ids = || sim.raw(&LIST, &json!({"chain_id": "ChDealers"})).unwrap()["rule_ids"].clone();
    let member = || sim.raw(&GET, &of(1)).unwrap()["rule_info"]["member_corp_range"].clone();
    assert_eq!(sim.raw(&ADD, &good()).unwrap()["rule_id"], json!(1));
    assert_eq!(sim.raw(&ADD, &good()).unwrap()["rule_id"], json!(2));
    assert_eq!(member(), json!({"groupids": ["2"], "corpids": ["wwjingxi"]}));

    let mut changed = rule(json!({"departmentids": ["7"]}), json!({"groupids": ["1"]}));
    changed["rule_id"] = json!(1);
    sim.raw(&MODIFY, &changed).unwrap();
    assert_eq!(member(), json!({"groupids": ["1"], "corpids": []}));

    sim.raw(&DELETE, &of(1)).unwrap();
    assert_eq!(ids(), json!([2]));
    assert_eq!(code_of(sim.raw(&GET, &of(1))), ErrCode::UNKNOWN_RULE);
    assert_eq!(code_of(sim.raw(&DELETE, &of(1))), ErrCode::UNKNOWN_RULE);
    assert_eq!(code_of(sim.raw(&MODIFY, &changed)), ErrCode::UNKNOWN_RULE);
    assert_eq!(sim.raw(&ADD, &good()).unwrap()["rule_id"], json!(3));
}

#[test]
fn a_rule_with_an_empty_range_or_members_outside_the_chain_is_rejected() {
    let sim = Harness::demo();
    let add = |owner, member| code_of(sim.raw(&ADD, &rule(owner, member)));
    let linfang = || json!({"userids": ["linfang"]});
    assert_eq!(add(json!({}), json!({"groupids": ["2"]})), ErrCode::EMPTY_PARAMETER);
    assert_eq!(add(linfang(), json!({"corpids": []})), ErrCode::EMPTY_PARAMETER);
    assert_eq!(add(linfang(), json!({"groupids": ["99"]})), ErrCode::UNKNOWN_GROUP);
    assert_eq!(add(linfang(), json!({"corpids": ["wwstranger"]})), ErrCode::CORP_NOT_IN_CHAIN);
    assert_eq!(add(linfang(), json!(null)), ErrCode::INVALID_PARAMETER);
}

#[test]
fn adding_and_modifying_rules_share_a_quota_of_1000_a_day() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(100);
    let sim = Harness { upstream: Upstream::new(simulator.client()), simulator, timer };
    let mut change = good();
    change["rule_id"] = json!(1);
    for _ in 0..5 {
        sim.raw(&ADD, &good()).unwrap();
        sim.raw(&MODIFY, &change).unwrap();
    }
    assert_eq!(code_of(sim.raw(&ADD, &good())), ErrCode::FREQUENCY_EXCEEDED);
    assert_eq!(code_of(sim.raw(&MODIFY, &change)), ErrCode::FREQUENCY_EXCEEDED);
    // Reading and deleting rules do not count.
    sim.raw(&GET, &of(1)).unwrap();
    sim.raw(&DELETE, &of(1)).unwrap();
    sim.advance(24 * 60 * 60);
    sim.raw(&ADD, &good()).unwrap();
}

#[test]
fn of_two_simultaneous_changes_of_a_rule_the_second_fails_and_can_be_retried() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = warmed_up(&simulator, &timer);
    let call = |endpoint, body: &Value| upstream.client().call_raw(RawCall::new(endpoint).with_body(body).unwrap());
    for _ in 0..2 {
        pollster::block_on(drive(&timer, call(&ADD, &good()))).unwrap();
    }
    let change = |id: i64, group: &str| {
        let mut rule = rule(json!({"userids": ["linfang"]}), json!({"groupids": [group]}));
        rule["rule_id"] = json!(id);
        rule
    };
    let (ours, theirs, other) = (change(1, "2"), change(1, "3"), change(2, "4"));
    let all = join3(call(&MODIFY, &ours), call(&MODIFY, &theirs), call(&MODIFY, &other));
    let (ours, second, other) = pollster::block_on(drive(&timer, all));
    assert_eq!((ours.is_ok(), code_of(second), other.is_ok()), (true, ErrCode::VERSION_CONFLICT, true));
    pollster::block_on(drive(&timer, call(&MODIFY, &theirs))).unwrap();
    let rule = pollster::block_on(drive(&timer, call(&GET, &of(1)))).unwrap();
    assert_eq!(rule["rule_info"]["member_corp_range"]["groupids"], json!(["3"]));
}
