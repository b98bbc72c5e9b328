//! The chains of a world.

use wecom_upstream::calls::Group;
use wecom_upstream::{ChainId, UserId};

use super::WorldCorp;
use super::generated_corps::GeneratedCorps;

/// A chain (上下游) with its groups and corps. The root group always exists.
#[derive(Clone, Debug)]
#[must_use = "a chain does nothing without a world"]
pub struct WorldChain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) corps: Vec<WorldCorp>,
    /// Generated corps. They come before `corps`.
    pub(crate) generated: Option<GeneratedCorps>,
    pub(crate) corp_limit: Option<usize>,
    pub(crate) corp_people_limit: Option<usize>,
    pub(crate) rule_limit: Option<usize>,
    pub(crate) owner_range: Option<OwnerRange>,
}

/// The departments and members of the upstream corp that are in a chain.
#[derive(Clone, Debug)]
pub(crate) struct OwnerRange {
    pub(crate) departmentids: Vec<i64>,
    pub(crate) userids: Vec<UserId>,
}

impl WorldChain {
    /// Creates a chain with only the root group.
    pub fn new(chain_id: impl Into<ChainId>, name: impl Into<String>) -> Self {
        Self {
            chain_id: chain_id.into(),
            name: name.into(),
            groups: Vec::new(),
            corps: Vec::new(),
            generated: None,
            corp_limit: None,
            corp_people_limit: None,
            rule_limit: None,
            owner_range: None,
        }
    }

    /// Adds a group. Its parent must exist when the simulator is created.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a corp.
    pub fn corp(mut self, corp: WorldCorp) -> Self {
        self.corps.push(corp);
        self
    }

    /// Sets the maximum number of corps in the chain. No limit by default.
    ///
    /// At the limit, importing a new corp fails with
    /// [`CHAIN_CORPS_EXCEEDED`](wecom_core::ErrCode::CHAIN_CORPS_EXCEEDED).
    pub fn corp_limit(mut self, corps: usize) -> Self {
        self.corp_limit = Some(corps);
        self
    }

    /// Sets the maximum number of people in each corp, members and imported contacts together. No limit by default.
    ///
    /// An import over the limit fails with [`CORP_MEMBERS_EXCEEDED`](wecom_core::ErrCode::CORP_MEMBERS_EXCEEDED).
    pub fn corp_people_limit(mut self, people: usize) -> Self {
        self.corp_people_limit = Some(people);
        self
    }

    /// Sets the maximum number of rules (对接规则) of the chain. No limit by default.
    ///
    /// At the limit, adding a rule fails with [`RULES_EXCEEDED`](wecom_core::ErrCode::RULES_EXCEEDED).
    pub fn rule_limit(mut self, rules: usize) -> Self {
        self.rule_limit = Some(rules);
        self
    }

    /// Limits the chain to these departments (部门) and members (成员) of the upstream corp. All are in the chain by default.
    ///
    /// A rule with others fails with [`MEMBER_NOT_IN_RANGE`](wecom_core::ErrCode::MEMBER_NOT_IN_RANGE).
    pub fn owner_range(
        mut self,
        departmentids: impl IntoIterator<Item = i64>,
        userids: impl IntoIterator<Item = UserId>,
    ) -> Self {
        self.owner_range = Some(OwnerRange {
            departmentids: departmentids.into_iter().collect(),
            userids: userids.into_iter().collect(),
        });
        self
    }
}
