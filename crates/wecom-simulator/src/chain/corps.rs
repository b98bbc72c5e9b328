//! The corps of a chain, indexed by id, custom id, name and group.
//!
//! The corps of a generated world are generated on each access. A corp that changes is stored, at the same position.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::iter;

use wecom_upstream::ids::CustomId;
use wecom_upstream::{CorpId, GroupId};

use crate::chain::people::People;
use crate::steps::{each, step};
use crate::world::{GeneratedCorps, WorldContact, WorldCorp, WorldCorpId};

/// The corps of a chain.
pub(crate) struct Corps {
    generated: Option<GeneratedCorps>,
    /// The positions of the generated corps that have not changed, in order.
    generated_by_group: BTreeMap<GroupId, Vec<u64>>,
    /// The positions of the generated corps that were removed or changed.
    replaced: HashSet<u64>,
    /// By position. Positions increase and are never reused, because cursors contain them.
    stored: BTreeMap<u64, WorldCorp>,
    by_group: BTreeSet<(GroupId, u64)>,
    by_id: HashMap<WorldCorpId, u64>,
    by_custom_id: HashMap<CustomId, u64>,
    /// The groups and positions of the corps with a name.
    by_name: HashMap<String, BTreeSet<(GroupId, u64)>>,
    /// The people of the corps into which contacts were imported.
    people: HashMap<u64, People>,
    next_position: u64,
    count: usize,
}

impl Corps {
    pub(crate) fn new(generated: Option<GeneratedCorps>, others: Vec<WorldCorp>) -> Self {
        let count = generated.map_or(0, |generated| generated.count());
        let mut generated_by_group: BTreeMap<GroupId, Vec<u64>> = BTreeMap::new();
        for number in 0..count {
            let Some(generated) = generated else { break };
            generated_by_group.entry(generated.group_of(number)).or_default().push(position_of(number));
        }
        generated_by_group.values_mut().for_each(Vec::shrink_to_fit);
        let mut this = Self {
            generated,
            generated_by_group,
            replaced: HashSet::new(),
            stored: BTreeMap::new(),
            by_group: BTreeSet::new(),
            by_id: HashMap::new(),
            by_custom_id: HashMap::new(),
            by_name: HashMap::new(),
            people: HashMap::new(),
            next_position: position_of(count),
            count: count as usize,
        };
        others.into_iter().for_each(|corp| this.insert(corp));
        this
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The position of the next corp to be inserted.
    pub(crate) fn next_position(&self) -> u64 {
        self.next_position
    }

    /// Adds a corp after all others.
    pub(crate) fn insert(&mut self, corp: WorldCorp) {
        let position = self.next_position;
        self.next_position += 1;
        self.store(position, corp);
    }

    /// Removes a corp. Its position is not used again.
    pub(crate) fn remove(&mut self, position: u64) -> Option<WorldCorp> {
        self.people.remove(&position);
        self.take(position)
    }

    fn take(&mut self, position: u64) -> Option<WorldCorp> {
        step();
        if let Some(corp) = self.unchanged(position) {
            self.replaced.insert(position);
            if let Some(positions) = self.generated_by_group.get_mut(&corp.groupid) {
                if let Ok(index) = positions.binary_search(&position) {
                    positions.remove(index);
                }
            }
            self.count -= 1;
            return Some(corp);
        }
        let corp = self.stored.remove(&position)?;
        self.count -= 1;
        self.by_group.remove(&(corp.groupid, position));
        self.by_id.remove(&corp.id);
        if let Some(custom_id) = &corp.custom_id {
            self.by_custom_id.remove(custom_id);
        }
        if let Some(positions) = self.by_name.get_mut(&corp.name) {
            positions.remove(&(corp.groupid, position));
            if positions.is_empty() {
                self.by_name.remove(&corp.name);
            }
        }
        Some(corp)
    }

    /// Changes a corp without changing its position.
    pub(crate) fn change(&mut self, position: u64, change: impl FnOnce(&mut WorldCorp)) {
        if let Some(mut corp) = self.remove(position) {
            change(&mut corp);
            self.store(position, corp);
        }
    }

    /// Adds contacts to a corp. A contact replaces the one with the same mobile number.
    pub(crate) fn add_contacts(&mut self, position: u64, contacts: impl Iterator<Item = WorldContact>) {
        let Some(mut corp) = self.take(position) else { return };
        let people = self.people.entry(position).or_insert_with(|| People::of(&corp));
        each(contacts).for_each(|contact| people.add(&mut corp, contact));
        self.store(position, corp);
    }

    /// The people of a corp. They are kept indexed, so that repeated imports into a corp do not read all of them again.
    pub(crate) fn people(&mut self, position: u64) -> Option<&People> {
        if !self.people.contains_key(&position) {
            let people = People::of(&*self.at(position)?);
            self.people.insert(position, people);
        }
        self.people.get(&position)
    }

    pub(crate) fn at(&self, position: u64) -> Option<Cow<'_, WorldCorp>> {
        step();
        self.stored.get(&position).map(Cow::Borrowed).or_else(|| self.unchanged(position).map(Cow::Owned))
    }

