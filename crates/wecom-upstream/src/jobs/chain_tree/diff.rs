//! The changes between two trees.

mod display;
mod joined_corps;

use std::collections::{HashMap, HashSet, hash_map};
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use self::joined_corps::match_joined_corps;
use super::ChainTree;
use super::path::{parents, path_of};
use crate::calls::{Group, GroupCorp};

/// The changes of a chain between two [trees](ChainTree). Created by [`ChainTree::diff`]. It displays as one line for
/// each change.
///
/// A corp keeps its identity as long as it keeps its id. A pending corp gets a new id when it joins. The diff matches
/// the two by `pending_corpid` if WeCom still returns it, else by `custom_id`, else by name. A `custom_id` or name
/// matches only if no other corp that disappeared or appeared has the same one, and a name does not match if both corps
/// have a `custom_id`. A matched corp is in [`accepted`](Self::accepted), and neither in [`joined`](Self::joined) nor
/// in [`left`](Self::left).
///
/// A corp may be in several lists, for example moved and renamed. If a tree lists a corp in two groups, the diff uses
/// the first one.
///
/// A group that is renamed or moved changes the [path](PlacedCorp::path) of every corp in it and below it. The diff lists
/// the group, and none of these corps. A program that stores paths then updates all rows of its table from
/// [`ChainTree::corps`].
///
/// If groups of the newer tree [failed](ChainTree::failures), a corp missing from it may not have left: it is in
/// [`not_seen`](Self::not_seen). If groups of the older tree failed, a corp missing from it may not be new: it is in
/// [`first_seen`](Self::first_seen). If one of the walks left out pending corps, no corp counts as invited, and no
/// pending corp counts as left.
///
/// In the changes of a [`Directory`](crate::jobs::directory::Directory#failures), `not_seen` is always empty, because its
/// failed groups keep their former corps. `first_seen` has the new corps of a group that had failed. Treat them as those of
/// `joined` and `invited`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChainDiff {
    /// New corps that have joined and were not pending before.
    pub joined: Vec<PlacedCorp>,
    /// New pending corps.
    pub invited: Vec<PlacedCorp>,
    /// Corps that were pending and have joined.
    pub accepted: Vec<CorpChange>,
    /// Corps that are gone, whether they had joined or were pending.
    pub left: Vec<PlacedCorp>,
    /// Corps with another `custom_id`.
    pub custom_ids_changed: Vec<CorpChange>,
    /// Corps with an unchanged `corpid` that had not joined before and have joined now, or the reverse.
    pub statuses_changed: Vec<CorpChange>,
    /// Corps that moved to another group.
    pub moved: Vec<CorpChange>,
    /// Corps with a new name.
    pub renamed: Vec<CorpChange>,
    /// Corps with another `invite_userid`, the member of the upstream corp who invited the corp.
    pub inviters_changed: Vec<CorpChange>,
    /// Corps that are missing from the newer tree, which is incomplete. Always empty in the changes of a directory.
    pub not_seen: Vec<PlacedCorp>,
    /// Corps that are missing from the older tree, which is incomplete. In the changes of a directory, the new corps of a
    /// group that had failed.
    pub first_seen: Vec<PlacedCorp>,
    /// New groups.
    pub groups_added: Vec<PlacedGroup>,
    /// Groups that are gone.
    pub groups_removed: Vec<PlacedGroup>,
    /// Groups with a new name.
    pub groups_renamed: Vec<GroupChange>,
    /// Groups with a new parent.
    pub groups_moved: Vec<GroupChange>,
}

/// A corp and the group that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedCorp {
    /// The id of the group.
    pub groupid: GroupId,
    /// The path of the group, in the form of [`ChainTree::corps`].
    pub path: String,
    /// The corp.
    pub corp: GroupCorp,
}

/// A corp before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorpChange {
    /// The corp in the older tree.
    pub before: PlacedCorp,
    /// The corp in the newer tree.
    pub after: PlacedCorp,
}

/// A group and its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedGroup {
    /// The path of the group, in the form of [`ChainTree::corps`].
    pub path: String,
    /// The group.
    pub group: Group,
}

/// A group before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupChange {
    /// The group in the older tree.
    pub before: PlacedGroup,
    /// The group in the newer tree.
    pub after: PlacedGroup,
}

impl ChainDiff {
    /// Returns whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The content of the groups that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FailedGroups {
    /// The corps that were read before the failure. The others may be in any tree.
    Incomplete,
    /// Their former corps. Every corp that is missing from a tree is known not to be in the chain.
    KeepFormerCorps,
}

