//! Requests that differ from the documentation, and are read as the service reads them.

use serde_json::{Value, json};
use wecom_core::http::Query;
use wecom_core::token::{CORP_GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Endpoint, ErrCode, Request, Transport};
use wecom_simulator::{Simulator, WireVariant};
use wecom_upstream::calls::{
    ADD_RULE, DELETE_RULE, EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP,
    GET_CORP_SHARED_CHAIN_LIST, GET_RESULT, GET_RULE_INFO, IMPORT_CHAIN_CONTACT, LIST_APP_SHARE_INFO,
    UNIONID_TO_EXTERNAL_USERID,
};

/// The warning of the service in a successful reply.
const WARNED: &str = "ok. Warning: wrong json format. ";

/// A caller that sends bodies as they are.
struct Caller {
    simulator: Simulator,
    token: AccessToken,
}

impl Caller {
    fn new(simulator: Simulator) -> Self {
        let client = simulator.client();
        let call = client.call(GetToken::new(simulator.credentials()));
        let token = pollster::block_on(call).unwrap().access_token;
        Self { simulator, token }
    }

    fn demo() -> Self {
        Self::new(Simulator::demo())
    }

    fn strict() -> Self {
        Self::new(Simulator::demo().strict())
    }

    fn post(&self, endpoint: &'static Endpoint, body: &str) -> Value {
        let request = Request::new(endpoint).with_token(self.token.clone()).with_body(body.to_owned());
        let reply = pollster::block_on(Transport::send(&self.simulator, request)).unwrap();
        assert_eq!(reply.status(), 200);
        serde_json::from_slice(reply.body()).unwrap()
    }
}

/// A reply without its envelope.
fn payload(mut reply: Value) -> Value {
    let fields = reply.as_object_mut().unwrap();
    fields.remove("errcode");
    fields.remove("errmsg");
    reply
}

