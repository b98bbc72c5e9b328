//! The session of the upstream mini program, in a downstream corp.

use serde_json::{Value, json};
use wecom_core::endpoint::TokenKind;
use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{AccessToken, Endpoint, ErrCode, Error};
use wecom_mock::ManualTimer;
use wecom_simulator::World;
use wecom_upstream::Upstream;
use wecom_upstream::calls::RemoveCorp;

use crate::support::{Story, code_of, dealers, granted, jingxi};

/// As a client without typed calls would describe it: with any token.
const TRANSFER: Endpoint =
    Endpoint::post("transfer_session", "miniprogram/transfer_session").with_token_kind(TokenKind::Upstream);
const KEY: &str = "demo-session-key-of-zhaomin";

/// A client with the token of a downstream corp.
fn of_corp(story: &Story, corpid: &str, agentid: i64) -> Story {
    let body = json!({"corpid": corpid, "agentid": agentid, "business_type": 1});
    let token = story.raw(&CORP_GET_TOKEN, &body).unwrap()["access_token"].as_str().unwrap().to_owned();
    let upstream: Upstream = story.with_token(AccessToken::new(token));
    Story { upstream, simulator: story.simulator.clone(), timer: ManualTimer::new() }
}

fn transfer(story: &Story, userid: &str, session_key: &str) -> Result<Value, Error> {
    story.raw(&TRANSFER, &json!({"userid": userid, "session_key": session_key}))
}

#[test]
fn an_upstream_session_becomes_the_downstream_corps_own() {
    let story = Story::demo();
    let jingxi = of_corp(&story, "wwjingxi", 1_000_011);
    let told = transfer(&jingxi, "woZhaomin", KEY).unwrap();
    assert_eq!(told["userid"], "zhaomin");
    let key = told["session_key"].as_str().unwrap();
    assert!(key.len() == 32 && key != KEY, "{key}");
    assert_eq!(transfer(&jingxi, "woZhaomin", KEY).unwrap(), told);
}

#[test]
fn it_is_another_session_in_every_corp() {
    let session =
        || wecom_simulator::WorldSession::new(wecom_upstream::UserId::new("woAll"), wecom_core::Secret::new("k-all"));
    let everywhere = ["wwjingxi", "wwjibei"].into_iter().fold(session(), |session, corpid| {
        session.is_in(wecom_upstream::CorpId::new(corpid), wecom_upstream::UserId::new(format!("of-{corpid}")))
    });
    let story = Story::of(World::demo().session(everywhere));
    let in_corp = |corpid: &str, agentid| transfer(&of_corp(&story, corpid, agentid), "woAll", "k-all").unwrap();
    let (one, other) = (in_corp("wwjingxi", 1_000_011), in_corp("wwjibei", 1_000_023));
    assert_eq!((&one["userid"], &other["userid"]), (&json!("of-wwjingxi"), &json!("of-wwjibei")));
    assert_ne!(one["session_key"], other["session_key"]);
}

#[test]
fn who_is_unknown_upstream_or_in_that_corp_is_refused_and_so_is_a_wrong_key() {
    let story = Story::demo();
    let jingxi = of_corp(&story, "wwjingxi", 1_000_011);
    assert_eq!(code_of(transfer(&jingxi, "woNobody", KEY)), ErrCode::UNKNOWN_USER);
    assert_eq!(code_of(transfer(&of_corp(&story, "wwjibei", 1_000_023), "woZhaomin", KEY)), ErrCode::UNKNOWN_USER);
    let error = transfer(&jingxi, "woZhaomin", "a-wrong-key").unwrap_err();
    assert_eq!(error.code(), Some(ErrCode::INVALID_PARAMETER));
    assert!(!error.to_string().contains("a-wrong-key"), "{error}");
    assert_eq!(code_of(transfer(&jingxi, "woZhaomin", "")), ErrCode::EMPTY_PARAMETER);
}

#[test]
fn an_upstream_token_is_the_wrong_one() {
    assert_eq!(code_of(transfer(&Story::demo(), "woZhaomin", KEY)), ErrCode::API_FORBIDDEN);
}

#[test]
fn it_ends_when_the_corp_is_removed() {
    let story = Story::demo();
    let downstream = of_corp(&story, "wwjingxi", 1_000_011);
    granted(story.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(code_of(transfer(&downstream, "woZhaomin", KEY)), ErrCode::APP_NOT_SHARED);
}
