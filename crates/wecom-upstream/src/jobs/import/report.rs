//! The report of an import.

use serde::Serialize;

use crate::calls::ImportCorp;
use crate::jobs::import::event::ImportStop;
use crate::jobs::import::outcome::ImportOutcome;
use crate::jobs::import::state::{ImportProgress, ImportState};

/// The outcome of each row of an import.
///
/// Its JSON has the fields of this type, and the rows contain names and mobile numbers. An outcome is `"imported"`,
/// `"not_submitted"`, or an object with one field, such as `{"failed":{"code":670009,"message":"…","contacts":[]}}`. The
/// names are stable.
#[derive(Clone, Debug, Serialize)]
#[must_use = "only the report shows which rows failed"]
#[non_exhaustive]
pub struct ImportReport {
    /// All rows, in their original order.
    pub rows: Vec<ImportRow>,
    /// The reason why the import stopped before its end, if it did.
    pub stopped: Option<ImportStop>,
    /// The number of rows by outcome.
    pub progress: ImportProgress,
}

/// A row of an import.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ImportRow {
    /// The row number, starting at 1.
    pub row: usize,
    /// The corp of the row.
    pub corp: ImportCorp,
    /// The outcome of the row.
    pub outcome: ImportOutcome,
}

impl ImportReport {
    pub(crate) fn new(state: ImportState, stopped: Option<ImportStop>) -> Self {
        let (progress, outcomes) = (state.progress(), state.outcomes());
        let rows = (1..).zip(state.into_rows()).zip(outcomes);
        let rows = rows.map(|((row, of), outcome)| ImportRow { row, corp: of.corp, outcome }).collect();
        Self { rows, stopped, progress }
    }

    /// Returns whether WeCom imported every row.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.outcome == ImportOutcome::Imported)
    }

    /// Returns the rows to correct and import again: those that WeCom rejected, and those that were left out as
    /// invalid.
    pub fn failed(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Failed(_) | ImportOutcome::Invalid(_)))
    }

    /// Returns the rows with an unknown outcome.
    pub fn unknown(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Unknown { .. }))
    }

    /// Returns the rows that were not submitted or whose job is not finished. A resumed import completes them.
    pub fn unfinished(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Running(_) | ImportOutcome::NotSubmitted))
    }
}
