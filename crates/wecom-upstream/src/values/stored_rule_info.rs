//! The contents of a rule (对接规则) in a reply.

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};

use crate::serde_helpers;

/// The contents of a rule (对接规则) that WeCom stores.
///
/// Unlike a [`RuleInfo`](super::RuleInfo), it may have empty ranges, for example after its only department was deleted.
/// A `RuleInfo` converts into it. `RuleInfo::try_from` converts it back, and fails if a range is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredRuleInfo {
    /// The departments and members of the upstream corp.
    #[serde(default, deserialize_with = "serde_helpers::object_or_empty")]
    pub owner_corp_range: StoredOwnerRange,
    /// The groups and corps downstream.
    #[serde(default, deserialize_with = "serde_helpers::object_or_empty")]
    pub member_corp_range: StoredMemberRange,
}

impl StoredRuleInfo {
    /// Creates the contents of a rule from its two ranges.
    #[must_use]
    pub fn new(owner_corp_range: StoredOwnerRange, member_corp_range: StoredMemberRange) -> Self {
        Self { owner_corp_range, member_corp_range }
    }
}

/// The upstream side of a rule that WeCom stores.
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
    /// Creates a range of departments and members.
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

/// The downstream side of a rule that WeCom stores.
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
    /// Creates a range of groups and corps.
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
