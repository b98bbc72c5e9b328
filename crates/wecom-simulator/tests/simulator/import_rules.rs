//! The client and the simulator accept and reject the same imports, because both check the same table of rules.

use std::collections::HashSet;

use serde_json::{Value, json};
use wecom_core::{ApiCall, ErrCode};
use wecom_upstream::calls::{GetResult, IMPORT_CHAIN_CONTACT, ImportChainContact, ImportStatus};
use wecom_upstream::ids::JobId;
use wecom_upstream::validation::import_rules::{COUNT_RULES, TEXT_RULES};

use crate::support::{Harness, expect_ok};

/// The code with which the simulator rejects an import. `None` if it imports everything.
fn simulated(contact_list: &Value) -> Option<ErrCode> {
    let sim = Harness::demo();
    let body = json!({"chain_id": "ChDealers", "contact_list": contact_list});
    let jobid = match sim.raw(&IMPORT_CHAIN_CONTACT, &body) {
        Ok(reply) => JobId::new(reply["jobid"].as_str().unwrap()),
        Err(error) => return Some(error.code().unwrap()),
    };
    sim.advance(5);
    let result = expect_ok(sim.upstream.get_result(GetResult::new(jobid))).result.unwrap();
    match result.fail_list.first() {
        Some(failed) => Some(failed.errcode),
        None => {
            assert_eq!(result.import_status, ImportStatus::AllImported);
            None
        }
    }
}

/// Whether the client accepts an import.
fn is_valid(contact_list: &Value) -> bool {
    let body = json!({"chain_id": "ChDealers", "contact_list": contact_list});
    serde_json::from_value::<ImportChainContact>(body).unwrap().validate().is_ok()
}

#[track_caller]
fn assert_agree(contact_list: &Value, code: Option<ErrCode>) {
    let shown: String = contact_list.to_string().chars().take(300).collect();
    assert_eq!(simulated(contact_list), code, "simulator: {shown}");
    assert_eq!(is_valid(contact_list), code.is_none(), "client: {shown}");
}

fn contact() -> Value {
    json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"})
}

fn corp(number: usize, contacts: &[Value]) -> Value {
    json!({"corp_name": format!("长城电器{number}"), "contact_info_list": contacts})
}

/// An import of one corp in which a field has a value.
fn with(field: &str, value: Value) -> Value {
    let mut corp = corp(0, &[contact()]);
    match field {
        "corp_name" | "custom_id" | "group_path" => corp[field] = value,
        _ => corp["contact_info_list"][0][field] = value,
    }
    json!([corp])
}

/// A field, its valid values, and its invalid values with their codes.
type TextCases = (&'static str, Vec<String>, Vec<(ErrCode, Vec<String>)>);

fn text_cases() -> Vec<TextCases> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let long = |text: &str, count: usize| text.repeat(count);
    let many = |mut list: Vec<String>, more: &[String]| {
        list.extend_from_slice(more);
        list
    };
    vec![
        (
            "corp_name",
            many(texts(&["企", "A1 b-c_(d)（企〇㐀𠀀）", " "]), &[long("企", 32), long("a", 32)]),
            vec![
                (ErrCode::CORP_NAME_EMPTY, texts(&[""])),
                (
                    ErrCode::INVALID_CORP_NAME,
                    many(
                        texts(&["企业!", "a/b", "企\n", "é", "カ", "😀", "a·b", "，", "\u{3000}"]),
                        &[long("企", 33), long("a", 33)],
                    ),
                ),
            ],
        ),
        (
            "custom_id",
            many(texts(&["", "aZ09", "0"]), &[long("a", 64)]),
            vec![(ErrCode::INVALID_CUSTOM_ID, many(texts(&["a-b", "企", " a", "é", "a_b"]), &[long("a", 65)]))],
        ),
        (
            "group_path",
            many(
                texts(&["", "华北区", "华北区/北京市/海淀区", "1/2/3/4/5/6/7/8/9", "a b", "O'Neil", "😀", "（一）"]),
                &[long("企", 33), long("a", 100)],
            ),
            vec![
                (ErrCode::GROUP_TOO_DEEP, texts(&["1/2/3/4/5/6/7/8/9/10"])),
                (
                    ErrCode::INVALID_GROUP_NAME,
                    texts(&["/", "/a", "a/", "a//b", "a:b", "a\\b", "a*", "a?", "\"a\"", "<a", "a>", "a|b", "a/b/c:d"]),
                ),
            ],
        ),
        (
            "name",
            many(texts(&["张", "O'Neil", "a\nb", " "]), &[long("张", 32), long("😀", 32)]),
            vec![
                (ErrCode::CONTACT_NAME_EMPTY, texts(&[""])),
                (ErrCode::INVALID_CONTACT_NAME, vec![long("张", 33), long("a", 33)]),
            ],
        ),
        (
            "mobile",
            texts(&["13000000001", "19999999999", "+85259123456", "+123456", "+123456789012345", "+8613000000001"]),
            vec![(
                ErrCode(60103),
                texts(&[
                    "",
                    "+",
                    "1300000000",
                    "130000000011",
                    "23000000001",
                    "130 0000 0001",
                    "130-0000-0001",
                    "+852-59123456",
                    "+12345",
                    "+1234567890123456",
                    "１３０００００００００",
                    "1300000000a",
                    "8613000000001",
                    "++85259123456",
                ]),
            )],
        ),
        (
            "user_custom_id",
            texts(&["1", "42", "1000000000", "100000000000", "10000000000000", "18446744073709551614"]),
            vec![(
                ErrCode::INVALID_USER_CUSTOM_ID,
                texts(&[
                    "0",
                    "0100",
                    "+1",
                    "-1",
                    "1a",
                    "１",
                    "1.5",
                    " 1",
                    "13000000001",
                    "8613000000001",
                    "18446744073709551615",
                    "18446744073709551616",
                    "100000000000000000000",
                ]),
            )],
        ),
    ]
}

