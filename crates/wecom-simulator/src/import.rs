//! The import of one corp into a chain. It imports the corp with all its contacts, or changes nothing.

pub(crate) mod eligibility;
pub(crate) mod jobs;
mod validation;

use std::collections::HashSet;

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::ImportCorp;
use wecom_upstream::ids::PendingCorpId;

use crate::chain::Chain;
use crate::chain::people::People;
use crate::import::eligibility::Eligibility;
use crate::world::{WorldContact, WorldCorp, WorldCorpId};

/// The reason why a corp was not imported.
pub(crate) struct FailedImport {
    pub(crate) code: ErrCode,
    /// The contacts that caused the failure, by mobile number.
    pub(crate) contacts: Vec<(String, ErrCode)>,
}

impl From<ErrCode> for FailedImport {
    fn from(code: ErrCode) -> Self {
        Self { code, contacts: Vec::new() }
    }
}

/// Imports a corp. A corp that is already in the chain only gets the contacts.
///
/// `joined_corp_limit` is the result of [`Eligibility::check_joined_corp_limit`].
pub(crate) fn import(
    chain: &mut Chain,
    corp: &ImportCorp,
    eligibility: &Eligibility,
    joined_corp_limit: Result<(), ErrCode>,
) -> Result<(), FailedImport> {
    validation::check_corp(corp)?;
    let position = existing(chain, corp)?;
    let people_limit = chain.corp_people_limit;
    let known = position.and_then(|position| chain.corps.people(position));
    validation::check_contacts(corp, known, eligibility)?;
    check_people_limit(corp, known, people_limit)?;
    let contacts = corp
        .contact_info_list
        .iter()
        .map(|contact| WorldContact { mobile: contact.mobile.clone(), user_custom_id: contact.user_custom_id.clone() });
    if let Some(position) = position {
        chain.corps.add_contacts(position, contacts);
        return Ok(());
    }
    joined_corp_limit?;
    chain.check_corp_limit()?;
    let groupid = find_or_add_group(chain, corp)?;
    let id = WorldCorpId::Pending(PendingCorpId::new(chain.new_pending_id()));
    let mut imported = WorldCorp::with_id(groupid, id, corp.corp_name.clone());
    imported.custom_id = corp.custom_id.clone().filter(|id| !id.as_str().is_empty());
    imported.contacts = contacts.collect();
    chain.corps.insert(imported);
    Ok(())
}

/// Finds the existing corp for an imported one: the corp with the same custom id, otherwise the corp with the same name.
fn existing(chain: &Chain, corp: &ImportCorp) -> Result<Option<u64>, ErrCode> {
    let custom_id = corp.custom_id.as_ref().filter(|id| !id.as_str().is_empty());
    if let Some(position) = custom_id.and_then(|id| chain.corps.position_of_custom_id(id)) {
        let is_same = chain.corps.at(position).is_some_and(|known| known.name == corp.corp_name);
        return if is_same { Ok(Some(position)) } else { Err(ErrCode::CUSTOM_ID_NOT_UNIQUE) };
    }
    let mut named = chain.corps.positions_of_name(&corp.corp_name);
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        // A corp with a new custom id is not the existing corp with the same name.
        (Some(position), None) if custom_id.is_none() => Ok(Some(position)),
        _ => Err(ErrCode::CORP_NAME_NOT_UNIQUE),
    }
}

/// Returns an error if the import would exceed the number of people in the corp.
fn check_people_limit(corp: &ImportCorp, known: Option<&People>, limit: Option<usize>) -> Result<(), ErrCode> {
    let Some(limit) = limit else { return Ok(()) };
    let imported = corp.contact_info_list.iter().map(|contact| contact.mobile.as_str());
    let added: HashSet<_> = imported.filter(|mobile| !known.is_some_and(|known| known.has_contact(mobile))).collect();
    if known.map_or(0, People::count) + added.len() > limit { Err(ErrCode::CORP_MEMBERS_EXCEEDED) } else { Ok(()) }
}

/// Finds the group of a new corp, and adds the groups of its path that do not exist.
fn find_or_add_group(chain: &mut Chain, corp: &ImportCorp) -> Result<GroupId, ErrCode> {
    let names = validation::check_group_path(corp)?;
    let mut group = GroupId::ROOT;
    let mut missing = names.as_slice();
    while let [name, rest @ ..] = missing {
        let Some(child) = chain.groups.child_named(group, name)? else { break };
        (group, missing) = (child, rest);
    }
    match missing.first() {
        Some(name) if chain.corps.has_name_in_group(group, name) => return Err(ErrCode::GROUP_NAME_TAKEN_BY_CORP),
        None if chain.groups.child_named(group, &corp.corp_name)?.is_some() => {
            return Err(ErrCode::GROUP_NAME_TAKEN_BY_CORP);
        }
        _ => {}
    }
    Ok(missing.iter().fold(group, |parent, name| chain.groups.add(parent, name)))
}
