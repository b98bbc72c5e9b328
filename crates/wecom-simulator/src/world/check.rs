//! The consistency check of worlds.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;

use wecom_upstream::calls::Group;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{CorpId, GroupId};

use super::person::is_mobile;
use super::{GeneratedCorps, World, WorldApp, WorldChain, WorldCorp, WorldCorpId};

/// The error of an inconsistent [`World`], or of JSON that is not a world.
///
/// Its text starts with the position of the problem: `chains[0].corps[2].groupid: there is no group 7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError {
    place: String,
    problem: String,
}

impl WorldError {
    pub(super) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }

    /// The position of the problem, such as `chains[0].corps[2].groupid`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for WorldError {}

impl World {
    /// Checks that the world is consistent: ids are unique, and references have a target.
    ///
    /// # Errors
    ///
    /// Returns an error with the first problem.
    pub fn check(&self) -> Result<(), WorldError> {
        if self.apps.is_empty() {
            return Err(WorldError::new("apps", "there are none, so that no call is possible"));
        }
        unique("apps", "agentid", self.apps.iter().map(|app| app.agentid))?;
        unique("chains", "chain_id", self.chains.iter().map(|chain| &chain.chain_id))?;
        unique("customers", "unionid", self.customers.iter().map(|customer| &customer.unionid))?;
        unique("chats", "chat_id", self.chats.iter().map(|(chat_id, _)| chat_id))?;
        let known = self.customers.iter().flat_map(|customer| &customer.known_to);
        unique("customers.known_to", "external_userid", known.map(|info| &info.external_userid))?;
        unique("people", "mobile", self.people.iter().map(|person| &person.mobile))?;
        unique("sessions", "session_key", self.sessions.iter().map(|session| session.session_key.expose()))?;
        for (at, person) in self.people.iter().enumerate() {
            if !is_mobile(&person.mobile) {
                return Err(WorldError::new(format!("people[{at}].mobile"), "is not a mobile number"));
            }
        }
        self.check_apps()?;
        self.check_sessions()?;
        self.chains.iter().enumerate().try_for_each(|(at, chain)| chain.check(&format!("chains[{at}]")))
    }

    fn check_apps(&self) -> Result<(), WorldError> {
        let joined = self.joined();
        for (app_at, app) in self.apps.iter().enumerate() {
            if app.secret.expose().is_empty() {
                return Err(WorldError::new(format!("apps[{app_at}].secret"), "is empty"));
            }
            for (at, (_, corp)) in app.shares.iter().enumerate().filter(|(_, (kind, _))| *kind == BusinessType::Chain) {
                if !joined.has(&corp.corpid) {
                    let place = format!("apps[{app_at}].shares[{at}].corpid");
                    return Err(WorldError::new(place, format!("{} has joined no chain", corp.corpid)));
                }
            }
            for (at, chain_id) in app.visible_chains.iter().flatten().enumerate() {
                if !self.chains.iter().any(|chain| chain.chain_id == *chain_id) {
                    let place = format!("apps[{app_at}].visible_chains[{at}]");
                    return Err(WorldError::new(place, format!("there is no chain {chain_id}")));
                }
            }
            self.check_visible_groups(app, &format!("apps[{app_at}].visible_groups"))?;
        }
        Ok(())
    }

    fn check_visible_groups(&self, app: &WorldApp, place: &str) -> Result<(), WorldError> {
        unique(place, "chain_id", app.visible_groups.iter().map(|(chain_id, _)| chain_id))?;
        for (at, (chain_id, groups)) in app.visible_groups.iter().enumerate() {
            let Some(chain) = self.chains.iter().find(|chain| chain.chain_id == *chain_id) else {
                let place = format!("{place}[{at}].chain_id");
                return Err(WorldError::new(place, format!("there is no chain {chain_id}")));
            };
            if app.visible_chains.as_ref().is_some_and(|visible| !visible.contains(chain_id)) {
                let place = format!("{place}[{at}].chain_id");
                return Err(WorldError::new(place, format!("the app can't see the chain {chain_id}")));
            }
            let is_there =
                |groupid| groupid == GroupId::ROOT || chain.groups.iter().any(|group| group.groupid == groupid);
            if let Some((group_at, groupid)) = groups.iter().enumerate().find(|(_, groupid)| !is_there(**groupid)) {
                let place = format!("{place}[{at}].groupids[{group_at}]");
                return Err(WorldError::new(place, format!("there is no group {groupid}")));
            }
        }
        Ok(())
    }

