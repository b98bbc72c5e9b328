//! Lists the corps of some groups again.

use std::collections::BTreeMap;

use wecom_core::ids::GroupId;
use wecom_core::{Error, Threading};

use crate::calls::GroupCorp;
use crate::jobs::pager::PageError;
use crate::jobs::walk::{Walk, WalkEvent};
use crate::values::CorpRef;

/// Lists the corps of some groups. A refresh that is cancelled keeps it for the next one.
pub(crate) struct Listing<M: Threading> {
    walk: Walk<M>,
    current: Option<GroupId>,
    listed: Listed,
}

/// The corps of the groups that were listed.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) corps: BTreeMap<GroupId, Vec<GroupCorp>>,
    pub(crate) failures: BTreeMap<GroupId, PageError>,
    /// The corps that the groups are listed for.
    pub(crate) wanted: BTreeMap<CorpRef, GroupId>,
}

impl<M: Threading> Listing<M> {
    pub(crate) fn new(walk: Walk<M>, wanted: BTreeMap<CorpRef, GroupId>) -> Self {
        Self { walk, current: None, listed: Listed { wanted, ..Listed::default() } }
    }

    /// Lists all groups. Awaiting this method again after an error continues.
    pub(crate) async fn run(&mut self) -> Result<Listed, Error> {
        while let Some(event) = self.walk.next().await? {
            self.add(event);
        }
        Ok(std::mem::take(&mut self.listed))
    }

    fn add(&mut self, event: WalkEvent) {
        match event {
            WalkEvent::GroupResumed { groupid } => {
                self.current = Some(groupid);
                self.listed.failures.remove(&groupid);
                self.listed.corps.entry(groupid).or_default();
            }
            WalkEvent::Corp(corp) => {
                let corps = self.current.and_then(|groupid| self.listed.corps.get_mut(&groupid));
                corps.into_iter().for_each(|corps| corps.push(corp.clone()));
            }
            WalkEvent::GroupDeferred { groupid, error } | WalkEvent::GroupFailed { groupid, error } => {
                self.listed.failures.insert(groupid, error);
            }
            WalkEvent::Group { .. } | WalkEvent::Finding(_) => {}
        }
    }

    /// Returns the groups that are not applied yet.
    pub(crate) fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.walk.unfinished().chain(self.listed.corps.keys().copied())
    }

    /// Returns the corps that the groups are listed for.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &CorpRef> {
        self.listed.wanted.keys()
    }
}
