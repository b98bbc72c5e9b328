//! WeCom's error codes. Every number passes through; the codes of this API are explained.

mod chinese;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::chinese::{Chinese, chinese};
use super::language::Language;
use crate::codec::wire;

/// WeCom's `errcode` (全局错误码).
///
/// A newtype instead of an enum, because the vendor has more than a thousand codes and adds new ones. The codes of the
/// upstream/downstream API and those common to all calls are constants with an explanation and a remedy. Any other code
/// is a number with the address of the vendor's page on it.
///
/// ```
/// use wecom_core::ErrCode;
///
/// assert_eq!(ErrCode::UNKNOWN_CHAIN, ErrCode(670002));
/// assert_eq!(ErrCode::UNKNOWN_CHAIN.label(), Some("无效上下游chain_id"));
/// assert_eq!(ErrCode::UNKNOWN_CHAIN.to_string(), "670002 (无效上下游chain_id)");
/// assert_eq!(ErrCode(99).to_string(), "99");
/// assert_eq!(
///     ErrCode(99).lookup_url(),
///     "https://open.work.weixin.qq.com/devtool/query?e=99"
/// );
/// ```
///
/// It is serialized as a number, and deserialized from a number or a string of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrCode(#[serde(deserialize_with = "wire::integer")] pub i64);

