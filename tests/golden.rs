//! The exact bytes of every call's request: with the required fields alone, and with all fields.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::future::Future;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{
    AccessToken, Client, Delivery, Error, Request, Response, Transport, TransportError, TransportErrorKind, async_trait,
};
use wecom_upstream::calls::{
    AddRule, DeleteRule, ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup,
    GetChainUserCustomId, GetCorpSharedChainList, GetResult, GetRuleInfo, ImportChainContact, ImportContact,
    ImportCorp, ListAppShareInfo, ListRuleIds, ModifyRule, RemoveCorp, SharedCorp, TransferSession,
    UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::{ChatId, Cursor, CustomId, DepartmentId, JobId, PendingCorpId, RuleId, UserCustomId};
use wecom_upstream::values::{
    BusinessType, CorpRef, MemberCorpRange, OwnerCorpRange, RuleInfo, StoredMemberRange, StoredOwnerRange,
    StoredRuleInfo,
};
use wecom_upstream::{
    AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, Secret, UnionId, Upstream, UserId, for_each_call,
};

const BASE: &str = "https://qyapi.weixin.qq.com/cgi-bin/";

/// A transport that replies to token fetches. It records every other request and fails it.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Request>>>);

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.endpoint() == &CORP_GET_TOKEN {
            return Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok","access_token":"T","expires_in":7200}"#));
        }
        self.0.lock().unwrap().push(request);
        Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent))
    }
}

