//! The codes that many calls can meet.

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

use crate::codes::stories;
use crate::rules::{ADD, MODIFY, good};
use crate::support::{Story, code_of, dealers, granted, jingxi, refused, slow, with};

pub(crate) mod told {
    use wecom_core::ErrCode;

    super::stories! {
        ErrCode::BUSY => a_call_while_wecom_is_busy_is_refused_and_the_next_one_is_not,
        ErrCode::VERSION_CONFLICT => the_second_of_two_changes_of_a_rule_at_once_is_refused,
        ErrCode::INVALID_SECRET => a_token_is_not_given_for_a_wrong_secret,
        ErrCode::INVALID_CORP_ID => a_token_is_not_given_to_a_corp_that_is_not_there,
        ErrCode(41_002) => a_token_is_not_given_to_who_names_no_corp,
        ErrCode(41_004) => a_token_is_not_given_to_who_names_no_secret,
        ErrCode::INVALID_ACCESS_TOKEN => a_token_that_was_revoked_is_refused,
        ErrCode::MISSING_ACCESS_TOKEN => a_call_without_a_token_is_refused,
        ErrCode::ACCESS_TOKEN_EXPIRED => a_token_is_refused_after_two_hours,
        ErrCode::FREQUENCY_EXCEEDED => a_call_past_the_minutes_limit_is_refused,
        ErrCode::CONCURRENCY_EXCEEDED => a_second_removal_at_once_is_refused,
        ErrCode::API_FORBIDDEN => an_app_that_is_not_callable_lists_no_chains,
        ErrCode::NOT_IN_RANGE => a_member_of_a_corp_that_the_app_may_not_see_is_not_told,
        ErrCode::IP_NOT_TRUSTED => a_call_from_an_address_that_is_not_trusted_is_refused,
        ErrCode(43_001) => a_reading_call_that_is_posted_is_refused,
        ErrCode(43_002) => a_posting_call_that_is_got_is_refused,
        ErrCode::INVALID_AGENT_ID => the_shares_of_an_app_that_is_not_there_are_not_told,
        ErrCode::APP_FORBIDDEN => the_shares_of_another_app_are_not_told,
        ErrCode::INVALID_PARAMETER => a_call_that_leaves_out_its_chain_is_refused,
        ErrCode::EMPTY_PARAMETER => a_call_with_an_empty_chain_id_is_refused,
        ErrCode::INVALID_OPEN_ID => an_openid_of_another_user_is_refused,
        ErrCode::OPEN_ID_OF_WRONG_ACCOUNT => an_openid_of_a_subscription_account_is_refused,
        ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL => an_openid_of_another_companys_mini_program_is_refused,
        ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL => a_unionid_of_another_companys_open_platform_is_refused,
        ErrCode::INVALID_EXTERNAL_USER_ID => a_customer_whom_nobody_knows_has_no_pending_id,
        ErrCode(40_050) => a_group_chat_that_is_not_there_is_refused,
        ErrCode::NOT_AN_EXTERNAL_CONTACT => a_user_who_is_nobodys_customer_has_no_external_userid,
        ErrCode::UNKNOWN_USER => a_member_who_is_not_there_has_no_custom_id,
        ErrCode::UNKNOWN_JOB => a_job_that_is_not_there_has_no_result,
        ErrCode::JOB_RESULT_GONE => the_result_of_the_sixth_last_job_is_gone,
    }
}

fn a_call_while_wecom_is_busy_is_refused_and_the_next_one_is_not() -> ErrCode {
    let story = Story::demo();
    story.simulator.busy(true);
    let code = refused(story.upstream.client().call(GetToken::new(story.simulator.credentials())));
    story.simulator.busy(false);
    granted(story.upstream.get_chain_list());
    code
}

/// The demo world where each answer takes a while.
fn slow_demo() -> (Upstream, ManualTimer) {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    (slow(&simulator, &timer), timer)
}