impl ErrCode {
    /// The vendor's Chinese label. `None` if the code is not one of [`ErrCode::EXPLAINED`].
    #[must_use]
    pub fn label(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.label)
    }

    /// The meaning of the code in English. `None` if the code is not one of [`ErrCode::EXPLAINED`].
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.explanation)
    }

    /// The remedy in English. `None` if the code is not one of [`ErrCode::EXPLAINED`].
    #[must_use]
    pub fn remedy(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.remedy)
    }

    /// The meaning of the code in Chinese (中文说明). `None` if the code is not one of [`ErrCode::EXPLAINED`].
    ///
    /// ```
    /// # use wecom_core::ErrCode;
    /// assert_eq!(ErrCode::UNKNOWN_GROUP.explanation_zh(), Some("该上下游中没有这个分组。"));
    /// assert_eq!(
    ///     ErrCode::UNKNOWN_GROUP.remedy_zh(),
    ///     Some("请通过 get_chain_group 获取 groupid，根分组为 1。")
    /// );
    /// ```
    #[must_use]
    pub fn explanation_zh(self) -> Option<&'static str> {
        chinese(self).map(|Chinese { explanation, .. }| explanation)
    }

    /// The remedy in Chinese (处理建议). `None` if the code is not one of [`ErrCode::EXPLAINED`].
    #[must_use]
    pub fn remedy_zh(self) -> Option<&'static str> {
        chinese(self).map(|Chinese { remedy, .. }| remedy)
    }

    /// The explanation and the remedy in a language.
    pub(super) fn advice(self, language: Language) -> Option<(&'static str, &'static str)> {
        match language {
            Language::English => self.explanation().zip(self.remedy()),
            Language::Chinese => self.explanation_zh().zip(self.remedy_zh()),
        }
    }

    /// The address of the vendor's page on the code.
    #[must_use]
    pub fn lookup_url(self) -> String {
        format!("https://open.work.weixin.qq.com/devtool/query?e={}", self.0)
    }

    /// Whether the same call may succeed later although nothing is changed.
    pub(crate) fn is_transient(self) -> bool {
        matches!(self, Self::BUSY | Self::VERSION_CONFLICT | Self::FREQUENCY_EXCEEDED | Self::CONCURRENCY_EXCEEDED)
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

/// Defines the constants. An entry has the code, the vendor's label, our explanation and our remedy. Entries are sorted by
/// code.
macro_rules! codes {
    ($($name:ident = $code:literal, $label:literal, $explanation:literal, $remedy:literal;)+) => {
        impl ErrCode {
            $(
                #[doc = concat!($label, ": ", $explanation)]
                #[doc = ""]
                #[doc = $remedy]
                #[doc(alias = $label)]
                pub const $name: Self = Self($code);
            )+

            /// Every code that has an explanation, in ascending order.
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
        "The system is busy.",
        "Retry after at least 500 ms, at most three times. The call may have been carried out, so check before repeating one that changes data.";
    VERSION_CONFLICT = 6000,
        "数据版本冲突",
        "Version conflict: another caller changed the same data at the same time.",
        "Read the data again, then retry.";
    INVALID_SECRET = 40001,
        "不合法的secret参数",
        "Invalid credential: the app's secret, or the access token made with it, is not valid.",
        "Copy the secret of this app from the admin console before the next call: repeated failures get this IP address banned for an hour.";
    INVALID_USER_ID = 40003,
        "无效的UserID",
        "Invalid userid: the corp has no such member.",
        "Check that the userid belongs to the corp that is called. A userid of one corp is not valid in another.";
    INVALID_CORP_ID = 40013,
        "不合法的CorpID",
        "Invalid corp id.",
        "Copy it from 我的企业 → 企业信息 → 企业ID in the admin console. For a downstream corp, take it from list_app_share_info.";
    INVALID_ACCESS_TOKEN = 40014,
        "不合法的access_token",
        "Invalid access token: malformed, revoked early, or issued for another corp.",
        "With a fixed token, get a new one. With credentials, the client has tried a new token already: check that the app may make this call and that nothing else revokes its tokens.";
    INVALID_AGENT_ID = 40056,
        "不合法的agentid",
        "Invalid agent id.",
        "Take the agentid from the app's page in the admin console. It is valid in one corp only.";
    INVALID_PARAMETER = 40058,
        "不合法的参数",
        "Invalid parameter: missing or not valid.",
        "The errmsg usually names it. Compare the request with the endpoint's documentation.";
    EMPTY_PARAMETER = 40063,
        "参数为空",
        "Empty parameter: a required parameter has no value.",
        "The errmsg usually names it. Set it.";
    INVALID_OPEN_ID = 40073,
        "不合法的openid",
        "Invalid openid.",
        "Take the openid from a mini-program or service account of the upstream corp, and check that openid and unionid belong to the same account.";
    UNKNOWN_JOB = 40088,
        "jobid不存在",
        "No such job.",
        "Take the jobid from import_chain_contact, and query it with the app that started the job.";
    JOB_RESULT_GONE = 40089,
        "批量任务的结果已清理",
        "The job's result has been deleted: only the last few results are kept.",
        "Check the contacts themselves to see what was imported. Next time, query the result sooner.";
    SECRET_OF_ANOTHER_CORP = 40091,
        "secret不合法",
        "Invalid secret: it does not belong to this corp.",
        "Use the corp id and the secret of an app of the same corp.";
    INVALID_EXTERNAL_USER_ID = 40096,
        "不合法的外部联系人userid",
        "No such external contact.",
        "Use the id only with the corp that returned it: a customer has another external_userid in every corp.";
    MISSING_ACCESS_TOKEN = 41001,
        "缺少access_token参数",
        "Missing access token: the request arrived without one.",
        "A gateway or proxy may have dropped the query of the URL: check its configuration.";
    ACCESS_TOKEN_EXPIRED = 42001,
        "access_token已过期",
        "The access token has expired.",
        "With a fixed token, get a new one. With credentials, the client fetches a new one.";
    FREQUENCY_EXCEEDED = 45009,
        "接口调用超过限制",
        "Rate limit exceeded: the endpoint is blocked for about the exceeded window (a minute, an hour or a day).",
        "Do not call the endpoint until the block ends, then call it less often.";
    CONCURRENCY_EXCEEDED = 45033,
        "接口并发调用超过限制",
        "Concurrency limit exceeded: too many calls of this endpoint at the same time.",
        "Wait at least a second, and make fewer calls at the same time.";
    API_NOT_AUTHORIZED = 48001,
        "API功能未授权",
        "API not authorized: the app has not been granted this API.",
        "Grant it in the admin console. For a third-party app, the corp that installed it grants it.";
    API_FORBIDDEN = 48002,
        "API接口无权限调用",
        "API forbidden: the app may not make this call.",
        "Add the app under 上下游 → 可调用接口的应用 in the admin console, and use the secret of a self-built app: since 2023-12-01 the system app's secret does not work for new corps.";
    UNTRUSTED_REDIRECT_DOMAIN = 50001,
        "redirect_url未登记可信域名",
        "Untrusted redirect domain: the domain of the redirect address is not registered.",
        "Register it on the app's page in the admin console.";
    NOT_IN_RANGE = 60011,
        "指定的成员/部门/标签参数无权限",
        "Permission denied: the app has no rights to the given member, department or tag.",
        "Extend the app's visible range in the admin console, or use a member, department or tag within it.";
    IP_NOT_TRUSTED = 60020,
        "不安全的访问IP",
        "IP address not trusted: the call came from an address that is not on the app's list.",
        "Add the address to the app's 企业可信IP in the admin console, or call through a proxy whose address is listed.";
    UNKNOWN_USER = 60111,
        "UserID不存在",
        "Unknown userid: the corp has no such member.",
        "Check the userid, and that it belongs to the corp that is called.";
    NOT_AN_EXTERNAL_CONTACT = 84061,
        "不存在外部联系人的关系",
        "The customer is not an external contact of any member of the corp.",
        "Use pending_id for a customer that has not been added yet.";
    APP_FORBIDDEN = 301002,
        "无权限操作指定的应用",
        "Permission denied: the token's app has no rights to the given app.",
        "Use the token of the app whose agentid is given.";
    CORP_UNAVAILABLE = 301007,
        "企业不可用，可能已经被解散或者被禁封",
        "The corp has been dissolved or blocked.",
        "Remove it from your data, or ask the corp's administrator.";
    APP_NOT_SHARED = 670001,
        "应用不在共享范围",
        "The app is not shared with this chain or corp.",
        "Share it in the admin console, then take the downstream agentid from list_app_share_info.";
    UNKNOWN_CHAIN = 670002,
        "无效上下游chain_id",
        "No such chain.",
        "Take the chain_id from get_chain_list.";
    UNKNOWN_GROUP = 670003,
        "无效上下游分组id",
        "No such group in the chain.",
        "Take the groupid from get_chain_group. The root group is 1.";
    CORP_NOT_IN_CHAIN = 670004,
        "企业不在上下游范围内",
        "The corp is not in the chain.",
        "Take the corp from get_chain_corpinfo_list of this chain. It may have been removed since.";
    CHAIN_CORPS_EXCEEDED = 670005,
        "超过上下游人企业数上限",
        "Limit exceeded: the chain has the maximum number of corps.",
        "Remove corps that are no longer needed, or ask the vendor for a higher limit.";
    UNKNOWN_RULE = 670006,
        "无效上下游规则id",
        "No such rule in the chain.",
        "Take the rule_id from the list of the chain's rules.";
    RULES_EXCEEDED = 670007,
        "上下游规则id数量超出限制",
        "Limit exceeded: the chain has the maximum number of rules.",
        "Delete or merge rules.";
    GROUP_NOT_UNIQUE = 670008,
        "分组不唯一",
        "Ambiguous group: the group path matches more than one group.",
        "Give sibling groups different names.";
    CUSTOM_ID_NOT_UNIQUE = 670009,
        "自定义id不唯一",
        "Duplicate custom_id: another corp of the chain has it already.",
        "Give each corp its own custom_id.";
    HEADS_EXCEEDED = 670010,
        "负责人数量超出限制",
        "Limit exceeded: a corp has more than five heads (负责人).",
        "Import the others as members (identity_type 1).";
    INVALID_CUSTOM_ID = 670011,
        "不合法的自定义id",
        "Invalid custom_id of a corp: longer than 64 characters, or not only letters and digits.",
        "Use 1 to 64 ASCII letters and digits.";
    CORP_NAME_EMPTY = 670012,
        "导入企业名称为空",
        "A corp of the import has no name.",
        "Set corp_name for every corp.";
    INVALID_CORP_NAME = 670013,
        "不合法的企业名称",
        "Invalid corp name: too long, or with a character that is not allowed.",
        "Use 1 to 32 Chinese characters, letters, digits, spaces or any of -_()（）.";
    CONTACT_NAME_EMPTY = 670014,
        "上下游联系人姓名为空",
        "A contact of the import has no name.",
        "Set name for every contact.";
    INVALID_CONTACT_NAME = 670015,
        "不合法的上下游联系人姓名",
        "Invalid contact name.",
        "Use 1 to 32 characters.";
    INVALID_IDENTITY = 670016,
        "不合法的身份字段",
        "Invalid identity_type of a contact.",
        "Use 1 (member) or 2 (head).";
    GROUP_NAME_TAKEN_BY_CORP = 670017,
        "分组名和同层级企业名重复",
        "Name conflict: a group has the name of a corp on the same level.",
        "Rename one of them.";
    CONTACT_ACCOUNT_UNUSABLE = 670018,
        "该联系人账号异常，无法邀请其加入上下游",
        "The account of a contact is in an abnormal state, so the contact cannot be invited.",
        "Invite another contact of the corp, or clear the contact's account with the vendor.";
    CORP_MEMBERS_EXCEEDED = 670019,
        "导入上下游后单个企业人数超出限制",
        "Limit exceeded: with this import a corp would have more people than allowed.",
        "Import fewer people for the corp, or remove some first.";
    GROUP_TOO_DEEP = 670020,
        "分组层级不可超过9层",
        "The group path has more than nine levels.",
        "Shorten the path.";
    INVALID_GROUP_NAME = 670021,
        "不合法的分组名称",
        "Invalid group name.",
        "Check each level of group_path: empty levels and special characters are not allowed.";
    IMPORT_RUNNING = 670022,
        "有导入任务正在进行",
        "Another import is running in this corp, perhaps one started in the admin console.",
        "Wait until get_result reports that it is finished, then start the next.";
    DAILY_IMPORT_EXCEEDED = 670023,
        "超过每日导入人数限制",
        "Daily limit exceeded: more than 20,000 people were imported today.",
        "Continue tomorrow.";
    IMPORT_ACCOUNT_UNUSABLE = 670024,
        "账号异常，不能进行导入",
        "The account of the upstream corp is in an abnormal state, so it cannot import.",
        "Ask its administrator to check the admin console.";
    IMPORT_TOO_LARGE = 670025,
        "导入数据超出限制",
        "Import too large: too many corps, people, or people in one corp.",
        "Split it: one job takes 1,000 corps, 2,000 people, and 200 people per corp.";
    SPACE_CORPS_EXCEEDED = 670026,
        "上下游空间加入企业超出限制",
        "Limit exceeded: the upstream/downstream space has the maximum number of corps.",
        "Remove corps that are no longer needed, or ask the vendor for a higher limit.";
    CREATOR_NOT_REMOVABLE = 670027,
        "不可以移除上下游创建者",
        "The creator of a chain cannot be removed from it.",
        "Remove only corps that joined the chain.";
    CORP_NAME_NOT_UNIQUE = 670028,
        "企业名称不唯一",
        "Duplicate corp name.",
        "Give each corp of the chain its own name.";
    MEMBER_NOT_IN_RANGE = 670029,
        "成员、部门不在上下游范围",
        "The member or department is not in the chain's range.",
        "Add it to the range in the admin console.";
    GROUP_FORBIDDEN = 670030,
        "无权限操作此groupid",
        "Permission denied: the app has no rights to this group.",
        "Share the app with the group, or use a group that it is shared with.";
    CONTACT_MAY_NOT_JOIN = 670031,
        "根据管理员设置，存在联系人无权加入其他企业创建的上下游",
        "A contact may not join chains of other corps: an administrator's setting forbids it.",
        "Ask that corp's administrator to allow it, or invite another contact.";
    INVALID_USER_CUSTOM_ID = 670032,
        "成员自定义id不合法",
        "Invalid user_custom_id of a member.",
        "Use digits only: 1 to 2^64-2, without a leading zero, and not 11 or 13 digits long.";
    SEVERAL_USER_CUSTOM_IDS = 670033,
        "当前成员填写了多个自定义id",
        "A member has more than one user_custom_id in the import.",
        "Use one user_custom_id for each mobile number.";
    USER_CUSTOM_ID_NOT_UNIQUE = 670034,
        "成员自定义id跟当前下游企业其他成员重复",
        "Duplicate user_custom_id: another member of the downstream corp has it already.",
        "Give each member of a corp its own user_custom_id.";
    USER_CUSTOM_ID_UNSET = 670035,
        "成员没有设置自定义id",
        "The member has no user_custom_id.",
        "Set one when importing the member, or treat this code as the absence of one.";
    OPEN_ID_OF_WRONG_ACCOUNT = 845001,
        "openid账号类型不是公众号或小程序",
        "Wrong kind of openid: its account is neither a service account nor a mini-program.",
        "Use the openid of a service account or a mini-program.";
    OPEN_ID_OF_ANOTHER_PRINCIPAL = 845002,
        "openid认证主体和企业认证主体不一致",
        "The openid's account is not verified under the corp's own entity (主体).",
        "Verify the mini-program or service account under the upstream corp's name.";
    UNION_ID_OF_ANOTHER_PRINCIPAL = 845003,
        "unionid认证主体和企业认证主体不一致",
        "The unionid's open platform account is not verified under the corp's own entity (主体).",
        "Verify the open platform account under the upstream corp's name.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_this_api_and_every_common_code_is_explained() {
        let common = [-1, 6000, 40001, 40013, 40014, 41001, 42001, 45009, 45033, 48002, 50001, 60011, 60020, 301002];
        for code in common.into_iter().chain(670_001..=670_035).map(ErrCode) {
            for text in [code.label(), code.explanation(), code.remedy()] {
                assert!(text.is_some_and(|text| !text.is_empty()), "{code}");
            }
        }
    }

    #[test]
    fn the_table_is_sorted_so_that_each_entry_is_found() {
        assert!(ENTRIES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(ErrCode::EXPLAINED.iter().all(|code| code.entry().is_some_and(|entry| entry.code == code.0)));
    }

    #[test]
    fn explanations_are_different_sentences() {
        let mut seen = std::collections::HashSet::new();
        for entry in ENTRIES {
            assert!(entry.explanation.ends_with('.') && entry.remedy.ends_with('.'), "{}", entry.code);
            assert!(seen.insert(entry.explanation), "{}", entry.code);
        }
    }

    #[test]
    fn every_explained_code_is_explained_in_chinese_too() {
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let mut seen = std::collections::HashSet::new();
        for code in ErrCode::EXPLAINED {
            let (explanation, remedy) = code.advice(Language::Chinese).unwrap_or_default();
            assert!(seen.insert(explanation), "{code}");
            for text in [explanation, remedy] {
                assert!(text.ends_with('。') && is_chinese(text), "{code}: {text}");
            }
        }
    }

    #[test]
    fn both_languages_name_the_same_calls() {
        let calls = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let mut calls: Vec<_> = words.filter(|word| word.contains('_')).map(str::to_owned).collect();
            calls.retain(|word| ["get_", "list_", "import_"].iter().any(|start| word.starts_with(start)));
            calls
        };
        for code in ErrCode::EXPLAINED {
            let ((_, english), (_, chinese)) = (
                code.advice(Language::English).unwrap_or_default(),
                code.advice(Language::Chinese).unwrap_or_default(),
            );
            assert_eq!(calls(english), calls(chinese), "{code}");
        }
    }

    #[test]
    fn a_code_without_an_explanation_passes_through() {
        let code = ErrCode::from(123_456_789);
        assert_eq!((code.label(), code.explanation(), code.remedy()), (None, None, None));
        assert_eq!((code.explanation_zh(), code.remedy_zh()), (None, None));
    }
}
