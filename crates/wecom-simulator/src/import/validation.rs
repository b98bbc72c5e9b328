//! The validation of an imported corp: its fields, contacts and group path. The documented rules are a table of
//! `wecom-upstream`, which the client also checks.

use wecom_core::ErrCode;
use wecom_upstream::calls::{IdentityType, ImportContact, ImportCorp};
use wecom_upstream::ids::{CustomId, UserCustomId};
use wecom_upstream::validation::import_rules::{
    CONTACT_NAME, CONTACTS_PER_CORP, CONTACTS_PER_JOB, CORP_NAME, CORPS_PER_JOB, CUSTOM_ID, CountRule, GROUP_PATH,
    HEADS_PER_CORP, MOBILE, TextRule, USER_CUSTOM_ID, UserCustomIds, group_names,
};

use crate::chain::people::People;
use crate::import::FailedImport;
use crate::import::eligibility::Eligibility;
use crate::refusal::Refusal;
use crate::steps::each;

/// Checks the numbers of corps and contacts in a job. A violation rejects the whole job.
pub(super) fn check_job(corps: &[ImportCorp]) -> Result<(), Refusal> {
    let contacts = |corp: &ImportCorp| corp.contact_info_list.len();
    check_count(&CORPS_PER_JOB, corps.len())?;
    corps.iter().try_for_each(|corp| check_count(&CONTACTS_PER_CORP, contacts(corp)))?;
    check_count(&CONTACTS_PER_JOB, corps.iter().map(contacts).sum())
}

/// Checks the fields of the corp itself.
pub(super) fn check_corp(corp: &ImportCorp) -> Result<(), ErrCode> {
    check_text(&CORP_NAME, &corp.corp_name)?;
    check_text(&CUSTOM_ID, corp.custom_id.as_ref().map_or("", CustomId::as_str))?;
    let heads = corp.contact_info_list.iter().filter(|contact| contact.identity_type == IdentityType::Head);
    HEADS_PER_CORP.code(heads.count()).map_or(Ok(()), Err)
}

/// Checks every contact. `known` is the people of the corp, if it is in the chain.
pub(super) fn check_contacts(
    corp: &ImportCorp,
    known: Option<&People>,
    eligibility: &Eligibility,
) -> Result<(), FailedImport> {
    let mut ids = known.map(|known| known_ids(corp, known)).unwrap_or_default();
    let mut failed = Vec::new();
    for contact in each(&corp.contact_info_list) {
        let outcome = check_contact(contact, &mut ids).and_then(|()| eligibility.check_person(&contact.mobile));
        if let Err(code) = outcome {
            failed.push((contact.mobile.clone(), code));
        }
    }
    match failed.first() {
        None => Ok(()),
        Some(&(_, code)) => Err(FailedImport { code, contacts: failed }),
    }
}

/// The custom ids of an import that people of the corp already have.
fn known_ids<'a>(corp: &'a ImportCorp, known: &'a People) -> UserCustomIds<'a> {
    let mut ids = UserCustomIds::default();
    for id in corp.contact_info_list.iter().filter_map(|contact| contact.user_custom_id.as_ref()) {
        if let Some(mobile) = known.mobile_of(id) {
            ids.insert_known(mobile, id.as_str());
        }
    }
    ids
}

fn check_contact<'a>(contact: &'a ImportContact, ids: &mut UserCustomIds<'a>) -> Result<(), ErrCode> {
    check_text(&CONTACT_NAME, &contact.name)?;
    if !matches!(contact.identity_type, IdentityType::Member | IdentityType::Head) {
        return Err(ErrCode::INVALID_IDENTITY);
    }
    check_text(&MOBILE, &contact.mobile)?;
    let Some(id) = contact.user_custom_id.as_ref().map(UserCustomId::as_str) else { return Ok(()) };
    check_text(&USER_CUSTOM_ID, id)?;
    ids.insert(0, &contact.mobile, id).map_err(|conflict| conflict.code)
}

/// The names of the groups in the corp's group path.
pub(super) fn check_group_path(corp: &ImportCorp) -> Result<Vec<&str>, ErrCode> {
    let path = corp.group_path.as_deref().unwrap_or_default();
    check_text(&GROUP_PATH, path)?;
    Ok(group_names(path))
}

fn check_text(rule: &TextRule, value: &str) -> Result<(), ErrCode> {
    rule.code(value).map_or(Ok(()), Err)
}

fn check_count(rule: &CountRule, count: usize) -> Result<(), Refusal> {
    rule.code(count).map_or(Ok(()), |code| Err(Refusal::about(code, rule.field)))
}
