//! The corps of a chain by their places, found by id, custom id, name or group however many there are.
//!
//! Those of a generated world are made when they are looked at. One that changes is kept from then on, in its old place.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::iter;

use wecom_upstream::ids::CustomId;
use wecom_upstream::{CorpId, GroupId};

use crate::world::{Generated, WorldCorp, WorldCorpId};

pub(crate) struct Corps {
    generated: Option<Generated>,
    /// The places of the generated ones that are as they were made, in order.
    made: BTreeMap<GroupId, Vec<u64>>,
    /// The generated ones that have left, or have changed and are kept.
    unmade: HashSet<u64>,
    /// The places grow with each corp that comes, and are never given twice: pages go by them.
    kept: BTreeMap<u64, WorldCorp>,
    by_group: BTreeSet<(GroupId, u64)>,
    by_id: HashMap<WorldCorpId, u64>,
    by_custom_id: HashMap<CustomId, u64>,
    by_name: HashMap<String, BTreeSet<u64>>,
    next_place: u64,
}

impl Corps {
    pub(crate) fn new(generated: Option<Generated>, others: Vec<WorldCorp>) -> Self {
        let count = generated.map_or(0, |generated| generated.count());
        let mut made: BTreeMap<GroupId, Vec<u64>> = BTreeMap::new();
        for number in 0..count {
            let Some(generated) = generated else { break };
            made.entry(generated.group_of(number)).or_default().push(place_of(number));
        }
        made.values_mut().for_each(Vec::shrink_to_fit);
        let mut this = Self {
            generated,
            made,
            unmade: HashSet::new(),
            kept: BTreeMap::new(),
            by_group: BTreeSet::new(),
            by_id: HashMap::new(),
            by_custom_id: HashMap::new(),
            by_name: HashMap::new(),
            next_place: place_of(count),
        };
        others.into_iter().for_each(|corp| this.insert(corp));
        this
    }

    pub(crate) fn len(&self) -> usize {
        self.made.values().map(Vec::len).sum::<usize>() + self.kept.len()
    }

    /// The place that the next corp will have.
    pub(crate) fn next_place(&self) -> u64 {
        self.next_place
    }

    /// Adds a corp behind all others.
    pub(crate) fn insert(&mut self, corp: WorldCorp) {
        let place = self.next_place;
        self.next_place += 1;
        self.keep(place, corp);
    }

    pub(crate) fn remove(&mut self, place: u64) -> Option<WorldCorp> {
        if let Some(corp) = self.as_made(place) {
            self.unmade.insert(place);
            if let Some(places) = self.made.get_mut(&corp.groupid) {
                places.retain(|there| *there != place);
            }
            return Some(corp);
        }
        let corp = self.kept.remove(&place)?;
        self.by_group.remove(&(corp.groupid, place));
        self.by_id.remove(&corp.id);
        if let Some(custom_id) = &corp.custom_id {
            self.by_custom_id.remove(custom_id);
        }
        if let Some(places) = self.by_name.get_mut(&corp.name) {
            places.remove(&place);
            if places.is_empty() {
                self.by_name.remove(&corp.name);
            }
        }
        Some(corp)
    }

    /// Changes a corp, which keeps its place.
    pub(crate) fn change(&mut self, place: u64, change: impl FnOnce(&mut WorldCorp)) {
        if let Some(mut corp) = self.remove(place) {
            change(&mut corp);
            self.keep(place, corp);
        }
    }

