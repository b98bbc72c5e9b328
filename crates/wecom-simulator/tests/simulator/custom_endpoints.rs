//! Endpoints that the simulator does not implement, and those that a test adds.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wecom_core::endpoint::{Quota, RawCall, TokenKind};
use wecom_core::http::Query;
use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{AccessToken, ApiCall, Delivery, Endpoint, ErrCode, ErrorKind, Request, Transport};
use wecom_simulator::{Simulator, WireVariant, World};
use wecom_upstream::calls::GetChainList;

use crate::support::{Harness, code_of};

/// A call that no crate of ours has.
#[derive(Clone, Serialize, Deserialize)]
struct CountMembers {
    department_id: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct CountMembersReply {
    groupid: i64,
}

const COUNT_MEMBERS: Endpoint =
    Endpoint::post("count_members", "department/count").with_quota(Quota::new().with_per_minute(2));

impl ApiCall for CountMembers {
    const ENDPOINT: &'static Endpoint = &COUNT_MEMBERS;
    type Reply = CountMembersReply;
}

/// A call whose parameters are in the query.
#[derive(Serialize, Deserialize)]
struct GetUser {
    userid: String,
}

const GET_USER: Endpoint = Endpoint::get("get_user", "user/get");

impl ApiCall for GetUser {
    const ENDPOINT: &'static Endpoint = &GET_USER;
    type Reply = GetUserReply;

    fn query(&self, query: &mut Query) {
        query.push("userid", self.userid.as_str());
    }
}

#[derive(Serialize, Deserialize)]
struct GetUserReply {
    name: String,
}

/// A call without parameters and without a reply.
#[derive(Serialize, Deserialize)]
struct Reset;

const RESET: Endpoint = Endpoint::post("reset", "department/reset");

impl ApiCall for Reset {
    const ENDPOINT: &'static Endpoint = &RESET;
    type Reply = Nothing;
}

#[derive(Serialize, Deserialize)]
struct Nothing {}

fn count(call: &CountMembers) -> Result<CountMembersReply, ErrCode> {
    match call.department_id {
        0 => Err(ErrCode(60123)),
        id => Ok(CountMembersReply { groupid: id * 10 }),
    }
}

fn demo() -> Harness {
    let sim = Harness::of(World::demo());
    let simulator = sim.simulator.clone().respond(count);
    Harness { simulator, ..sim }
}

#[test]
fn the_error_of_an_unknown_endpoint_names_it_and_the_known_ones_and_the_remedy() {
    let simulator = Simulator::demo();
    let error = pollster::block_on(simulator.client().call(CountMembers { department_id: 1 })).unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.delivery(), Delivery::NotSent);
    let text = format!("{error}: {}", transport.source().unwrap());
    for expected in [
        "unknown endpoint: the simulator does not implement count_members, POST department/count;",
        "Simulator::respond",
        "known endpoints: GET gettoken, POST corpgroup/corp/gettoken, ",
        "GET corpgroup/corp/get_chain_list",
        "POST miniprogram/transfer_session",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("base URL"), "{text}");
}

#[test]
fn the_known_endpoints_include_the_added_ones() {
    let client = demo().simulator.client();
    let error = pollster::block_on(client.call_raw(RawCall::new(&RESET))).unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert!(transport.source().unwrap().to_string().contains("POST department/count"), "{error}");
}

#[test]
fn an_added_endpoint_replies_with_the_result_of_the_closure() {
    let simulator = Simulator::demo()
        .respond(count)
        .respond::<GetUser>(|call| Ok(GetUserReply { name: format!("{} Li", call.userid) }))
        .respond::<Reset>(|_| Ok(Nothing {}));
    let client = simulator.client();
    pollster::block_on(async {
        assert_eq!(client.call(CountMembers { department_id: 2 }).await.unwrap(), CountMembersReply { groupid: 20 });
        assert_eq!(client.call(GetUser { userid: "ann".to_owned() }).await.unwrap().name, "ann Li");
        client.call(Reset).await.unwrap();
    });
    assert_eq!(code_of(pollster::block_on(client.call(CountMembers { department_id: 0 }))), ErrCode(60123));
}

