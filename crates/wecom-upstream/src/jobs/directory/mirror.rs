//! The copy of a chain, and what each reply changes in it. Makes no call.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};
use wecom_core::{ErrCode, Error};

use super::joined_corps::JoinedCorps;
use super::listing::Listed;
use super::walking::Read;
use super::work::Work;
use crate::calls::{GetChainCorpinfoReply, Group, GroupCorp};
use crate::jobs::chain_tree::{ChainDiff, ChainTree};
use crate::jobs::pager::PageError;
use crate::jobs::walk::{Consequence, PlannedGroup, order_groups};
use crate::values::CorpRef;

/// The copy of a chain, and what has to be read to keep it current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mirror {
    pub(crate) tree: ChainTree,
    /// The tree of the last refresh, if the tree has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<ChainTree>,
    /// The corps that have left since the last refresh.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) gone: BTreeSet<CorpRef>,
    /// The corps that are in no list and may be in a group that failed. The tree keeps them in their former groups.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) unlocated: BTreeSet<CorpRef>,
    /// Whether a walk has read the whole chain.
    pub(crate) is_read: bool,
    pub(crate) work: Work,
}

impl Mirror {
    /// Returns an empty copy, which a walk has to fill.
    pub(crate) fn new(chain_id: &ChainId, need_pending: bool) -> Self {
        let mut work = Work::default();
        work.noted.add_chain();
        let (gone, unlocated) = (BTreeSet::new(), BTreeSet::new());
        Self { tree: ChainTree::new(chain_id, need_pending), base: None, gone, unlocated, is_read: false, work }
    }

    /// Returns whether there is anything to do: to read, or to publish.
    pub(crate) fn has_work(&self) -> bool {
        self.base.is_some() || self.work != Work::default()
    }

    /// Returns the changes since the last call of this method.
    pub(crate) fn publish(&mut self) -> ChainDiff {
        self.work.end_refresh();
        self.keep_unlocated();
        self.gone.clear();
        self.base.take().map(|base| self.tree.diff_with_former_corps(&base)).unwrap_or_default()
    }

    /// Schedules the groups that have failed on their own to be listed again.
    pub(crate) fn list_failed_groups(&mut self) {
        self.work.lists.extend(self.tree.failures().iter().map(|failure| failure.groupid));
    }

    /// Puts the corps that this refresh could not look up back into their former groups, so that they do not count as gone.
    /// The next refresh looks them up. Returns `false` if that is not possible: a former group is gone, or a walk is needed.
    pub(crate) fn restore_unread(&mut self) -> bool {
        self.work.restore_deferred();
        let Some(base) = &self.base else { return true };
        let unread: HashSet<_> = self.work.unread().collect();
        let present: HashSet<_> = self.tree.placed_corps().flat_map(|(_, corp)| ids(corp)).collect();
        let former = base.placed_corps().filter(|(_, corp)| {
            let is_missing = ids(corp).all(|id| !present.contains(&id));
            is_missing && ids(corp).any(|id| unread.contains(&id))
        });
        let is_complete =
            former.fold(true, |is_complete, (groupid, corp)| self.tree.push_corp(groupid, corp.clone()) && is_complete);
        is_complete && !self.work.noted.walk
    }

    /// Returns the copy in the form that another process can resume.
    pub(crate) fn to_resume(&self) -> Self {
        Self { work: self.work.to_resume(), ..self.clone() }
    }

    fn edit(&mut self) -> &mut ChainTree {
        if self.base.is_none() {
            self.base = Some(self.tree.clone());
        }
        &mut self.tree
    }

    /// Returns the number of calls that a walk would make.
    fn walk_calls(&self, page_size: u32) -> usize {
        let page_size = if page_size == 0 { usize::MAX } else { usize::try_from(page_size).unwrap_or(usize::MAX) };
        let pages = self.tree.groups().iter().map(|group| group.corps.len().div_ceil(page_size).max(1));
        1 + pages.sum::<usize>()
    }

    /// Replaces the work by a walk if the work takes more calls than the walk. A corp takes up to two.
    pub(crate) fn prefer_walk(&mut self, page_size: u32) {
        let Work { noted, lists, found, has_walked, .. } = &self.work;
        let calls = 2 * noted.corps.len() + found.len() + lists.len();
        if !has_walked && calls > 2 && calls > self.walk_calls(page_size) {
            self.work.walk_instead();
        }
    }

