//! WeCom's error codes: any number passes through, and those of this domain are explained.

use std::fmt;

/// WeCom's `errcode`.
///
/// A newtype, not an enum: the vendor has over a thousand codes and adds to them. Those that the upstream API answers,
/// and those that every call can meet, are constants here with an explanation and a remedy; any other is a number with
/// the vendor's lookup page.
///
/// ```
/// use wecom_core::ErrCode;
///
/// assert_eq!(ErrCode::UNKNOWN_CHAIN, ErrCode(670002));
/// assert_eq!(ErrCode::UNKNOWN_CHAIN.label(), Some("无效上下游chain_id"));
/// assert_eq!(ErrCode::UNKNOWN_CHAIN.to_string(), "670002 (无效上下游chain_id)");
/// assert_eq!(ErrCode(99).to_string(), "99");
/// assert_eq!(ErrCode(99).lookup_url(), "https://open.work.weixin.qq.com/devtool/query?e=99");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrCode(pub i64);

impl ErrCode {
    /// The vendor's short Chinese label, for the codes that are constants here.
    #[must_use]
    pub fn label(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.label)
    }

    /// What the code means, in English, for the codes that are constants here.
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.explanation)
    }

    /// What to do about it, in English, for the codes that are constants here.
    #[must_use]
    pub fn remedy(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.remedy)
    }

    /// The address of the vendor's page on this code.
    #[must_use]
    pub fn lookup_url(self) -> String {
        format!("https://open.work.weixin.qq.com/devtool/query?e={}", self.0)
    }

    pub(crate) fn means_token_rejected(self) -> bool {
        matches!(
            self,
            Self::INVALID_SECRET | Self::INVALID_ACCESS_TOKEN | Self::MISSING_ACCESS_TOKEN | Self::ACCESS_TOKEN_EXPIRED
        )
    }

    pub(crate) fn means_credentials_rejected(self) -> bool {
        matches!(self, Self::INVALID_SECRET | Self::INVALID_CORP_ID | Self::SECRET_OF_ANOTHER_CORP)
    }

    /// Whether the code is certain to refuse the call before it does anything.
    pub(crate) fn means_not_carried_out(self) -> bool {
        matches!(self, Self::FREQUENCY_EXCEEDED | Self::CONCURRENCY_EXCEEDED) || self.means_token_rejected()
    }

    pub(crate) fn means_permission_denied(self) -> bool {
        matches!(
            self,
            Self::API_NOT_AUTHORIZED
                | Self::API_FORBIDDEN
                | Self::NOT_IN_RANGE
                | Self::APP_FORBIDDEN
                | Self::APP_NOT_SHARED
                | Self::GROUP_FORBIDDEN
        )
    }

    fn entry(self) -> Option<&'static Entry> {
        let at = ENTRIES.binary_search_by_key(&self.0, |entry| entry.code).ok()?;
        ENTRIES.get(at)
    }
}

impl From<i64> for ErrCode {
    fn from(code: i64) -> Self {
        Self(code)
    }
}

