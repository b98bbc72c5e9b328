//! The documented rules for an imported corp, its contacts and its group path
//! ([95821](https://developer.work.weixin.qq.com/document/path/95821)), with the code of each violation.

use std::collections::HashMap;

use wecom_core::ErrCode;
use wecom_upstream::calls::{IdentityType, ImportContact, ImportCorp};
use wecom_upstream::ids::UserCustomId;

use crate::import::FailedImport;
use crate::import::eligibility::Eligibility;
use crate::refusal::INVALID_MOBILE;
use crate::world::{WorldCorp, is_mobile};

const MAX_HEADS_PER_CORP: usize = 5;
const MAX_GROUP_LEVELS: usize = 9;

/// Checks the fields of the corp itself.
pub(super) fn check_corp(corp: &ImportCorp) -> Result<(), ErrCode> {
    let name = &corp.corp_name;
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || " -_()（）".contains(character) || is_chinese(character);
    if name.is_empty() {
        return Err(ErrCode::CORP_NAME_EMPTY);
    }
    if name.chars().count() > 32 || !name.chars().all(is_allowed) {
        return Err(ErrCode::INVALID_CORP_NAME);
    }
    let custom_id = corp.custom_id.as_ref().map_or("", |id| id.as_str());
    if custom_id.len() > 64 || !custom_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ErrCode::INVALID_CUSTOM_ID);
    }
    let heads = corp.contact_info_list.iter().filter(|contact| contact.identity_type == IdentityType::Head);
    if heads.count() > MAX_HEADS_PER_CORP {
        return Err(ErrCode::HEADS_EXCEEDED);
    }
    Ok(())
}

/// Checks every contact. `known` is the corp as it is in the chain, if it is.
pub(super) fn check_contacts(
    corp: &ImportCorp,
    known: Option<&WorldCorp>,
    eligibility: &Eligibility,
) -> Result<(), FailedImport> {
    let members = known.into_iter().flat_map(|known| &known.members);
    let of_members = members.filter_map(|member| member.user_custom_id.as_ref().map(|id| (id, "")));
    let contacts = known.into_iter().flat_map(|known| &known.contacts);
    let of_contacts = contacts.filter_map(|known| known.user_custom_id.as_ref().map(|id| (id, known.mobile.as_str())));
    let mut owners: HashMap<&UserCustomId, &str> = of_members.chain(of_contacts).collect();
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

/// Checks a contact. `owners` has the mobile number of each custom id, `ids` the custom id of each mobile number.
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

/// The names of the groups in the corp's group path.
pub(super) fn group_names(corp: &ImportCorp) -> Result<Vec<&str>, ErrCode> {
    let path = corp.group_path.as_deref().unwrap_or_default();
    let names: Vec<_> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    if names.len() > MAX_GROUP_LEVELS {
        return Err(ErrCode::GROUP_TOO_DEEP);
    }
    let is_valid = |name: &&str| {
        (1..=32).contains(&name.chars().count()) && !name.contains(['\\', ':', '*', '?', '"', '<', '>', '|'])
    };
    if names.iter().all(is_valid) { Ok(names) } else { Err(ErrCode::INVALID_GROUP_NAME) }
}

/// Returns whether a text is a number from 1 to 2^64 - 2 that is as long as neither a mobile number nor a time in
/// milliseconds.
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
