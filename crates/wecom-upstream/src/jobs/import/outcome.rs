//! The outcome of a row.

use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::ErrCode;
use wecom_core::ids::JobId;
use wecom_core::secret::Redactor;
use wecom_core::secret::message::shown_message;

use crate::calls::FailedContact;
use crate::jobs::import::row_validation::RowProblem;
use crate::serde_helpers;

/// The outcome of a row of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportOutcome {
    /// WeCom imported the row.
    Imported,
    /// WeCom rejected the row. Correct the row and import it again.
    Failed(ImportFailure),
    /// The row breaks the documented rules and was left out. Correct the row and import it again.
    Invalid(Vec<RowProblem>),
    /// The row may have been submitted: the reply to the submission was lost, or the process ended before it saved the
    /// job's id. The import does not submit the row again, because that might import it twice.
    Unknown {
        /// Whether the chain had a corp with the name of the row, and its custom id if it has one, when the import
        /// searched it.
        ///
        /// - `true`: the row was imported, or the corp was in the chain before.
        /// - `false`: the corp was not in the chain, although no earlier job was running or the time of
        ///   [`Import::settle_limit`](crate::jobs::import::Import::settle_limit) had passed. The row can be imported
        ///   again.
        /// - `None`: the chain was not searched.
        in_chain: Option<bool>,
    },
    /// The row was submitted in this job, which was not finished when the import stopped. Resume the import to get the
    /// outcome.
    Running(JobId),
    /// The import stopped before it submitted the row. Resume the import, or import the row again.
    NotSubmitted,
}

/// The reason why WeCom rejected a row. Its `Debug` form hides telephone numbers in the vendor's messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportFailure {
    /// The error code, which has a [remedy](ErrCode::remedy); 0 if WeCom gives none.
    #[serde(with = "serde_helpers::code")]
    pub code: ErrCode,
    /// The vendor's error message. Its wording changes: match on the code instead.
    pub message: String,
    /// The contacts that caused the failure; empty if the corp itself caused it.
    pub contacts: Vec<FailedContact>,
}

impl fmt::Debug for ImportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, contacts } = self;
        f.debug_struct("ImportFailure")
            .field("code", code)
            .field("message", &shown_message(message, &Redactor::default()))
            .field("contacts", contacts)
            .finish()
    }
}

/// One line, without the names and numbers of the contacts.
impl fmt::Display for ImportOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imported => f.write_str("imported"),
            Self::Failed(failure) => write!(f, "failed: {}", failure.code),
            Self::Invalid(problems) => {
                f.write_str("invalid: ")?;
                problems.iter().enumerate().try_for_each(|(at, problem)| {
                    let separator = if at == 0 { "" } else { "; " };
                    write!(f, "{separator}{problem}")
                })
            }
            Self::Unknown { in_chain: Some(true) } => f.write_str("unknown: a corp with this name is in the chain"),
            Self::Unknown { in_chain: Some(false) } => f.write_str("unknown: no corp with this name is in the chain"),
            Self::Unknown { in_chain: None } => f.write_str("unknown: the chain was not searched"),
            Self::Running(jobid) => write!(f, "running in job {jobid}"),
            Self::NotSubmitted => f.write_str("not submitted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::FailedCorp;

    #[test]
    fn the_debug_form_of_a_failure_has_no_telephone_number() {
        let message = "mobile 13800000001 is taken";
        let contacts = vec![FailedContact::new("13800000001", ErrCode(1), message)];
        let corp = FailedCorp::new("Ash", ErrCode(1), message).contact_info_list(contacts.clone());
        let failure = ImportFailure { code: ErrCode(1), message: message.to_owned(), contacts };
        for text in [format!("{failure:?}"), format!("{corp:?}")] {
            assert!(!text.contains("13800000001"), "{text}");
            assert_eq!(text.matches("mobile *** is taken").count(), 2, "{text}");
        }
    }

    #[test]
    fn an_outcome_displays_as_one_line() {
        let failure = ImportFailure { code: ErrCode(670_009), message: "dup".to_owned(), contacts: Vec::new() };
        let problem = |field: &str| RowProblem {
            field: field.to_owned(),
            problem: "is empty".to_owned(),
            limit: "a value".to_owned(),
        };
        for (outcome, expected) in [
            (ImportOutcome::Imported, "imported"),
            (ImportOutcome::Failed(failure), "failed: 670009 (自定义id不唯一)"),
            (
                ImportOutcome::Invalid(vec![problem("a"), problem("b")]),
                "invalid: a is empty (allowed: a value); b is empty (allowed: a value)",
            ),
            (ImportOutcome::Unknown { in_chain: None }, "unknown: the chain was not searched"),
            (ImportOutcome::Running(JobId::new("job1")), "running in job job1"),
            (ImportOutcome::NotSubmitted, "not submitted"),
        ] {
            assert_eq!(outcome.to_string(), expected);
        }
    }
}
