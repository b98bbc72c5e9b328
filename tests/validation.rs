//! Requests that break a documented rule fail before anything is sent. The error names the field, the problem and the limit.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::future::Future;

use pollster::block_on;
use wecom_core::Error;
use wecom_mock::Mock;
use wecom_upstream::calls::{
    AddRule, DeleteRule, ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup,
    GetChainUserCustomId, GetCorpSharedChainList, GetResult, GetRuleInfo, ImportChainContact, ImportContact,
    ImportCorp, ListAppShareInfo, ListRuleIds, ModifyRule, RemoveCorp, TransferSession, UnionidToExternalUserid,
    UnionidToPendingId,
};
use wecom_upstream::ids::{CustomId, DepartmentId, JobId, PendingCorpId, RuleId, UserCustomId};
use wecom_upstream::values::{CorpRef, MemberCorpRange, OwnerCorpRange, RuleInfo, StoredRuleInfo};
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, Secret, UnionId, Upstream, UserId};

/// The error text of a call with an invalid request. Asserts that nothing was sent.
#[track_caller]
fn error_text<T, F>(call: impl FnOnce(Upstream) -> F) -> String
where
    T: std::fmt::Debug,
    F: Future<Output = Result<T, Error>>,
{
    let mock = Mock::new();
    let error = block_on(call(Upstream::new(mock.client()))).unwrap_err();
    assert!(error.is_invalid_request(), "{error}");
    assert_eq!(error.attempts(), 0);
    assert!(mock.journal().is_empty());
    error.to_string()
}

macro_rules! assert_invalid {
    ($method:ident($call:expr), $($expected:literal),+) => {{
        let call = $call;
        let text = error_text(|upstream| async move { upstream.$method(call).await });
        $(assert!(text.contains($expected), "{text}");)+
        assert!(text.starts_with(concat!(stringify!($method), ": invalid request (not sent): ")), "{text}");
    }};
}

fn chain() -> ChainId {
    ChainId::new("ch1")
}

fn import(corps: Vec<ImportCorp>) -> ImportChainContact {
    ImportChainContact::new(chain(), corps)
}

fn corp(contacts: usize) -> ImportCorp {
    ImportCorp::new("企业", (0..contacts).map(|_| contact()))
}

fn contact() -> ImportContact {
    ImportContact::member("张三", "13000000001")
}

#[test]
fn more_than_a_hundred_external_ids_or_none_are_rejected() {
    let ids = |count| ExternalUseridToPendingId::new((0..count).map(|n| ExternalUserId::new(format!("o{n}"))));
    assert_invalid!(external_userid_to_pending_id(ids(101)), "external_userid has 101", "1 to 100");
    assert_invalid!(external_userid_to_pending_id(ids(0)), "external_userid has 0", "1 to 100");
}

#[test]
fn a_limit_out_of_range_is_rejected() {
    assert_invalid!(list_app_share_info(ListAppShareInfo::new(AgentId::new(1)).limit(101)), "limit is 101", "0 to 100");
}