    pub(crate) fn position(&self, id: &WorldCorpId) -> Option<u64> {
        step();
        self.by_id.get(id).copied().or_else(|| self.generated_position(|generated| generated.number_by_id(id)))
    }

    pub(crate) fn position_of_custom_id(&self, id: &CustomId) -> Option<u64> {
        step();
        self.by_custom_id
            .get(id)
            .copied()
            .or_else(|| self.generated_position(|generated| generated.number_by_custom_id(id)))
    }

    pub(crate) fn positions_of_name(&self, name: &str) -> impl Iterator<Item = u64> {
        let generated = self.generated_position(|generated| generated.number_by_name(name));
        let stored = self.by_name.get(name).into_iter().flatten().map(|(_, position)| *position);
        each(generated.into_iter().chain(stored))
    }

    /// Returns whether a corp with this name is directly in the group.
    pub(crate) fn has_name_in_group(&self, groupid: GroupId, name: &str) -> bool {
        step();
        let generated = self.generated_position(|generated| generated.number_by_name(name));
        let is_generated = generated.and_then(|position| self.at(position)).is_some_and(|corp| corp.groupid == groupid);
        let positions = (groupid, 0)..=(groupid, u64::MAX);
        is_generated || self.by_name.get(name).is_some_and(|stored| stored.range(positions).next().is_some())
    }

    /// The corps directly in a group with a position greater than `after`, by position.
    pub(crate) fn in_group(&self, groupid: GroupId, after: u64) -> impl Iterator<Item = (u64, Cow<'_, WorldCorp>)> {
        let generated = self.generated_by_group.get(&groupid).map(Vec::as_slice).unwrap_or_default();
        let start = generated.partition_point(|position| *position <= after);
        let mut generated = generated.get(start..).unwrap_or_default().iter().copied().peekable();
        let stored = self.by_group.range((groupid, after.saturating_add(1))..=(groupid, u64::MAX));
        let mut stored = stored.map(|&(_, position)| position).peekable();
        let positions = iter::from_fn(move || match (generated.peek(), stored.peek()) {
            (Some(first), Some(second)) if second < first => stored.next(),
            (Some(_), _) => generated.next(),
            (None, _) => stored.next(),
        });
        positions.filter_map(|position| self.at(position).map(|corp| (position, corp)))
    }

    /// The number of corps directly in a group.
    #[cfg(feature = "server")]
    pub(crate) fn count_in_group(&self, groupid: GroupId) -> usize {
        self.generated_by_group.get(&groupid).map_or(0, Vec::len)
            + each(self.by_group.range((groupid, 0)..=(groupid, u64::MAX))).count()
    }

