//! The codes that many calls have in common.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use wecom_core::endpoint::RawCall;
use wecom_core::token::{GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Credentials, Endpoint, ErrCode, Request, Secret, Transport};
use wecom_mock::ManualTimer;
use wecom_simulator::{LoginAccount, Simulator, World, WorldApp, WorldCustomer};
use wecom_upstream::calls::{
    ExternalUseridToPendingId, GET_CHAIN_GROUP, GET_CHAIN_LIST, GetChainUserCustomId, GetResult, ImportChainContact,
    ImportContact, ImportCorp, ListAppShareInfo, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::{ChatId, JobId};
use wecom_upstream::{AgentId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::codes::cases;
use crate::rules::{ADD, MODIFY, good};
use crate::support::{Harness, code_of, dealers, drive, expect_code, expect_ok, jingxi, warmed_up};

pub(crate) mod table {
    use wecom_core::ErrCode;

    super::cases! {
        ErrCode::BUSY => a_call_while_the_service_is_busy,
        ErrCode::VERSION_CONFLICT => the_second_of_two_simultaneous_changes_of_a_rule,
        ErrCode::INVALID_SECRET => gettoken_with_a_wrong_secret,
        ErrCode::INVALID_CORP_ID => gettoken_with_an_unknown_corp,
        ErrCode(41_002) => gettoken_without_a_corp,
        ErrCode(41_004) => gettoken_without_a_secret,
        ErrCode::INVALID_ACCESS_TOKEN => a_revoked_token,
        ErrCode::MISSING_ACCESS_TOKEN => a_call_without_a_token,
        ErrCode::ACCESS_TOKEN_EXPIRED => a_token_after_two_hours,
        ErrCode::FREQUENCY_EXCEEDED => a_call_over_the_limit_of_a_minute,
        ErrCode::CONCURRENCY_EXCEEDED => a_second_simultaneous_removal,
        ErrCode::API_FORBIDDEN => a_list_of_chains_for_an_app_that_is_not_callable,
        ErrCode::NOT_IN_RANGE => a_member_of_a_corp_that_is_not_visible_to_the_app,
        ErrCode::IP_NOT_TRUSTED => a_call_from_an_untrusted_address,
        ErrCode(43_001) => a_post_to_an_endpoint_that_requires_get,
        ErrCode(43_002) => a_get_of_an_endpoint_that_requires_post,
        ErrCode::INVALID_AGENT_ID => the_shares_of_an_unknown_app,
        ErrCode::APP_FORBIDDEN => the_shares_of_another_app,
        ErrCode::INVALID_PARAMETER => a_call_without_a_chain_id,
        ErrCode::EMPTY_PARAMETER => a_call_with_an_empty_chain_id,
        ErrCode::INVALID_OPEN_ID => the_openid_of_another_user,
        ErrCode::OPEN_ID_OF_WRONG_ACCOUNT => the_openid_of_a_subscription_account,
        ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL => the_openid_of_a_mini_program_of_another_company,
        ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL => the_unionid_of_an_open_platform_account_of_another_company,
        ErrCode::INVALID_EXTERNAL_USER_ID => the_pending_id_of_an_unknown_customer,
        ErrCode(40_050) => an_unknown_group_chat,
        ErrCode::NOT_AN_EXTERNAL_CONTACT => the_external_userid_of_a_user_that_is_no_customer,
        ErrCode::UNKNOWN_USER => the_custom_id_of_an_unknown_member,
        ErrCode::UNKNOWN_JOB => the_result_of_an_unknown_job,
        ErrCode::JOB_RESULT_GONE => the_result_of_a_job_before_the_last_five,
    }
}

fn a_call_while_the_service_is_busy() -> ErrCode {
    let sim = Harness::demo();
    sim.simulator.set_busy(true);
    let code = expect_code(sim.upstream.client().call(GetToken::new(sim.simulator.credentials())));
    sim.simulator.set_busy(false);
    expect_ok(sim.upstream.get_chain_list());
    code
}

/// A client of the demo world in which every reply takes 200 ms.
fn demo_with_latency() -> (Upstream, ManualTimer) {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    (warmed_up(&simulator, &timer), timer)
}

fn the_second_of_two_simultaneous_changes_of_a_rule() -> ErrCode {
    let (upstream, timer) = demo_with_latency();
    let call = |endpoint, body: &Value| upstream.client().call_raw(RawCall::new(endpoint).with_body(body).unwrap());
    pollster::block_on(drive(&timer, call(&ADD, &good()))).unwrap();
    let mut change = good();
    change["rule_id"] = json!(1);
    let (first, second) = pollster::block_on(drive(&timer, join(call(&MODIFY, &change), call(&MODIFY, &change))));
    first.unwrap();
    code_of(second)
}

fn ask_for_token(corp: &str, secret: &str) -> ErrCode {
    expect_code(Harness::demo().upstream.client().call(GetToken::new(Credentials::new(corp, Secret::new(secret)))))
}

fn gettoken_with_a_wrong_secret() -> ErrCode {
    ask_for_token("wwyunzao", "a-wrong-secret")
}

fn gettoken_with_an_unknown_corp() -> ErrCode {
    ask_for_token("wwstranger", "demo-secret-of-yunzao")
}

fn ask_for_token_with(name: &'static str) -> ErrCode {
    let call = RawCall::new(&GET_TOKEN).with_query(name, "wwyunzao");
    code_of(pollster::block_on(Harness::demo().upstream.client().call_raw(call)))
}

fn gettoken_without_a_corp() -> ErrCode {
    ask_for_token_with("corpsecret")
}

fn gettoken_without_a_secret() -> ErrCode {
    ask_for_token_with("corpid")
}

fn a_revoked_token() -> ErrCode {
    let sim = Harness::demo();
    let holder = sim.with_token(sim.token());
    expect_ok(holder.get_chain_list());
    sim.simulator.revoke_tokens();
    expect_code(holder.get_chain_list())
}

/// Sends a request and returns the code of the reply.
fn send(sim: &Harness, request: Request) -> ErrCode {
    let response = pollster::block_on(Transport::send(&sim.simulator, request)).unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    ErrCode(body["errcode"].as_i64().unwrap())
}

fn a_call_without_a_token() -> ErrCode {
    send(&Harness::demo(), Request::new(&GET_CHAIN_LIST))
}

fn a_token_after_two_hours() -> ErrCode {
    let sim = Harness::demo();
    let holder = sim.with_token(sim.token());
    sim.advance(7200);
    expect_code(holder.get_chain_list())
}

fn a_call_over_the_limit_of_a_minute() -> ErrCode {
    let timer = ManualTimer::new();
    let upstream = Upstream::new(Simulator::demo().on_timer(timer).divide_quotas(5000).client());
    expect_ok(upstream.get_chain_list());
    expect_ok(upstream.get_chain_list());
    expect_code(upstream.get_chain_list())
}

fn a_second_simultaneous_removal() -> ErrCode {
    let (upstream, timer) = demo_with_latency();
    let remove = |corpid: &str| upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new(corpid)));
    let (first, second) = pollster::block_on(drive(&timer, join(remove("wwjingxi"), remove("wwyanshan"))));
    first.unwrap();
    code_of(second)
}