    /// The corps of sessions must have joined a chain or have an app shared with them.
    fn check_sessions(&self) -> Result<(), WorldError> {
        let joined = self.joined();
        let is_shared =
            |corpid: &CorpId| self.apps.iter().flat_map(|app| &app.shares).any(|(_, corp)| corp.corpid == *corpid);
        for (session_at, session) in self.sessions.iter().enumerate() {
            let place = format!("sessions[{session_at}]");
            if session.session_key.expose().is_empty() {
                return Err(WorldError::new(format!("{place}.session_key"), "is empty"));
            }
            unique(&format!("{place}.corps"), "corpid", session.corps.iter().map(|(corpid, _)| corpid))?;
            for (at, (corpid, _)) in session.corps.iter().enumerate() {
                if !joined.has(corpid) && !is_shared(corpid) {
                    let place = format!("{place}.corps[{at}].corpid");
                    return Err(WorldError::new(
                        place,
                        format!("{corpid} has joined no chain, and no app is shared with it"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The corps that have joined a chain.
    fn joined(&self) -> Joined<'_> {
        let corps = self.chains.iter().flat_map(|chain| &chain.corps).filter_map(WorldCorp::corpid);
        Joined { corps: corps.collect(), generated: self.chains.iter().filter_map(|chain| chain.generated).collect() }
    }
}

struct Joined<'a> {
    corps: HashSet<&'a CorpId>,
    generated: Vec<GeneratedCorps>,
}

impl Joined<'_> {
    fn has(&self, corpid: &CorpId) -> bool {
        let id = WorldCorpId::Joined(corpid.clone());
        self.corps.contains(corpid) || self.generated.iter().any(|generated| generated.number_by_id(&id).is_some())
    }
}

impl WorldCorp {
    fn corpid(&self) -> Option<&CorpId> {
        match &self.id {
            WorldCorpId::Joined(corpid) => Some(corpid),
            WorldCorpId::Pending(_) => None,
        }
    }
}

impl WorldChain {
    fn check(&self, place: &str) -> Result<(), WorldError> {
        unique(&format!("{place}.groups"), "groupid", self.groups.iter().map(|group| group.groupid))?;
        unique(&format!("{place}.corps"), "id", self.corps.iter().map(|corp| &corp.id))?;
        let parents: HashMap<_, _> = self.groups.iter().map(|group| (group.groupid, group.parentid)).collect();
        for (at, group) in self.groups.iter().enumerate() {
            check_group(group, &parents, &format!("{place}.groups[{at}]"))?;
        }
        for (at, corp) in self.corps.iter().enumerate() {
            if corp.groupid != GroupId::ROOT && !parents.contains_key(&corp.groupid) {
                let place = format!("{place}.corps[{at}].groupid");
                return Err(WorldError::new(place, format!("there is no group {}", corp.groupid)));
            }
        }
        let named = self.corps.iter().filter_map(|corp| corp.custom_id.as_ref());
        unique(&format!("{place}.corps"), "custom_id", named)
    }
}

/// Checks that a group's ancestors exist and lead to the root.
fn check_group(group: &Group, parents: &HashMap<GroupId, Option<GroupId>>, place: &str) -> Result<(), WorldError> {
    if group.groupid == GroupId::ROOT {
        return Err(WorldError::new(format!("{place}.groupid"), "the root group always exists"));
    }
    if !(0..1 << 32).contains(&group.order) {
        return Err(WorldError::new(format!("{place}.order"), "is not in the range 0 to 2^32 - 1"));
    }
    let place = format!("{place}.parentid");
    let mut ancestor = group.parentid;
    for _ in 0..=parents.len() {
        let Some(groupid) = ancestor else { return Err(WorldError::new(place, "is missing")) };
        if groupid == GroupId::ROOT {
            return Ok(());
        }
        let Some(next) = parents.get(&groupid) else {
            return Err(WorldError::new(place, format!("there is no group {groupid}")));
        };
        ancestor = *next;
    }
    Err(WorldError::new(place, "its ancestors form a circle"))
}

fn unique<T: Hash + Eq>(place: &str, what: &str, ids: impl Iterator<Item = T>) -> Result<(), WorldError> {
    let mut seen = HashSet::new();
    for (at, id) in ids.enumerate() {
        if !seen.insert(id) {
            return Err(WorldError::new(format!("{place}[{at}].{what}"), "is not unique"));
        }
    }
    Ok(())
}
