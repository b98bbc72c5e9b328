//! One chain as it stands: its groups and corps, found by id, group or name however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wecom_core::ErrCode;
use wecom_upstream::{ChainId, CorpId, CustomId, Group, GroupId, PendingCorpId, UserId};

use super::cursor::mix;
use super::refusal::Refusal;
use super::rules::Rules;
use super::world::{WorldChain, WorldContact, WorldCorp, WorldCorpId, WorldMember};

pub(crate) struct Chain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    corp_limit: Option<usize>,
    pub(crate) rules: Rules,
    /// All groups but the root.
    groups: BTreeMap<GroupId, Group>,
    /// The corps by their place, which grows with each that comes and is never given twice: pages go by it.
    corps: BTreeMap<u64, WorldCorp>,
    next_place: u64,
    by_group: BTreeSet<(GroupId, u64)>,
    by_id: HashMap<WorldCorpId, u64>,
    by_custom_id: HashMap<CustomId, u64>,
    by_name: HashMap<String, BTreeSet<u64>>,
}

impl Chain {
    pub(crate) fn new(chain: WorldChain) -> Self {
        let mut this = Self {
            chain_id: chain.chain_id,
            name: chain.name,
            corp_limit: chain.corp_limit,
            rules: Rules::default(),
            groups: chain.groups.into_iter().map(|group| (group.groupid, group)).collect(),
            corps: BTreeMap::new(),
            next_place: 1,
            by_group: BTreeSet::new(),
            by_id: HashMap::new(),
            by_custom_id: HashMap::new(),
            by_name: HashMap::new(),
        };
        chain.corps.into_iter().for_each(|corp| this.insert(corp));
        this
    }

    pub(crate) fn insert(&mut self, corp: WorldCorp) {
        let place = self.next_place;
        self.next_place += 1;
        self.by_group.insert((corp.groupid, place));
        self.by_id.insert(corp.id.clone(), place);
        if let Some(custom_id) = corp.custom_id.clone() {
            self.by_custom_id.insert(custom_id, place);
        }
        self.by_name.entry(corp.name.clone()).or_default().insert(place);
        self.corps.insert(place, corp);
    }

    pub(crate) fn remove(&mut self, place: u64) -> Option<WorldCorp> {
        let corp = self.corps.remove(&place)?;
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

    pub(crate) fn corp_at(&self, place: u64) -> Option<&WorldCorp> {
        self.corps.get(&place)
    }

    pub(crate) fn place_of_custom_id(&self, custom_id: &CustomId) -> Option<u64> {
        self.by_custom_id.get(custom_id).copied()
    }

    pub(crate) fn places_of_name(&self, name: &str) -> impl Iterator<Item = u64> {
        self.by_name.get(name).into_iter().flatten().copied()
    }

    pub(crate) fn place(&self, id: &WorldCorpId) -> Option<u64> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn corp(&self, id: &WorldCorpId) -> Option<&WorldCorp> {
        self.corps.get(&self.place(id)?)
    }

    /// Adds people to a corp; one who is there already, by his mobile number, is replaced.
    pub(crate) fn add_contacts(&mut self, place: u64, contacts: impl Iterator<Item = WorldContact>) {
        let Some(corp) = self.corps.get_mut(&place) else { return };
        for contact in contacts {
            corp.contacts.retain(|there| there.mobile != contact.mobile);
            corp.contacts.push(contact);
        }
    }

    /// Whether one more corp may come.
    pub(crate) fn check_room(&self) -> Result<(), ErrCode> {
        match self.corp_limit {
            Some(limit) if self.corps.len() >= limit => Err(ErrCode::CHAIN_CORPS_EXCEEDED),
            _ => Ok(()),
        }
    }

    /// An id for a corp that is about to come.
    pub(crate) fn fresh_pending_id(&self) -> String {
        let number = mix(mix(self.next_place, self.chain_id.as_str().as_bytes()), b"corp");
        format!("wp{number:016x}")
    }

    /// Makes a pending corp one that has joined: what was imported of its people are its members from then on. `false`
    /// when there is no such corp, or one with the new id is there already.
    pub(crate) fn join(&mut self, pending: &PendingCorpId, corpid: CorpId) -> bool {
        let joined = WorldCorpId::Joined(corpid);
        let (Some(place), None) = (self.place(&WorldCorpId::Pending(pending.clone())), self.place(&joined)) else {
            return false;
        };
        let Some(corp) = self.corps.get_mut(&place) else { return false };
        self.by_id.remove(&corp.id);
        self.by_id.insert(joined.clone(), place);
        corp.id = joined;
        let people = std::mem::take(&mut corp.contacts).into_iter();
        corp.members.extend(people.map(|contact| WorldMember {
            userid: UserId::new(contact.mobile),
            user_custom_id: contact.user_custom_id,
        }));
        true
    }

    /// The corps that lie directly in a group, after a place, in the order in which they came.
    pub(crate) fn corps_in(&self, groupid: GroupId, after: u64) -> impl Iterator<Item = (u64, &WorldCorp)> {
        let places = self.by_group.range((groupid, after.saturating_add(1))..=(groupid, u64::MAX));
        places.filter_map(|&(_, place)| self.corps.get(&place).map(|corp| (place, corp)))
    }

    pub(crate) fn check_group(&self, groupid: GroupId) -> Result<(), Refusal> {
        if groupid == GroupId::ROOT || self.groups.contains_key(&groupid) {
            return Ok(());
        }
        Err(ErrCode::UNKNOWN_GROUP.into())
    }

    /// The group of a name directly below another one.
    pub(crate) fn group_named(&self, above: GroupId, name: &str) -> Result<Option<GroupId>, ErrCode> {
        let below = self.groups.values().filter(|group| group.parentid == Some(above));
        let mut named = below.filter(|group| group.group_name == name).map(|group| group.groupid);
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(ErrCode::GROUP_NOT_UNIQUE),
            (group, None) => Ok(group),
        }
    }

    /// Whether a corp of a name lies directly in a group.
    pub(crate) fn has_corp_named(&self, groupid: GroupId, name: &str) -> bool {
        let mut corps = self.places_of_name(name).filter_map(|place| self.corp_at(place));
        corps.any(|corp| corp.groupid == groupid)
    }

    pub(crate) fn add_group(&mut self, above: GroupId, name: &str) -> GroupId {
        let last = self.groups.keys().next_back().copied().unwrap_or(GroupId::ROOT);
        let groupid = GroupId::new(last.get().saturating_add(1));
        self.groups.insert(groupid, Group::new(groupid, name, above));
        groupid
    }

    /// The groups below one, at any depth.
    pub(crate) fn groups_below(&self, groupid: GroupId) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| self.lies_below(group, groupid))
    }

    fn lies_below(&self, group: &Group, above: GroupId) -> bool {
        let mut parent = group.parentid;
        while let Some(groupid) = parent {
            if groupid == above {
                return true;
            }
            parent = self.groups.get(&groupid).and_then(|group| group.parentid);
        }
        false
    }
}
