//! What a walk tells.

use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use crate::calls::{Group, GroupCorp};
use crate::jobs::pager::PageError;

/// What a [`Walk`](crate::jobs::walk::Walk) came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WalkEvent {
    /// Something about the groups is not as it should be. These come before everything else.
    Finding(GroupFinding),
    /// A group begins: its corps follow, and then the groups below it.
    Group {
        /// The group. The root has an empty name, unless the service named it.
        group: Group,
        /// How many groups lie above it: 0 for the root, and for those that hang on nothing.
        depth: u32,
    },
    /// A corp of the group that began last.
    Corp(GroupCorp),
    /// The rest of the group that began last could not be had. The walk goes on with the next one, and does not come back
    /// to it: [`Upstream::pages`](crate::Upstream::pages) lists one group by itself.
    GroupFailed {
        /// The group.
        groupid: GroupId,
        /// Why.
        error: PageError,
    },
}

/// Something about a chain's groups that keeps them from being one tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupFinding {
    /// The group above it is not in the list: the app may not see that one, say. It stands beside the root.
    Orphan {
        /// The group.
        groupid: GroupId,
        /// The group above it, as far as the list says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parentid: Option<GroupId>,
    },
    /// Groups that lie below each other in a circle. The first stands beside the root, with the others below it.
    Cycle {
        /// The groups, each below the next, and the last below the first.
        groupids: Vec<GroupId>,
    },
    /// A group that the list has more than once. The first entry counts.
    Repeated {
        /// The group.
        groupid: GroupId,
    },
}

impl fmt::Display for GroupFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphan { groupid, parentid: Some(parentid) } => {
                write!(f, "group {groupid} lies below group {parentid}, which is not in the list")
            }
            Self::Orphan { groupid, parentid: None } => write!(f, "group {groupid} lies below no group"),
            Self::Cycle { groupids } => {
                f.write_str("groups lie below each other in a circle: ")?;
                groupids.iter().try_for_each(|groupid| write!(f, "{groupid} < "))?;
                groupids.first().map_or(Ok(()), |groupid| groupid.fmt(f))
            }
            Self::Repeated { groupid } => write!(f, "group {groupid} is in the list more than once"),
        }
    }
}