fn the_second_of_two_changes_of_a_rule_at_once_is_refused() -> ErrCode {
    let (upstream, timer) = slow_demo();
    let call = |endpoint, body: &Value| upstream.client().call_raw(RawCall::new(endpoint).with_body(body).unwrap());
    pollster::block_on(with(&timer, call(&ADD, &good()))).unwrap();
    let mut change = good();
    change["rule_id"] = json!(1);
    let (first, second) = pollster::block_on(with(&timer, join(call(&MODIFY, &change), call(&MODIFY, &change))));
    first.unwrap();
    code_of(second)
}

fn ask_for_token(corp: &str, secret: &str) -> ErrCode {
    refused(Story::demo().upstream.client().call(GetToken::new(Credentials::new(corp, Secret::new(secret)))))
}

fn a_token_is_not_given_for_a_wrong_secret() -> ErrCode {
    ask_for_token("wwyunzao", "a-wrong-secret")
}

fn a_token_is_not_given_to_a_corp_that_is_not_there() -> ErrCode {
    ask_for_token("wwstranger", "demo-secret-of-yunzao")
}

fn ask_for_token_with(name: &'static str) -> ErrCode {
    let call = RawCall::new(&GET_TOKEN).with_query(name, "wwyunzao");
    code_of(pollster::block_on(Story::demo().upstream.client().call_raw(call)))
}

fn a_token_is_not_given_to_who_names_no_corp() -> ErrCode {
    ask_for_token_with("corpsecret")
}

fn a_token_is_not_given_to_who_names_no_secret() -> ErrCode {
    ask_for_token_with("corpid")
}

fn a_token_that_was_revoked_is_refused() -> ErrCode {
    let story = Story::demo();
    let holder = story.with_token(story.token());
    granted(holder.get_chain_list());
    story.simulator.revoke_tokens();
    refused(holder.get_chain_list())
}

/// The code of the answer to a request as it is.
fn send(story: &Story, request: Request) -> ErrCode {
    let response = pollster::block_on(Transport::send(&story.simulator, request)).unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    ErrCode(body["errcode"].as_i64().unwrap())
}

fn a_call_without_a_token_is_refused() -> ErrCode {
    send(&Story::demo(), Request::new(&GET_CHAIN_LIST))
}

fn a_token_is_refused_after_two_hours() -> ErrCode {
    let story = Story::demo();
    let holder = story.with_token(story.token());
    story.pass(7200);
    refused(holder.get_chain_list())
}

fn a_call_past_the_minutes_limit_is_refused() -> ErrCode {
    let timer = ManualTimer::new();
    let upstream = Upstream::new(Simulator::demo().on_timer(timer).divide_quotas(5000).client());
    granted(upstream.get_chain_list());
    granted(upstream.get_chain_list());
    refused(upstream.get_chain_list())
}

fn a_second_removal_at_once_is_refused() -> ErrCode {
    let (upstream, timer) = slow_demo();
    let remove = |corpid: &str| upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new(corpid)));
    let (first, second) = pollster::block_on(with(&timer, join(remove("wwjingxi"), remove("wwyanshan"))));
    first.unwrap();
    code_of(second)
}

/// The demo's corp with an app of one's own in place of its own.
fn seen_by(app: impl FnOnce(WorldApp) -> WorldApp) -> Upstream {
    let secret = Secret::new("the-secret-of-another");
    let app = app(WorldApp::new(AgentId::new(1_000_003), secret.clone()));
    let simulator = Simulator::new(World::demo().app(app));
    let credentials = Credentials::new("wwyunzao", secret);
    Upstream::new(wecom_core::Client::builder(simulator).credentials(credentials).build())
}

fn an_app_that_is_not_callable_lists_no_chains() -> ErrCode {
    refused(seen_by(WorldApp::not_callable).get_chain_list())
}

fn a_member_of_a_corp_that_the_app_may_not_see_is_not_told() -> ErrCode {
    let upstream = seen_by(|app| app.sees_only_groups(dealers(), [GroupId::new(4)]));
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("zhaomin"));
    refused(upstream.get_chain_user_custom_id(call))
}

fn a_call_from_an_address_that_is_not_trusted_is_refused() -> ErrCode {
    let story = Story::demo();
    story.simulator.trust_ip(false);
    refused(story.upstream.get_chain_list())
}

