//! Corps that no list has while a group of the chain cannot be read.

use std::collections::HashSet;

use wecom_core::ids::GroupId;

use super::joined_corps::JoinedCorps;
use super::mirror::{Mirror, ids};
use crate::calls::GroupCorp;
use crate::values::CorpRef;

impl Mirror {
    /// Returns the corps of the last refresh that are in no group now, and that are not known to have left. A pending corp that
    /// may have joined as one of the new corps is not among them.
    pub(super) fn missing(&self) -> Vec<(CorpRef, GroupId, GroupCorp)> {
        let Some(base) = &self.base else { return Vec::new() };
        let known: HashSet<_> = base.placed_corps().flat_map(|(_, corp)| ids(corp)).collect();
        let present: HashSet<_> = self.tree.placed_corps().flat_map(|(_, corp)| ids(corp)).collect();
        let is_new = |corp: &&GroupCorp| ids(corp).all(|id| !known.contains(&id));
        let new = JoinedCorps::of(self.tree.placed_corps().map(|(_, corp)| corp).filter(is_new));
        let is_missing = |corp: &GroupCorp| {
            ids(corp).all(|id| !present.contains(&id) && !self.gone.contains(&id))
                && (corp.is_joined || self.tree.need_pending())
                && !new.may_include(corp)
        };
        let missing = base.placed_corps().filter(|(_, corp)| is_missing(corp));
        missing.filter_map(|(groupid, corp)| Some((corp.corp()?, groupid, corp.clone()))).collect()
    }

    /// Returns the missing corps to their former groups while a group cannot be read, because they may be in that group.
    /// A corp whose former group is gone stays missing.
    pub(super) fn keep_unlocated(&mut self) {
        if self.tree.is_whole() {
            return;
        }
        for (id, groupid, corp) in self.missing() {
            if self.tree.push_corp(groupid, corp) {
                self.unlocated.insert(id);
            }
        }
    }

    /// Looks up the corps that may have been in a failed group, once every group has been read.
    pub(super) fn look_up_unlocated(&mut self) {
        if self.tree.is_whole() {
            self.work.noted.corps.append(&mut self.unlocated);
        }
    }
}
