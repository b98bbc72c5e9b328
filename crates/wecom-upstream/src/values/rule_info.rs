//! The contents of a rule (对接规则) in a request. The contents of a rule in a reply are in `stored_rule_info.rs`.

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{CorpId, DepartmentId, GroupId, UserId};

use crate::serde_helpers;
use crate::values::stored_rule_info::{StoredMemberRange, StoredOwnerRange, StoredRuleInfo};

/// The contents of a rule (对接规则): which members of the upstream corp can contact which downstream corps.
///
/// A reply has a [`StoredRuleInfo`] instead, which can be changed and converted into a `RuleInfo`; see
/// [`ModifyRule`](crate::calls::ModifyRule).
///
/// ```
/// use wecom_upstream::ids::DepartmentId;
/// use wecom_upstream::values::{MemberCorpRange, OwnerCorpRange, RuleInfo};
/// use wecom_upstream::{CorpId, GroupId, UserId};
///
/// let rule = RuleInfo::new(
///     OwnerCorpRange::department(DepartmentId::new("7"))
///         .and_users([UserId::new("zhangsan")]),
///     MemberCorpRange::group(GroupId::new(2)).and_corps([CorpId::new("ww1234")]),
/// );
/// # assert_eq!(rule.owner_corp_range.userids(), [UserId::new("zhangsan")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a rule takes effect only through a call that contains it"]
#[non_exhaustive]
pub struct RuleInfo {
    /// The departments and members of the upstream corp.
    pub owner_corp_range: OwnerCorpRange,
    /// The groups and corps downstream.
    pub member_corp_range: MemberCorpRange,
}

impl RuleInfo {
    /// Creates the contents of a rule from its two ranges.
    pub fn new(owner_corp_range: OwnerCorpRange, member_corp_range: MemberCorpRange) -> Self {
        Self { owner_corp_range, member_corp_range }
    }

    /// Adds a violation for each empty id.
    pub(crate) fn check(&self, violations: &mut Violations) {
        self.owner_corp_range.check(violations);
        self.member_corp_range.check(violations);
    }
}

impl From<RuleInfo> for StoredRuleInfo {
    fn from(rule: RuleInfo) -> Self {
        let RuleInfo { owner_corp_range: owner, member_corp_range: member } = rule;
        Self::new(
            StoredOwnerRange::new(owner.departmentids(), owner.userids()),
            StoredMemberRange::new(member.groupids(), member.corpids()),
        )
    }
}

/// Converts a rule from a reply into one for a request. Fails if one of the ranges is empty.
impl TryFrom<StoredRuleInfo> for RuleInfo {
    type Error = InvalidRequest;

    fn try_from(rule: StoredRuleInfo) -> Result<Self, InvalidRequest> {
        let StoredRuleInfo { owner_corp_range: owner, member_corp_range: member } = rule;
        let mut violations = Violations::new();
        OwnerCorpRange::require(&owner, &mut violations);
        MemberCorpRange::require(&member, &mut violations);
        violations.into_result()?;
        Ok(Self::new(OwnerCorpRange::from_stored(owner), MemberCorpRange::from_stored(member)))
    }
}

/// The upstream side of a rule: departments (部门) and members (成员), at least one of them.
///
/// A range starts with one department or member:
///
/// ```
/// use wecom_upstream::UserId;
/// use wecom_upstream::ids::DepartmentId;
/// use wecom_upstream::values::OwnerCorpRange;
///
/// let range = OwnerCorpRange::department(DepartmentId::new("7"));
/// # let _ = range;
/// let range = OwnerCorpRange::user(UserId::new("zhangsan"))
///     .and_departments(["7", "8"].map(DepartmentId::new));
/// # let _ = range;
/// ```
///
/// An empty range does not compile:
///
/// ```compile_fail,E0061
/// use wecom_upstream::ids::DepartmentId;
/// use wecom_upstream::values::OwnerCorpRange;
/// use wecom_upstream::UserId;
///
/// let range = OwnerCorpRange::department();
/// # let _ = range;
/// ```
///
/// ```compile_fail,E0451
/// use wecom_upstream::ids::DepartmentId;
/// use wecom_upstream::values::OwnerCorpRange;
/// use wecom_upstream::UserId;
///
/// let range = OwnerCorpRange { departmentids: vec![], userids: vec![] };
/// # let _ = range;
/// ```
///
/// [`OwnerCorpRange::new`] takes lists and checks at run time that one of them has an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredOwnerRange")]
#[must_use = "a range takes effect only in a rule"]
pub struct OwnerCorpRange {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    departmentids: Vec<DepartmentId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    userids: Vec<UserId>,
}

