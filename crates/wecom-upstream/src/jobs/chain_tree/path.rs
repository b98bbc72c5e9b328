//! The paths of groups.

use wecom_core::ids::GroupId;

use super::TreeGroup;

/// The maximum number of names in a path. It keeps the total size of all paths linear in the size of the tree. WeCom's
/// own trees are not as deep.
const MAX_NAMES: usize = 64;

/// Returns the index of the parent of each group. The groups are in the order of a walk.
pub(super) fn parents(groups: &[TreeGroup]) -> Vec<Option<usize>> {
    let mut above: Vec<usize> = Vec::new();
    let parents = groups.iter().enumerate().map(|(at, group)| {
        above.truncate(usize::try_from(group.depth).unwrap_or(usize::MAX));
        let parent = above.last().copied();
        above.push(at);
        parent
    });
    parents.collect()
}

/// Returns the path of a group: the names from the top to the group, without the root group. A path of more than 64 names
/// has only the last 64, after `…/`.
pub(super) fn path_of(groups: &[TreeGroup], parents: &[Option<usize>], at: usize) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut next = Some(at);
    while let Some(group) = next.and_then(|at| groups.get(at)) {
        if group.group.groupid != GroupId::ROOT {
            if names.len() == MAX_NAMES {
                names.push("…");
                break;
            }
            names.push(&group.group.group_name);
        }
        next = next.and_then(|at| parents.get(at).copied().flatten());
    }
    names.reverse();
    names.join("/")
}