    /// Applies a walk. The groups that failed keep their former corps.
    pub(crate) fn apply_walk(&mut self, read: Read, page_size: u32) {
        let Read { mut tree, unfinished, lost_group } = read;
        tree.fill_failed_groups(&self.tree);
        let older = std::mem::replace(&mut self.tree, tree);
        self.work.lists.extend(unfinished);
        self.work.noted.groups |= lost_group;
        self.is_read = true;
        self.work.has_walked = true;
        self.unlocated.clear();
        let mut doubtful = doubtful_corps(&older, &self.tree);
        self.base.get_or_insert(older);
        let is_whole = self.tree.is_whole();
        if !is_whole {
            doubtful.extend(self.missing().into_iter().map(|(corp, ..)| corp));
        }
        // A corp that moved during the walk may be listed twice or not at all.
        if !is_whole || 2 * doubtful.len() <= self.walk_calls(page_size) {
            for corp in doubtful {
                self.work.look_up_again(corp);
            }
        }
    }

    /// Applies the list of groups.
    pub(crate) fn apply_groups(&mut self, groups: Vec<Group>) {
        let (planned, findings) = order_groups(groups);
        if self.tree.has_groups(&planned, &findings) {
            return;
        }
        let regrouped = self.edit().replace_groups(planned, findings);
        self.work.lists.extend(regrouped.added);
        self.work.noted.corps.extend(regrouped.homeless.iter().filter_map(GroupCorp::corp));
    }

    /// Applies the lookup of a corp. Returns the error of the lookup if it affects other calls too; the corp then stays
    /// noted.
    pub(crate) fn apply_corp(
        &mut self,
        corp: CorpRef,
        outcome: Result<GetChainCorpinfoReply, Error>,
    ) -> Result<(), Error> {
        self.work.settle(&corp);
        match outcome {
            Ok(reply) => {
                self.work.noted.groups |= self.tree.group(reply.groupid).is_none();
                self.work.found.insert(corp, reply.groupid);
            }
            Err(error) if error.code() == Some(ErrCode::CORP_NOT_IN_CHAIN) => self.remove([corp]),
            Err(error) if error.code().is_some_and(is_hidden) => self.find_hidden(&corp),
            Err(error) if Consequence::of(&PageError::Call(error.clone())) != Consequence::Skip => {
                self.work.noted.corps.insert(corp);
                return Err(error);
            }
            Err(_) => {
                self.work.give_up(corp);
                self.work.walk_instead();
            }
        }
        Ok(())
    }

    /// Lists the group of a corp that the app has no access to. If no group has the corp any more, walks, because a group
    /// that cannot be read may have it.
    fn find_hidden(&mut self, corp: &CorpRef) {
        let groups_in = |tree: &ChainTree| -> Vec<_> {
            let places = tree.placed_corps().filter(|(_, other)| is_same(corp, other));
            places.map(|(groupid, _)| groupid).collect()
        };
        let groups = groups_in(&self.tree);
        let is_missing = groups.is_empty() && self.base.as_ref().is_some_and(|base| !groups_in(base).is_empty());
        self.work.lists.extend(groups);
        if is_missing && self.tree.is_whole() && !self.work.has_walked {
            self.work.walk_instead();
        }
    }

    /// Returns the groups to list, and the corps that they are listed for.
    pub(crate) fn begin_listing(&mut self) -> (Vec<PlannedGroup>, BTreeMap<CorpRef, GroupId>) {
        let mut groups = std::mem::take(&mut self.work.lists);
        let found = std::mem::take(&mut self.work.found).into_iter();
        let (wanted, hidden): (BTreeMap<_, _>, BTreeMap<_, _>) =
            found.partition(|(_, groupid)| self.tree.group(*groupid).is_some());
        // A walk would not find a corp in a group that is not listed.
        self.remove(hidden.into_keys());
        groups.extend(wanted.values());
        let planned = groups.into_iter().filter_map(|groupid| {
            let group = self.tree.group(groupid)?;
            Some(PlannedGroup { group: group.group.clone(), depth: group.depth })
        });
        (planned.collect(), wanted)
    }

