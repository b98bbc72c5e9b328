//! What has changed from one tree to another.

mod display;
mod joined_corps;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use wecom_core::ids::GroupId;

use self::joined_corps::pairs;
use super::{ChainTree, TreeGroup};
use crate::calls::{Group, GroupCorp};
use crate::values::CorpRef;

/// What has changed in a chain between two [trees](ChainTree) of it; from [`ChainTree::diff`]. It prints as one line for
/// each change.
///
/// A corp is the same one if it has the same id. One that was pending and has joined has a new id, and is known again by
/// its `pending_corpid` where WeCom still tells it, else by its `custom_id`, else by its name. The last two count only where
/// no other corp that went or came has the same, and the name not where both have a `custom_id`. Such a corp is in
/// [`accepted`](Self::accepted), and neither in [`joined`](Self::joined) nor in [`left`](Self::left).
///
/// A corp may be in several lists: moved and renamed, say. One that a tree lists in two groups counts where it comes first.
///
/// Nothing is taken for certain that isn't. Where groups of the newer tree [failed](ChainTree::failures), a corp that it
/// lacks need not have left: it is in [`not_seen`](Self::not_seen). Where groups of the older one failed, a corp that it
/// lacks need not be new: it is in [`first_seen`](Self::first_seen). If one of the trees was not to hold pending corps, no
/// corp counts as invited, and none that was pending as left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChainDiff {
    /// Corps that have joined and were not there before, not even as pending ones.
    pub joined: Vec<PlacedCorp>,
    /// Pending corps that were not there before.
    pub invited: Vec<PlacedCorp>,
    /// Corps that were pending and have joined.
    pub accepted: Vec<CorpChange>,
    /// Corps that are not there any more, joined or pending.
    pub left: Vec<PlacedCorp>,
    /// Corps that are in another group.
    pub moved: Vec<CorpChange>,
    /// Corps that have another name.
    pub renamed: Vec<CorpChange>,
    /// Corps that were there, and that the newer tree, which isn't whole, does not show.
    pub not_seen: Vec<PlacedCorp>,
    /// Corps that the older tree, which isn't whole, does not show.
    pub first_seen: Vec<PlacedCorp>,
    /// Groups that were not there before.
    pub groups_added: Vec<PlacedGroup>,
    /// Groups that are not there any more.
    pub groups_removed: Vec<PlacedGroup>,
    /// Groups that have another name.
    pub groups_renamed: Vec<GroupChange>,
    /// Groups that lie below another group.
    pub groups_moved: Vec<GroupChange>,
}

/// A corp, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedCorp {
    /// The group that it was listed in.
    pub groupid: GroupId,
    /// That group's path, as in [`ChainTree::corps`].
    pub path: String,
    /// The corp.
    pub corp: GroupCorp,
}

/// A corp before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorpChange {
    /// As it was.
    pub before: PlacedCorp,
    /// As it is.
    pub after: PlacedCorp,
}

/// A group, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedGroup {
    /// Its own path, as in [`ChainTree::paths`].
    pub path: String,
    /// The group.
    pub group: Group,
}

/// A group before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupChange {
    /// As it was.
    pub before: PlacedGroup,
    /// As it is.
    pub after: PlacedGroup,
}

impl ChainDiff {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes how a corp that is in both trees differs.
    fn compare(&mut self, before: &PlacedCorp, after: &PlacedCorp) {
        let change = || CorpChange { before: before.clone(), after: after.clone() };
        if before.groupid != after.groupid {
            self.moved.push(change());
        }
        if before.corp.corp_name != after.corp.corp_name {
            self.renamed.push(change());
        }
    }

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
    let pairs = pairs(&gone, &new);
    for (&new_at, &gone_at) in &pairs {
        let (Some(before), Some(after)) = (gone.get(gone_at), new.get(new_at)) else { continue };
        diff.compare(before, after);
        diff.accepted.push(CorpChange { before: before.clone(), after: after.clone() });
    }
    let mut gone = without_places(gone, &pairs.values().copied().collect());
    let mut new = without_places(new, &pairs.keys().copied().collect());
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

/// What a corp is known by from one tree to the next.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Id(CorpRef),
    /// The service gave it no id: its group and its name.
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

/// What a tree lists, in its order, each once.
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

    /// What both list, as the older and as this one has it.
    fn in_both<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = (&'a T, &'a T)> {
        self.items.iter().filter_map(|item| Some((older.find(item)?, item)))
    }

    /// What the other one does not list.
    fn without(&self, other: &Self) -> Vec<T> {
        self.items.iter().filter(|item| other.find(item).is_none()).cloned().collect()
    }
}
