//! A row of an import, and the phases of the job that submits it.

use serde::{Deserialize, Serialize};
use wecom_core::ids::JobId;

use crate::calls::ImportCorp;
use crate::jobs::import::outcome::ImportOutcome;

/// The remedy if a saved import cannot be read, as a part of error texts.
pub(crate) const INSTEAD: &str = "import the rows that the chain does not have yet";

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) corp: ImportCorp,
    /// The outcome, once it is known or the row is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<ImportOutcome>,
}

/// The phase of a batch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Certainly not submitted.
    Waiting,
    /// About to be submitted. After loading a saved state: possibly submitted.
    Submitting,
    /// Accepted by WeCom as a job.
    Submitted(JobId),
    /// Possibly submitted without a known job id, or without an available result.
    Lost {
        /// Whether the job, if it exists, has certainly ended.
        over: bool,
    },
    /// Every row has its final outcome.
    Done,
}