impl fmt::Display for ErrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(label) => write!(f, "{} ({label})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

struct Entry {
    code: i64,
    label: &'static str,
    explanation: &'static str,
    remedy: &'static str,
}

/// One line a code: the constant, the vendor's label, our explanation, our remedy; in the order of the codes.
macro_rules! codes {
    ($($name:ident = $code:literal, $label:literal, $explanation:literal, $remedy:literal;)+) => {
        impl ErrCode {
            $(
                #[doc = concat!($label, ": ", $explanation)]
                #[doc = ""]
                #[doc = $remedy]
                pub const $name: Self = Self($code);
            )+

            /// Every code that is a constant here, in order.
            pub const EXPLAINED: &'static [Self] = &[$(Self::$name),+];
        }

        const ENTRIES: &[Entry] = &[
            $(Entry { code: $code, label: $label, explanation: $explanation, remedy: $remedy }),+
        ];
    };
}

codes! {
    BUSY = -1,
        "系统繁忙",
        "WeCom is busy.",
        "Try again after half a second or more, at most three times; a call that changes something may have been carried out, so look before you repeat it.";
    VERSION_CONFLICT = 6000,
        "数据版本冲突",
        "Two callers changed the same data at once, and this one lost.",
        "Read the data again, then try again.";
    INVALID_SECRET = 40001,
        "不合法的secret参数",
        "The app's secret or the token made with it is not valid.",
        "Copy the secret of this very app from the admin console again, and don't repeat the call before that: repeated, it gets this IP banned for an hour.";
    INVALID_USER_ID = 40003,
        "无效的UserID",
        "There is no such member, or none by that id in this corp.",
        "Check that the userid belongs to the corp that is asked, and mind that an id of one corp means nothing in another.";
    INVALID_CORP_ID = 40013,
        "不合法的CorpID",
        "There is no such corp id.",
        "Copy it from 我的企业 → 企业信息 → 企业ID in the admin console; for a downstream corp, take it from list_app_share_info.";
    INVALID_ACCESS_TOKEN = 40014,
        "不合法的access_token",
        "The access token is not valid: mistyped, revoked early, or another corp's.",
        "A client with credentials has fetched a new one and was refused again: check that the token's app may make this call, and that nothing else revokes it.";
    INVALID_AGENT_ID = 40056,
        "不合法的agentid",
        "There is no such app.",
        "Take the agentid from the app's page in the admin console; it is a number, and belongs to one corp.";
    INVALID_PARAMETER = 40058,
        "不合法的参数",
        "A parameter is missing or not valid.",
        "The errmsg usually names it; compare the request with the endpoint's documentation.";
    EMPTY_PARAMETER = 40063,
        "参数为空",
        "A parameter that is needed is empty.",
        "The errmsg usually names it; give it a value.";
    INVALID_OPEN_ID = 40073,
        "不合法的openid",
        "There is no such openid.",
        "Take the openid from the mini-program or service account whose principal is the upstream corp's, and check that openid and unionid are of the same account.";
    UNKNOWN_JOB = 40088,
        "jobid不存在",
        "There is no such job.",
        "Take the job's id from import_chain_contact, and ask with the app that started it.";
    JOB_RESULT_GONE = 40089,
        "批量任务的结果已清理",
        "The job's result has been cleared away: only the last few are kept.",
        "Look at the contacts themselves to see what was imported; next time, ask for the result sooner.";
    SECRET_OF_ANOTHER_CORP = 40091,
        "secret不合法",
        "The secret is not one of this corp's.",
        "Give the corp id and the secret of the same corp's app.";
    INVALID_EXTERNAL_USER_ID = 40096,
        "不合法的外部联系人userid",
        "There is no such external contact.",
        "Mind that an external_userid differs in every corp: ask the corp that gave it.";
    MISSING_ACCESS_TOKEN = 41001,
        "缺少access_token参数",
        "The call arrived without an access token.",
        "Something between here and WeCom may have dropped the query of the URL: check the gateway or proxy.";
    ACCESS_TOKEN_EXPIRED = 42001,
        "access_token已过期",
        "The access token has expired.",
        "A client with credentials fetches a new one by itself; with a fixed token, get a new one.";
    FREQUENCY_EXCEEDED = 45009,
        "接口调用超过限制",
        "The call was made too often, and is blocked for about the window exceeded: a minute, an hour or a day.",
        "Leave this endpoint alone for that long, then call it less often; repeating now prolongs nothing but helps nothing either.";
    CONCURRENCY_EXCEEDED = 45033,
        "接口并发调用超过限制",
        "Too many of these calls were under way at once.",
        "Wait a second or more, and have fewer under way.";
    API_NOT_AUTHORIZED = 48001,
        "API功能未授权",
        "The app has not been granted this API.",
        "Grant it in the admin console, for an app of a third party by its owner's authorisation.";
    API_FORBIDDEN = 48002,
        "API接口无权限调用",
        "The app may not make this call.",
        "Add the app under 上下游 → 可调用接口的应用 in the admin console, and use an own-built app's secret: since 2023-12-01 the system app's doesn't serve new corps.";
    UNTRUSTED_REDIRECT_DOMAIN = 50001,
        "redirect_url未登记可信域名",
        "The domain of the redirect address is not registered as trusted.",
        "Register it on the app's page in the admin console.";
    NOT_IN_RANGE = 60011,
        "指定的成员/部门/标签参数无权限",
        "The app has no rights over the member, department or tag that was named.",
        "Widen the app's visible range in the admin console, or name what lies in it.";
    IP_NOT_TRUSTED = 60020,
        "不安全的访问IP",
        "This machine's IP is not among the app's trusted ones.",
        "The errmsg names the IP: add it to the app's 企业可信IP in the admin console, or call through a proxy whose IP is there.";
    UNKNOWN_USER = 60111,
        "UserID不存在",
        "There is no such member.",
        "Check the userid, and that it belongs to the corp that is asked.";
    NOT_AN_EXTERNAL_CONTACT = 84061,
        "不存在外部联系人的关系",
        "The customer is not an external contact of anybody in the corp.",
        "Use pending_id for a customer who has not been added yet.";
    APP_FORBIDDEN = 301002,
        "无权限操作指定的应用",
        "The token's app has no rights over the app that was named.",
        "Use the token of the app whose agentid you give.";
    CORP_UNAVAILABLE = 301007,
        "企业不可用，可能已经被解散或者被禁封",
        "The corp has been dissolved or blocked.",
        "Take it out of your lists, or ask the corp's administrator.";
    APP_NOT_SHARED = 670001,
        "应用不在共享范围",
        "The app is not shared with this chain or corp.",
        "Share it with them in the admin console, then take the downstream agentid from list_app_share_info.";
    UNKNOWN_CHAIN = 670002,
        "无效上下游chain_id",
        "There is no such chain.",
        "Take the chain_id from get_chain_list.";
    UNKNOWN_GROUP = 670003,
        "无效上下游分组id",
        "There is no such group in the chain.",
        "Take the groupid from get_chain_group; the root group is 1.";
    CORP_NOT_IN_CHAIN = 670004,
        "企业不在上下游范围内",
        "The corp is not in the chain.",
        "Take the corp from get_chain_corpinfo_list of this chain; it may have been removed since.";
    CHAIN_CORPS_EXCEEDED = 670005,
        "超过上下游人企业数上限",
        "The chain has as many corps as it may have.",
        "Remove corps that are no longer wanted, or ask the vendor for more.";
    UNKNOWN_RULE = 670006,
        "无效上下游规则id",
        "There is no such rule in the chain.",
        "Take the rule_id from the list of the chain's rules.";
    RULES_EXCEEDED = 670007,
        "上下游规则id数量超出限制",
        "The chain has as many rules as it may have.",
        "Delete or merge rules.";
    GROUP_NOT_UNIQUE = 670008,
        "分组不唯一",
        "A group path fits more than one group.",
        "Give sibling groups different names.";
    CUSTOM_ID_NOT_UNIQUE = 670009,
        "自定义id不唯一",
        "The custom id belongs to another corp of the chain already.",
        "Give each corp a custom_id of its own.";
    HEADS_EXCEEDED = 670010,
        "负责人数量超出限制",
        "A corp has more heads (负责人) than the five it may have.",
        "Make the others members (identity_type 1).";
    INVALID_CUSTOM_ID = 670011,
        "不合法的自定义id",
        "The corp's custom id is longer than 64 or not of letters and digits.",
        "Use ASCII letters and digits only, 64 at most.";
    CORP_NAME_EMPTY = 670012,
        "导入企业名称为空",
        "A corp has no name.",
        "Give every corp of the import a corp_name.";
    INVALID_CORP_NAME = 670013,
        "不合法的企业名称",
        "A corp's name is too long or has a character that is not allowed.",
        "Use 1 to 32 Chinese characters, letters, digits and -_()（） or spaces.";
    CONTACT_NAME_EMPTY = 670014,
        "上下游联系人姓名为空",
        "A contact has no name.",
        "Give every contact of the import a name.";
    INVALID_CONTACT_NAME = 670015,
        "不合法的上下游联系人姓名",
        "A contact's name is not allowed.",
        "Use 1 to 32 characters.";
    INVALID_IDENTITY = 670016,
        "不合法的身份字段",
        "A contact's identity is neither member nor head.",
        "Use identity_type 1 (member) or 2 (head).";
    GROUP_NAME_TAKEN_BY_CORP = 670017,
        "分组名和同层级企业名重复",
        "A group bears the name of a corp on the same level.",
        "Rename one of them.";
    CONTACT_ACCOUNT_UNUSABLE = 670018,
        "该联系人账号异常，无法邀请其加入上下游",
        "The contact's own account is in a state in which it can't be invited.",
        "Invite another contact of that corp, or have this one sort it out with the vendor.";
    CORP_MEMBERS_EXCEEDED = 670019,
        "导入上下游后单个企业人数超出限制",
        "With this import a corp would have more people than it may have.",
        "Import fewer people for the corp, or remove some first.";
    GROUP_TOO_DEEP = 670020,
        "分组层级不可超过9层",
        "The group path is more than nine levels deep.",
        "Shorten the path.";
    INVALID_GROUP_NAME = 670021,
        "不合法的分组名称",
        "A group's name is not allowed.",
        "Check each part of the group_path: empty parts and odd characters are refused.";
    IMPORT_RUNNING = 670022,
        "有导入任务正在进行",
        "An import into this corp's chains is running already, perhaps one begun in the admin console.",
        "Wait until getresult says that it has finished, then start the next.";
    DAILY_IMPORT_EXCEEDED = 670023,
        "超过每日导入人数限制",
        "More people were imported today than the 20,000 a day may have.",
        "Go on tomorrow.";
    IMPORT_ACCOUNT_UNUSABLE = 670024,
        "账号异常，不能进行导入",
        "The upstream corp's account is in a state in which it can't import.",
        "Have its administrator look at the admin console.";
    IMPORT_TOO_LARGE = 670025,
        "导入数据超出限制",
        "The import has more corps, people, or people a corp than one job may have.",
        "Split it: 1,000 corps, 2,000 people and 200 people a corp are allowed.";
    SPACE_CORPS_EXCEEDED = 670026,
        "上下游空间加入企业超出限制",
        "The upstream/downstream space has as many corps as it may have.",
        "Remove corps that are no longer wanted, or ask the vendor for more.";
    CREATOR_NOT_REMOVABLE = 670027,
        "不可以移除上下游创建者",
        "The corp that made the chain can't be removed from it.",
        "Leave it in.";
    CORP_NAME_NOT_UNIQUE = 670028,
        "企业名称不唯一",
        "Two corps bear the same name.",
        "Give each corp of the chain a name of its own.";
    MEMBER_NOT_IN_RANGE = 670029,
        "成员、部门不在上下游范围",
        "The member or department is not in the chain's range.",
        "Add them to the chain's range in the admin console.";
    GROUP_FORBIDDEN = 670030,
        "无权限操作此groupid",
        "The app has no rights over this group.",
        "Share the app with the group, or name one that it is shared with.";
    CONTACT_MAY_NOT_JOIN = 670031,
        "根据管理员设置，存在联系人无权加入其他企业创建的上下游",
        "By their administrator's setting, a contact may not join chains of other corps.",
        "Ask that corp's administrator to allow it, or invite another contact.";
    INVALID_USER_CUSTOM_ID = 670032,
        "成员自定义id不合法",
        "A member's custom id is not allowed.",
        "Use digits only, 1 to 2^64-2, without leading zero, and not 11 or 13 digits long.";
    SEVERAL_USER_CUSTOM_IDS = 670033,
        "当前成员填写了多个自定义id",
        "One member was given several custom ids.",
        "Give each mobile number one user_custom_id throughout the import.";
    USER_CUSTOM_ID_NOT_UNIQUE = 670034,
        "成员自定义id跟当前下游企业其他成员重复",
        "The custom id belongs to another member of the same downstream corp.",
        "Give each member of a corp a user_custom_id of its own.";
    USER_CUSTOM_ID_UNSET = 670035,
        "成员没有设置自定义id",
        "The member has no custom id.",
        "Set one when importing the member, or treat this answer as none.";
    OPEN_ID_OF_WRONG_ACCOUNT = 845001,
        "openid账号类型不是公众号或小程序",
        "The openid is of neither a service account nor a mini-program.",
        "Take it from one of these.";
    OPEN_ID_OF_ANOTHER_PRINCIPAL = 845002,
        "openid认证主体和企业认证主体不一致",
        "The openid's account is not certified for the corp's own principal.",
        "Certify the mini-program or service account under the upstream corp's name.";
    UNION_ID_OF_ANOTHER_PRINCIPAL = 845003,
        "unionid认证主体和企业认证主体不一致",
        "The unionid's open-platform account is not certified for the corp's own principal.",
        "Certify the open-platform account under the upstream corp's name.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_domain_and_every_code_that_any_call_can_meet_is_explained() {
        let common = [-1, 6000, 40001, 40013, 40014, 41001, 42001, 45009, 45033, 48002, 50001, 60011, 60020, 301002];
        for code in common.into_iter().chain(670_001..=670_035).map(ErrCode) {
            for text in [code.label(), code.explanation(), code.remedy()] {
                assert!(text.is_some_and(|text| !text.is_empty()), "{code}");
            }
        }
    }

    #[test]
    fn the_table_is_in_order_so_that_each_entry_is_found() {
        assert!(ENTRIES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(ErrCode::EXPLAINED.iter().all(|code| code.entry().is_some_and(|entry| entry.code == code.0)));
    }

    #[test]
    fn explanations_are_sentences_and_never_the_same_twice() {
        let mut seen = std::collections::HashSet::new();
        for entry in ENTRIES {
            assert!(entry.explanation.ends_with('.') && entry.remedy.ends_with('.'), "{}", entry.code);
            assert!(seen.insert(entry.explanation), "{}", entry.code);
        }
    }

    #[test]
    fn a_code_that_is_not_explained_passes_through() {
        let code = ErrCode::from(123_456_789);
        assert_eq!((code.label(), code.explanation(), code.remedy()), (None, None, None));
    }
}