/// Returns the changes between two trees.
pub(super) fn between(older: &ChainTree, newer: &ChainTree, failed_groups: FailedGroups) -> ChainDiff {
    let mut diff = ChainDiff::default();
    let trees = Trees { older: Places::new(older), newer: Places::new(newer), failed_groups };
    trees.compare_corps(&mut diff);
    trees.compare_groups(&mut diff);
    diff
}

/// The trees to compare. Both stay borrowed: only what changed is cloned.
struct Trees<'a> {
    older: Places<'a>,
    newer: Places<'a>,
    failed_groups: FailedGroups,
}

impl Trees<'_> {
    fn compare_corps(&self, diff: &mut ChainDiff) {
        let (older, newer) = (self.older.corps(), self.newer.corps());
        let (gone, new) = match_items(self.older.corp_count(), older, newer, Entry::key, |before, after| {
            self.compare_corp(diff, before, after);
        });
        let matches = match_joined_corps(&gone, &new);
        for (&new_at, &gone_at) in &matches {
            let (Some(&before), Some(&after)) = (gone.get(gone_at), new.get(new_at)) else { continue };
            self.compare_corp(diff, before, after);
            diff.accepted.push(self.change(before, after));
        }
        let leaves_out_pending = !(self.older.tree.need_pending() && self.newer.tree.need_pending());
        let counts = |entry: &Entry<'_>| entry.corp.is_joined || !leaves_out_pending;
        let matched: HashSet<_> = matches.values().copied().collect();
        let gone = without_places(&gone, |at| matched.contains(&at)).filter(counts);
        let gone = gone.map(|entry| self.older.placed(entry)).collect();
        *(if self.shows_every_departure() { &mut diff.left } else { &mut diff.not_seen }) = gone;
        let new = without_places(&new, |at| matches.contains_key(&at)).filter(counts);
        let (first_seen, new): (Vec<_>, Vec<_>) = new.partition(|entry| self.may_be_older(entry));
        diff.first_seen = first_seen.into_iter().map(|entry| self.newer.placed(entry)).collect();
        let new = new.into_iter().map(|entry| self.newer.placed(entry));
        (diff.joined, diff.invited) = new.partition(|placed| placed.corp.is_joined);
    }

    /// Returns whether every corp that is missing from the newer tree has left.
    fn shows_every_departure(&self) -> bool {
        self.newer.tree.is_whole() || self.failed_groups == FailedGroups::KeepFormerCorps
    }

    /// Returns whether a corp that is missing from the older tree may have been in the chain.
    fn may_be_older(&self, entry: &Entry<'_>) -> bool {
        match self.failed_groups {
            FailedGroups::Incomplete => !self.older.tree.is_whole(),
            FailedGroups::KeepFormerCorps => self.older.tree.has_failed(entry.groupid),
        }
    }

    /// Adds the changes of a corp that is in both trees.
    fn compare_corp(&self, diff: &mut ChainDiff, before: Entry<'_>, after: Entry<'_>) {
        let (old, new) = (before.corp, after.corp);
        if old.custom_id != new.custom_id {
            diff.custom_ids_changed.push(self.change(before, after));
        }
        if old.corpid == new.corpid && old.is_joined != new.is_joined {
            diff.statuses_changed.push(self.change(before, after));
        }
        if before.groupid != after.groupid {
            diff.moved.push(self.change(before, after));
        }
        if old.corp_name != new.corp_name {
            diff.renamed.push(self.change(before, after));
        }
        if old.invite_userid != new.invite_userid {
            diff.inviters_changed.push(self.change(before, after));
        }
    }

    fn change(&self, before: Entry<'_>, after: Entry<'_>) -> CorpChange {
        CorpChange { before: self.older.placed(before), after: self.newer.placed(after) }
    }

    fn compare_groups(&self, diff: &mut ChainDiff) {
        let (older, newer) = (self.older.groups(), self.newer.groups());
        let groupid = |(_, groupid): &(usize, GroupId)| *groupid;
        let (gone, new) = match_items(self.older.tree.groups.len(), older, newer, groupid, |before, after| {
            self.compare_group(diff, before.0, after.0);
        });
        diff.groups_added = new.into_iter().filter_map(|(at, _)| self.newer.placed_group(at)).collect();
        diff.groups_removed = gone.into_iter().filter_map(|(at, _)| self.older.placed_group(at)).collect();
    }

    /// Adds the changes of a group that is in both trees.
    fn compare_group(&self, diff: &mut ChainDiff, old_at: usize, new_at: usize) {
        let (old, new) = (self.older.tree.groups.get(old_at), self.newer.tree.groups.get(new_at));
        let Some((old, new)) = old.zip(new).map(|(old, new)| (&old.group, &new.group)) else { return };
        let place = || Some((self.older.placed_group(old_at)?, self.newer.placed_group(new_at)?));
        let change = || place().map(|(before, after)| GroupChange { before, after });
        if old.group_name != new.group_name {
            diff.groups_renamed.extend(change());
        }
        if old.parentid != new.parentid && new.groupid != GroupId::ROOT {
            diff.groups_moved.extend(change());
        }
    }
}