impl OwnerCorpRange {
    /// Creates a range of departments and members.
    ///
    /// # Errors
    ///
    /// Returns an [`InvalidRequest`] if both lists are empty.
    pub fn new(
        departmentids: impl IntoIterator<Item = impl Into<DepartmentId>>,
        userids: impl IntoIterator<Item = impl Into<UserId>>,
    ) -> Result<Self, InvalidRequest> {
        StoredOwnerRange::new(departmentids, userids).try_into()
    }

    /// Creates a range of one department.
    pub fn department(departmentid: impl Into<DepartmentId>) -> Self {
        Self { departmentids: vec![departmentid.into()], userids: Vec::new() }
    }

    /// Creates a range of one member.
    pub fn user(userid: impl Into<UserId>) -> Self {
        Self { departmentids: Vec::new(), userids: vec![userid.into()] }
    }

    /// Adds departments.
    pub fn and_departments(mut self, departmentids: impl IntoIterator<Item = impl Into<DepartmentId>>) -> Self {
        self.departmentids.extend(departmentids.into_iter().map(Into::into));
        self
    }

    /// Adds members.
    pub fn and_users(mut self, userids: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.userids.extend(userids.into_iter().map(Into::into));
        self
    }

    /// Returns the departments.
    #[must_use]
    pub fn departmentids(&self) -> &[DepartmentId] {
        &self.departmentids
    }

    /// Returns the members.
    #[must_use]
    pub fn userids(&self) -> &[UserId] {
        &self.userids
    }

    /// Converts a range that [`OwnerCorpRange::require`] has accepted.
    fn from_stored(range: StoredOwnerRange) -> Self {
        Self { departmentids: range.departmentids, userids: range.userids }
    }

    /// Adds a violation if the range is empty.
    fn require(range: &StoredOwnerRange, violations: &mut Violations) {
        if range.departmentids.is_empty() && range.userids.is_empty() {
            violations.add("rule_info.owner_corp_range", "is empty", "at least one of departmentids and userids");
        }
    }

    fn check(&self, violations: &mut Violations) {
        for (at, id) in self.departmentids.iter().enumerate() {
            violations.require(format!("rule_info.owner_corp_range.departmentids[{at}]"), id.as_str());
        }
        for (at, id) in self.userids.iter().enumerate() {
            violations.require(format!("rule_info.owner_corp_range.userids[{at}]"), id.as_str());
        }
    }
}

impl TryFrom<StoredOwnerRange> for OwnerCorpRange {
    type Error = InvalidRequest;

    fn try_from(range: StoredOwnerRange) -> Result<Self, InvalidRequest> {
        let mut violations = Violations::new();
        Self::require(&range, &mut violations);
        violations.into_result()?;
        Ok(Self::from_stored(range))
    }
}

/// The downstream side of a rule: groups (分组) of the chain and corps (企业), at least one of them.
///
/// A range starts with one group or corp:
///
/// ```
/// use wecom_upstream::values::MemberCorpRange;
/// use wecom_upstream::{CorpId, GroupId};
///
/// let range = MemberCorpRange::corp(CorpId::new("ww1234"));
/// # let _ = range;
/// let range = MemberCorpRange::group(GroupId::new(2))
///     .and_groups([GroupId::new(3)])
///     .and_corps([CorpId::new("ww1234")]);
/// # let _ = range;
/// ```
///
/// An empty range does not compile:
///
/// ```compile_fail,E0061
/// use wecom_upstream::values::MemberCorpRange;
/// use wecom_upstream::{CorpId, GroupId};
///
/// let range = MemberCorpRange::corp();
/// # let _ = range;
/// ```
///
/// ```compile_fail,E0451
/// use wecom_upstream::values::MemberCorpRange;
/// use wecom_upstream::{CorpId, GroupId};
///
/// let range = MemberCorpRange { groupids: vec![], corpids: vec![] };
/// # let _ = range;
/// ```
///
/// [`MemberCorpRange::new`] takes lists and checks at run time that one of them has an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredMemberRange")]
#[must_use = "a range takes effect only in a rule"]
pub struct MemberCorpRange {
    #[serde(serialize_with = "serde_helpers::numbers_as_texts", skip_serializing_if = "Vec::is_empty")]
    groupids: Vec<GroupId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    corpids: Vec<CorpId>,
}

