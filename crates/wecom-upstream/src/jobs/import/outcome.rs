//! The outcome of a row.

use serde::{Deserialize, Serialize};
use wecom_core::ErrCode;
use wecom_core::ids::JobId;

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

/// The reason why WeCom rejected a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
