//! The endpoints: one file for each, with its descriptor, its request and its reply.

mod add_rule;
mod delete_rule;
mod external_userid_to_pending_id;
mod get_chain_corpinfo;
mod get_chain_corpinfo_list;
mod get_chain_group;
mod get_chain_list;
mod get_chain_user_custom_id;
mod get_corp_shared_chain_list;
mod get_result;
mod get_rule_info;
mod import_chain_contact;
mod list_app_share_info;
mod list_rule_ids;
mod modify_rule;
mod remove_corp;
mod transfer_session;
mod unionid_to_external_userid;
mod unionid_to_pending_id;

use wecom_core::{Endpoint, Quota};

pub use self::add_rule::{ADD_RULE, AddRule, AddRuleReply};
pub use self::delete_rule::{DELETE_RULE, DeleteRule, DeleteRuleReply};
pub use self::external_userid_to_pending_id::{
    EXTERNAL_USERID_TO_PENDING_ID, ExternalUseridToPendingId, ExternalUseridToPendingIdReply, PendingUser,
};
pub use self::get_chain_corpinfo::{GET_CHAIN_CORPINFO, GetChainCorpinfo, GetChainCorpinfoReply, QualificationStatus};
pub use self::get_chain_corpinfo_list::{
    GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply, GroupCorp,
};
pub use self::get_chain_group::{GET_CHAIN_GROUP, GetChainGroup, GetChainGroupReply, Group};
pub use self::get_chain_list::{GET_CHAIN_LIST, GetChainList, GetChainListReply};
pub use self::get_chain_user_custom_id::{GET_CHAIN_USER_CUSTOM_ID, GetChainUserCustomId, GetChainUserCustomIdReply};
pub use self::get_corp_shared_chain_list::{
    GET_CORP_SHARED_CHAIN_LIST, GetCorpSharedChainList, GetCorpSharedChainListReply,
};
pub use self::get_result::{
    FailedContact, FailedCorp, GET_RESULT, GetResult, GetResultReply, ImportResult, ImportStatus, JobStatus,
};
pub use self::get_rule_info::{GET_RULE_INFO, GetRuleInfo, GetRuleInfoReply};
pub use self::import_chain_contact::{
    IMPORT_CHAIN_CONTACT, IdentityType, ImportChainContact, ImportChainContactReply, ImportContact, ImportCorp,
};
pub use self::list_app_share_info::{LIST_APP_SHARE_INFO, ListAppShareInfo, ListAppShareInfoReply, SharedCorp};
pub use self::list_rule_ids::{LIST_RULE_IDS, ListRuleIds, ListRuleIdsReply};
pub use self::modify_rule::{MODIFY_RULE, ModifyRule, ModifyRuleReply};
pub use self::remove_corp::{REMOVE_CORP, RemoveCorp, RemoveCorpReply};
pub use self::transfer_session::{TRANSFER_SESSION, TransferSession, TransferSessionReply};
pub use self::unionid_to_external_userid::{
    ExternalUserInfo, UNIONID_TO_EXTERNAL_USERID, UnionidToExternalUserid, UnionidToExternalUseridReply,
};
pub use self::unionid_to_pending_id::{UNIONID_TO_PENDING_ID, UnionidToPendingId, UnionidToPendingIdReply};

/// Every endpoint that answers the upstream corp's token: those of the methods of [`Upstream`](crate::Upstream).
///
/// ```
/// use wecom_upstream::{ENDPOINTS, GET_CHAIN_LIST};
///
/// assert_eq!(ENDPOINTS.len(), 18);
/// assert!(ENDPOINTS.contains(&&GET_CHAIN_LIST));
/// ```
pub const ENDPOINTS: &[&Endpoint] = &[
    &LIST_APP_SHARE_INFO,
    &UNIONID_TO_EXTERNAL_USERID,
    &UNIONID_TO_PENDING_ID,
    &EXTERNAL_USERID_TO_PENDING_ID,
    &GET_CHAIN_LIST,
    &GET_CHAIN_GROUP,
    &GET_CHAIN_CORPINFO_LIST,
    &GET_CHAIN_CORPINFO,
    &IMPORT_CHAIN_CONTACT,
    &GET_RESULT,
    &REMOVE_CORP,
    &GET_CHAIN_USER_CUSTOM_ID,
    &GET_CORP_SHARED_CHAIN_LIST,
    &LIST_RULE_IDS,
    &DELETE_RULE,
    &GET_RULE_INFO,
    &ADD_RULE,
    &MODIFY_RULE,
];

