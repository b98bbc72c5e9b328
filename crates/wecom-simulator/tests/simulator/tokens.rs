//! Access tokens: issue, expiry, revocation and wrong credentials.

use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Client, Credentials, ErrCode, Secret};
use wecom_upstream::calls::ExternalUseridToPendingId;
use wecom_upstream::{ExternalUserId, Upstream};

use crate::support::{Harness, code_of, expect_code, expect_ok};

impl Harness {
    pub(crate) fn token(&self) -> AccessToken {
        expect_ok(self.upstream.client().call(GetToken::new(self.simulator.credentials()))).access_token
    }

    pub(crate) fn with_token(&self, token: AccessToken) -> Upstream {
        Upstream::new(Client::builder(self.simulator.clone()).token(token).build())
    }
}

#[test]
fn gettoken_returns_the_same_token_until_it_expires() {
    let sim = Harness::demo();
    let first = sim.token();
    sim.advance(7199);
    assert_eq!(sim.token(), first);
    expect_ok(sim.with_token(first.clone()).get_chain_list());
    sim.advance(1);
    assert_eq!(expect_code(sim.with_token(first.clone()).get_chain_list()), ErrCode::ACCESS_TOKEN_EXPIRED);
    assert_ne!(sim.token(), first);
}

#[test]
fn a_revoked_token_and_an_unknown_token_are_invalid() {
    let sim = Harness::demo();
    let token = sim.token();
    sim.simulator.revoke_tokens();
    for dead in [token, AccessToken::new("of-another-world")] {
        assert_eq!(expect_code(sim.with_token(dead).get_chain_list()), ErrCode::INVALID_ACCESS_TOKEN);
    }
}

#[test]
fn a_client_with_credentials_survives_revoked_and_expired_tokens() {
    let sim = Harness::demo();
    for lose in [|sim: &Harness| sim.simulator.revoke_tokens(), |sim: &Harness| sim.advance(7200)] {
        expect_ok(sim.upstream.get_chain_list());
        lose(&sim);
        expect_ok(sim.upstream.get_chain_list());
    }
}

#[test]
fn a_wrong_secret_and_a_wrong_corp_have_different_codes() {
    let sim = Harness::demo();
    for (corp, secret, code) in [
        ("wwyunzao", "a-wrong-secret", ErrCode::INVALID_SECRET),
        ("wwstranger", "demo-secret-of-yunzao", ErrCode::INVALID_CORP_ID),
    ] {
        let call = GetToken::new(Credentials::new(corp, Secret::new(secret)));
        assert_eq!(expect_code(sim.upstream.client().call(call)), code);
    }
    for (name, code) in [("corpsecret", ErrCode(41002)), ("corpid", ErrCode(41004))] {
        let call = RawCall::new(&GET_TOKEN).with_query(name, "wwyunzao");
        assert_eq!(code_of(pollster::block_on(sim.upstream.client().call_raw(call))), code);
    }
}

#[test]
fn a_client_with_wrong_credentials_makes_no_call() {
    let sim = Harness::demo();
    let wrong = Credentials::new("wwyunzao", Secret::new("a-wrong-secret"));
    let upstream = Upstream::new(Client::builder(sim.simulator.clone()).credentials(wrong).build());
    let error = pollster::block_on(upstream.get_chain_list()).unwrap_err();
    assert!(error.is_credentials_rejected(), "{error}");
}

#[test]
fn debug_forms_show_no_secret() {
    let sim = Harness::demo();
    sim.token();
    let shown = format!("{:?} {:?}", sim.simulator, wecom_simulator::World::demo());
    assert!(!shown.contains("demo-secret") && !shown.contains("demo-session-key"), "{shown}");
}

#[test]
fn a_downstream_token_requires_a_share_and_does_not_work_for_upstream_calls() {
    let sim = Harness::demo();
    let ask = |corpid: &str, agentid: i64| {
        sim.raw(&CORP_GET_TOKEN, &json!({"corpid": corpid, "agentid": agentid, "business_type": 1}))
    };
    assert_eq!(code_of(ask("wwjingxi", 7)), ErrCode::APP_NOT_SHARED);
    assert_eq!(code_of(ask("wwyanshan", 1_000_011)), ErrCode::APP_NOT_SHARED);

    let token = ask("wwjingxi", 1_000_011).unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_ne!(token, sim.token().expose());
    let downstream = sim.with_token(AccessToken::new(token));
    assert_eq!(expect_code(downstream.get_chain_list()), ErrCode::API_FORBIDDEN);
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    assert!(expect_ok(downstream.external_userid_to_pending_id(call)).result.is_empty());
}
