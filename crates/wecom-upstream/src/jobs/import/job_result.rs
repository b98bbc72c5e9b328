//! Assigns the result of a job to its rows.

use std::collections::{HashMap, HashSet};

use wecom_core::ErrCode;

use crate::calls::ImportStatus;
use crate::calls::{FailedCorp, ImportCorp, ImportResult};
use crate::jobs::import::outcome::{ImportFailure, ImportOutcome};
use crate::jobs::import::row_validation::{custom_id_of, name_of};
use crate::jobs::import::state::ImportState;

/// Records the outcome of each row of a finished job.
///
/// A failure belongs to the row with its name, which is unique. If the failure has no name or no row has it, it belongs
/// to the row with its custom id. The outcome of the rows without a failure is unknown if a failure belongs to no row,
/// if WeCom reports failures and lists none, or if the status is not a documented one.
pub(crate) fn settle(state: &mut ImportState, batch: usize, result: &ImportResult) {
    let (failures, has_strays) = assign(state.corps(batch), &result.fail_list);
    let failures: HashMap<String, ImportFailure> =
        failures.into_iter().map(|(name, failed)| (name.to_owned(), failure(failed))).collect();
    let if_not_listed = match result.import_status {
        ImportStatus::NoneImported => ImportOutcome::Failed(failure_without_reason()),
        _ if has_strays => ImportOutcome::Unknown { in_chain: None },
        ImportStatus::AllImported => ImportOutcome::Imported,
        ImportStatus::SomeImported if !failures.is_empty() => ImportOutcome::Imported,
        _ => ImportOutcome::Unknown { in_chain: None },
    };
    state.settle(batch, |corp| match failures.get(name_of(corp)) {
        Some(failure) => ImportOutcome::Failed(failure.clone()),
        None => if_not_listed.clone(),
    });
}

/// Returns the failures by the names of their rows, and whether there is a failure without a row.
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
    // If only the contacts have codes, the corp gets the code of a contact.
    let first = contact_info_list.iter().map(|contact| contact.errcode).find(|code| code.0 != 0);
    let code = if errcode.0 == 0 { first.unwrap_or(*errcode) } else { *errcode };
    ImportFailure { code, message: errmsg.clone(), contacts: contact_info_list.clone() }
}

/// Returns the failure of a row that the result does not list although WeCom imported no row.
fn failure_without_reason() -> ImportFailure {
    let message = "WeCom imported no corp of the job and gave no reason".to_owned();
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

    /// Returns the outcomes of the corps 甲, 乙 and 丙. 丙 has the custom id C.
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
    fn a_failure_belongs_to_the_row_with_its_name_or_else_with_its_custom_id() {
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
    fn a_failure_without_a_row_makes_the_unlisted_rows_unknown() {
        let list = vec![
            FailedCorp::new("甲", ErrCode::CORP_NAME_NOT_UNIQUE, ""),
            FailedCorp::new("丁", ErrCode::CORP_NAME_NOT_UNIQUE, ""),
        ];
        assert_eq!(outcomes(ImportStatus::SomeImported, list), [FAILED, UNKNOWN, UNKNOWN]);
        assert_eq!(outcomes(ImportStatus::SomeImported, vec![]), [UNKNOWN; 3]);
    }

    #[test]
    fn the_status_decides_the_outcome_of_unlisted_rows() {
        assert_eq!(outcomes(ImportStatus::AllImported, vec![]), [IMPORTED; 3]);
        assert_eq!(outcomes(ImportStatus::NoneImported, vec![]), [FAILED; 3]);
    }

    #[test]
    fn an_undocumented_status_makes_the_unlisted_rows_unknown() {
        let list = vec![FailedCorp::new("甲", ErrCode::CORP_NAME_NOT_UNIQUE, "")];
        assert_eq!(outcomes(ImportStatus::Other(8), list), [FAILED, UNKNOWN, UNKNOWN]);
        assert_eq!(outcomes(ImportStatus::Other(8), vec![]), [UNKNOWN; 3]);
    }

    #[test]
    fn a_corp_without_a_code_gets_the_code_of_its_contact() {
        let contact = FailedContact::new("13000000001", ErrCode::CONTACT_ACCOUNT_UNUSABLE, "");
        let failed = FailedCorp::new("甲", ErrCode(0), "").contact_info_list([contact]);
        assert_eq!(failure(&failed).code, ErrCode::CONTACT_ACCOUNT_UNUSABLE);
    }
}