    /// The ids of all joined corps.
    pub(crate) fn joined(&self) -> impl Iterator<Item = CorpId> {
        let positions = self.generated_by_group.values().flatten();
        let generated = positions.filter_map(|position| self.unchanged(*position)).map(|corp| corp.id);
        let all = generated.chain(self.stored.values().map(|corp| corp.id.clone()));
        each(all).filter_map(|id| match id {
            WorldCorpId::Joined(corpid) => Some(corpid),
            WorldCorpId::Pending(_) => None,
        })
    }

    fn store(&mut self, position: u64, corp: WorldCorp) {
        self.by_group.insert((corp.groupid, position));
        self.by_id.insert(corp.id.clone(), position);
        if let Some(custom_id) = corp.custom_id.clone() {
            self.by_custom_id.insert(custom_id, position);
        }
        self.by_name.entry(corp.name.clone()).or_default().insert((corp.groupid, position));
        self.stored.insert(position, corp);
        self.count += 1;
    }

    /// The generated corp at a position, unless it was removed or changed.
    fn unchanged(&self, position: u64) -> Option<WorldCorp> {
        let generated = self.generated.filter(|generated| (1..=generated.count()).contains(&position))?;
        if self.replaced.contains(&position) { None } else { Some(generated.corp(position - 1)) }
    }

    /// The position of the generated corp that `find` finds, unless it was removed or changed.
    fn generated_position(&self, find: impl FnOnce(&GeneratedCorps) -> Option<u64>) -> Option<u64> {
        let position = position_of(find(self.generated.as_ref()?)?);
        if self.replaced.contains(&position) { None } else { Some(position) }
    }
}

/// The position of a generated corp. The first position is 1, so that 0 is before all corps.
fn position_of(number: u64) -> u64 {
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

    /// The position and the name of every corp, by group and position.
    fn all(corps: &Corps) -> Vec<(u64, String)> {
        let groups = (1..=3).map(GroupId::new);
        groups
            .flat_map(|group| corps.in_group(group, 0).map(|(position, corp)| (position, corp.name.clone())))
            .collect()
    }

    #[test]
    fn a_generated_corp_keeps_its_position_when_it_changes() {
        let mut corps = generated();
        let before = all(&corps);
        assert_eq!((before.len(), corps.len()), (250, 250));
        for position in [1, 7, 250] {
            let old = corps.at(position).unwrap().id.clone();
            let new = WorldCorpId::Pending(PendingCorpId::new(format!("wpnew{position}")));
            corps.change(position, |corp| corp.id = new.clone());
            assert_eq!((corps.position(&old), corps.position(&new)), (None, Some(position)));
        }
        assert_eq!((all(&corps), corps.len()), (before, 250));
    }

    #[test]
    fn a_removed_generated_corp_is_no_longer_found() {
        let mut corps = generated();
        let gone = corps.remove(9).unwrap();
        assert!(corps.at(9).is_none() && corps.remove(9).is_none());
        assert_eq!((corps.position(&gone.id), corps.positions_of_name(&gone.name).count()), (None, 0));
        assert_eq!(corps.position_of_custom_id(gone.custom_id.as_ref().unwrap()), None);
        assert_eq!((all(&corps).len(), corps.len()), (249, 249));

        corps.insert(gone.clone());
        assert_eq!(corps.position(&gone.id), Some(251));
        assert_eq!(corps.in_group(gone.groupid, 0).last().unwrap().0, 251);
    }

    #[test]
    fn the_corps_of_a_group_can_be_listed_after_any_position() {
        let corps = generated();
        for (position, _) in all(&corps) {
            let groupid = corps.at(position).unwrap().groupid;
            let rest: Vec<_> = corps.in_group(groupid, position).map(|(position, _)| position).collect();
            let all: Vec<_> = corps.in_group(groupid, 0).map(|(position, _)| position).collect();
            assert_eq!(rest, all[all.iter().position(|it| *it == position).unwrap() + 1..]);
        }
    }
}