/// Every endpoint that answers a downstream corp's token. One of them answers either corp's, and is in [`ENDPOINTS`]
/// too.
///
/// ```
/// use wecom_upstream::{DOWNSTREAM_ENDPOINTS, ENDPOINTS, EXTERNAL_USERID_TO_PENDING_ID, TRANSFER_SESSION};
///
/// assert_eq!(DOWNSTREAM_ENDPOINTS, [&TRANSFER_SESSION, &EXTERNAL_USERID_TO_PENDING_ID]);
/// assert!(!ENDPOINTS.contains(&&TRANSFER_SESSION));
/// ```
pub const DOWNSTREAM_ENDPOINTS: &[&Endpoint] = &[&TRANSFER_SESSION, &EXTERNAL_USERID_TO_PENDING_ID];

/// What one corp may call of one endpoint, where the vendor says nothing else.
const USUAL_QUOTA: Quota = Quota::new().with_per_minute(10_000).with_per_hour(150_000);

/// What one upstream corp may call of the endpoints that take a unionid.
const UNIONID_QUOTA: Quota =
    Quota::new().with_per_minute(10_000).with_per_hour(100_000).with_per_day(480_000).with_per_month(7_500_000);

/// What one corp may change of its rules. The day's number is for adding and modifying together, which a quota of one
/// endpoint can't say.
const RULE_CHANGE_QUOTA: Quota = USUAL_QUOTA.with_per_day(1_000);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wecom_core::{Method, Safety, TokenKind};

    use super::*;

    /// Every endpoint of this crate, once.
    fn all() -> Vec<&'static Endpoint> {
        let downstream_only = DOWNSTREAM_ENDPOINTS.iter().filter(|endpoint| !ENDPOINTS.contains(endpoint));
        ENDPOINTS.iter().chain(downstream_only).copied().collect()
    }

    #[test]
    fn no_two_endpoints_have_the_same_name_or_path() {
        let names: HashSet<_> = all().iter().map(|endpoint| endpoint.name()).collect();
        let paths: HashSet<_> = all().iter().map(|endpoint| endpoint.path()).collect();
        assert_eq!((names.len(), paths.len()), (all().len(), all().len()));
    }

    #[test]
    fn every_endpoint_has_a_title_a_document_and_a_quota() {
        for endpoint in all() {
            assert!(!endpoint.title().is_empty(), "{endpoint}");
            assert!(!endpoint.documents().is_empty(), "{endpoint}");
            assert!(endpoint.quota().per_hour().is_some(), "{endpoint}");
        }
    }

    #[test]
    fn every_endpoint_has_its_samples() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
        for endpoint in all() {
            let has = |kind| std::path::Path::new(&format!("{samples}/{endpoint}.{kind}.json")).is_file();
            assert!(has("reply"), "{endpoint}");
            assert_eq!(has("request"), endpoint.method() == Method::Post, "{endpoint}");
        }
    }

    #[test]
    fn five_endpoints_change_something_and_what_adds_may_not_be_repeated() {
        for endpoint in all() {
            let expected = match endpoint.name() {
                "import_chain_contact" | "add_rule" => Safety::NotIdempotent,
                "remove_corp" | "delete_rule" | "modify_rule" => Safety::Idempotent,
                _ => Safety::Safe,
            };
            assert_eq!(endpoint.safety(), expected, "{endpoint}");
        }
    }

    #[test]
    fn each_list_has_what_its_token_may_call_and_one_endpoint_is_in_both() {
        for endpoint in all() {
            let expected = match endpoint.name() {
                "external_userid_to_pending_id" => TokenKind::UpstreamOrDownstream,
                "transfer_session" => TokenKind::Downstream,
                _ => TokenKind::Upstream,
            };
            assert_eq!(endpoint.token_kind(), expected, "{endpoint}");
            let upstream = matches!(expected, TokenKind::Upstream | TokenKind::UpstreamOrDownstream);
            let downstream = matches!(expected, TokenKind::Downstream | TokenKind::UpstreamOrDownstream);
            let listed = (ENDPOINTS.contains(&endpoint), DOWNSTREAM_ENDPOINTS.contains(&endpoint));
            assert_eq!(listed, (upstream, downstream), "{endpoint}");
        }
    }

    #[test]
    fn only_changes_of_rules_have_the_limit_of_a_thousand_a_day() {
        let limited = all().into_iter().filter(|endpoint| endpoint.quota().per_day() == Some(1_000));
        assert_eq!(limited.collect::<Vec<_>>(), [&ADD_RULE, &MODIFY_RULE]);
    }

    #[test]
    fn a_reply_with_a_session_key_is_secret() {
        let secret = all().into_iter().filter(|endpoint| endpoint.has_secret_reply());
        assert_eq!(secret.collect::<Vec<_>>(), [&TRANSFER_SESSION]);
    }
}