/// Bodies as other clients send them, each with the documented one.
const CASES: [(&Endpoint, &str, &str); 15] = [
    (
        &LIST_APP_SHARE_INFO,
        r#"{"agentid":"1000002","business_type":"1","limit":"1"}"#,
        r#"{"agentid":1000002,"business_type":1,"limit":1}"#,
    ),
    (
        &CORP_GET_TOKEN,
        r#"{"corpid":"wwjingxi","agentid":"1000011","business_type":"1"}"#,
        r#"{"corpid":"wwjingxi","agentid":1000011,"business_type":1}"#,
    ),
    (&GET_CHAIN_GROUP, r#"{"chain_id":"ChDealers","groupid":"2"}"#, r#"{"chain_id":"ChDealers","groupid":2}"#),
    (
        &GET_CHAIN_CORPINFO_LIST,
        r#"{"chain_id":"ChDealers","groupid":"2","need_pending":1}"#,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":true}"#,
    ),
    (
        &GET_CHAIN_CORPINFO_LIST,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":"0"}"#,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":false}"#,
    ),
    (
        &GET_CHAIN_CORPINFO_LIST,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":0}"#,
        r#"{"chain_id":"ChDealers","groupid":2}"#,
    ),
    (
        &GET_CHAIN_CORPINFO_LIST,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":"true"}"#,
        r#"{"chain_id":"ChDealers","groupid":2,"need_pending":true}"#,
    ),
    // The sample of the vendor ends so.
    (
        &UNIONID_TO_EXTERNAL_USERID,
        "{\"unionid\":\"oUnionChen\",\"openid\":\"oOpenChen\",\"corpid\":\"wwjingxi\",\n}",
        r#"{"unionid":"oUnionChen","openid":"oOpenChen","corpid":"wwjingxi"}"#,
    ),
    (
        &EXTERNAL_USERID_TO_PENDING_ID,
        r#"{"external_userid":["wmChenOfJingxi",]}"#,
        r#"{"external_userid":["wmChenOfJingxi"]}"#,
    ),
    (&GET_CORP_SHARED_CHAIN_LIST, "\u{feff}{\"corpid\":\"wwjingxi\"}", r#"{"corpid":"wwjingxi"}"#),
    (&GET_RULE_INFO, r#"{"chain_id":"ChDealers","rule_id":"1"}"#, r#"{"chain_id":"ChDealers","rule_id":1}"#),
    (
        &ADD_RULE,
        r#"{"chain_id":"ChDealers","rule_info":{"owner_corp_range":{"userids":["linfang"]},"member_corp_range":{"groupids":["2"],"corpids":["wwjingxi"],},}}"#,
        r#"{"chain_id":"ChDealers","rule_info":{"owner_corp_range":{"userids":["linfang"]},"member_corp_range":{"groupids":["2"],"corpids":["wwjingxi"]}}}"#,
    ),
    (&DELETE_RULE, r#"{"chain_id":"ChDealers","rule_id":"1"}"#, r#"{"chain_id":"ChDealers","rule_id":1}"#),
    (
        &IMPORT_CHAIN_CONTACT,
        r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":"长城电器","custom_id":42,"contact_info_list":[{"name":"张三","identity_type":"2","mobile":13000000001,"user_custom_id":7}]}]}"#,
        r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":"长城电器","custom_id":"42","contact_info_list":[{"name":"张三","identity_type":2,"mobile":"13000000001","user_custom_id":"7"}]}]}"#,
    ),
    (
        &IMPORT_CHAIN_CONTACT,
        r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":12345,"contact_info_list":[{"name":6,"identity_type":1,"mobile":"13000000001"}]}]}"#,
        r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":"12345","contact_info_list":[{"name":"6","identity_type":1,"mobile":"13000000001"}]}]}"#,
    ),
];

/// A caller of a world in which every case can succeed.
fn with_a_rule(caller: Caller) -> Caller {
    let rule = r#"{"chain_id":"ChDealers","rule_info":{"owner_corp_range":{"departmentids":["1"]},"member_corp_range":{"groupids":["2"]}}}"#;
    assert_eq!(caller.post(&ADD_RULE, rule)["rule_id"], json!(1));
    caller
}

#[test]
fn a_body_as_other_clients_send_it_has_the_reply_of_the_documented_one_and_a_warning() {
    for (endpoint, body, documented) in CASES {
        let reply = with_a_rule(Caller::demo()).post(endpoint, body);
        assert_eq!((&reply["errcode"], &reply["errmsg"]), (&json!(0), &json!(WARNED)), "{body}: {reply}");
        let expected = with_a_rule(Caller::demo()).post(endpoint, documented);
        assert_eq!((&expected["errcode"], &expected["errmsg"]), (&json!(0), &json!("ok")), "{documented}: {expected}");
        assert_eq!(payload(reply), payload(expected), "{body}");
    }
}

#[test]
fn a_strict_simulator_accepts_the_documented_bodies_alone() {
    for (endpoint, body, documented) in CASES {
        let caller = with_a_rule(Caller::strict());
        let refused = caller.post(endpoint, body);
        assert_eq!(refused["errcode"], json!(ErrCode::INVALID_PARAMETER.0), "{body}: {refused}");
        assert_eq!(with_a_rule(Caller::strict()).post(endpoint, documented)["errmsg"], json!("ok"), "{documented}");
    }
}

#[test]
fn the_refusal_of_a_strict_simulator_names_the_slip_and_what_to_send() {
    let contact = r#"{"name":"张三","identity_type":1,"mobile":"13000000001","user_custom_id":7}"#;
    let import =
        format!(r#"{{"chain_id":"ChDealers","contact_list":[{{"corp_name":"a","contact_info_list":[{contact}]}}]}}"#);
    let list = r#"{"chain_id":"ChDealers","need_pending":1}"#;
    for (endpoint, body, slip) in [
        (
            &GET_CHAIN_GROUP,
            r#"{"chain_id":"ChDealers","groupid":"2"}"#,
            "groupid has the wrong JSON type; send a number without quotes",
        ),
        (&IMPORT_CHAIN_CONTACT, &import, "user_custom_id has the wrong JSON type; send a string in quotes"),
        (&GET_CHAIN_CORPINFO_LIST, list, "need_pending has the wrong JSON type; send true or false"),
        (
            &GET_CHAIN_GROUP,
            r#"{"chain_id":"ChDealers",}"#,
            "the body has a comma after the last item of a list or object; remove the comma",
        ),
        (
            &GET_CHAIN_GROUP,
            "\u{feff}{\"chain_id\":\"ChDealers\"}",
            "the body starts with a byte order mark; send JSON without it",
        ),
        (
            &GET_CHAIN_GROUP,
            "chain_id=ChDealers",
            "the body is not a JSON object; send one, even for a call without parameters",
        ),
    ] {
        let refused = Caller::strict().post(endpoint, body);
        let expected = format!("invalid Request Parameter: strict mode: {slip}, hint");
        assert!(refused["errmsg"].as_str().unwrap().contains(&expected), "{refused}");
    }
}

#[test]
fn the_contacts_of_a_lenient_import_are_those_of_the_documented_one() {
    let caller = Caller::demo();
    let import = |contact: &str| {
        let body = format!(
            r#"{{"chain_id":"ChDealers","contact_list":[{{"corp_name":"长城电器","contact_info_list":[{contact}]}}]}}"#
        );
        let jobid = caller.post(&IMPORT_CHAIN_CONTACT, &body)["jobid"].as_str().unwrap().to_owned();
        let mut query = Query::new();
        query.push("jobid", jobid);
        let request = Request::new(&GET_RESULT).with_query(query).with_token(caller.token.clone());
        let poll = || pollster::block_on(Transport::send(&caller.simulator, request.clone())).unwrap();
        let [_, _, reply] = [poll(), poll(), poll()];
        serde_json::from_slice::<Value>(reply.body()).unwrap()["result"]["import_status"].clone()
    };
    assert_eq!(import(r#"{"name":"张三","identity_type":1,"mobile":13000000001,"user_custom_id":7}"#), json!(1));
    // The id of the first contact: 670034.
    assert_eq!(import(r#"{"name":"张三","identity_type":1,"mobile":"13000000002","user_custom_id":"7"}"#), json!(3));
    // No id, as clients send it whose type cannot omit it.
    assert_eq!(import(r#"{"name":"张三","identity_type":1,"mobile":"13000000003","user_custom_id":""}"#), json!(1));
}

#[test]
fn a_zero_group_is_absent_without_a_warning() {
    let caller = Caller::demo();
    for endpoint in [&GET_CHAIN_GROUP, &GET_CHAIN_CORPINFO_LIST] {
        let reply = caller.post(endpoint, r#"{"chain_id":"ChDealers","groupid":0}"#);
        assert_eq!(reply["errmsg"], json!("ok"));
        assert_eq!(reply, caller.post(endpoint, r#"{"chain_id":"ChDealers"}"#));
        let refused = Caller::strict().post(endpoint, r#"{"chain_id":"ChDealers","groupid":0}"#);
        assert_eq!(refused["errcode"], json!(ErrCode::UNKNOWN_GROUP.0));
    }
}

#[test]
fn an_empty_contact_list_is_refused() {
    let body = r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":"长城电器","contact_info_list":[]}]}"#;
    assert_eq!(Caller::demo().post(&IMPORT_CHAIN_CONTACT, body)["errcode"], json!(ErrCode::EMPTY_PARAMETER.0));
}

#[test]
fn a_refused_call_in_a_wrong_format_has_the_warning() {
    let reply = Caller::demo().post(&GET_CHAIN_GROUP, r#"{"chain_id":"ChNowhere","groupid":"2"}"#);
    assert_eq!(reply["errcode"], json!(ErrCode::UNKNOWN_CHAIN.0));
    assert!(reply["errmsg"].as_str().unwrap().starts_with("Warning: wrong json format. invalid chain_id"), "{reply}");
}

#[test]
fn the_chains_of_no_corp_are_refused_unless_the_parameter_is_optional() {
    let reply = Caller::demo().post(&GET_CORP_SHARED_CHAIN_LIST, "{}");
    assert_eq!(reply["errcode"], json!(ErrCode::INVALID_PARAMETER.0));
    let optional = Caller::new(Simulator::demo().wire_variants([WireVariant::CorpidOptional]));
    for body in ["{}", r#"{"corpid":""}"#, r#"{"corpid":null}"#] {
        let chains = &optional.post(&GET_CORP_SHARED_CHAIN_LIST, body)["chains"];
        assert_eq!(chains.as_array().unwrap().len(), 2, "{body}: {chains}");
    }
    let of_corp = optional.post(&GET_CORP_SHARED_CHAIN_LIST, r#"{"corpid":"wwjingxi"}"#);
    assert_eq!(of_corp["chains"].as_array().unwrap().len(), 1);
}

#[test]
fn the_groups_of_a_group_are_its_descendants_or_itself() {
    let groups = |caller: &Caller, groupid: i64| {
        let reply = caller.post(&GET_CHAIN_GROUP, &json!({"chain_id": "ChDealers", "groupid": groupid}).to_string());
        reply["groups"].as_array().unwrap().iter().map(|group| group["groupid"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let itself = Caller::new(Simulator::demo().wire_variants([WireVariant::GroupItself]));
    assert_eq!((groups(&Caller::demo(), 2), groups(&itself, 2)), (vec![3], vec![2]));
    assert_eq!(groups(&Caller::demo(), 1), groups(&itself, 1));
}
