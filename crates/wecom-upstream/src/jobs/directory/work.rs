//! What a directory has to read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use super::noted::Noted;
use crate::values::CorpRef;

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
    /// The corps that this refresh has looked up a second time because replies contradicted each other. There is no third
    /// time, so that a refresh ends.
    #[serde(skip)]
    retried: BTreeSet<CorpRef>,
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

    /// Marks a corp that cannot be looked up.
    pub(crate) fn give_up(&mut self, corp: CorpRef) {
        self.retried.insert(corp);
    }

    /// Ends a refresh.
    pub(crate) fn end_refresh(&mut self) {
        self.retried.clear();
    }

    /// Returns the work as another process can resume it: corps that were found are looked up again.
    pub(crate) fn to_resume(&self) -> Self {
        let mut noted = self.noted.clone();
        noted.corps.extend(self.found.keys().cloned());
        Self { noted, lists: self.lists.clone(), ..Self::default() }
    }
}
