//! The endpoints: one file for each, with its descriptor, its request and its reply.

mod external_userid_to_pending_id;
mod get_chain_corpinfo;
mod get_chain_corpinfo_list;
mod get_chain_group;
mod get_chain_list;
mod get_chain_user_custom_id;
mod get_corp_shared_chain_list;
mod get_result;
mod import_chain_contact;
mod list_app_share_info;
mod remove_corp;
mod unionid_to_external_userid;
mod unionid_to_pending_id;

use wecom_core::{Endpoint, Quota};

pub use self::external_userid_to_pending_id::{
    EXTERNAL_USERID_TO_PENDING_ID, ExternalUseridToPendingId, ExternalUseridToPendingIdReply, PendingUser,
};
pub use self::get_chain_corpinfo::{GET_CHAIN_CORPINFO, GetChainCorpinfo, GetChainCorpinfoReply};
pub use self::get_chain_corpinfo_list::{
    GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply, GroupCorp,
};
pub use self::get_chain_group::{GET_CHAIN_GROUP, GetChainGroup, GetChainGroupReply, Group};
pub use self::get_chain_list::{GET_CHAIN_LIST, GetChainList, GetChainListReply};
pub use self::get_chain_user_custom_id::{GET_CHAIN_USER_CUSTOM_ID, GetChainUserCustomId, GetChainUserCustomIdReply};
pub use self::get_corp_shared_chain_list::{
    GET_CORP_SHARED_CHAIN_LIST, GetCorpSharedChainList, GetCorpSharedChainListReply,
};
pub use self::get_result::{FailedContact, FailedCorp, GET_RESULT, GetResult, GetResultReply, ImportResult};
pub use self::import_chain_contact::{
    IMPORT_CHAIN_CONTACT, ImportChainContact, ImportChainContactReply, ImportContact, ImportCorp,
};
pub use self::list_app_share_info::{LIST_APP_SHARE_INFO, ListAppShareInfo, ListAppShareInfoReply, SharedCorp};
pub use self::remove_corp::{REMOVE_CORP, RemoveCorp, RemoveCorpReply};
pub use self::unionid_to_external_userid::{
    ExternalUserInfo, UNIONID_TO_EXTERNAL_USERID, UnionidToExternalUserid, UnionidToExternalUseridReply,
};
pub use self::unionid_to_pending_id::{UNIONID_TO_PENDING_ID, UnionidToPendingId, UnionidToPendingIdReply};

/// Every endpoint of this crate.
///
/// ```
/// use wecom_upstream::{ENDPOINTS, GET_CHAIN_LIST};
///
/// assert_eq!(ENDPOINTS.len(), 13);
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
];

/// What one corp may call of one endpoint, where the vendor says nothing else.
const USUAL_QUOTA: Quota = Quota::new().per_minute(10_000).per_hour(150_000);

/// What one upstream corp may call of the endpoints that take a unionid.
const UNIONID_QUOTA: Quota = Quota::new().per_minute(10_000).per_hour(100_000).per_day(480_000).per_month(7_500_000);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wecom_core::{Method, Safety, TokenKind};

    use super::*;

    #[test]
    fn no_two_endpoints_have_the_same_name_or_path() {
        let names: HashSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.name()).collect();
        let paths: HashSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.path()).collect();
        assert_eq!((names.len(), paths.len()), (ENDPOINTS.len(), ENDPOINTS.len()));
    }

    #[test]
    fn every_endpoint_has_a_title_a_document_and_a_quota() {
        for endpoint in ENDPOINTS {
            assert!(!endpoint.chinese_title().is_empty(), "{endpoint}");
            assert!(!endpoint.document_numbers().is_empty(), "{endpoint}");
            assert!(endpoint.documented_quota().hour().is_some(), "{endpoint}");
        }
    }

    #[test]
    fn every_endpoint_has_its_samples() {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
        for endpoint in ENDPOINTS {
            let has = |kind| std::path::Path::new(&format!("{samples}/{endpoint}.{kind}.json")).is_file();
            assert!(has("reply"), "{endpoint}");
            assert_eq!(has("request"), endpoint.method() == Method::Post, "{endpoint}");
        }
    }

    #[test]
    fn only_two_endpoints_change_anything_and_only_a_removal_may_be_repeated() {
        for endpoint in ENDPOINTS {
            let expected = match endpoint.name() {
                "import_chain_contact" => Safety::NotIdempotent,
                "remove_corp" => Safety::Idempotent,
                _ => Safety::Safe,
            };
            assert_eq!(endpoint.repetition(), expected, "{endpoint}");
        }
    }

    #[test]
    fn only_one_endpoint_answers_a_downstream_corp_too() {
        for endpoint in ENDPOINTS {
            let expected = match endpoint.name() {
                "external_userid_to_pending_id" => TokenKind::UpstreamOrDownstream,
                _ => TokenKind::Upstream,
            };
            assert_eq!(endpoint.token_kind(), expected, "{endpoint}");
        }
    }
}
