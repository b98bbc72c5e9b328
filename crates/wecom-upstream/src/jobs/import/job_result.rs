//! Which row a failure belongs to.

use std::collections::{HashMap, HashSet};

use wecom_core::ErrCode;

use crate::calls::ImportStatus;
use crate::calls::{FailedCorp, ImportCorp, ImportResult};
use crate::jobs::import::outcome::{ImportFailure, ImportOutcome};
use crate::jobs::import::row_validation::{custom_id_of, name_of};
use crate::jobs::import::state::ImportState;

/// Gives each row of a finished job its outcome.
///
/// A failure belongs to the row of its name, which no other row has; one without a name, or with one that no row has,
/// to the row of its custom id. If one belongs to no row, or WeCom says that some failed and lists none, then nobody
/// knows which of the rows that are not listed were imported: those are lost.
pub(crate) fn settle(state: &mut ImportState, batch: usize, result: &ImportResult) {
    let (failures, has_strays) = assign(state.corps(batch), &result.fail_list);
    let failures: HashMap<String, ImportFailure> =
        failures.into_iter().map(|(name, failed)| (name.to_owned(), failure(failed))).collect();
    let if_not_listed = match result.import_status {
        ImportStatus::NoneImported => ImportOutcome::Failed(unexplained()),
        _ if has_strays => ImportOutcome::Unknown { in_chain: None },
        ImportStatus::AllImported => ImportOutcome::Imported,
        _ if failures.is_empty() => ImportOutcome::Unknown { in_chain: None },
        _ => ImportOutcome::Imported,
    };
    state.settle(batch, |corp| match failures.get(name_of(corp)) {
        Some(failure) => ImportOutcome::Failed(failure.clone()),
        None => if_not_listed.clone(),
    });
}

/// The failure of each row that has one, by the row's name; and whether one belongs to no row.
fn assign<'a>(
    corps: impl Iterator<Item = &'a ImportCorp>,
    failed: &'a [FailedCorp],
) -> (HashMap<&'a str, &'a FailedCorp>, bool) {
    let (mut names, mut by_custom_id) = (HashSet::new(), HashMap::new());
    for corp in corps {
        names.insert(name_of(corp));
        if let Some(id) = custom_id_of(corp) {
            by_custom_id.insert(id, name_of(corp));
        }
    }
    let (mut assigned, mut has_strays) = (HashMap::new(), false);
    for failed in failed {
        let by_name = names.get(failed.corp_name.trim()).copied();
        match by_name.or_else(|| by_custom_id.get(failed.custom_id.as_ref()?).copied()) {
            Some(name) => {
                assigned.entry(name).or_insert(failed);
            }
            None => has_strays = true,
        }
    }
    (assigned, has_strays)
}

fn failure(failed: &FailedCorp) -> ImportFailure {
    let FailedCorp { errcode, errmsg, contact_info_list, .. } = failed;
    // Where only the contacts' codes are given, theirs is the corp's.
    let first = contact_info_list.iter().map(|contact| contact.errcode).find(|code| code.0 != 0);
    let code = if errcode.0 == 0 { first.unwrap_or(*errcode) } else { *errcode };
    ImportFailure { code, message: errmsg.clone(), contacts: contact_info_list.clone() }
}

/// Of a row that is not listed where WeCom says that none was imported.
fn unexplained() -> ImportFailure {
    let message = "no corp of the job was imported, and the reply does not say why".to_owned();
    ImportFailure { code: ErrCode(0), message, contacts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::{ChainId, CustomId};

    use super::*;
    use crate::calls::{FailedContact, ImportContact};

    const FAILED: &str = "failed";
    const IMPORTED: &str = "imported";
    const UNKNOWN: &str = "unknown";

    /// What becomes of 甲, 乙 and 丙, of whom 丙 has the custom id C.
    fn outcomes(status: ImportStatus, failed: Vec<FailedCorp>) -> Vec<&'static str> {
        let corp = |name: &str| ImportCorp::new(name, [ImportContact::member("张三", "13000000001")]);
        let rows = [corp("甲"), corp(" 乙"), corp("丙").custom_id(CustomId::new("C"))];
        let mut state = ImportState::new(ChainId::new("Ch1"), rows).unwrap();
        settle(&mut state, 0, &ImportResult::new(ChainId::new("Ch1"), status).fail_list(failed));
        let name = |outcome: ImportOutcome| match outcome {
            ImportOutcome::Imported => IMPORTED,
            ImportOutcome::Failed(_) => FAILED,
            ImportOutcome::Unknown { in_chain: None } => UNKNOWN,
            other => panic!("{other:?}"),
        };
        state.outcomes().into_iter().map(name).collect()
    }

    #[test]
    fn a_failure_belongs_to_the_row_of_its_name_or_else_of_its_custom_id() {
        let failed = |name: &str| FailedCorp::new(name, ErrCode::CORP_NAME_NOT_UNIQUE, "");
        for (list, expected) in [
            (vec![failed("甲")], [FAILED, IMPORTED, IMPORTED]),
            (vec![failed("乙")], [IMPORTED, FAILED, IMPORTED]),
            (vec![failed("").custom_id(CustomId::new("C"))], [IMPORTED, IMPORTED, FAILED]),
            (vec![failed("丙丙").custom_id(CustomId::new("C"))], [IMPORTED, IMPORTED, FAILED]),
            (vec![failed("乙").custom_id(CustomId::new("C"))], [IMPORTED, FAILED, IMPORTED]),
        ] {
            assert_eq!(outcomes(ImportStatus::SomeImported, list), expected);
        }
    }

    #[test]
    fn a_failure_of_no_row_makes_what_is_not_listed_unknown() {
        let list = vec![
            FailedCorp::new("甲", ErrCode::CORP_NAME_NOT_UNIQUE, ""),
            FailedCorp::new("丁", ErrCode::CORP_NAME_NOT_UNIQUE, ""),
        ];
        assert_eq!(outcomes(ImportStatus::SomeImported, list), [FAILED, UNKNOWN, UNKNOWN]);
        assert_eq!(outcomes(ImportStatus::SomeImported, vec![]), [UNKNOWN; 3]);
    }

    #[test]
    fn what_is_not_listed_is_imported_or_not_as_the_status_says() {
        assert_eq!(outcomes(ImportStatus::AllImported, vec![]), [IMPORTED; 3]);
        assert_eq!(outcomes(ImportStatus::NoneImported, vec![]), [FAILED; 3]);
    }

    #[test]
    fn a_corp_without_a_code_failed_for_that_of_its_contact() {
        let contact = FailedContact::new("13000000001", ErrCode::CONTACT_ACCOUNT_UNUSABLE, "");
        let failed = FailedCorp::new("甲", ErrCode(0), "").contact_info_list([contact]);
        assert_eq!(failure(&failed).code, ErrCode::CONTACT_ACCOUNT_UNUSABLE);
    }
}
