//! The conditions for an import that concern all chains of the upstream corp: the state of its account, the people that
//! cannot be invited, and the limit on joined corps.

use std::collections::{HashMap, HashSet};

use wecom_core::ErrCode;

use crate::chain::Chain;
use crate::world::WorldPerson;

/// The conditions for an import.
pub(crate) struct Eligibility {
    /// Whether the upstream corp's account can import.
    pub(crate) account_is_usable: bool,
    joined_corp_limit: Option<usize>,
    /// The people with unusual import behaviour, by mobile number.
    people: HashMap<String, WorldPerson>,
}

impl Eligibility {
    pub(crate) fn new(
        account_is_usable: bool,
        joined_corp_limit: Option<usize>,
        people: impl IntoIterator<Item = WorldPerson>,
    ) -> Self {
        let people = people.into_iter().map(|person| (person.mobile.clone(), person)).collect();
        Self { account_is_usable, joined_corp_limit, people }
    }

    /// Returns an error if the person with this mobile number can't be invited.
    pub(crate) fn check_person(&self, mobile: &str) -> Result<(), ErrCode> {
        match self.people.get(mobile) {
            Some(person) if person.account_unusable => Err(ErrCode::CONTACT_ACCOUNT_UNUSABLE),
            Some(person) if person.may_not_join => Err(ErrCode::CONTACT_MAY_NOT_JOIN),
            _ => Ok(()),
        }
    }

    /// Returns an error if the upstream corp has reached its limit on joined corps.
    pub(crate) fn check_joined_corp_limit(&self, chains: &[Chain]) -> Result<(), ErrCode> {
        let Some(limit) = self.joined_corp_limit else { return Ok(()) };
        let joined: HashSet<_> = chains.iter().flat_map(|chain| chain.corps.joined()).collect();
        if joined.len() < limit { Ok(()) } else { Err(ErrCode::SPACE_CORPS_EXCEEDED) }
    }
}
