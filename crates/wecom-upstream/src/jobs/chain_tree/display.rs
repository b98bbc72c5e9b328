//! A tree as lines of text.

use std::fmt;

use wecom_core::ids::GroupId;

use super::{ChainTree, TreeGroup};
use crate::calls::{Group, GroupCorp};

/// Displays the tree: groups and corps with their ids, corps that have not joined marked as pending, then the findings
/// and failures.
impl fmt::Display for ChainTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut trail = Trail::default();
        let is_last = last_among_siblings(&self.groups);
        if self.groups.first().is_none_or(|first| first.group.groupid != GroupId::ROOT) {
            writeln!(f, "{}", self.chain_id)?;
        }
        for (place, (group, is_last)) in self.groups.iter().zip(is_last).enumerate() {
            trail.enter(group.depth, is_last);
            if group.group.groupid == GroupId::ROOT {
                write!(f, "{}", self.chain_id)?;
                let name = &group.group.group_name;
                if name.is_empty() { writeln!(f)? } else { writeln!(f, " {name}")? }
            } else {
                writeln!(f, "{}{}", trail.before_group(), GroupLine(&group.group))?;
            }
            let groups_follow = self.groups.get(place + 1).is_some_and(|next| next.depth > group.depth);
            for (number, corp) in group.corps.iter().enumerate() {
                let is_last = number + 1 == group.corps.len() && !groups_follow;
                writeln!(f, "{}{}{}", trail.below_group(), branch(is_last), CorpLine(corp))?;
            }
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "! {finding}"))?;
        self.failures
            .iter()
            .try_for_each(|failure| writeln!(f, "! group {} is incomplete: {}", failure.groupid, failure.message))
    }
}

/// Returns for each group whether it is the last among its siblings.
fn last_among_siblings(groups: &[TreeGroup]) -> Vec<bool> {
    let mut seen: Vec<bool> = Vec::new();
    let mut is_last: Vec<bool> = groups
        .iter()
        .rev()
        .map(|group| {
            let depth = usize::try_from(group.depth).unwrap_or(usize::MAX);
            // Deeper groups after this one belong to another parent.
            seen.resize(depth.saturating_add(1).min(groups.len().max(1)), false);
            seen.last_mut().is_none_or(|seen| !std::mem::replace(seen, true))
        })
        .collect();
    is_last.reverse();
    is_last
}

/// The path to the current group: whether each group on it is the last among its siblings.
#[derive(Default)]
struct Trail {
    is_last: Vec<bool>,
}

impl Trail {
    fn enter(&mut self, depth: u32, is_last: bool) {
        self.is_last.truncate(usize::try_from(depth).unwrap_or(usize::MAX));
        self.is_last.push(is_last);
    }

    /// Returns the prefix of the group's line; empty at the top level.
    fn before_group(&self) -> String {
        match self.is_last.split_last() {
            Some((is_last, above)) if !above.is_empty() => lines(above) + branch(*is_last),
            _ => String::new(),
        }
    }

    /// Returns the prefix of the lines below the group.
    fn below_group(&self) -> String {
        lines(&self.is_last)
    }
}

/// The maximum number of vertical lines in front of a name. It keeps the text of a deep tree linear in its size.
const MAX_LINES: usize = 64;

/// Returns the vertical lines of a path. The top-level group has none.
fn lines(is_last: &[bool]) -> String {
    is_last
        .iter()
        .skip(is_last.len().saturating_sub(MAX_LINES).max(1))
        .map(|is_last| if *is_last { "   " } else { "│  " })
        .collect()
}

fn branch(is_last: bool) -> &'static str {
    if is_last { "└─ " } else { "├─ " }
}

/// Displays a group in one line.
pub(super) struct GroupLine<'a>(pub(super) &'a Group);

impl fmt::Display for GroupLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.0.group_name, self.0.groupid)
    }
}

/// Displays a corp in one line.
pub(super) struct CorpLine<'a>(pub(super) &'a GroupCorp);

impl fmt::Display for CorpLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GroupCorp { corpid, corp_name, pending_corpid, is_joined, .. } = self.0;
        f.write_str(corp_name)?;
        match (corpid, pending_corpid) {
            (Some(corpid), _) if *is_joined => write!(f, " ({corpid})")?,
            (_, Some(pending_corpid)) => write!(f, " ({pending_corpid})")?,
            (Some(corpid), None) => write!(f, " ({corpid})")?,
            (None, None) => {}
        }
        if *is_joined { Ok(()) } else { f.write_str(" [pending]") }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::{ChainId, CorpId, PendingCorpId};

    use super::*;
    use crate::jobs::walk::{GroupFinding, WalkEvent};

    fn group(groupid: i64, depth: u32) -> WalkEvent {
        WalkEvent::Group { group: Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::ROOT), depth }
    }

    fn corp(name: &str) -> WalkEvent {
        WalkEvent::Corp(GroupCorp::joined(GroupId::ROOT, CorpId::new(format!("ww{name}")), name))
    }

    #[test]
    fn vertical_lines_connect_siblings() {
        let mut tree = ChainTree::new(ChainId::new("Ch1"), true);
        let pending = WalkEvent::Corp(GroupCorp::pending(GroupId::ROOT, PendingCorpId::new("wpb"), "b"));
        let events = [group(1, 0), corp("a"), group(2, 1), pending, group(3, 2), corp("c"), group(4, 2), group(5, 1)];
        let orphan = GroupFinding::Orphan { groupid: GroupId::new(6), parentid: Some(GroupId::new(77)) };
        let rest = [corp("d"), group(6, 0), corp("e"), group(7, 1), WalkEvent::Finding(orphan)];
        events.into_iter().chain(rest).for_each(|event| tree.add(event));
        let expected = "\
Ch1 g1
├─ a (wwa)
├─ g2 #2
│  ├─ b (wpb) [pending]
│  ├─ g3 #3
│  │  └─ c (wwc)
│  └─ g4 #4
└─ g5 #5
   └─ d (wwd)
g6 #6
├─ e (wwe)
└─ g7 #7
! group 6 has the parent 77, which is not in the list
";
        assert_eq!(tree.to_string(), expected);
    }

    #[test]
    fn a_tree_without_groups_displays_as_one_line() {
        assert_eq!(ChainTree::new(ChainId::new("Ch1"), false).to_string(), "Ch1\n");
    }
}
