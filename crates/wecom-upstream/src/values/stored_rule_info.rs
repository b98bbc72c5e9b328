//! A rule (对接规则) as a reply has it.

use serde::{Deserialize, Serialize};
use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};
use wecom_core::wire;

use crate::serde_helpers;

/// What a rule (对接规则) says, as WeCom keeps it.
///
/// Unlike a [`RuleInfo`](super::RuleInfo) that is sent, its ranges may be empty: a department or a corp that it was about may be gone.
/// A `RuleInfo` converts into one, and back with `RuleInfo::try_from`, unless a range is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredRuleInfo {
    /// Who of the upstream corp.
    #[serde(default, deserialize_with = "serde_helpers::object_or_empty")]
    pub owner_corp_range: StoredOwnerRange,
    /// Who downstream.
    #[serde(default, deserialize_with = "serde_helpers::object_or_empty")]
    pub member_corp_range: StoredMemberRange,
}

impl StoredRuleInfo {
    /// The rule between these.
    #[must_use]
    pub fn new(owner_corp_range: StoredOwnerRange, member_corp_range: StoredMemberRange) -> Self {
        Self { owner_corp_range, member_corp_range }
    }
}

/// Who of the upstream corp a rule is about, as WeCom keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredOwnerRange {
    /// The departments (部门).
    #[serde(default, deserialize_with = "wire::list")]
    pub departmentids: Vec<DepartmentId>,
    /// The members (成员).
    #[serde(default, deserialize_with = "wire::list")]
    pub userids: Vec<UserId>,
}

impl StoredOwnerRange {
    /// The range of these departments and members.
    pub fn new(
        departmentids: impl IntoIterator<Item = impl Into<DepartmentId>>,
        userids: impl IntoIterator<Item = impl Into<UserId>>,
    ) -> Self {
        Self {
            departmentids: departmentids.into_iter().map(Into::into).collect(),
            userids: userids.into_iter().map(Into::into).collect(),
        }
    }
}

/// Who downstream a rule is about, as WeCom keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredMemberRange {
    /// The groups (分组) of the chain.
    #[serde(default, deserialize_with = "wire::list", serialize_with = "serde_helpers::numbers_as_texts")]
    pub groupids: Vec<GroupId>,
    /// The corps (企业).
    #[serde(default, deserialize_with = "wire::list")]
    pub corpids: Vec<CorpId>,
}

impl StoredMemberRange {
    /// The range of these groups and corps.
    pub fn new(
        groupids: impl IntoIterator<Item = impl Into<GroupId>>,
        corpids: impl IntoIterator<Item = impl Into<CorpId>>,
    ) -> Self {
        Self {
            groupids: groupids.into_iter().map(Into::into).collect(),
            corpids: corpids.into_iter().map(Into::into).collect(),
        }
    }
}
