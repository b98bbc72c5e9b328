//! The rules of a chain: added, read, changed and deleted.

use std::time::Duration;

use futures_util::future::join3;
use serde_json::{Value, json};
use wecom_core::ErrCode;
use wecom_core::endpoint::RawCall;
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{DELETE_RULE as DELETE, LIST_RULE_IDS as LIST};

use crate::support::{Story, code_of, slow, with};

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
fn a_rule_is_added_read_changed_and_deleted() {
    let story = Story::demo();
    let ids = || story.raw(&LIST, &json!({"chain_id": "ChDealers"})).unwrap()["rule_ids"].clone();
    let member = || story.raw(&GET, &of(1)).unwrap()["rule_info"]["member_corp_range"].clone();
    assert_eq!(story.raw(&ADD, &good()).unwrap()["rule_id"], json!(1));
    assert_eq!(story.raw(&ADD, &good()).unwrap()["rule_id"], json!(2));
    assert_eq!(member(), json!({"groupids": ["2"], "corpids": ["wwjingxi"]}));

    let mut changed = rule(json!({"departmentids": ["7"]}), json!({"groupids": ["1"]}));
    changed["rule_id"] = json!(1);
    story.raw(&MODIFY, &changed).unwrap();
    assert_eq!(member(), json!({"groupids": ["1"], "corpids": []}));

    story.raw(&DELETE, &of(1)).unwrap();
    assert_eq!(ids(), json!([2]));
    assert_eq!(code_of(story.raw(&GET, &of(1))), ErrCode::UNKNOWN_RULE);
    assert_eq!(code_of(story.raw(&DELETE, &of(1))), ErrCode::UNKNOWN_RULE);
    assert_eq!(code_of(story.raw(&MODIFY, &changed)), ErrCode::UNKNOWN_RULE);
    assert_eq!(story.raw(&ADD, &good()).unwrap()["rule_id"], json!(3));
}

#[test]
fn a_rule_needs_somebody_on_either_side_and_only_those_of_the_chain() {
    let story = Story::demo();
    let add = |owner, member| code_of(story.raw(&ADD, &rule(owner, member)));
    let linfang = || json!({"userids": ["linfang"]});
    assert_eq!(add(json!({}), json!({"groupids": ["2"]})), ErrCode::EMPTY_PARAMETER);
    assert_eq!(add(linfang(), json!({"corpids": []})), ErrCode::EMPTY_PARAMETER);
    assert_eq!(add(linfang(), json!({"groupids": ["99"]})), ErrCode::UNKNOWN_GROUP);
    assert_eq!(add(linfang(), json!({"corpids": ["wwstranger"]})), ErrCode::CORP_NOT_IN_CHAIN);
    assert_eq!(add(linfang(), json!(null)), ErrCode::INVALID_PARAMETER);
}

#[test]
fn rules_are_added_and_changed_a_thousand_times_a_day_in_all() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(100);
    let story = Story { upstream: Upstream::new(simulator.client()), simulator, timer };
    let mut change = good();
    change["rule_id"] = json!(1);
    for _ in 0..5 {
        story.raw(&ADD, &good()).unwrap();
        story.raw(&MODIFY, &change).unwrap();
    }
    assert_eq!(code_of(story.raw(&ADD, &good())), ErrCode::FREQUENCY_EXCEEDED);
    assert_eq!(code_of(story.raw(&MODIFY, &change)), ErrCode::FREQUENCY_EXCEEDED);
    // Reading and deleting is another matter.
    story.raw(&GET, &of(1)).unwrap();
    story.raw(&DELETE, &of(1)).unwrap();
    story.pass(24 * 60 * 60);
    story.raw(&ADD, &good()).unwrap();
}

#[test]
fn the_second_of_two_who_change_a_rule_at_once_loses_and_may_try_again() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = slow(&simulator, &timer);
    let call = |endpoint, body: &Value| upstream.client().call_raw(RawCall::new(endpoint).with_body(body).unwrap());
    for _ in 0..2 {
        pollster::block_on(with(&timer, call(&ADD, &good()))).unwrap();
    }
    let change = |id: i64, group: &str| {
        let mut rule = rule(json!({"userids": ["linfang"]}), json!({"groupids": [group]}));
        rule["rule_id"] = json!(id);
        rule
    };
    let (ours, theirs, other) = (change(1, "2"), change(1, "3"), change(2, "4"));
    let all = join3(call(&MODIFY, &ours), call(&MODIFY, &theirs), call(&MODIFY, &other));
    let (ours, second, other) = pollster::block_on(with(&timer, all));
    assert_eq!((ours.is_ok(), code_of(second), other.is_ok()), (true, ErrCode::VERSION_CONFLICT, true));
    pollster::block_on(with(&timer, call(&MODIFY, &theirs))).unwrap();
    let rule = pollster::block_on(with(&timer, call(&GET, &of(1)))).unwrap();
    assert_eq!(rule["rule_info"]["member_corp_range"]["groupids"], json!(["3"]));
}