#[test]
fn the_client_and_the_simulator_agree_on_every_text_rule() {
    let cases = text_cases();
    let covered: HashSet<_> = cases.iter().map(|(field, ..)| *field).collect();
    assert_eq!(covered, TEXT_RULES.iter().map(|rule| rule.field).collect());
    for (field, valid, invalid) in cases {
        valid.iter().for_each(|value| assert_agree(&with(field, json!(value)), None));
        for (code, values) in invalid {
            values.iter().for_each(|value| assert_agree(&with(field, json!(value)), Some(code)));
        }
    }
}

#[test]
fn the_client_and_the_simulator_agree_on_every_count_rule() {
    let contacts = |first: usize, count: usize| {
        let mobile = |index: usize| json!((13_000_000_000_u64 + (first + index) as u64).to_string());
        (0..count).map(|index| json!({"name": "张三", "identity_type": 1, "mobile": mobile(index)})).collect::<Vec<_>>()
    };
    let corps = |counts: &[usize]| {
        let corps = counts.iter().enumerate().map(|(number, count)| corp(number, &contacts(number * 200, *count)));
        corps.collect::<Value>()
    };
    let heads = |count: usize| {
        let head = json!({"name": "张三", "identity_type": 2, "mobile": "13000000001"});
        json!([corp(0, &vec![head; count])])
    };
    let too_large = Some(ErrCode::IMPORT_TOO_LARGE);
    for (contact_list, code) in [
        (corps(&[1; 1000]), None),
        (corps(&[1; 1001]), too_large),
        (corps(&[]), Some(ErrCode::EMPTY_PARAMETER)),
        (corps(&[200; 10]), None),
        (corps(&[200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 1]), too_large),
        (corps(&[200]), None),
        (corps(&[201]), too_large),
        (corps(&[0]), Some(ErrCode::EMPTY_PARAMETER)),
        (corps(&[1, 0]), Some(ErrCode::EMPTY_PARAMETER)),
        (heads(5), None),
        (heads(6), Some(ErrCode::HEADS_EXCEEDED)),
    ] {
        assert_agree(&contact_list, code);
    }
    // These fail if a limit changes without the cases above.
    let limits: Vec<_> = COUNT_RULES.iter().map(|rule| (*rule.allowed.start(), *rule.allowed.end())).collect();
    assert_eq!(limits, [(1, 1000), (0, 2000), (1, 200), (0, 5)]);
}

#[test]
fn the_client_and_the_simulator_agree_on_the_people_of_a_corp() {
    let person =
        |mobile: &str, id: Value| json!({"name": "张三", "identity_type": 1, "mobile": mobile, "user_custom_id": id});
    let (first, second) = ("13000000001", "13000000002");
    for (contacts, code) in [
        (vec![person(first, json!("1")), person(first, json!("1"))], None),
        (vec![person(first, json!("1")), person(first, json!(null))], None),
        (vec![person(first, json!("1")), person(second, json!("2"))], None),
        (vec![person(first, json!("1")), person(first, json!("2"))], Some(ErrCode::SEVERAL_USER_CUSTOM_IDS)),
        (vec![person(first, json!("1")), person(second, json!("1"))], Some(ErrCode::USER_CUSTOM_ID_NOT_UNIQUE)),
    ] {
        assert_agree(&json!([corp(0, &contacts)]), code);
    }
    for (identity_type, code) in
        [(1, None), (2, None), (0, Some(ErrCode::INVALID_IDENTITY)), (3, Some(ErrCode::INVALID_IDENTITY))]
    {
        assert_agree(&with("identity_type", json!(identity_type)), code);
    }
}