impl MemberCorpRange {
    /// Creates a range of groups and corps.
    ///
    /// # Errors
    ///
    /// Returns an [`InvalidRequest`] if both lists are empty.
    pub fn new(
        groupids: impl IntoIterator<Item = impl Into<GroupId>>,
        corpids: impl IntoIterator<Item = impl Into<CorpId>>,
    ) -> Result<Self, InvalidRequest> {
        StoredMemberRange::new(groupids, corpids).try_into()
    }

    /// Creates a range of one group.
    pub fn group(groupid: impl Into<GroupId>) -> Self {
        Self { groupids: vec![groupid.into()], corpids: Vec::new() }
    }

    /// Creates a range of one corp, which must have joined the chain.
    pub fn corp(corpid: impl Into<CorpId>) -> Self {
        Self { groupids: Vec::new(), corpids: vec![corpid.into()] }
    }

    /// Adds groups.
    pub fn and_groups(mut self, groupids: impl IntoIterator<Item = impl Into<GroupId>>) -> Self {
        self.groupids.extend(groupids.into_iter().map(Into::into));
        self
    }

    /// Adds corps.
    pub fn and_corps(mut self, corpids: impl IntoIterator<Item = impl Into<CorpId>>) -> Self {
        self.corpids.extend(corpids.into_iter().map(Into::into));
        self
    }

    /// Returns the groups.
    #[must_use]
    pub fn groupids(&self) -> &[GroupId] {
        &self.groupids
    }

    /// Returns the corps.
    #[must_use]
    pub fn corpids(&self) -> &[CorpId] {
        &self.corpids
    }

    /// Converts a range that [`MemberCorpRange::require`] has accepted.
    fn from_stored(range: StoredMemberRange) -> Self {
        Self { groupids: range.groupids, corpids: range.corpids }
    }

    /// Adds a violation if the range is empty.
    fn require(range: &StoredMemberRange, violations: &mut Violations) {
        if range.groupids.is_empty() && range.corpids.is_empty() {
            violations.add("rule_info.member_corp_range", "is empty", "at least one of groupids and corpids");
        }
    }

    fn check(&self, violations: &mut Violations) {
        for (at, id) in self.corpids.iter().enumerate() {
            violations.require(format!("rule_info.member_corp_range.corpids[{at}]"), id.as_str());
        }
    }
}

impl TryFrom<StoredMemberRange> for MemberCorpRange {
    type Error = InvalidRequest;

