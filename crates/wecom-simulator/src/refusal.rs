//! The error codes of refused calls, with the vendor's error texts.

use wecom_core::ErrCode;
use wecom_upstream::validation::import_rules::INVALID_MOBILE;

/// The reason why a call is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrCode,
    /// The parameter concerned. Empty if the code needs no detail.
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn about(code: ErrCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<ErrCode> for Refusal {
    fn from(code: ErrCode) -> Self {
        Self::about(code, "")
    }
}

/// The codes of `gettoken` for a missing `corpid` and a missing `corpsecret`.
pub(crate) const MISSING_CORP_ID: ErrCode = ErrCode(41002);
pub(crate) const MISSING_SECRET: ErrCode = ErrCode(41004);
/// The codes for a wrong HTTP method, from the vendor's table for official accounts (公众号). The table for WeCom has none.
pub(crate) const GET_REQUIRED: ErrCode = ErrCode(43001);
pub(crate) const POST_REQUIRED: ErrCode = ErrCode(43002);
/// The code for an unknown group chat.
pub(crate) const UNKNOWN_CHAT: ErrCode = ErrCode(40050);

/// The error text of a code. It is ASCII because it is sent in a header too.
pub(crate) fn error_text(code: ErrCode) -> &'static str {
    match code {
        ErrCode::BUSY => "system error",
        ErrCode::OPEN_ID_OF_WRONG_ACCOUNT => "openid account type not allowed",
        ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL => "openid subject not match corp subject",
        ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL => "unionid subject not match corp subject",
        ErrCode::VERSION_CONFLICT => "data version conflict",
        ErrCode::INVALID_SECRET => "invalid credential",
        ErrCode::INVALID_CORP_ID => "invalid corpid",
        ErrCode::INVALID_ACCESS_TOKEN => "invalid access_token",
        ErrCode::INVALID_AGENT_ID => "invalid agentid",
        ErrCode::INVALID_PARAMETER => "invalid Request Parameter",
        ErrCode::EMPTY_PARAMETER => "some parameters are empty",
        ErrCode::INVALID_OPEN_ID => "invalid openid",
        ErrCode::UNKNOWN_JOB => "invalid jobid",
        ErrCode::JOB_RESULT_GONE => "result of batch job has been cleared",
        ErrCode::INVALID_EXTERNAL_USER_ID => "invalid external userid",
        ErrCode::MISSING_ACCESS_TOKEN => "access_token missing",
        ErrCode::ACCESS_TOKEN_EXPIRED => "access_token expired",
        ErrCode::FREQUENCY_EXCEEDED => "api freq out of limit",
        ErrCode::CONCURRENCY_EXCEEDED => "api concurrent out of limit",
        ErrCode::API_FORBIDDEN => "api forbidden",
        ErrCode::NOT_IN_RANGE => "no privilege to access/modify contact/party/agent",
        ErrCode::IP_NOT_TRUSTED => "not allow to access from your ip",
        ErrCode::UNKNOWN_USER => "userid not found",
        ErrCode::NOT_AN_EXTERNAL_CONTACT => "not external contact",
        ErrCode::APP_FORBIDDEN => "no permission to operate the app",
        ErrCode::APP_NOT_SHARED => "app not in share scope",
        ErrCode::UNKNOWN_CHAIN => "invalid chain_id",
        ErrCode::UNKNOWN_GROUP => "invalid chain groupid",
        ErrCode::CORP_NOT_IN_CHAIN => "corp not in chain",
        ErrCode::CHAIN_CORPS_EXCEEDED => "chain corp count exceeded",
        ErrCode::UNKNOWN_RULE => "invalid chain rule_id",
        ErrCode::RULES_EXCEEDED => "chain rule count exceeded",
        ErrCode::GROUP_NOT_UNIQUE => "group not unique",
        ErrCode::CUSTOM_ID_NOT_UNIQUE => "custom_id not unique",
        ErrCode::HEADS_EXCEEDED => "too many contacts of head identity",
        ErrCode::INVALID_CUSTOM_ID => "invalid custom_id",
        ErrCode::CORP_NAME_EMPTY => "corp name is empty",
        ErrCode::INVALID_CORP_NAME => "invalid corp name",
        ErrCode::CONTACT_NAME_EMPTY => "contact name is empty",
        ErrCode::INVALID_CONTACT_NAME => "invalid contact name",
        ErrCode::INVALID_IDENTITY => "invalid contact identity",
        ErrCode::GROUP_NAME_TAKEN_BY_CORP => "group name same as corp name",
        ErrCode::CONTACT_ACCOUNT_UNUSABLE => "abnormal contact account",
        ErrCode::CORP_MEMBERS_EXCEEDED => "corp member count exceeded",
        ErrCode::GROUP_TOO_DEEP => "group level exceeded",
        ErrCode::INVALID_GROUP_NAME => "invalid group name",
        ErrCode::IMPORT_RUNNING => "import job is running",
        ErrCode::DAILY_IMPORT_EXCEEDED => "import contacts of the day exceeded",
        ErrCode::IMPORT_ACCOUNT_UNUSABLE => "abnormal account, can not import",
        ErrCode::IMPORT_TOO_LARGE => "import data exceeded",
        ErrCode::SPACE_CORPS_EXCEEDED => "joined corp count exceeded",
        ErrCode::CREATOR_NOT_REMOVABLE => "can not remove chain creator",
        ErrCode::CORP_NAME_NOT_UNIQUE => "corp name not unique",
        ErrCode::MEMBER_NOT_IN_RANGE => "member or department not in chain range",
        ErrCode::GROUP_FORBIDDEN => "no permission to operate the groupid",
        ErrCode::CONTACT_MAY_NOT_JOIN => "contact not allowed to join chain of other corp",
        ErrCode::INVALID_USER_CUSTOM_ID => "invalid user_custom_id",
        ErrCode::SEVERAL_USER_CUSTOM_IDS => "more than one user_custom_id",
        ErrCode::USER_CUSTOM_ID_NOT_UNIQUE => "user_custom_id not unique",
        ErrCode::USER_CUSTOM_ID_UNSET => "user_custom_id not set",
        MISSING_CORP_ID => "corpid missing",
        MISSING_SECRET => "corpsecret missing",
        GET_REQUIRED => "require GET method",
        POST_REQUIRED => "require POST method",
        UNKNOWN_CHAT => "chatid not exist",
        INVALID_MOBILE => "invalid mobile",
        _ => "request refused",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_a_text_of_its_own_in_ascii() {
        let codes = [
            ErrCode::BUSY,
            ErrCode::OPEN_ID_OF_WRONG_ACCOUNT,
            ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL,
            ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL,
            ErrCode::VERSION_CONFLICT,
            ErrCode::INVALID_SECRET,
            ErrCode::INVALID_CORP_ID,
            ErrCode::INVALID_ACCESS_TOKEN,
            ErrCode::INVALID_AGENT_ID,
            ErrCode::INVALID_PARAMETER,
            ErrCode::EMPTY_PARAMETER,
            ErrCode::INVALID_OPEN_ID,
            ErrCode::UNKNOWN_JOB,
            ErrCode::JOB_RESULT_GONE,
            ErrCode::INVALID_EXTERNAL_USER_ID,
            ErrCode::MISSING_ACCESS_TOKEN,
            ErrCode::ACCESS_TOKEN_EXPIRED,
            ErrCode::FREQUENCY_EXCEEDED,
            ErrCode::CONCURRENCY_EXCEEDED,
            ErrCode::API_FORBIDDEN,
            ErrCode::NOT_IN_RANGE,
            ErrCode::IP_NOT_TRUSTED,
            ErrCode::UNKNOWN_USER,
            ErrCode::NOT_AN_EXTERNAL_CONTACT,
            ErrCode::APP_FORBIDDEN,
            ErrCode::APP_NOT_SHARED,
            ErrCode::UNKNOWN_CHAIN,
            ErrCode::UNKNOWN_GROUP,
            ErrCode::CORP_NOT_IN_CHAIN,
            ErrCode::CHAIN_CORPS_EXCEEDED,
            ErrCode::UNKNOWN_RULE,
            ErrCode::RULES_EXCEEDED,
            ErrCode::GROUP_NOT_UNIQUE,
            ErrCode::CUSTOM_ID_NOT_UNIQUE,
            ErrCode::HEADS_EXCEEDED,
            ErrCode::INVALID_CUSTOM_ID,
            ErrCode::CORP_NAME_EMPTY,
            ErrCode::INVALID_CORP_NAME,
            ErrCode::CONTACT_NAME_EMPTY,
            ErrCode::INVALID_CONTACT_NAME,
            ErrCode::INVALID_IDENTITY,
            ErrCode::GROUP_NAME_TAKEN_BY_CORP,
            ErrCode::CONTACT_ACCOUNT_UNUSABLE,
            ErrCode::CORP_MEMBERS_EXCEEDED,
            ErrCode::GROUP_TOO_DEEP,
            ErrCode::INVALID_GROUP_NAME,
            ErrCode::IMPORT_RUNNING,
            ErrCode::DAILY_IMPORT_EXCEEDED,
            ErrCode::IMPORT_ACCOUNT_UNUSABLE,
            ErrCode::IMPORT_TOO_LARGE,
            ErrCode::SPACE_CORPS_EXCEEDED,
            ErrCode::CREATOR_NOT_REMOVABLE,
            ErrCode::CORP_NAME_NOT_UNIQUE,
            ErrCode::MEMBER_NOT_IN_RANGE,
            ErrCode::GROUP_FORBIDDEN,
            ErrCode::CONTACT_MAY_NOT_JOIN,
            ErrCode::INVALID_USER_CUSTOM_ID,
            ErrCode::SEVERAL_USER_CUSTOM_IDS,
            ErrCode::USER_CUSTOM_ID_NOT_UNIQUE,
            ErrCode::USER_CUSTOM_ID_UNSET,
            MISSING_CORP_ID,
            MISSING_SECRET,
            GET_REQUIRED,
            POST_REQUIRED,
            UNKNOWN_CHAT,
            INVALID_MOBILE,
        ];
        let texts: HashSet<_> = codes.into_iter().map(error_text).collect();
        assert_eq!(texts.len(), codes.len());
        assert!(texts.iter().all(|text| text.is_ascii() && *text != error_text(ErrCode(1))));
    }
}