    /// Applies the corps of groups. Returns an error that may pass, if there is one; its groups stay noted.
    pub(crate) fn apply_lists(&mut self, listed: Listed) -> Result<(), Error> {
        let Listed { mut corps, failures, mut wanted } = listed;
        let mut outcome = Ok(());
        for (groupid, error) in failures {
            corps.remove(&groupid);
            let (refused, others) = wanted.into_iter().partition(|(_, at)| *at == groupid);
            wanted = others;
            let refused = BTreeMap::into_keys(refused);
            match (Consequence::of(&error), error) {
                (Consequence::Defer, PageError::Call(error)) => {
                    self.work.lists.insert(groupid);
                    self.work.noted.corps.extend(refused);
                    outcome = Err(error);
                }
                (_, error) => {
                    self.work.noted.groups |= error.code() == Some(ErrCode::UNKNOWN_GROUP);
                    for corp in refused {
                        self.work.look_up_again(corp);
                    }
                    self.edit().set_failure(groupid, &error);
                }
            }
        }
        self.place(corps, &wanted);
        outcome
    }

    /// Replaces the corps of groups, and keeps each corp in one group.
    fn place(&mut self, lists: BTreeMap<GroupId, Vec<GroupCorp>>, wanted: &BTreeMap<CorpRef, GroupId>) {
        let places = Places::of(&lists);
        let known: HashSet<_> =
            self.tree.placed_corps().filter_map(|(_, corp)| corp.corp()).filter(|corp| places.has(corp)).collect();
        let is_new = |corp: &&GroupCorp| corp.corp().is_some_and(|id| !known.contains(&id));
        let is_wanted = |corp: &&GroupCorp| ids(corp).any(|id| wanted.contains_key(&id));
        let is_named = |corp: &&GroupCorp| is_new(corp) || is_wanted(corp);
        let new: Vec<GroupCorp> = lists.values().flatten().filter(is_named).cloned().collect();

        let mut former = Vec::new();
        let listed: BTreeSet<_> = lists.keys().copied().collect();
        for (groupid, corps) in lists {
            let is_same = self.tree.group(groupid).is_some_and(|group| group.corps == corps);
            if !is_same || self.tree.has_failed(groupid) {
                former.extend(self.edit().replace_corps(groupid, corps));
            }
        }
        self.unlocated.retain(|corp| !places.has(corp));
        self.settle_wanted(wanted, &places);
        // The other groups were read before these.
        self.retain(|groupid, corp| listed.contains(&groupid) || !places.has_any(corp));
        for corp in places.repeated() {
            if !wanted.contains_key(corp) {
                self.work.look_up_again(corp.clone());
            }
        }
        self.find_former(&former, &new);
        self.find_pending(&new, &listed);
    }

    /// Compares lookups with the lists of the groups that they named.
    fn settle_wanted(&mut self, wanted: &BTreeMap<CorpRef, GroupId>, places: &Places) {
        let (placed, contradicted): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|(corp, groupid)| places.is_in(corp, **groupid));
        let placed: HashMap<_, _> = placed.into_iter().collect();
        self.retain(|at, corp| ids(corp).all(|id| placed.get(&id).is_none_or(|groupid| **groupid == at)));
        let corps = contradicted.into_iter().map(|(corp, _)| corp.clone());
        let unlisted: Vec<_> = corps.filter(|corp| !self.work.look_up_again(corp.clone())).collect();
        self.remove(unlisted);
    }

    /// Looks up the corps that are no longer in a group, and in no other.
    fn find_former(&mut self, former: &[GroupCorp], new: &[GroupCorp]) {
        let mut missing: HashMap<_, _> = former.iter().filter_map(|corp| Some((corp.corp()?, corp))).collect();
        for (_, corp) in self.tree.placed_corps() {
            corp.corp().map(|corp| missing.remove(&corp));
        }
        let new = JoinedCorps::of(new.iter());
        for (id, corp) in missing {
            if !new.may_include(corp) && !self.work.noted.corps.contains(&id) {
                self.work.look_up_again(id);
            }
        }
    }

    /// Lists the other groups of pending corps that may have joined as one of the new corps.
    fn find_pending(&mut self, new: &[GroupCorp], listed: &BTreeSet<GroupId>) {
        let new = JoinedCorps::of(new.iter());
        let groups = self.tree.placed_corps().filter(|(_, corp)| new.may_include(corp));
        let groups = groups.map(|(groupid, _)| groupid).filter(|groupid| !listed.contains(groupid));
        self.work.lists.extend(groups);
    }

    /// Removes corps that have left.
    fn remove(&mut self, corps: impl IntoIterator<Item = CorpRef>) {
        let corps: HashSet<_> = corps.into_iter().collect();
        if !corps.is_empty() {
            self.retain(|_, corp| corp.corp().is_none_or(|id| !corps.contains(&id)));
            self.unlocated.retain(|corp| !corps.contains(corp));
            self.gone.extend(corps);
        }
    }

    fn retain(&mut self, keeps: impl Fn(GroupId, &GroupCorp) -> bool) {
        if self.tree.placed_corps().any(|(groupid, corp)| !keeps(groupid, corp)) {
            self.edit().retain_corps(keeps);
        }
    }
}

