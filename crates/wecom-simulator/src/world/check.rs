//! The consistency check of worlds.

mod apps;
mod chains;
mod customers;
mod ids;

use std::collections::HashSet;
use std::fmt;

use wecom_upstream::CorpId;
use wecom_upstream::validation::import_rules::MOBILE;

use self::ids::{check_not_empty, check_unique};
use super::{GeneratedCorps, World, WorldCorp, WorldCorpId};

/// The error of an inconsistent [`World`], or of JSON that is not a world.
///
/// Its text starts with the path of the problem: `chains[0].corps[2].groupid: there is no group 7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError {
    path: String,
    problem: String,
}

impl WorldError {
    pub(super) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }

    /// The path of the problem, such as `chains[0].corps[2].groupid`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for WorldError {}

impl World {
    /// Checks that the world is consistent: ids are unique and not empty, numeric ids are positive, and references have a
    /// target.
    ///
    /// # Errors
    ///
    /// Returns an error with the first problem.
    pub fn check(&self) -> Result<(), WorldError> {
        check_not_empty("corp_id", self.corp_id.as_str())?;
        let joined = JoinedCorps::of(self);
        self.check_apps(&joined)?;
        self.check_chains()?;
        self.check_customers()?;
        self.check_people()?;
        self.check_sessions(&joined)
    }

    fn check_people(&self) -> Result<(), WorldError> {
        check_unique("people", "mobile", self.people.iter().map(|person| &person.mobile))?;
        for (index, person) in self.people.iter().enumerate() {
            if MOBILE.code(&person.mobile).is_some() {
                return Err(WorldError::new(format!("people[{index}].mobile"), "is not a mobile number"));
            }
        }
        Ok(())
    }

    fn check_sessions(&self, joined: &JoinedCorps<'_>) -> Result<(), WorldError> {
        check_unique("sessions", "session_key", self.sessions.iter().map(|session| session.session_key.expose()))?;
        let shares = self.apps.iter().flat_map(|app| app.shares.all());
        let shared: HashSet<_> = shares.map(|(_, corp)| &corp.corpid).collect();
        for (index, session) in self.sessions.iter().enumerate() {
            let path = format!("sessions[{index}]");
            check_not_empty(&format!("{path}.userid"), session.userid.as_str())?;
            check_not_empty(&format!("{path}.session_key"), session.session_key.expose())?;
            check_unique(&format!("{path}.corps"), "corpid", session.corps.iter().map(|(corpid, _)| corpid))?;
            for (index, (corpid, userid)) in session.corps.iter().enumerate() {
                let path = format!("{path}.corps[{index}]");
                if !joined.contains(corpid) && !shared.contains(corpid) {
                    let problem = format!("{corpid} has joined no chain, and no app is shared with it");
                    return Err(WorldError::new(format!("{path}.corpid"), problem));
                }
                check_not_empty(&format!("{path}.userid"), userid.as_str())?;
            }
        }
        Ok(())
    }
}

/// The corps that have joined a chain.
struct JoinedCorps<'a> {
    corps: HashSet<&'a CorpId>,
    generated: Vec<GeneratedCorps>,
}

impl<'a> JoinedCorps<'a> {
    fn of(world: &'a World) -> Self {
        let corps = world.chains.iter().flat_map(|chain| &chain.corps).filter_map(WorldCorp::corpid);
        let generated = world.chains.iter().filter_map(|chain| chain.generated);
        Self { corps: corps.collect(), generated: generated.collect() }
    }

    fn contains(&self, corpid: &CorpId) -> bool {
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
