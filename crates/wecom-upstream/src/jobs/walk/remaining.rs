//! The findings and groups that a walk has not started with.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::jobs::walk::event::GroupFinding;
use crate::jobs::walk::group_order::PlannedGroup;

/// The findings and groups that a walk has not started with. Clones share the lists, so that a state costs the same in a
/// chain of any size.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Plan")]
pub(crate) struct Remaining {
    plan: Arc<Plan>,
    /// The number of findings and groups that were taken.
    taken: (usize, usize),
}

/// All findings and groups of a walk.
#[derive(Debug, Default, Deserialize)]
struct Plan {
    findings: Vec<GroupFinding>,
    groups: Vec<PlannedGroup>,
}

impl Remaining {
    pub(crate) fn new(groups: VecDeque<PlannedGroup>, findings: VecDeque<GroupFinding>) -> Self {
        Plan { findings: findings.into(), groups: groups.into() }.into()
    }

    pub(crate) fn findings(&self) -> &[GroupFinding] {
        self.plan.findings.get(self.taken.0..).unwrap_or_default()
    }

    pub(crate) fn groups(&self) -> &[PlannedGroup] {
        self.plan.groups.get(self.taken.1..).unwrap_or_default()
    }

    pub(crate) fn take_finding(&mut self) -> Option<GroupFinding> {
        let finding = self.findings().first().cloned();
        self.taken.0 += usize::from(finding.is_some());
        finding
    }

    pub(crate) fn take_group(&mut self) -> Option<PlannedGroup> {
        let group = self.groups().first().cloned();
        self.taken.1 += usize::from(group.is_some());
        group
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.findings().is_empty() && self.groups().is_empty()
    }
}

impl From<Plan> for Remaining {
    fn from(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), taken: (0, 0) }
    }
}

/// Compares what remains, not what was taken.
impl PartialEq for Remaining {
    fn eq(&self, other: &Self) -> bool {
        (self.findings(), self.groups()) == (other.findings(), other.groups())
    }
}

impl Eq for Remaining {}

impl Serialize for Remaining {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            findings: &'a [GroupFinding],
            groups: &'a [PlannedGroup],
        }
        Borrowed { findings: self.findings(), groups: self.groups() }.serialize(serializer)
    }
}