    fn try_from(range: StoredMemberRange) -> Result<Self, InvalidRequest> {
        let mut violations = Violations::new();
        Self::require(&range, &mut violations);
        violations.into_result()?;
        Ok(Self::from_stored(range))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NO_OWNER: &str = "rule_info.owner_corp_range is empty (allowed: at least one of departmentids and userids)";
    const NO_MEMBER: &str = "rule_info.member_corp_range is empty (allowed: at least one of groupids and corpids)";

    fn rule() -> RuleInfo {
        RuleInfo::new(
            OwnerCorpRange::user(UserId::new("u1")).and_users([UserId::new("u2")]),
            MemberCorpRange::group(GroupId::new(2)).and_groups([GroupId::new(3)]),
        )
    }

    #[test]
    fn empty_lists_are_not_serialized_and_groups_serialize_as_strings() {
        let json =
            json!({"owner_corp_range": {"userids": ["u1", "u2"]}, "member_corp_range": {"groupids": ["2", "3"]}});
        assert_eq!(serde_json::to_value(rule()).unwrap(), json);
        assert_eq!(serde_json::from_value::<RuleInfo>(json).unwrap(), rule());
        let other = RuleInfo::new(
            OwnerCorpRange::department(DepartmentId::new("1")).and_departments([DepartmentId::new("2")]),
            MemberCorpRange::corp(CorpId::new("c1")).and_corps([CorpId::new("c2")]),
        );
        let json =
            json!({"owner_corp_range": {"departmentids": ["1", "2"]}, "member_corp_range": {"corpids": ["c1", "c2"]}});
        assert_eq!(serde_json::to_value(other).unwrap(), json);
    }

    #[test]
    fn ids_deserialize_from_numbers_too() {
        let json = json!({
            "owner_corp_range": {"departmentids": [1, "2"], "userids": null},
            "member_corp_range": {"groupids": [2, "3"], "corpids": [7]},
        });
        let rule: RuleInfo = serde_json::from_value(json).unwrap();
        assert_eq!(rule.owner_corp_range.departmentids(), ["1", "2"].map(DepartmentId::new));
        assert_eq!(rule.member_corp_range.groupids(), [2, 3].map(GroupId::new));
        assert_eq!(rule.member_corp_range.corpids(), [CorpId::new("7")]);
    }

    #[test]
    fn a_changed_rule_is_sent_back_with_the_change() {
        let mut read = StoredRuleInfo::from(rule());
        read.owner_corp_range.userids.remove(0);
        read.member_corp_range.corpids.push(CorpId::new("c1"));
        let expected = RuleInfo::new(
            OwnerCorpRange::user(UserId::new("u2")),
            MemberCorpRange::corp(CorpId::new("c1")).and_groups([2, 3].map(GroupId::new)),
        );
        assert_eq!(RuleInfo::try_from(read), Ok(expected));
    }

    #[test]
    fn a_stored_rule_with_an_empty_range_does_not_convert() {
        let error = |rule: StoredRuleInfo| RuleInfo::try_from(rule).unwrap_err().to_string();
        let both = format!("invalid request (not sent): {NO_OWNER}; {NO_MEMBER}");
        assert_eq!(error(StoredRuleInfo::default()), both);
        let mut read = StoredRuleInfo::from(rule());
        read.owner_corp_range.userids.clear();
        assert_eq!(error(read), format!("invalid request (not sent): {NO_OWNER}"));
        let mut read = StoredRuleInfo::from(rule());
        read.member_corp_range.groupids.clear();
        assert_eq!(error(read), format!("invalid request (not sent): {NO_MEMBER}"));
    }

    #[test]
    fn a_range_of_two_empty_lists_is_rejected() {
        const NO_DEPARTMENTS: [DepartmentId; 0] = [];
        const NO_USERS: [UserId; 0] = [];
        const NO_GROUPS: [GroupId; 0] = [];
        const NO_CORPS: [CorpId; 0] = [];
        let owner = OwnerCorpRange::new(NO_DEPARTMENTS, [UserId::new("u")]);
        assert_eq!(owner, Ok(OwnerCorpRange::user(UserId::new("u"))));
        let error = OwnerCorpRange::new(NO_DEPARTMENTS, NO_USERS).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid request (not sent): {NO_OWNER}"));
        let member = MemberCorpRange::new(NO_GROUPS, [CorpId::new("c")]);
        assert_eq!(member, Ok(MemberCorpRange::corp(CorpId::new("c"))));
        let error = MemberCorpRange::new(NO_GROUPS, NO_CORPS).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid request (not sent): {NO_MEMBER}"));
    }

    #[test]
    fn an_empty_range_does_not_deserialize() {
        let json = json!({"owner_corp_range": {"userids": ["u"]}, "member_corp_range": {"groupids": []}});
        let error = serde_json::from_value::<RuleInfo>(json).unwrap_err().to_string();
        assert!(error.contains(NO_MEMBER), "{error}");
    }

    #[test]
    fn every_empty_id_is_a_violation() {
        let mut violations = Violations::new();
        let owner = OwnerCorpRange::department(DepartmentId::new("")).and_users(["u", ""].map(UserId::new));
        RuleInfo::new(owner, MemberCorpRange::corp(CorpId::new(""))).check(&mut violations);
        let error = violations.into_result().unwrap_err();
        let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
        let expected =
            ["owner_corp_range.departmentids[0]", "owner_corp_range.userids[1]", "member_corp_range.corpids[0]"];
        assert_eq!(fields, expected.map(|field| format!("rule_info.{field}")));
    }
}