    pub(crate) fn at(&self, place: u64) -> Option<Cow<'_, WorldCorp>> {
        self.kept.get(&place).map(Cow::Borrowed).or_else(|| self.as_made(place).map(Cow::Owned))
    }

    pub(crate) fn place(&self, id: &WorldCorpId) -> Option<u64> {
        self.by_id.get(id).copied().or_else(|| self.made_place(|generated| generated.of_id(id)))
    }

    pub(crate) fn place_of_custom_id(&self, id: &CustomId) -> Option<u64> {
        self.by_custom_id.get(id).copied().or_else(|| self.made_place(|generated| generated.of_custom_id(id)))
    }

    pub(crate) fn places_of_name(&self, name: &str) -> impl Iterator<Item = u64> {
        let made = self.made_place(|generated| generated.of_name(name));
        made.into_iter().chain(self.by_name.get(name).into_iter().flatten().copied())
    }

    /// The corps that lie directly in a group, after a place, in the order in which they came.
    pub(crate) fn in_group(&self, groupid: GroupId, after: u64) -> impl Iterator<Item = (u64, Cow<'_, WorldCorp>)> {
        let made = self.made.get(&groupid).map(Vec::as_slice).unwrap_or_default();
        let begin = made.partition_point(|place| *place <= after);
        let mut made = made.get(begin..).unwrap_or_default().iter().copied().peekable();
        let kept = self.by_group.range((groupid, after.saturating_add(1))..=(groupid, u64::MAX));
        let mut kept = kept.map(|&(_, place)| place).peekable();
        let places = iter::from_fn(move || match (made.peek(), kept.peek()) {
            (Some(first), Some(second)) if second < first => kept.next(),
            (Some(_), _) => made.next(),
            (None, _) => kept.next(),
        });
        places.filter_map(|place| self.at(place).map(|corp| (place, corp)))
    }

    /// How many corps lie directly in a group.
    #[cfg(feature = "server")]
    pub(crate) fn count_in_group(&self, groupid: GroupId) -> usize {
        self.made.get(&groupid).map_or(0, Vec::len) + self.by_group.range((groupid, 0)..=(groupid, u64::MAX)).count()
    }

    /// The ids of all that have joined.
    pub(crate) fn joined(&self) -> impl Iterator<Item = CorpId> {
        let made = self.made.values().flatten().filter_map(|place| self.as_made(*place)).map(|corp| corp.id);
        let all = made.chain(self.kept.values().map(|corp| corp.id.clone()));
        all.filter_map(|id| match id {
            WorldCorpId::Joined(corpid) => Some(corpid),
            WorldCorpId::Pending(_) => None,
        })
    }

    fn keep(&mut self, place: u64, corp: WorldCorp) {
        self.by_group.insert((corp.groupid, place));
        self.by_id.insert(corp.id.clone(), place);
        if let Some(custom_id) = corp.custom_id.clone() {
            self.by_custom_id.insert(custom_id, place);
        }
        self.by_name.entry(corp.name.clone()).or_default().insert(place);
        self.kept.insert(place, corp);
    }

    /// A generated corp that nothing has changed.
    fn as_made(&self, place: u64) -> Option<WorldCorp> {
        let generated = self.generated.filter(|generated| (1..=generated.count()).contains(&place))?;
        if self.unmade.contains(&place) { None } else { Some(generated.corp(place - 1)) }
    }

    fn made_place(&self, find: impl FnOnce(&Generated) -> Option<u64>) -> Option<u64> {
        let place = place_of(find(self.generated.as_ref()?)?);
        if self.unmade.contains(&place) { None } else { Some(place) }
    }
}

/// Places are counted from 1, so that 0 is before all of them.
fn place_of(number: u64) -> u64 {
    number + 1
}

#[cfg(test)]
mod tests {
    use wecom_upstream::ids::PendingCorpId;

    use super::*;
    use crate::world::World;

    fn generated() -> Corps {
        Corps::new(World::generate(250, 3).chains[0].generated, Vec::new())
    }

    /// Every place in order, group by group, and how its corp is called.
    fn all(corps: &Corps) -> Vec<(u64, String)> {
        let groups = (1..=3).map(GroupId::new);
        groups.flat_map(|group| corps.in_group(group, 0).map(|(place, corp)| (place, corp.name.clone()))).collect()
    }

    #[test]
    fn a_generated_corp_that_changes_keeps_its_place_among_the_others() {
        let mut corps = generated();
        let before = all(&corps);
        assert_eq!((before.len(), corps.len()), (250, 250));
        for place in [1, 7, 250] {
            let old = corps.at(place).unwrap().id.clone();
            let new = WorldCorpId::Pending(PendingCorpId::new(format!("wpnew{place}")));
            corps.change(place, |corp| corp.id = new.clone());
            assert_eq!((corps.place(&old), corps.place(&new)), (None, Some(place)));
        }
        assert_eq!((all(&corps), corps.len()), (before, 250));
    }

    #[test]
    fn a_generated_corp_that_was_removed_is_found_no_more() {
        let mut corps = generated();
        let gone = corps.remove(9).unwrap();
        assert!(corps.at(9).is_none() && corps.remove(9).is_none());
        assert_eq!((corps.place(&gone.id), corps.places_of_name(&gone.name).count()), (None, 0));
        assert_eq!(corps.place_of_custom_id(gone.custom_id.as_ref().unwrap()), None);
        assert_eq!((all(&corps).len(), corps.len()), (249, 249));

        corps.insert(gone.clone());
        assert_eq!(corps.place(&gone.id), Some(251));
        assert_eq!(corps.in_group(gone.groupid, 0).last().unwrap().0, 251);
    }

    #[test]
    fn a_page_begins_after_any_place() {
        let corps = generated();
        for (place, _) in all(&corps) {
            let groupid = corps.at(place).unwrap().groupid;
            let rest: Vec<_> = corps.in_group(groupid, place).map(|(place, _)| place).collect();
            let all: Vec<_> = corps.in_group(groupid, 0).map(|(place, _)| place).collect();
            assert_eq!(rest, all[all.iter().position(|it| *it == place).unwrap() + 1..]);
        }
    }
}