const POSTED: Endpoint = Endpoint::post("get_chain_list", "corpgroup/corp/get_chain_list");
const GOT: Endpoint = Endpoint::get("get_chain_group", "corpgroup/corp/get_chain_group");

fn a_reading_call_that_is_posted_is_refused() -> ErrCode {
    let story = Story::demo();
    let token: AccessToken = story.token();
    send(&story, Request::new(&POSTED).with_token(token).with_body("{}"))
}

fn a_posting_call_that_is_got_is_refused() -> ErrCode {
    let story = Story::demo();
    let token = story.token();
    send(&story, Request::new(&GOT).with_token(token))
}

fn the_shares_of_an_app_that_is_not_there_are_not_told() -> ErrCode {
    refused(Story::demo().upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(7))))
}

fn the_shares_of_another_app_are_not_told() -> ErrCode {
    refused(seen_by(|app| app).list_app_share_info(ListAppShareInfo::new(AgentId::new(1_000_002))))
}

fn a_call_that_leaves_out_its_chain_is_refused() -> ErrCode {
    code_of(Story::demo().raw(&GET_CHAIN_GROUP, &json!({})))
}

fn a_call_with_an_empty_chain_id_is_refused() -> ErrCode {
    code_of(Story::demo().raw(&GET_CHAIN_GROUP, &json!({"chain_id": ""})))
}

fn external_userid_of(unionid: &str, openid: &str) -> ErrCode {
    let call = UnionidToExternalUserid::new(UnionId::new(unionid), OpenId::new(openid));
    refused(Story::demo().upstream.unionid_to_external_userid(call))
}

/// Both calls that take a unionid refuse one from there.
fn from_account(account: LoginAccount) -> ErrCode {
    let user = WorldCustomer::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew")).login_account(account);
    let story = Story::of(World::demo().customer(user));
    let call = UnionidToPendingId::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew"));
    let code = refused(story.upstream.unionid_to_pending_id(call));
    let call = UnionidToExternalUserid::new(UnionId::new("oUnionNew"), OpenId::new("oOpenNew"));
    assert_eq!(refused(story.upstream.unionid_to_external_userid(call)), code);
    code
}

fn an_openid_of_a_subscription_account_is_refused() -> ErrCode {
    from_account(LoginAccount::OpenIdOfWrongAccount)
}

fn an_openid_of_another_companys_mini_program_is_refused() -> ErrCode {
    from_account(LoginAccount::OpenIdOfAnotherPrincipal)
}

fn a_unionid_of_another_companys_open_platform_is_refused() -> ErrCode {
    from_account(LoginAccount::UnionIdOfAnotherPrincipal)
}

fn an_openid_of_another_user_is_refused() -> ErrCode {
    external_userid_of("oUnionChen", "oOpenLiu")
}

fn a_user_who_is_nobodys_customer_has_no_external_userid() -> ErrCode {
    external_userid_of("oUnionWang", "oOpenWang")
}

fn a_customer_whom_nobody_knows_has_no_pending_id() -> ErrCode {
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmNobody")]);
    refused(Story::demo().upstream.external_userid_to_pending_id(call))
}

fn a_group_chat_that_is_not_there_is_refused() -> ErrCode {
    let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    refused(Story::demo().upstream.external_userid_to_pending_id(call.chat_id(ChatId::new("wrNowhere"))))
}

fn a_member_who_is_not_there_has_no_custom_id() -> ErrCode {
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("nobody"));
    refused(Story::demo().upstream.get_chain_user_custom_id(call))
}

fn a_job_that_is_not_there_has_no_result() -> ErrCode {
    refused(Story::demo().upstream.get_result(GetResult::new(JobId::new("none"))))
}

fn the_result_of_the_sixth_last_job_is_gone() -> ErrCode {
    let story = Story::demo();
    let jobs = [(); 6].map(|()| {
        let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
        let job = granted(story.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
        story.pass(5);
        job
    });
    granted(story.upstream.get_result(GetResult::new(&jobs[1])));
    refused(story.upstream.get_result(GetResult::new(&jobs[0])))
}