/// A client of the demo world with the credentials of another app.
fn seen_by(app: impl FnOnce(WorldApp) -> WorldApp) -> Upstream {
    let secret = Secret::new("the-secret-of-another");
    let app = app(WorldApp::new(AgentId::new(1_000_003), secret.clone()));
    let simulator = Simulator::new(World::demo().app(app));
    let credentials = Credentials::new("wwyunzao", secret);
    Upstream::new(wecom_core::Client::builder(simulator).credentials(credentials).build())
}

fn a_list_of_chains_for_an_app_that_is_not_callable() -> ErrCode {
    expect_code(seen_by(WorldApp::not_callable).get_chain_list())
}

fn a_member_of_a_corp_that_is_not_visible_to_the_app() -> ErrCode {
    let upstream = seen_by(|app| app.sees_only_groups(dealers(), [GroupId::new(4)]));
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("zhaomin"));
    expect_code(upstream.get_chain_user_custom_id(call))
}

fn a_call_from_an_untrusted_address() -> ErrCode {
    let sim = Harness::demo();
    sim.simulator.set_ip_trusted(false);
    expect_code(sim.upstream.get_chain_list())
}

const POSTED: Endpoint = Endpoint::post("get_chain_list", "corpgroup/corp/get_chain_list");
const GOT: Endpoint = Endpoint::get("get_chain_group", "corpgroup/corp/get_chain_group");