/// The request of a facade method: the endpoint's name, the method and URL, the body.
fn sent<T, F>(call: impl FnOnce(Upstream) -> F) -> (&'static str, String, Option<String>)
where
    F: Future<Output = Result<T, Error>>,
{
    let recorder = Recorder::default();
    let client = Client::builder(recorder.clone()).token(AccessToken::new("T")).build();
    let outcome = block_on(call(Upstream::new(client)));
    let requests = recorder.0.lock().unwrap().clone();
    assert_eq!(requests.len(), 1, "{:?}", outcome.err());
    let request = requests.first().unwrap();
    let target = format!("{} {}", request.method(), request.expose_url().strip_prefix(BASE).unwrap());
    let body = request.body().map(|body| String::from_utf8(body.to_vec()).unwrap());
    (request.endpoint().name(), target, body)
}

/// Asserts the method, the path, the rest of the query after the token, and the body.
#[track_caller]
fn assert_sent(sent: (&str, String, Option<String>), method: &str, path: &str, rest: &str, body: Option<&str>) {
    let (name, target, actual) = sent;
    assert_eq!(target, format!("{method} {path}?access_token=T{rest}"), "{name}");
    assert_eq!(actual.as_deref(), body, "{name}");
    assert!(!body.is_some_and(|body| body.contains("null")), "{name}");
}

macro_rules! post {
    ($method:ident($call:expr), $path:literal, $body:literal) => {{
        let sent = sent(|upstream| async move { upstream.$method($call).await });
        assert_eq!(sent.0, stringify!($method));
        assert_sent(sent, "POST", $path, "", Some($body));
    }};
}

fn chain() -> ChainId {
    ChainId::new("Chxxxxxx")
}

#[test]
fn list_app_share_info() {
    const PATH: &str = "corpgroup/corp/list_app_share_info";
    let minimal =
        sent(|upstream| async move { upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1111))).await });
    // Without `business_type` the server assumes 0, which lists no chains.
    assert_sent(minimal, "POST", PATH, "", Some(r#"{"agentid":1111,"business_type":1}"#));
    post!(
        list_app_share_info(
            ListAppShareInfo::new(AgentId::new(1111))
                .business_type(BusinessType::CorpGroup)
                .corpid(CorpId::new("wwcorp"))
                .limit(100)
                .cursor(Cursor::new("xxxxxx"))
        ),
        "corpgroup/corp/list_app_share_info",
        r#"{"agentid":1111,"business_type":0,"corpid":"wwcorp","limit":100,"cursor":"xxxxxx"}"#
    );
}

#[test]
fn unionid_to_external_userid() {
    let call = || UnionidToExternalUserid::new(UnionId::new("u"), OpenId::new("o"));
    post!(
        unionid_to_external_userid(call()),
        "corpgroup/unionid_to_external_userid",
        r#"{"unionid":"u","openid":"o"}"#
    );
    post!(
        unionid_to_external_userid(call().corpid(CorpId::new("c")).mass_call_ticket(Secret::new("t"))),
        "corpgroup/unionid_to_external_userid",
        r#"{"unionid":"u","openid":"o","corpid":"c","mass_call_ticket":"t"}"#
    );
}

#[test]
fn apply_mass_call_ticket() {
    let sent = sent(|upstream| async move { upstream.apply_mass_call_ticket().await });
    assert_sent(sent, "GET", "corp/apply_mass_call_ticket", "", None);
}

#[test]
fn unionid_to_pending_id() {
    post!(
        unionid_to_pending_id(UnionidToPendingId::new(UnionId::new("u"), OpenId::new("o"))),
        "corpgroup/unionid_to_pending_id",
        r#"{"unionid":"u","openid":"o"}"#
    );
}

#[test]
fn external_userid_to_pending_id() {
    let call = || ExternalUseridToPendingId::new(["oAAAAAAA", "oBBBBB"].map(ExternalUserId::new));
    post!(
        external_userid_to_pending_id(call()),
        "corpgroup/batch/external_userid_to_pending_id",
        r#"{"external_userid":["oAAAAAAA","oBBBBB"]}"#
    );
    post!(
        external_userid_to_pending_id(call().chat_id(ChatId::new("xxxxxx"))),
        "corpgroup/batch/external_userid_to_pending_id",
        r#"{"chat_id":"xxxxxx","external_userid":["oAAAAAAA","oBBBBB"]}"#
    );
}

#[test]
fn get_chain_list() {
    let sent = sent(|upstream| async move { upstream.get_chain_list().await });
    assert_sent(sent, "GET", "corpgroup/corp/get_chain_list", "", None);
}

#[test]
fn get_chain_group() {
    post!(get_chain_group(GetChainGroup::new(chain())), "corpgroup/corp/get_chain_group", r#"{"chain_id":"Chxxxxxx"}"#);
    post!(
        get_chain_group(GetChainGroup::new(chain()).groupid(GroupId::ROOT)),
        "corpgroup/corp/get_chain_group",
        r#"{"chain_id":"Chxxxxxx","groupid":1}"#
    );
}

#[test]
fn get_chain_corpinfo_list() {
    post!(
        get_chain_corpinfo_list(GetChainCorpinfoList::new(chain())),
        "corpgroup/corp/get_chain_corpinfo_list",
        r#"{"chain_id":"Chxxxxxx"}"#
    );
    post!(
        get_chain_corpinfo_list(
            GetChainCorpinfoList::new(chain())
                .groupid(GroupId::new(i64::MAX))
                .need_pending(true)
                .cursor(Cursor::new("xxx"))
                .limit(1000)
        ),
        "corpgroup/corp/get_chain_corpinfo_list",
        r#"{"chain_id":"Chxxxxxx","groupid":9223372036854775807,"need_pending":true,"cursor":"xxx","limit":1000}"#
    );
}

fn both() -> CorpRef {
    CorpRef::Both { corpid: CorpId::new("c"), pending_corpid: PendingCorpId::new("p") }
}

#[test]
fn get_chain_corpinfo() {
    post!(
        get_chain_corpinfo(GetChainCorpinfo::new(chain(), CorpId::new("c"))),
        "corpgroup/corp/get_chain_corpinfo",
        r#"{"chain_id":"Chxxxxxx","corpid":"c"}"#
    );
    post!(
        get_chain_corpinfo(GetChainCorpinfo::new(chain(), PendingCorpId::new("p"))),
        "corpgroup/corp/get_chain_corpinfo",
        r#"{"chain_id":"Chxxxxxx","pending_corpid":"p"}"#
    );
    post!(
        get_chain_corpinfo(GetChainCorpinfo::new(chain(), both())),
        "corpgroup/corp/get_chain_corpinfo",
        r#"{"chain_id":"Chxxxxxx","corpid":"c","pending_corpid":"p"}"#
    );
}

#[test]
fn import_chain_contact() {
    post!(
        import_chain_contact(ImportChainContact::new(
            chain(),
            [ImportCorp::new("飞飞培训学校", [ImportContact::member("张三", "13000000001")])]
        )),
        "corpgroup/import_chain_contact",
        r#"{"chain_id":"Chxxxxxx","contact_list":[{"corp_name":"飞飞培训学校","contact_info_list":[{"name":"张三","identity_type":1,"mobile":"13000000001"}]}]}"#
    );
    post!(
        import_chain_contact(ImportChainContact::new(
            chain(),
            [ImportCorp::new(
                "飞飞培训学校",
                [ImportContact::head("Li Si", "+85259123456").user_custom_id(UserCustomId::new("100"))]
            )
            .group_path("华北区/北京市/海淀区")
            .custom_id(CustomId::new("wof3du51quo5sl1is"))]
        )),
        "corpgroup/import_chain_contact",
        r#"{"chain_id":"Chxxxxxx","contact_list":[{"corp_name":"飞飞培训学校","group_path":"华北区/北京市/海淀区","custom_id":"wof3du51quo5sl1is","contact_info_list":[{"name":"Li Si","identity_type":2,"mobile":"+85259123456","user_custom_id":"100"}]}]}"#
    );
}

#[test]
fn get_result() {
    let sent = sent(|upstream| async move { upstream.get_result(GetResult::new(JobId::new("a/b c"))).await });
    assert_sent(sent, "GET", "corpgroup/getresult", "&jobid=a%2Fb%20c", None);
}

#[test]
fn remove_corp() {
    post!(
        remove_corp(RemoveCorp::new(chain(), PendingCorpId::new("p"))),
        "corpgroup/corp/remove_corp",
        r#"{"chain_id":"Chxxxxxx","pending_corpid":"p"}"#
    );
    post!(
        remove_corp(RemoveCorp::new(chain(), both())),
        "corpgroup/corp/remove_corp",
        r#"{"chain_id":"Chxxxxxx","corpid":"c","pending_corpid":"p"}"#
    );
}

#[test]
fn get_chain_user_custom_id() {
    post!(
        get_chain_user_custom_id(GetChainUserCustomId::new(chain(), CorpId::new("c"), UserId::new("zhangsan"))),
        "corpgroup/corp/get_chain_user_custom_id",
        r#"{"chain_id":"Chxxxxxx","corpid":"c","userid":"zhangsan"}"#
    );
}

#[test]
fn get_corp_shared_chain_list() {
    // Another SDK posts this to the path of get_chain_user_custom_id.
    post!(
        get_corp_shared_chain_list(GetCorpSharedChainList::new(CorpId::new("c"))),
        "corpgroup/get_corp_shared_chain_list",
        r#"{"corpid":"c"}"#
    );
}

#[test]
fn list_rule_ids() {
    post!(list_rule_ids(ListRuleIds::new(chain())), "corpgroup/rule/list_ids", r#"{"chain_id":"Chxxxxxx"}"#);
}

#[test]
fn delete_rule() {
    post!(
        delete_rule(DeleteRule::new(chain(), RuleId::new(1))),
        "corpgroup/rule/delete_rule",
        r#"{"chain_id":"Chxxxxxx","rule_id":1}"#
    );
}

#[test]
fn get_rule_info() {
    // POST: some SDKs use GET.
    post!(
        get_rule_info(GetRuleInfo::new(chain(), RuleId::new(i64::MAX))),
        "corpgroup/rule/get_rule_info",
        r#"{"chain_id":"Chxxxxxx","rule_id":9223372036854775807}"#
    );
}

/// A rule with all fields.
fn whole_rule() -> RuleInfo {
    RuleInfo::new(
        OwnerCorpRange::user(UserId::new("u1")).and_departments(["7", "8"].map(DepartmentId::new)),
        MemberCorpRange::corp(CorpId::new("c1")).and_corps([CorpId::new("c2")]).and_groups([2, 3].map(GroupId::new)),
    )
}

#[test]
fn add_rule() {
    // Each range needs one of its lists. The other list is absent, not empty. A group's id is a string here.
    post!(
        add_rule(AddRule::new(
            chain(),
            RuleInfo::new(
                OwnerCorpRange::department(DepartmentId::new("7")),
                MemberCorpRange::group(GroupId::new(i64::MAX))
            )
        )),
        "corpgroup/rule/add_rule",
        r#"{"chain_id":"Chxxxxxx","rule_info":{"owner_corp_range":{"departmentids":["7"]},"member_corp_range":{"groupids":["9223372036854775807"]}}}"#
    );
    post!(
        add_rule(AddRule::new(chain(), whole_rule())),
        "corpgroup/rule/add_rule",
        r#"{"chain_id":"Chxxxxxx","rule_info":{"owner_corp_range":{"departmentids":["7","8"],"userids":["u1"]},"member_corp_range":{"groupids":["2","3"],"corpids":["c1","c2"]}}}"#
    );
}

#[test]
fn modify_rule() {
    post!(
        modify_rule(ModifyRule::new(
            chain(),
            RuleId::new(1),
            RuleInfo::new(OwnerCorpRange::user(UserId::new("u1")), MemberCorpRange::corp(CorpId::new("c1")))
        )),
        "corpgroup/rule/modify_rule",
        r#"{"chain_id":"Chxxxxxx","rule_id":1,"rule_info":{"owner_corp_range":{"userids":["u1"]},"member_corp_range":{"corpids":["c1"]}}}"#
    );
    let read = StoredRuleInfo::new(
        StoredOwnerRange::new(["7", "8"].map(DepartmentId::new), [UserId::new("u1")]),
        StoredMemberRange::new([2, 3].map(GroupId::new), ["c1", "c2"].map(CorpId::new)),
    );
    assert_eq!(RuleInfo::try_from(read), Ok(whole_rule()));
    post!(
        modify_rule(ModifyRule::new(chain(), RuleId::new(1), whole_rule())),
        "corpgroup/rule/modify_rule",
        r#"{"chain_id":"Chxxxxxx","rule_id":1,"rule_info":{"owner_corp_range":{"departmentids":["7","8"],"userids":["u1"]},"member_corp_range":{"groupids":["2","3"],"corpids":["c1","c2"]}}}"#
    );
}

#[test]
fn transfer_session() {
    // The path does not begin with corpgroup.
    let call = TransferSession::new(UserId::new("wmAoNVCw"), Secret::new("n8cn/Lwjwg=="));
    let dealer = SharedCorp::new(CorpId::new("wwdealer"), "", AgentId::new(7));
    let sent = sent(|upstream| async move {
        upstream.share(AgentId::new(1)).downstream_of(&dealer).transfer_session(call).await
    });
    let body = r#"{"userid":"wmAoNVCw","session_key":"n8cn/Lwjwg=="}"#;
    assert_sent(sent, "POST", "miniprogram/transfer_session", "", Some(body));
}

macro_rules! golden_tests {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {
        &[$($($method),+),+]
    };
}

/// The golden test of every call. A call without one does not compile.
const _: &[fn()] = for_each_call!(golden_tests);
