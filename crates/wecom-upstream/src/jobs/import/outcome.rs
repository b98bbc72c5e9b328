//! What became of a row.

use serde::{Deserialize, Serialize};
use wecom_core::ErrCode;
use wecom_core::ids::JobId;

use crate::calls::FailedContact;
use crate::jobs::import::row_validation::RowProblem;
use crate::serde_helpers;

/// What became of a row of an import: exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportOutcome {
    /// WeCom imported it.
    Imported,
    /// WeCom refused it, and says why. Mend it and import it again.
    Failed(ImportFailure),
    /// It breaks the documented rules, and was left out. Mend it and import it again.
    Invalid(Vec<RowProblem>),
    /// It was perhaps submitted: the reply to the submission was lost, or the program ended before it could save the
    /// job's id. The import has not submitted it again, and does not: it might come in twice.
    Unknown {
        /// Whether a corp of this name (and custom id, if the row has one) was in the chain when the import looked at
        /// its end. `true`: it was imported, or was there before. `false`: it was not there, though no earlier job ran
        /// any more, or none had shown itself in the time of [`Import::settle_limit`](crate::jobs::import::Import::settle_limit); it
        /// may be imported anew. `None`: nobody could look.
        in_chain: Option<bool>,
    },
    /// It was submitted in this job, which had not finished when the import stopped. Go on with the import to see.
    Running(JobId),
    /// It was not submitted, because the import stopped before. Go on with the import, or import it again.
    NotSubmitted,
}

/// Why WeCom refused a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportFailure {
    /// Why, as a code, which tells [what to do](ErrCode::remedy); 0 when WeCom gives none.
    #[serde(with = "serde_helpers::code")]
    pub code: ErrCode,
    /// Why, in the vendor's words, which change: never match on them.
    pub message: String,
    /// The contacts to blame; empty when it is the corp itself.
    pub contacts: Vec<FailedContact>,
}
