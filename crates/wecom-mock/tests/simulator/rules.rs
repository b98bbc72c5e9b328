//! The rules of a chain: added, read, changed and deleted.

use serde_json::{Value, json};
use wecom_core::{Endpoint, ErrCode};

use crate::support::{Story, code_of};

const LIST: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
const GET: Endpoint = Endpoint::post("get_rule_info", "corpgroup/rule/get_rule_info");
const ADD: Endpoint = Endpoint::post("add_rule", "corpgroup/rule/add_rule");
const MODIFY: Endpoint = Endpoint::post("modify_rule", "corpgroup/rule/modify_rule");
const DELETE: Endpoint = Endpoint::post("delete_rule", "corpgroup/rule/delete_rule");

fn rule(owner: Value, member: Value) -> Value {
    json!({"chain_id": "ChDealers", "rule_info": {"owner_corp_range": owner, "member_corp_range": member}})
}

fn good() -> Value {
    rule(json!({"userids": ["linfang"]}), json!({"groupids": [2], "corpids": ["wwjingxi"]}))
}

fn of(id: i64) -> Value {
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