#[test]
fn an_added_endpoint_has_the_checks_of_every_endpoint_before_the_closure_is_called() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let sim = Harness::demo();
    let simulator = sim.simulator.clone().respond::<CountMembers>(move |call| {
        counter.fetch_add(1, Ordering::Relaxed);
        count(call)
    });
    let without_token = Request::new(&COUNT_MEMBERS).with_body(r#"{"department_id":1}"#);
    let reply = pollster::block_on(Transport::send(&simulator, without_token)).unwrap();
    let reply: Value = serde_json::from_slice(reply.body()).unwrap();
    assert_eq!(reply["errcode"], json!(ErrCode::MISSING_ACCESS_TOKEN.0));
    simulator.set_busy(true);
    assert_eq!(code_of(sim.raw(&COUNT_MEMBERS, &json!({"department_id": 1}))), ErrCode::BUSY);
    simulator.set_busy(false);
    assert_eq!(code_of(sim.raw(&COUNT_MEMBERS, &json!({"department_id": "x"}))), ErrCode::INVALID_PARAMETER);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    sim.raw(&COUNT_MEMBERS, &json!({"department_id": 1})).unwrap();
    assert_eq!(code_of(sim.raw(&COUNT_MEMBERS, &json!({"department_id": 1}))), ErrCode::FREQUENCY_EXCEEDED);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn an_added_endpoint_for_downstream_tokens_rejects_an_upstream_token() {
    /// The endpoint with the requirement of a downstream token. The client of the test does not know it.
    const OF_DOWNSTREAM: Endpoint =
        Endpoint::post("count_members", "department/count").with_token_kind(TokenKind::Downstream);

    #[derive(Serialize, Deserialize)]
    struct CountOfDownstream {}

    impl ApiCall for CountOfDownstream {
        const ENDPOINT: &'static Endpoint = &OF_DOWNSTREAM;
        type Reply = Nothing;
    }

    let sim = Harness::demo();
    let simulator = sim.simulator.clone().respond::<CountOfDownstream>(|_| Ok(Nothing {}));
    assert_eq!(code_of(sim.raw(&COUNT_MEMBERS, &json!({}))), ErrCode::API_FORBIDDEN);
    let share = json!({"corpid": "wwjingxi", "agentid": 1_000_011, "business_type": 1});
    let token = sim.raw(&CORP_GET_TOKEN, &share).unwrap()["access_token"].as_str().unwrap().to_owned();
    let downstream = Harness { upstream: sim.with_token(AccessToken::new(token)), simulator, ..sim };
    downstream.raw(&COUNT_MEMBERS, &json!({})).unwrap();
}

#[test]
fn a_request_that_does_not_fit_the_call_is_refused_with_the_name_of_the_field() {
    let error = demo().raw(&COUNT_MEMBERS, &json!({"department_id": {}})).unwrap_err();
    assert!(error.to_string().contains("department_id"), "{error}");
}

#[test]
fn wire_variants_apply_to_an_added_endpoint() {
    let sim = demo();
    let simulator = sim.simulator.clone().wire_variants([WireVariant::NumbersAsTexts]);
    let sim = Harness { simulator, ..sim };
    assert_eq!(sim.raw(&COUNT_MEMBERS, &json!({"department_id": 1})).unwrap()["groupid"], json!("10"));
}

#[test]
fn the_closure_of_an_added_endpoint_may_use_the_simulator() {
    let simulator = Simulator::demo();
    let inner = simulator.clone();
    let simulator = simulator.respond::<Reset>(move |_| {
        inner.revoke_tokens();
        Ok(Nothing {})
    });
    pollster::block_on(simulator.client().call(Reset)).unwrap();
}

#[test]
#[should_panic(expected = "the simulator implements get_chain_list itself; wecom_mock::Mock gives fixed replies")]
fn an_endpoint_of_the_simulator_cannot_be_replaced() {
    let _ = Simulator::demo().respond::<GetChainList>(|_| Err(ErrCode::BUSY));
}
