//! The display of changes.

use std::fmt;

use super::{ChainDiff, CorpChange, GroupChange, PlacedCorp, PlacedGroup};
use crate::jobs::chain_tree::display::{CorpLine, GroupLine};

/// Displays one line for each change: groups first, then corps. Displays nothing if there are no changes.
impl fmt::Display for ChainDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for PlacedGroup { path, group } in &self.groups_added {
            writeln!(f, "+ group: {} at {}", GroupLine(group), Path(path))?;
        }
        for PlacedGroup { path, group } in &self.groups_removed {
            writeln!(f, "- group: {} at {}", GroupLine(group), Path(path))?;
        }
        for GroupChange { before, after } in &self.groups_renamed {
            writeln!(f, "~ group renamed: {} is now {}", GroupLine(&before.group), after.group.group_name)?;
        }
        for GroupChange { before, after } in &self.groups_moved {
            writeln!(
                f,
                "~ group moved: {} from {} to {}",
                GroupLine(&after.group),
                Path(&before.path),
                Path(&after.path)
            )?;
        }
        for PlacedCorp { path, corp, .. } in &self.joined {
            writeln!(f, "+ joined: {}, in {}", CorpLine(corp), Path(path))?;
        }
        for PlacedCorp { path, corp, .. } in &self.invited {
            writeln!(f, "+ invited: {}, in {}", CorpLine(corp), Path(path))?;
        }
        for CorpChange { before, after } in &self.accepted {
            writeln!(
                f,
                "+ accepted: {} is now {}, in {}",
                CorpLine(&before.corp),
                CorpLine(&after.corp),
                Path(&after.path)
            )?;
        }
        for PlacedCorp { path, corp, .. } in &self.left {
            writeln!(f, "- left: {}, from {}", CorpLine(corp), Path(path))?;
        }
        for CorpChange { before, after } in &self.custom_ids_changed {
            let (old, new) = (Value(before.corp.custom_id.as_ref()), Value(after.corp.custom_id.as_ref()));
            writeln!(f, "~ custom id: {}: {old} is now {new}", CorpLine(&after.corp))?;
        }
        for CorpChange { before, after } in &self.statuses_changed {
            writeln!(f, "~ status: {} is now {}", CorpLine(&before.corp), CorpLine(&after.corp))?;
        }
        for CorpChange { before, after } in &self.moved {
            writeln!(f, "~ moved: {}, from {} to {}", CorpLine(&after.corp), Path(&before.path), Path(&after.path))?;
        }
        for CorpChange { before, after } in &self.renamed {
            writeln!(f, "~ renamed: {} is now {}", CorpLine(&before.corp), after.corp.corp_name)?;
        }
        for CorpChange { before, after } in &self.inviters_changed {
            let (old, new) = (Value(before.corp.invite_userid.as_ref()), Value(after.corp.invite_userid.as_ref()));
            writeln!(f, "~ inviter: {}: {old} is now {new}", CorpLine(&after.corp))?;
        }
        for PlacedCorp { path, corp, .. } in &self.not_seen {
            writeln!(
                f,
                "? not seen, because the newer tree is incomplete: {}, last in {}",
                CorpLine(corp),
                Path(path)
            )?;
        }
        for PlacedCorp { path, corp, .. } in &self.first_seen {
            writeln!(f, "? first seen, because the older tree is incomplete: {}, in {}", CorpLine(corp), Path(path))?;
        }
        Ok(())
    }
}

/// Displays an id, or `none`.
struct Value<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("none"),
        }
    }
}

struct Path<'a>(&'a str);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the root" } else { self.0 })
    }
}