#[test]
fn an_empty_id_in_any_field_is_rejected() {
    let (none, no_corp) = (ChainId::new(""), CorpId::new(""));
    assert_invalid!(list_app_share_info(ListAppShareInfo::new(AgentId::new(1)).corpid(&no_corp)), "corpid is empty");
    assert_invalid!(
        unionid_to_external_userid(UnionidToExternalUserid::new(UnionId::new(""), OpenId::new("")).corpid(&no_corp)),
        "unionid is empty",
        "openid is empty",
        "corpid is empty"
    );
    assert_invalid!(
        unionid_to_pending_id(UnionidToPendingId::new(UnionId::new("u"), OpenId::new(""))),
        "openid is empty"
    );
    assert_invalid!(
        external_userid_to_pending_id(ExternalUseridToPendingId::new(["a", "", "c"].map(ExternalUserId::new))),
        "external_userid[1] is empty"
    );
    assert_invalid!(get_chain_group(GetChainGroup::new(&none)), "chain_id is empty");
    assert_invalid!(get_chain_corpinfo_list(GetChainCorpinfoList::new(&none)), "chain_id is empty");
    assert_invalid!(get_chain_corpinfo(GetChainCorpinfo::new(&none, &no_corp)), "chain_id is empty", "corpid is empty");
    assert_invalid!(
        get_chain_corpinfo(GetChainCorpinfo::new(chain(), PendingCorpId::new(""))),
        "pending_corpid is empty"
    );
    let both = CorpRef::Both { corpid: CorpId::new("c"), pending_corpid: PendingCorpId::new("") };
    assert_invalid!(remove_corp(RemoveCorp::new(chain(), both)), "pending_corpid is empty");
    assert_invalid!(get_result(GetResult::new(JobId::new(""))), "jobid is empty");
    assert_invalid!(
        get_chain_user_custom_id(GetChainUserCustomId::new(&none, &no_corp, UserId::new(""))),
        "chain_id is empty",
        "corpid is empty",
        "userid is empty"
    );
    assert_invalid!(get_corp_shared_chain_list(GetCorpSharedChainList::new(&no_corp)), "corpid is empty");
    assert_invalid!(import_chain_contact(ImportChainContact::new(&none, [corp(1)])), "chain_id is empty");
    let rule_id = RuleId::new(1);
    assert_invalid!(list_rule_ids(ListRuleIds::new(&none)), "chain_id is empty");
    assert_invalid!(delete_rule(DeleteRule::new(&none, rule_id)), "chain_id is empty");
    assert_invalid!(get_rule_info(GetRuleInfo::new(&none, rule_id)), "chain_id is empty");
    let owner = OwnerCorpRange::department(DepartmentId::new("7")).and_departments([DepartmentId::new("")]);
    let rule = RuleInfo::new(owner.and_users([UserId::new("")]), MemberCorpRange::corp(&no_corp));
    assert_invalid!(
        add_rule(AddRule::new(&none, rule.clone())),
        "chain_id is empty",
        "rule_info.owner_corp_range.departmentids[1] is empty",
        "rule_info.owner_corp_range.userids[0] is empty",
        "rule_info.member_corp_range.corpids[0] is empty"
    );
    assert_invalid!(
        modify_rule(ModifyRule::new(&none, rule_id, rule)),
        "chain_id is empty",
        "rule_info.owner_corp_range.departmentids[1] is empty",
        "rule_info.owner_corp_range.userids[0] is empty",
        "rule_info.member_corp_range.corpids[0] is empty"
    );
    let session = TransferSession::new(UserId::new(""), Secret::new(""));
    let text = error_text(|upstream| async move { upstream.client().call(session).await });
    assert!(text.contains("userid is empty") && text.contains("session_key is empty"), "{text}");
}

#[test]
fn a_rule_with_an_empty_range_is_rejected() {
    let rule = RuleInfo::new(OwnerCorpRange::user(UserId::new("u")), MemberCorpRange::group(GroupId::ROOT));
    let mut read = StoredRuleInfo::from(rule);
    read.owner_corp_range.userids.clear();
    let text = RuleInfo::try_from(read).unwrap_err().to_string();
    assert_eq!(
        text,
        "invalid request (not sent): rule_info.owner_corp_range is empty (allowed: at least one of departmentids and userids)"
    );
}

#[test]
fn an_import_over_the_limits_of_one_job_is_rejected() {
    assert_invalid!(import_chain_contact(import(vec![])), "contact_list has 0", "1 to 1000");
    assert_invalid!(import_chain_contact(import(vec![corp(1); 1001])), "contact_list has 1001", "1 to 1000");
    assert_invalid!(
        import_chain_contact(import(vec![corp(201)])),
        "contact_list[0].contact_info_list has 201",
        "1 to 200"
    );
    assert_invalid!(import_chain_contact(import(vec![corp(0)])), "contact_list[0].contact_info_list has 0", "1 to 200");
    let mut eleven = vec![corp(200); 10];
    eleven.push(corp(1));
    assert_invalid!(import_chain_contact(import(eleven)), "2001", "2000");
    let heads = ImportCorp::new("企业", (0..6).map(|_| ImportContact::head("张三", "13000000001")));
    assert_invalid!(import_chain_contact(import(vec![heads])), "contact_list[0].contact_info_list", "6", "5");
}

#[test]
fn an_error_lists_every_bad_field_of_an_import_without_its_value() {
    let bad =
        ImportCorp::new("企业!", [ImportContact::member("", "130000000012").user_custom_id(UserCustomId::new("0"))])
            .custom_id(CustomId::new("a-b"))
            .group_path("1/2/3/4/5/6/7/8/9/10");
    let text = error_text(|upstream| async move { upstream.import_chain_contact(import(vec![corp(1), bad])).await });
    for expected in [
        "contact_list[1].corp_name has a character",
        "contact_list[1].group_path is 10 levels deep",
        "at most 9",
        "contact_list[1].custom_id has a character",
        "contact_list[1].contact_info_list[0].name is empty",
        "1 to 32 characters",
        "and 1 more",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let contact = ImportContact::member("x", "130000000012").user_custom_id(UserCustomId::new("0"));
    assert_invalid!(
        import_chain_contact(import(vec![ImportCorp::new("企业", [contact])])),
        "contact_list[0].contact_info_list[0].mobile has 12 digits",
        "contact_list[0].contact_info_list[0].user_custom_id begins with a zero",
        "2^64-2"
    );
    assert!(!text.contains("130000000012"), "{text}");
}
