//! The events of a walk.

use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use crate::calls::{Group, GroupCorp};
use crate::jobs::pager::PageError;

/// An event of a [`Walk`](crate::jobs::walk::Walk).
///
/// It serializes with the name of the variant in snake case as `event`, and the fields of a corp or a finding beside it:
/// `{"event":"corp","groupid":2,"corpid":"wwjingxi",…}`. The names are stable.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum WalkEvent {
    /// A flaw in the tree of groups. Findings come before all other events.
    Finding(GroupFinding),
    /// The start of a group: its corps follow, then the groups below it.
    Group {
        /// The group. The root group has an empty name, unless WeCom lists it with a name.
        group: Group,
        /// The number of groups above the group: 0 for the root group and for groups without a known parent.
        depth: u32,
    },
    /// A corp of the current group.
    Corp(GroupCorp),
    /// Listing the rest of the current group failed with a transient error. The walk continues with the next group, and
    /// returns to this one at its end.
    GroupDeferred {
        /// The group.
        groupid: GroupId,
        /// The error of the failed call.
        error: PageError,
    },
    /// The walk returns to a group that it has deferred. The corps that follow belong to this group. They continue after
    /// the corps that the walk has yielded already.
    GroupResumed {
        /// The group.
        groupid: GroupId,
    },
    /// Listing the rest of the current group failed. The walk continues with the next group and does not return to this
    /// one. A walk that [resumes](crate::Upstream::resume_walk) from its state does.
    GroupFailed {
        /// The group.
        groupid: GroupId,
        /// The error of the failed call.
        error: PageError,
    },
}

/// A flaw in the groups of a chain, which keeps them from forming one tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupFinding {
    /// A group whose parent is not in the list, for example because the app has no access to it. The walk treats the
    /// group as a second root.
    Orphan {
        /// The group.
        groupid: GroupId,
        /// The parent group, if the list names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parentid: Option<GroupId>,
    },
    /// Groups whose parents form a cycle. The walk treats the first one as a second root, with the others below it.
    Cycle {
        /// The groups: the parent of each is the next one, and the parent of the last is the first.
        groupids: Vec<GroupId>,
    },
    /// A group that is listed more than once. The walk uses the first entry.
    Repeated {
        /// The group.
        groupid: GroupId,
    },
}

impl fmt::Display for GroupFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphan { groupid, parentid: Some(parentid) } => {
                write!(f, "group {groupid} has the parent {parentid}, which is not in the list")
            }
            Self::Orphan { groupid, parentid: None } => write!(f, "group {groupid} has no parent"),
            Self::Cycle { groupids } => {
                f.write_str("the parents of groups form a cycle: ")?;
                groupids.iter().try_for_each(|groupid| write!(f, "{groupid} < "))?;
                groupids.first().map_or(Ok(()), |groupid| groupid.fmt(f))
            }
            Self::Repeated { groupid } => write!(f, "group {groupid} is listed more than once"),
        }
    }
}
