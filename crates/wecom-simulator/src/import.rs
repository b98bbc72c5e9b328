//! The import of one corp: it comes into the chain with all its contacts, or not at all.

pub(crate) mod eligibility;
pub(crate) mod jobs;

use std::collections::{HashMap, HashSet};

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::{IdentityType, ImportContact, ImportCorp};
use wecom_upstream::ids::{PendingCorpId, UserCustomId};

use crate::chain::Chain;
use crate::import::eligibility::Eligibility;
use crate::refusal::INVALID_MOBILE;
use crate::world::{WorldContact, WorldCorp, WorldCorpId, is_mobile};

/// Why a corp was not imported.
pub(crate) struct FailedImport {
    pub(crate) code: ErrCode,
    /// The contacts for which it was not, by their mobile numbers.
    pub(crate) contacts: Vec<(String, ErrCode)>,
}

impl From<ErrCode> for FailedImport {
    fn from(code: ErrCode) -> Self {
        Self { code, contacts: Vec::new() }
    }
}

const HEADS_OF_A_CORP: usize = 5;
const GROUP_LEVELS: usize = 9;

/// `room` is whether the space takes one more corp.
pub(crate) fn import(
    chain: &mut Chain,
    corp: &ImportCorp,
    eligibility: &Eligibility,
    joined_corp_limit: Result<(), ErrCode>,
) -> Result<(), FailedImport> {
    check_corp(corp)?;
    let position = existing(chain, corp)?;
    let there = position.and_then(|position| chain.corps.at(position));
    check_contacts(corp, there.as_deref(), eligibility)?;
    check_size(corp, there.as_deref(), chain.corp_people_limit)?;
    drop(there);
    let contacts = corp
        .contact_info_list
        .iter()
        .map(|contact| WorldContact { mobile: contact.mobile.clone(), user_custom_id: contact.user_custom_id.clone() });
    if let Some(position) = position {
        chain.add_contacts(position, contacts);
        return Ok(());
    }
    joined_corp_limit?;
    chain.check_corp_limit()?;
    let groupid = group_of(chain, corp)?;
    let id = WorldCorpId::Pending(PendingCorpId::new(chain.fresh_pending_id()));
    let mut imported = WorldCorp::with_id(groupid, id, corp.corp_name.clone());
    imported.custom_id = corp.custom_id.clone().filter(|id| !id.as_str().is_empty());
    imported.contacts = contacts.collect();
    chain.corps.insert(imported);
    Ok(())
}

fn check_corp(corp: &ImportCorp) -> Result<(), ErrCode> {
    let name = &corp.corp_name;
    let is_in_name =
        |character: char| character.is_ascii_alphanumeric() || " -_()（）".contains(character) || is_chinese(character);
    if name.is_empty() {
        return Err(ErrCode::CORP_NAME_EMPTY);
    }
    if name.chars().count() > 32 || !name.chars().all(is_in_name) {
        return Err(ErrCode::INVALID_CORP_NAME);
    }
    let custom_id = corp.custom_id.as_ref().map_or("", |id| id.as_str());
    if custom_id.len() > 64 || !custom_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ErrCode::INVALID_CUSTOM_ID);
    }
    let heads = corp.contact_info_list.iter().filter(|contact| contact.identity_type == IdentityType::Head);
    if heads.count() > HEADS_OF_A_CORP {
        return Err(ErrCode::HEADS_EXCEEDED);
    }
    Ok(())
}

/// The corp of the chain that is meant: the one of this custom id, or else of this name.
fn existing(chain: &Chain, corp: &ImportCorp) -> Result<Option<u64>, ErrCode> {
    let custom_id = corp.custom_id.as_ref().filter(|id| !id.as_str().is_empty());
    if let Some(position) = custom_id.and_then(|id| chain.corps.position_of_custom_id(id)) {
        let is_same = chain.corps.at(position).is_some_and(|there| there.name == corp.corp_name);
        return if is_same { Ok(Some(position)) } else { Err(ErrCode::CUSTOM_ID_NOT_UNIQUE) };
    }
    let mut named = chain.corps.positions_of_name(&corp.corp_name);
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        // A custom id that the chain doesn't know is another corp's than the one of this name.
        (Some(position), None) if custom_id.is_none() => Ok(Some(position)),
        _ => Err(ErrCode::CORP_NAME_NOT_UNIQUE),
    }
}

