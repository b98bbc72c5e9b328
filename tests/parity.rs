//! The same calls over HTTP on loopback, over the mock, and over a closure: the same replies, token included.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use pollster::block_on;
use wecom_core::{AccessToken, Client, Credentials, GET_TOKEN, Response, Secret, from_fn};
use wecom_hyper::HyperTransport;
use wecom_mock::Mock;
use wecom_tests::loopback::{Answers, Loopback};
use wecom_tests::samples::{TOKEN, sample_of};
use wecom_upstream::calls::{
    AddRule, DeleteRule, ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup,
    GetChainUserCustomId, GetCorpSharedChainList, GetResult, GetRuleInfo, ImportChainContact, ImportContact,
    ImportCorp, ListAppShareInfo, ListRuleIds, ModifyRule, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::{DepartmentId, JobId, RuleId};
use wecom_upstream::values::{MemberCorpRange, OwnerCorpRange, RuleInfo};
use wecom_upstream::{AgentId, ChainId, CorpId, ENDPOINTS, ExternalUserId, GroupId, OpenId, UnionId, Upstream, UserId};

/// Makes all eighteen calls, and gives what each replied.
async fn all_calls(upstream: Upstream) -> Vec<(&'static str, String)> {
    let mut replies = Vec::new();
    macro_rules! call {
        ($method:ident($($call:expr)?)) => {
            replies.push((stringify!($method), format!("{:?}", upstream.$method($($call)?).await.unwrap())));
        };
    }
    let (chain_id, corpid) = (ChainId::new("ch1"), CorpId::new("ww1"));
    let (unionid, openid) = (UnionId::new("u"), OpenId::new("o"));
    let corp = ImportCorp::new("飞飞培训学校", [ImportContact::head("张三", "13000000001")]);
    call!(list_app_share_info(ListAppShareInfo::new(AgentId::new(1111))));
    call!(unionid_to_external_userid(UnionidToExternalUserid::new(&unionid, &openid)));
    call!(unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid)));
    call!(external_userid_to_pending_id(ExternalUseridToPendingId::new([ExternalUserId::new("o1")])));
    call!(get_chain_list());
    call!(get_chain_group(GetChainGroup::new(&chain_id)));
    call!(get_chain_corpinfo_list(GetChainCorpinfoList::new(&chain_id)));
    call!(get_chain_corpinfo(GetChainCorpinfo::new(&chain_id, &corpid)));
    call!(import_chain_contact(ImportChainContact::new(&chain_id, [corp])));
    call!(get_result(GetResult::new(JobId::new("job1"))));
    call!(remove_corp(RemoveCorp::new(&chain_id, &corpid)));
    call!(get_chain_user_custom_id(GetChainUserCustomId::new(&chain_id, &corpid, UserId::new("zhangsan"))));
    call!(get_corp_shared_chain_list(GetCorpSharedChainList::new(&corpid)));
    let (rule_id, owner) = (RuleId::new(1), OwnerCorpRange::department(DepartmentId::new("7")));
    let rule = RuleInfo::new(owner, MemberCorpRange::group(GroupId::new(2)));
    call!(list_rule_ids(ListRuleIds::new(&chain_id)));
    call!(delete_rule(DeleteRule::new(&chain_id, rule_id)));
    call!(get_rule_info(GetRuleInfo::new(&chain_id, rule_id)));
    call!(add_rule(AddRule::new(&chain_id, rule.clone())));
    call!(modify_rule(ModifyRule::new(&chain_id, rule_id, rule)));
    replies
}

fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new("the-secret"))
}

#[tokio::test]
async fn the_calls_bring_the_same_over_http_over_the_mock_and_over_a_closure() {
    let server = Loopback::start(ENDPOINTS.iter().fold(Answers::new().with("gettoken", TOKEN), |answers, endpoint| {
        answers.with(endpoint.path(), sample_of(endpoint))
    }));
    let over_http = Client::builder(HyperTransport::new().unwrap())
        .base_url(server.base_url().parse().unwrap())
        .credentials(credentials())
        .build();
    let over_http = all_calls(Upstream::new(over_http)).await;

    let mock = Mock::new();
    mock.on_endpoint(&GET_TOKEN).raw(TOKEN).times(1);
    for endpoint in ENDPOINTS {
        mock.on_endpoint(endpoint).raw(sample_of(endpoint)).times(1);
    }
    let over_mock = all_calls(Upstream::new(Client::builder(mock.clone()).credentials(credentials()).build())).await;
    mock.verify();

    let closure = from_fn(|request| async move { Ok(Response::new(200, sample_of(request.endpoint()))) });
    let over_closure = block_on(all_calls(Upstream::new(
        Client::builder(closure).token(AccessToken::new("accesstoken000001")).build(),
    )));

    assert_eq!(over_http.len(), ENDPOINTS.len());
    assert_eq!(over_http, over_mock);
    assert_eq!(over_http, over_closure);

    // What the server saw: one token, and each call once, with that token and JSON where there is a body.
    let seen = server.seen();
    assert_eq!(seen.len(), 1 + ENDPOINTS.len());
    assert_eq!(seen[0].target, "/cgi-bin/gettoken?corpid=ww1&corpsecret=the-secret");
    for (call, (name, _)) in seen[1..].iter().zip(&over_http) {
        let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.name() == *name).unwrap();
        assert!(
            call.target.starts_with(&format!("/cgi-bin/{}?access_token=accesstoken000001", endpoint.path())),
            "{name}"
        );
        assert_eq!(call.method, endpoint.method().as_str(), "{name}");
        let content_type = call.headers.iter().find(|(header, _)| header == "content-type");
        assert_eq!(content_type.is_some(), !call.body.is_empty(), "{name}");
        assert!(call.body.is_empty() == (call.method == "GET"), "{name}");
        let user_agent = call.headers.iter().find(|(header, _)| header == "user-agent").unwrap();
        assert!(user_agent.1.starts_with("wecom-core/"), "{name}");
    }
}
