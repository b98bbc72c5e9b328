//! What a directory has to read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use super::noted::Noted;
use crate::values::CorpRef;

/// The maximum number of failed lookups in a refresh. Once more have failed, the refresh makes no further ones, because the
/// service seems to fail.
const MAX_FAILED: usize = 8;

/// What a directory has to read. An item leaves once its reply is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Work {
    pub(crate) noted: Noted,
    /// The groups whose corps are to be listed.
    pub(crate) lists: BTreeSet<GroupId>,
    /// Corps that were looked up, and the group to list for the rest of their fields.
    #[serde(skip)]
    pub(crate) found: BTreeMap<CorpRef, GroupId>,
    /// The corps whose lookup has failed in this refresh with an error that may pass.
    #[serde(skip)]
    failed: BTreeSet<CorpRef>,
    /// The corps whose lookup has failed in an earlier refresh. They are looked up last, so that a refresh reaches the
    /// others first.
    #[serde(skip)]
    suspects: BTreeSet<CorpRef>,
    /// The corps that this refresh has looked up a second time because replies contradicted each other. No corp is looked up
    /// a third time, so that a refresh ends.
    #[serde(skip)]
    retried: BTreeSet<CorpRef>,
    /// Whether this refresh has applied a walk. Lookups settle what the walk has left open.
    #[serde(skip)]
    pub(crate) has_walked: bool,
}

impl Work {
    /// Looks up a corp again, unless this refresh has done so before. Returns whether it does.
    pub(crate) fn look_up_again(&mut self, corp: CorpRef) -> bool {
        let is_first = self.retried.insert(corp.clone());
        if is_first {
            self.noted.corps.insert(corp);
        }
        is_first
    }

    /// Replaces the work by a walk. The walk may note again the corps that were not looked up.
    pub(crate) fn walk_instead(&mut self) {
        let corps = std::mem::take(&mut self.noted.corps);
        corps.iter().for_each(|corp| self.cancel_lookup(corp));
        self.noted.add_chain();
    }

    /// Forgets that a corp was to be looked up again, because the lookup is not made.
    pub(crate) fn cancel_lookup(&mut self, corp: &CorpRef) {
        self.retried.remove(corp);
    }

    /// Marks a corp, so that this refresh does not look it up again.
    pub(crate) fn give_up(&mut self, corp: CorpRef) {
        self.retried.insert(corp);
    }

    /// Removes and returns the next corp to look up; `None` if there is none, or if too many lookups have failed.
    pub(crate) fn next_lookup(&mut self) -> Option<CorpRef> {
        if self.is_failing() {
            return None;
        }
        let corps = &self.noted.corps;
        let next = corps.difference(&self.suspects).next().or_else(|| corps.first()).cloned()?;
        self.suspects.remove(&next);
        self.noted.corps.take(&next)
    }

    /// Leaves a corp to the next refresh, because its lookup has failed.
    pub(crate) fn defer(&mut self, corp: CorpRef) {
        self.failed.insert(corp);
    }

    /// Returns whether too many lookups of this refresh have failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failed.len() > MAX_FAILED
    }

    /// Forgets that the lookup of a corp has failed, because a later one has not.
    pub(crate) fn settle(&mut self, corp: &CorpRef) {
        self.failed.remove(corp);
    }

    /// Notes the corps again that were left to the next refresh.
    pub(crate) fn restore_deferred(&mut self) {
        self.suspects.extend(self.failed.iter().cloned());
        self.noted.corps.append(&mut self.failed);
    }

    /// Returns the corps that this refresh leaves to the next one.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &CorpRef> {
        self.noted.corps.iter().chain(self.found.keys())
    }

    /// Starts a walk, which includes all work.
    pub(crate) fn begin_walk(&mut self) {
        let Self { noted, lists, found, failed, suspects, .. } = self;
        *noted = Noted::default();
        lists.clear();
        found.clear();
        failed.clear();
        suspects.clear();
    }

    /// Ends a refresh.
    pub(crate) fn end_refresh(&mut self) {
        self.retried.clear();
        self.has_walked = false;
    }

    /// Returns the work in the form that another process can resume: corps that were found are looked up again.
    pub(crate) fn to_resume(&self) -> Self {
        let mut noted = self.noted.clone();
        noted.corps.extend(self.found.keys().chain(&self.failed).cloned());
        Self { noted, lists: self.lists.clone(), ..Self::default() }
    }
}
