//! Access tokens: got by a secret, good for two hours, and no longer.

use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Client, Credentials, ErrCode, Secret};
use wecom_upstream::calls::ExternalUseridToPendingId;
use wecom_upstream::{ExternalUserId, Upstream};

use crate::support::{Story, code_of, granted, refused};

impl Story {
    pub(crate) fn token(&self) -> AccessToken {
        granted(self.upstream.client().call(GetToken::new(self.simulator.credentials()))).access_token
    }

    pub(crate) fn with_token(&self, token: AccessToken) -> Upstream {
        Upstream::new(Client::builder(self.simulator.clone()).token(token).build())
    }
}

#[test]
fn a_token_is_the_same_until_it_expires() {
    let story = Story::demo();
    let first = story.token();
    story.pass(7199);
    assert_eq!(story.token(), first);
    granted(story.with_token(first.clone()).get_chain_list());
    story.pass(1);
    assert_eq!(refused(story.with_token(first.clone()).get_chain_list()), ErrCode::ACCESS_TOKEN_EXPIRED);
    assert_ne!(story.token(), first);
}

#[test]
fn a_token_that_was_revoked_or_never_given_is_invalid() {
    let story = Story::demo();
    let token = story.token();
    story.simulator.revoke_tokens();
    for dead in [token, AccessToken::new("of-another-world")] {
        assert_eq!(refused(story.with_token(dead).get_chain_list()), ErrCode::INVALID_ACCESS_TOKEN);
    }
}

#[test]
fn a_client_with_credentials_survives_both() {
    let story = Story::demo();
    for lose in [|story: &Story| story.simulator.revoke_tokens(), |story: &Story| story.pass(7200)] {
        granted(story.upstream.get_chain_list());
        lose(&story);
        granted(story.upstream.get_chain_list());
    }
}

#[test]
fn a_wrong_secret_and_a_wrong_corp_are_told_apart() {
    let story = Story::demo();
    for (corp, secret, code) in [
        ("wwyunzao", "a-wrong-secret", ErrCode::INVALID_SECRET),
        ("wwstranger", "demo-secret-of-yunzao", ErrCode::INVALID_CORP_ID),
    ] {
        let call = GetToken::new(Credentials::new(corp, Secret::new(secret)));
        assert_eq!(refused(story.upstream.client().call(call)), code);
    }
    for (name, code) in [("corpsecret", ErrCode(41002)), ("corpid", ErrCode(41004))] {
        let call = RawCall::new(&GET_TOKEN).with_query(name, "wwyunzao");
        assert_eq!(code_of(pollster::block_on(story.upstream.client().call_raw(call))), code);
    }
}

#[test]
fn a_client_with_wrong_credentials_makes_no_call() {
    let story = Story::demo();
    let wrong = Credentials::new("wwyunzao", Secret::new("a-wrong-secret"));
    let upstream = Upstream::new(Client::builder(story.simulator.clone()).credentials(wrong).build());
    let error = pollster::block_on(upstream.get_chain_list()).unwrap_err();
    assert!(error.is_credentials_rejected(), "{error}");
}

#[test]
fn nothing_that_is_printed_shows_a_secret() {
    let story = Story::demo();
    story.token();
    let shown = format!("{:?} {:?}", story.simulator, wecom_simulator::World::demo());
    assert!(!shown.contains("demo-secret") && !shown.contains("demo-session-key"), "{shown}");
}

#[test]
fn the_token_of_a_downstream_corp_is_given_for_a_share_and_not_for_upstream_calls() {
    let story = Story::demo();
    let ask = |corpid: &str, agentid: i64| {
        story.raw(&CORP_GET_TOKEN, &json!({"corpid": corpid, "agentid": agentid, "business_type": 1}))
    };
    assert_eq!(code_of(ask("wwjingxi", 7)), ErrCode::APP_NOT_SHARED);
    assert_eq!(code_of(ask("wwyanshan", 1_000_011)), ErrCode::APP_NOT_SHARED);

    let token = ask("wwjingxi", 1_000_011).unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_ne!(token, story.token().expose());
    let downstream = story.with_token(AccessToken::new(token));
    assert_eq!(refused(downstream.get_chain_list()), ErrCode::API_FORBIDDEN);
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    assert!(granted(downstream.external_userid_to_pending_id(call)).result.is_empty());
}