fn a_post_to_an_endpoint_that_requires_get() -> ErrCode {
    let sim = Harness::demo();
    let token: AccessToken = sim.token();
    send(&sim, Request::new(&POSTED).with_token(token).with_body("{}"))
}

fn a_get_of_an_endpoint_that_requires_post() -> ErrCode {
    let sim = Harness::demo();
    let token = sim.token();
    send(&sim, Request::new(&GOT).with_token(token))
}

fn the_shares_of_an_unknown_app() -> ErrCode {
    expect_code(Harness::demo().upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(7))))
}

fn the_shares_of_another_app() -> ErrCode {
    expect_code(seen_by(|app| app).list_app_share_info(ListAppShareInfo::new(AgentId::new(1_000_002))))
}

fn a_call_without_a_chain_id() -> ErrCode {
    code_of(Harness::demo().raw(&GET_CHAIN_GROUP, &json!({})))
}

fn a_call_with_an_empty_chain_id() -> ErrCode {
    code_of(Harness::demo().raw(&GET_CHAIN_GROUP, &json!({"chain_id": ""})))
}

fn external_userid_of(unionid: &str, openid: &str) -> ErrCode {
    let call = UnionidToExternalUserid::new(UnionId::new(unionid), OpenId::new(openid));
    expect_code(Harness::demo().upstream.unionid_to_external_userid(call))
}

/// The code of both calls with a unionid for a user whose ids come from this account.
fn from_account(account: LoginAccount) -> ErrCode {
    let user = WorldCustomer::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew")).login_account(account);
    let sim = Harness::of(World::demo().customer(user));
    let call = UnionidToPendingId::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew"));
    let code = expect_code(sim.upstream.unionid_to_pending_id(call));
    let call = UnionidToExternalUserid::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew"));
    assert_eq!(expect_code(sim.upstream.unionid_to_external_userid(call)), code);
    code
}

fn the_openid_of_a_subscription_account() -> ErrCode {
    from_account(LoginAccount::OpenIdOfWrongAccount)
}

fn the_openid_of_a_mini_program_of_another_company() -> ErrCode {
    from_account(LoginAccount::OpenIdOfAnotherPrincipal)
}

fn the_unionid_of_an_open_platform_account_of_another_company() -> ErrCode {
    from_account(LoginAccount::UnionIdOfAnotherPrincipal)
}

fn the_openid_of_another_user() -> ErrCode {
    external_userid_of("oUnionChen", "oOpenLiu")
}

fn the_external_userid_of_a_user_that_is_no_customer() -> ErrCode {
    external_userid_of("oUnionWang", "oOpenWang")
}

fn the_pending_id_of_an_unknown_customer() -> ErrCode {
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmNobody")]);
    expect_code(Harness::demo().upstream.external_userid_to_pending_id(call))
}

fn an_unknown_group_chat() -> ErrCode {
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    expect_code(Harness::demo().upstream.external_userid_to_pending_id(call.chat_id(ChatId::new("wrNowhere"))))
}

fn the_custom_id_of_an_unknown_member() -> ErrCode {
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("unknown"));
    expect_code(Harness::demo().upstream.get_chain_user_custom_id(call))
}

fn the_result_of_an_unknown_job() -> ErrCode {
    expect_code(Harness::demo().upstream.get_result(GetResult::new(JobId::new("none"))))
}

fn the_result_of_a_job_before_the_last_five() -> ErrCode {
    let sim = Harness::demo();
    let jobs = [(); 6].map(|()| {
        let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
        let job = expect_ok(sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
        sim.advance(5);
        job
    });
    expect_ok(sim.upstream.get_result(GetResult::new(&jobs[1])));
    expect_code(sim.upstream.get_result(GetResult::new(&jobs[0])))
}
