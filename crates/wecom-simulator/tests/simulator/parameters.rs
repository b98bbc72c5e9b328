//! Requests that the typed client would reject: missing and malformed parameters, and too many items.

use serde_json::{Value, json};
use wecom_core::{Endpoint, ErrCode, Request, Response, Transport};
use wecom_upstream::calls::{
    EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, GetResult,
    IMPORT_CHAIN_CONTACT, LIST_APP_SHARE_INFO,
};

use crate::support::{Harness, code_of, expect_ok};

#[test]
fn a_missing_and_an_empty_parameter_have_different_codes() {
    let sim = Harness::demo();
    assert_eq!(code_of(sim.raw(&GET_CHAIN_GROUP, &json!({}))), ErrCode::INVALID_PARAMETER);
    assert_eq!(code_of(sim.raw(&GET_CHAIN_GROUP, &json!({"chain_id": ""}))), ErrCode::EMPTY_PARAMETER);
    let no_corp = json!({"chain_id": "ChDealers"});
    assert_eq!(code_of(sim.raw(&GET_CHAIN_CORPINFO, &no_corp)), ErrCode::EMPTY_PARAMETER);
}

#[test]
fn a_parameter_of_the_wrong_type_or_size_is_rejected() {
    let sim = Harness::demo();
    let ids: Vec<_> = (0..101).map(|at| format!("wm{at}")).collect();
    let cases: [(&'static Endpoint, Value); 6] = [
        (&GET_CHAIN_GROUP, json!({"chain_id": [7]})),
        (&GET_CHAIN_GROUP, json!({"chain_id": "ChDealers", "groupid": "two"})),
        (&GET_CHAIN_CORPINFO_LIST, json!({"chain_id": "ChDealers", "limit": -1})),
        (&GET_CHAIN_CORPINFO_LIST, json!({"chain_id": "ChDealers", "need_pending": 2})),
        (&LIST_APP_SHARE_INFO, json!({"agentid": 1_000_002, "limit": 101})),
        (&EXTERNAL_USERID_TO_PENDING_ID, json!({"external_userid": ids})),
    ];
    for (endpoint, body) in cases {
        assert_eq!(code_of(sim.raw(endpoint, &body)), ErrCode::INVALID_PARAMETER, "{body}");
    }
}

#[test]
fn malformed_json_has_the_warning_of_the_service() {
    let sim = Harness::demo();
    let error = sim.raw(&GET_CHAIN_GROUP, &json!([])).unwrap_err();
    assert!(error.to_string().contains("Warning: wrong json format. "), "{error}");
    assert_eq!(error.code(), Some(ErrCode::INVALID_PARAMETER));
}

#[test]
fn a_job_over_a_limit_is_rejected_as_a_whole() {
    let sim = Harness::demo();
    let corp = |people: u64| {
        let contacts = (0..people).map(|at| json!({"name": "张三", "identity_type": 1, "mobile": at.to_string()}));
        json!({"corp_name": "长城电器", "contact_info_list": contacts.collect::<Value>()})
    };
    for corps in [vec![corp(201)], vec![corp(1); 1001], vec![corp(200); 11]] {
        let outcome = sim.raw(&IMPORT_CHAIN_CONTACT, &json!({"chain_id": "ChDealers", "contact_list": corps}));
        assert_eq!(code_of(outcome), ErrCode::IMPORT_TOO_LARGE);
    }
}

#[test]
fn the_result_of_a_job_has_the_code_of_each_failed_corp() {
    let contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
    let with = |field: &str, value: Value| {
        let mut contact = contact.clone();
        contact[field] = value;
        json!({"corp_name": "长城电器", "contact_info_list": [contact]})
    };
    let corp = |name: &str| json!({"corp_name": name, "contact_info_list": [contact]});
    let mut custom_id = corp("长城电器");
    custom_id["custom_id"] = json!("N-1");
    let mut path = corp("长城电器");
    path["group_path"] = json!("1/2/3/4/5/6/7/8/9/10");
    let heads = vec![json!({"name": "张三", "identity_type": 2, "mobile": "13000000001"}); 6];
    let heads = json!({"corp_name": "长城电器", "contact_info_list": heads});
    for (corp, code) in [
        (corp(""), ErrCode::CORP_NAME_EMPTY),
        (corp("a/b"), ErrCode::INVALID_CORP_NAME),
        (custom_id, ErrCode::INVALID_CUSTOM_ID),
        (path, ErrCode::GROUP_TOO_DEEP),
        (heads, ErrCode::HEADS_EXCEEDED),
        (with("name", json!("")), ErrCode::CONTACT_NAME_EMPTY),
        (with("name", json!("长".repeat(33))), ErrCode::INVALID_CONTACT_NAME),
        (with("identity_type", json!(3)), ErrCode::INVALID_IDENTITY),
        (with("mobile", json!("123")), ErrCode(60103)),
        (with("user_custom_id", json!("13000000001")), ErrCode::INVALID_USER_CUSTOM_ID),
    ] {
        let sim = Harness::demo();
        let body = json!({"chain_id": "ChDealers", "contact_list": [corp]});
        let job = sim.raw(&IMPORT_CHAIN_CONTACT, &body).unwrap();
        sim.advance(5);
        let job: wecom_upstream::ids::JobId = serde_json::from_value(job["jobid"].clone()).unwrap();
        let failed = expect_ok(sim.upstream.get_result(GetResult::new(job))).result.unwrap().fail_list;
        assert_eq!(failed[0].errcode, code, "{body}");
    }
}

fn send(sim: &Harness, request: Request) -> Response {
    pollster::block_on(Transport::send(&sim.simulator, request)).unwrap()
}

#[test]
fn the_headers_have_the_code_and_text_of_the_body() {
    let response = send(&Harness::demo(), Request::new(&GET_CHAIN_GROUP));
    assert_eq!((response.status(), response.headers().get("error-code")), (200, Some(&b"41001"[..])));
    let body = std::str::from_utf8(response.body()).unwrap();
    assert!(body.starts_with(r#"{"errcode":41001,"errmsg":"access_token missing, hint: ["#), "{body}");
    assert!(body.contains("from ip: ") && body.contains("devtool/query?e=41001"), "{body}");
}