/// Returns whether a lookup with this code means that the app has no access to the corp. The list of its group shows it.
fn is_hidden(code: ErrCode) -> bool {
    matches!(code, ErrCode::NOT_IN_RANGE | ErrCode::GROUP_FORBIDDEN)
}

/// The corps in lists, by id.
struct Places {
    groups: HashMap<CorpRef, Vec<GroupId>>,
}

impl Places {
    fn of(lists: &BTreeMap<GroupId, Vec<GroupCorp>>) -> Self {
        let mut groups: HashMap<CorpRef, Vec<GroupId>> = HashMap::new();
        for (groupid, corps) in lists {
            for corp in corps {
                ids(corp).for_each(|id| groups.entry(id).or_default().push(*groupid));
            }
        }
        Self { groups }
    }

    fn has(&self, corp: &CorpRef) -> bool {
        self.groups.contains_key(corp)
    }

    fn has_any(&self, corp: &GroupCorp) -> bool {
        corp.corp().is_some_and(|corp| self.has(&corp))
    }

    fn is_in(&self, corp: &CorpRef, groupid: GroupId) -> bool {
        self.groups.get(corp).is_some_and(|groups| groups.contains(&groupid))
    }

    /// Returns the corps that are in several lists.
    fn repeated(&self) -> impl Iterator<Item = &CorpRef> {
        self.groups
            .iter()
            .filter(|(_, groups)| groups.iter().any(|groupid| Some(groupid) != groups.first()))
            .map(|(corp, _)| corp)
    }
}

/// Returns both ids of a corp.
pub(super) fn ids(corp: &GroupCorp) -> impl Iterator<Item = CorpRef> {
    let joined = corp.corpid.as_ref().map(CorpRef::from);
    joined.into_iter().chain(corp.pending_corpid.as_ref().map(CorpRef::from))
}

fn is_same(id: &CorpRef, corp: &GroupCorp) -> bool {
    match id {
        CorpRef::Joined(corpid) | CorpRef::Both { corpid, .. } => corp.corpid.as_ref() == Some(corpid),
        CorpRef::Pending(pending_corpid) => corp.pending_corpid.as_ref() == Some(pending_corpid),
    }
}

/// Returns the corps that only the older tree has, and those that the newer one has in several groups.
fn doubtful_corps(older: &ChainTree, newer: &ChainTree) -> Vec<CorpRef> {
    let mut places: HashMap<CorpRef, GroupId> = HashMap::new();
    let mut doubtful = Vec::new();
    for (groupid, corp) in newer.placed_corps() {
        let Some(id) = corp.corp() else { continue };
        if *places.entry(id.clone()).or_insert(groupid) != groupid {
            doubtful.push(id);
        }
    }
    let known: HashSet<_> = older.placed_corps().filter_map(|(_, corp)| corp.corp()).collect();
    let is_new = |corp: &GroupCorp| corp.corp().is_some_and(|id| !known.contains(&id));
    let new = JoinedCorps::of(newer.placed_corps().map(|(_, corp)| corp).filter(|corp| is_new(corp)));
    let missing = older.placed_corps().filter_map(|(_, corp)| Some((corp.corp()?, corp)));
    let missing = missing.filter(|(id, corp)| !places.contains_key(id) && !new.may_include(corp));
    doubtful.extend(missing.map(|(id, _)| id));
    doubtful
}