/// A tree whose paths are built on demand.
struct Places<'a> {
    tree: &'a ChainTree,
    /// The index of the parent of each group.
    parents: Vec<Option<usize>>,
}

impl<'a> Places<'a> {
    fn new(tree: &'a ChainTree) -> Self {
        Self { tree, parents: parents(&tree.groups) }
    }

    fn corps(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let groups = self.tree.groups.iter().enumerate();
        groups.flat_map(|(at, group)| {
            let groupid = group.group.groupid;
            group.corps.iter().map(move |corp| Entry { at, groupid, corp })
        })
    }

    fn corp_count(&self) -> usize {
        self.tree.groups.iter().map(|group| group.corps.len()).sum()
    }

    fn groups(&self) -> impl Iterator<Item = (usize, GroupId)> + use<'a> {
        self.tree.groups.iter().map(|group| group.group.groupid).enumerate()
    }

    fn placed(&self, entry: Entry<'_>) -> PlacedCorp {
        let path = path_of(&self.tree.groups, &self.parents, entry.at);
        PlacedCorp { groupid: entry.groupid, path, corp: entry.corp.clone() }
    }

    fn placed_group(&self, at: usize) -> Option<PlacedGroup> {
        let group = self.tree.groups.get(at)?.group.clone();
        Some(PlacedGroup { path: path_of(&self.tree.groups, &self.parents, at), group })
    }
}

/// A corp and the index of its group.
#[derive(Clone, Copy)]
struct Entry<'a> {
    at: usize,
    groupid: GroupId,
    corp: &'a GroupCorp,
}

/// The identity of a corp in two trees.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Joined(&'a str),
    Pending(&'a str),
    /// A corp without an id, by its group and name.
    NoId(GroupId, &'a str),
}

impl<'a> Entry<'a> {
    /// Returns the identity of the corp, by the same id as [`GroupCorp::corp`].
    fn key(&self) -> Key<'a> {
        let Self { groupid, corp, .. } = *self;
        let joined = corp.corpid.as_ref().map(|id| Key::Joined(id.as_str()));
        let pending = || corp.pending_corpid.as_ref().map(|id| Key::Pending(id.as_str()));
        let key = if corp.is_joined { joined.or_else(pending) } else { pending().or(joined) };
        key.unwrap_or(Key::NoId(groupid, &corp.corp_name))
    }
}

/// Matches the items of two lists by their keys. Calls a closure with both items of each match, in the order of the newer
/// list. Returns the items that only the older list has, and those that only the newer list has. Ignores an item whose key
/// its list has had before.
///
/// `capacity` is the number of items in the older list.
fn match_items<T: Copy, K: Eq + Hash>(
    capacity: usize,
    older: impl Iterator<Item = T>,
    newer: impl Iterator<Item = T>,
    key: impl Fn(&T) -> K,
    mut on_both: impl FnMut(T, T),
) -> (Vec<T>, Vec<T>) {
    let mut items: Vec<Option<T>> = Vec::with_capacity(capacity);
    let mut places: HashMap<K, usize> = HashMap::with_capacity(capacity);
    for item in older {
        if let hash_map::Entry::Vacant(place) = places.entry(key(&item)) {
            place.insert(items.len());
            items.push(Some(item));
        }
    }
    let (mut new, mut new_keys) = (Vec::new(), HashSet::new());
    // Most items have the same predecessor in both lists, and need no search.
    let mut next = 0;
    for item in newer {
        let item_key = key(&item);
        let is_next = items.get(next).and_then(Option::as_ref).is_some_and(|older| key(older) == item_key);
        let place = if is_next { Some(next) } else { places.get(&item_key).copied() };
        match place {
            Some(place) => {
                next = place + 1;
                if let Some(older) = items.get_mut(place).and_then(Option::take) {
                    on_both(older, item);
                }
            }
            None if new_keys.insert(item_key) => new.push(item),
            None => {}
        }
    }
    (items.into_iter().flatten().collect(), new)
}

fn without_places<'e, T: Copy>(
    list: &'e [T],
    is_left_out: impl Fn(usize) -> bool + 'e,
) -> impl Iterator<Item = T> + 'e {
    list.iter().enumerate().filter(move |(at, _)| !is_left_out(*at)).map(|(_, item)| *item)
}
