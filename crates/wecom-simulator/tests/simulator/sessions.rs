//! The transfer of a mini program session to a downstream corp.

use serde_json::{Value, json};
use wecom_core::endpoint::TokenKind;
use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{AccessToken, Endpoint, ErrCode, Error};
use wecom_mock::ManualTimer;
use wecom_simulator::World;
use wecom_upstream::Upstream;
use wecom_upstream::calls::RemoveCorp;

use crate::support::{Harness, code_of, dealers, expect_ok, jingxi};

/// The endpoint without the requirement of a downstream token.
const TRANSFER: Endpoint =
    Endpoint::post("transfer_session", "miniprogram/transfer_session").with_token_kind(TokenKind::Upstream);
const KEY: &str = "demo-session-key-of-zhaomin";

/// A client with the token of a downstream corp.
fn of_corp(sim: &Harness, corpid: &str, agentid: i64) -> Harness {
    let body = json!({"corpid": corpid, "agentid": agentid, "business_type": 1});
    let token = sim.raw(&CORP_GET_TOKEN, &body).unwrap()["access_token"].as_str().unwrap().to_owned();
    let upstream: Upstream = sim.with_token(AccessToken::new(token));
    Harness { upstream, simulator: sim.simulator.clone(), timer: ManualTimer::new() }
}

fn transfer(sim: &Harness, userid: &str, session_key: &str) -> Result<Value, Error> {
    sim.raw(&TRANSFER, &json!({"userid": userid, "session_key": session_key}))
}

#[test]
fn a_transferred_session_has_the_user_id_and_a_key_of_the_downstream_corp() {
    let sim = Harness::demo();
    let jingxi = of_corp(&sim, "wwjingxi", 1_000_011);
    let reply = transfer(&jingxi, "woZhaomin", KEY).unwrap();
    assert_eq!(reply["userid"], "zhaomin");
    let key = reply["session_key"].as_str().unwrap();
    assert!(key.len() == 32 && key != KEY, "{key}");
    assert_eq!(transfer(&jingxi, "woZhaomin", KEY).unwrap(), reply);
}

#[test]
fn the_same_session_has_a_different_key_in_every_corp() {
    let session =
        || wecom_simulator::WorldSession::new(wecom_upstream::UserId::new("woAll"), wecom_core::Secret::new("k-all"));
    let everywhere = ["wwjingxi", "wwjibei"].into_iter().fold(session(), |session, corpid| {
        session.corp_user(wecom_upstream::CorpId::new(corpid), wecom_upstream::UserId::new(format!("of-{corpid}")))
    });
    let sim = Harness::of(World::demo().session(everywhere));
    let in_corp = |corpid: &str, agentid| transfer(&of_corp(&sim, corpid, agentid), "woAll", "k-all").unwrap();
    let (one, other) = (in_corp("wwjingxi", 1_000_011), in_corp("wwjibei", 1_000_023));
    assert_eq!((&one["userid"], &other["userid"]), (&json!("of-wwjingxi"), &json!("of-wwjibei")));
    assert_ne!(one["session_key"], other["session_key"]);
}

#[test]
fn an_unknown_user_and_a_wrong_session_key_are_rejected() {
    let sim = Harness::demo();
    let jingxi = of_corp(&sim, "wwjingxi", 1_000_011);
    assert_eq!(code_of(transfer(&jingxi, "woNobody", KEY)), ErrCode::UNKNOWN_USER);
    assert_eq!(code_of(transfer(&of_corp(&sim, "wwjibei", 1_000_023), "woZhaomin", KEY)), ErrCode::UNKNOWN_USER);
    let error = transfer(&jingxi, "woZhaomin", "a-wrong-key").unwrap_err();
    assert_eq!(error.code(), Some(ErrCode::INVALID_PARAMETER));
    assert!(!error.to_string().contains("a-wrong-key"), "{error}");
    assert_eq!(code_of(transfer(&jingxi, "woZhaomin", "")), ErrCode::EMPTY_PARAMETER);
}

#[test]
fn a_session_transfer_with_an_upstream_token_is_rejected() {
    assert_eq!(code_of(transfer(&Harness::demo(), "woZhaomin", KEY)), ErrCode::API_FORBIDDEN);
}

#[test]
fn a_session_transfer_to_a_removed_corp_is_rejected() {
    let sim = Harness::demo();
    let downstream = of_corp(&sim, "wwjingxi", 1_000_011);
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(code_of(transfer(&downstream, "woZhaomin", KEY)), ErrCode::APP_NOT_SHARED);
}