fn check_contacts(corp: &ImportCorp, there: Option<&WorldCorp>, eligibility: &Eligibility) -> Result<(), FailedImport> {
    let members = there.into_iter().flat_map(|there| &there.members);
    let taken = members.filter_map(|member| member.user_custom_id.as_ref().map(|id| (id, "")));
    let contacts = there.into_iter().flat_map(|there| &there.contacts);
    let known = contacts.filter_map(|known| known.user_custom_id.as_ref().map(|id| (id, known.mobile.as_str())));
    let mut owners: HashMap<&UserCustomId, &str> = taken.chain(known).collect();
    let mut ids: HashMap<&str, &UserCustomId> = HashMap::new();
    let mut failed = Vec::new();
    for contact in &corp.contact_info_list {
        let outcome = check_contact(contact, &mut owners, &mut ids);
        if let Err(code) = outcome.and_then(|()| eligibility.check_person(&contact.mobile)) {
            failed.push((contact.mobile.clone(), code));
        }
    }
    match failed.first() {
        None => Ok(()),
        Some(&(_, code)) => Err(FailedImport { code, contacts: failed }),
    }
}

/// Whether the corp stays within its number of people.
fn check_size(corp: &ImportCorp, there: Option<&WorldCorp>, limit: Option<usize>) -> Result<(), ErrCode> {
    let Some(limit) = limit else { return Ok(()) };
    let known = there.into_iter().flat_map(|there| &there.contacts).map(|contact| contact.mobile.as_str());
    let imported = corp.contact_info_list.iter().map(|contact| contact.mobile.as_str());
    let contacts: HashSet<_> = known.chain(imported).collect();
    let members = there.map_or(0, |there| there.members.len());
    if contacts.len() + members > limit { Err(ErrCode::CORP_MEMBERS_EXCEEDED) } else { Ok(()) }
}

fn check_contact<'a>(
    contact: &'a ImportContact,
    owners: &mut HashMap<&'a UserCustomId, &'a str>,
    ids: &mut HashMap<&'a str, &'a UserCustomId>,
) -> Result<(), ErrCode> {
    if contact.name.is_empty() {
        return Err(ErrCode::CONTACT_NAME_EMPTY);
    }
    if contact.name.chars().count() > 32 {
        return Err(ErrCode::INVALID_CONTACT_NAME);
    }
    if !matches!(contact.identity_type, IdentityType::Member | IdentityType::Head) {
        return Err(ErrCode::INVALID_IDENTITY);
    }
    if !is_mobile(&contact.mobile) {
        return Err(INVALID_MOBILE);
    }
    let Some(id) = contact.user_custom_id.as_ref() else { return Ok(()) };
    if !is_user_custom_id(id.as_str()) {
        return Err(ErrCode::INVALID_USER_CUSTOM_ID);
    }
    if *ids.entry(&contact.mobile).or_insert(id) != id {
        return Err(ErrCode::SEVERAL_USER_CUSTOM_IDS);
    }
    if *owners.entry(id).or_insert(&contact.mobile) != contact.mobile {
        return Err(ErrCode::USER_CUSTOM_ID_NOT_UNIQUE);
    }
    Ok(())
}

/// The group that a new corp goes into, made where it isn't there.
fn group_of(chain: &mut Chain, corp: &ImportCorp) -> Result<GroupId, ErrCode> {
    let path = corp.group_path.as_deref().unwrap_or_default();
    let names: Vec<_> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    if names.len() > GROUP_LEVELS {
        return Err(ErrCode::GROUP_TOO_DEEP);
    }
    let is_name = |name: &&str| {
        (1..=32).contains(&name.chars().count()) && !name.contains(['\\', ':', '*', '?', '"', '<', '>', '|'])
    };
    if !names.iter().all(is_name) {
        return Err(ErrCode::INVALID_GROUP_NAME);
    }
    let mut group = GroupId::ROOT;
    let mut missing = names.as_slice();
    while let [name, rest @ ..] = missing {
        let Some(next) = chain.group_named(group, name)? else { break };
        (group, missing) = (next, rest);
    }
    match missing.first() {
        Some(name) if chain.has_corp_named(group, name) => return Err(ErrCode::GROUP_NAME_TAKEN_BY_CORP),
        None if chain.group_named(group, &corp.corp_name)?.is_some() => return Err(ErrCode::GROUP_NAME_TAKEN_BY_CORP),
        _ => {}
    }
    Ok(missing.iter().fold(group, |above, name| chain.add_group(above, name)))
}

/// From 1 to 2^64 - 2, and neither as long as a mobile number nor as a time in milliseconds.
fn is_user_custom_id(id: &str) -> bool {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    is_number && !matches!(id.len(), 11 | 13) && id.parse::<u64>().is_ok_and(|number| number < u64::MAX)
}

fn is_chinese(character: char) -> bool {
    matches!(
        character,
        '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}'
    )
}
