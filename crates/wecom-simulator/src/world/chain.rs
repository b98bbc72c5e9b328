//! The chains of a world, and what is fixed about each.

use wecom_upstream::calls::Group;
use wecom_upstream::{ChainId, UserId};

use super::WorldCorp;
use super::generated_corps::GeneratedCorps;

/// A chain (上下游): its groups, of which the root is always there, and its corps.
#[derive(Clone, Debug)]
#[must_use = "a chain does nothing until a world has it"]
pub struct WorldChain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) corps: Vec<WorldCorp>,
    /// Those that come before the others, and that nobody had to write down.
    pub(crate) generated: Option<GeneratedCorps>,
    pub(crate) corp_limit: Option<usize>,
    pub(crate) corp_people_limit: Option<usize>,
    pub(crate) rule_limit: Option<usize>,
    pub(crate) owner_range: Option<OwnerRange>,
}

/// Who of the upstream corp takes part in a chain.
#[derive(Clone, Debug)]
pub(crate) struct OwnerRange {
    pub(crate) departmentids: Vec<i64>,
    pub(crate) userids: Vec<UserId>,
}

impl WorldChain {
    /// A chain by id and name, with the root group alone.
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

    /// Adds a group below another one, which has to be there by the time that the simulator begins.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a corp.
    pub fn corp(mut self, corp: WorldCorp) -> Self {
        self.corps.push(corp);
        self
    }

    /// Sets how many corps the chain may hold; an import past it fails with
    /// [`CHAIN_CORPS_EXCEEDED`](wecom_core::ErrCode::CHAIN_CORPS_EXCEEDED).
    pub fn corp_limit(mut self, corps: usize) -> Self {
        self.corp_limit = Some(corps);
        self
    }

    /// Sets how many people each of its corps may have, members and imported contacts together; an import past it fails
    /// with [`CORP_MEMBERS_EXCEEDED`](wecom_core::ErrCode::CORP_MEMBERS_EXCEEDED). No limit by default.
    pub fn corp_people_limit(mut self, people: usize) -> Self {
        self.corp_people_limit = Some(people);
        self
    }

    /// Sets how many rules (对接规则) the chain may have; one more is refused with
    /// [`RULES_EXCEEDED`](wecom_core::ErrCode::RULES_EXCEEDED). No limit by default.
    pub fn rule_limit(mut self, rules: usize) -> Self {
        self.rule_limit = Some(rules);
        self
    }

    /// Sets who of the upstream corp takes part in the chain: these departments (部门) and members (成员), and nobody else.
    /// A rule that names others is refused with
    /// [`MEMBER_NOT_IN_RANGE`](wecom_core::ErrCode::MEMBER_NOT_IN_RANGE). Everybody takes part by default.
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
