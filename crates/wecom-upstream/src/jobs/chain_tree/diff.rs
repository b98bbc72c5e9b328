//! The changes between two trees.

mod display;
mod joined_corps;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use self::joined_corps::match_joined_corps;
use super::{ChainTree, TreeGroup};
use crate::calls::{Group, GroupCorp};
use crate::values::CorpRef;

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
/// If groups of the newer tree [failed](ChainTree::failures), a corp missing from it may not have left: it is in
/// [`not_seen`](Self::not_seen). If groups of the older tree failed, a corp missing from it may not be new: it is in
/// [`first_seen`](Self::first_seen). If one of the walks left out pending corps, no corp counts as invited, and no
/// pending corp counts as left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Corps that moved to another group.
    pub moved: Vec<CorpChange>,
    /// Corps with a new name.
    pub renamed: Vec<CorpChange>,
    /// Corps that are missing from the newer tree, which is incomplete.
    pub not_seen: Vec<PlacedCorp>,
    /// Corps that are missing from the older tree, which is incomplete.
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

    /// Adds the changes of a corp that is in both trees.
    fn compare(&mut self, before: &PlacedCorp, after: &PlacedCorp) {
        let change = || CorpChange { before: before.clone(), after: after.clone() };
        if before.groupid != after.groupid {
            self.moved.push(change());
        }
        if before.corp.corp_name != after.corp.corp_name {
            self.renamed.push(change());
        }
    }

    /// Adds the changes of a group that is in both trees.
    fn compare_groups(&mut self, before: &PlacedGroup, after: &PlacedGroup) {
        let change = || GroupChange { before: before.clone(), after: after.clone() };
        if before.group.group_name != after.group.group_name {
            self.groups_renamed.push(change());
        }
        if before.group.parentid != after.group.parentid && after.group.groupid != GroupId::ROOT {
            self.groups_moved.push(change());
        }
    }
}

/// Returns the changes between two trees.
pub(super) fn between(older: &ChainTree, newer: &ChainTree) -> ChainDiff {
    let mut diff = ChainDiff::default();
    corps(&mut diff, older, newer);
    let place = |(path, group): (String, &TreeGroup)| PlacedGroup { path, group: group.group.clone() };
    let before = Listed::new(older.paths().map(place), |placed| placed.group.groupid);
    let after = Listed::new(newer.paths().map(place), |placed| placed.group.groupid);
    after.in_both(&before).for_each(|(before, after)| diff.compare_groups(before, after));
    diff.groups_added = after.without(&before);
    diff.groups_removed = before.without(&after);
    diff
}

fn corps(diff: &mut ChainDiff, older: &ChainTree, newer: &ChainTree) {
    let (before, after) = (placed_corps(older), placed_corps(newer));
    after.in_both(&before).for_each(|(before, after)| diff.compare(before, after));
    let (gone, new) = (before.without(&after), after.without(&before));
    let matches = match_joined_corps(&gone, &new);
    for (&new_at, &gone_at) in &matches {
        let (Some(before), Some(after)) = (gone.get(gone_at), new.get(new_at)) else { continue };
        diff.compare(before, after);
        diff.accepted.push(CorpChange { before: before.clone(), after: after.clone() });
    }
    let mut gone = without_places(gone, &matches.values().copied().collect());
    let mut new = without_places(new, &matches.keys().copied().collect());
    if !(older.need_pending() && newer.need_pending()) {
        gone.retain(|placed| placed.corp.is_joined);
        new.retain(|placed| placed.corp.is_joined);
    }
    *(if newer.is_whole() { &mut diff.left } else { &mut diff.not_seen }) = gone;
    if older.is_whole() {
        (diff.joined, diff.invited) = new.into_iter().partition(|placed| placed.corp.is_joined);
    } else {
        diff.first_seen = new;
    }
}

fn without_places<T>(list: Vec<T>, places: &HashSet<usize>) -> Vec<T> {
    list.into_iter().enumerate().filter(|(at, _)| !places.contains(at)).map(|(_, item)| item).collect()
}

/// The identity of a corp in two trees.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Id(CorpRef),
    /// A corp without an id, by its group and name.
    NoId(GroupId, String),
}

fn placed_corps(tree: &ChainTree) -> Listed<Key, PlacedCorp> {
    let placed = tree.paths().flat_map(|(path, group)| {
        let place =
            move |corp: &GroupCorp| PlacedCorp { groupid: group.group.groupid, path: path.clone(), corp: corp.clone() };
        group.corps.iter().map(place)
    });
    Listed::new(placed, |placed| match placed.corp.corp() {
        Some(corp) => Key::Id(corp),
        None => Key::NoId(placed.groupid, placed.corp.corp_name.clone()),
    })
}

/// The items of a tree, in order and without duplicates.
struct Listed<K, T> {
    items: Vec<T>,
    places: HashMap<K, usize>,
    key: fn(&T) -> K,
}

impl<K: Eq + Hash, T: Clone> Listed<K, T> {
    fn new(list: impl IntoIterator<Item = T>, key: fn(&T) -> K) -> Self {
        let (mut items, mut places) = (Vec::new(), HashMap::new());
        for item in list {
            if let Entry::Vacant(place) = places.entry(key(&item)) {
                place.insert(items.len());
                items.push(item);
            }
        }
        Self { items, places, key }
    }

    fn find(&self, item: &T) -> Option<&T> {
        self.places.get(&(self.key)(item)).and_then(|&place| self.items.get(place))
    }

    /// Returns the items of both lists, each as the older item and the newer item.
    fn in_both<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = (&'a T, &'a T)> {
        self.items.iter().filter_map(|item| Some((older.find(item)?, item)))
    }

    /// Returns the items that the other list lacks.
    fn without(&self, other: &Self) -> Vec<T> {
        self.items.iter().filter(|item| other.find(item).is_none()).cloned().collect()
    }
}
