//! What an import has come to, row by row.

use crate::calls::ImportCorp;
use crate::jobs::import::event::ImportStop;
use crate::jobs::import::outcome::ImportOutcome;
use crate::jobs::import::state::{ImportProgress, ImportState};

/// What became of an import: each row with its one outcome.
#[derive(Clone, Debug)]
#[must_use = "which rows failed stands in the report alone"]
#[non_exhaustive]
pub struct ImportReport {
    /// Every row, in the order in which they were given.
    pub rows: Vec<ImportRow>,
    /// Why the import stopped before its end, if it did.
    pub stopped: Option<ImportStop>,
    /// How many rows have come to what.
    pub progress: ImportProgress,
}

/// A row of an import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportRow {
    /// Its number; the first row is 1.
    pub row: usize,
    /// The row itself.
    pub corp: ImportCorp,
    /// What became of it.
    pub outcome: ImportOutcome,
}

impl ImportReport {
    pub(crate) fn new(state: ImportState, stopped: Option<ImportStop>) -> Self {
        let (progress, outcomes) = (state.progress(), state.outcomes());
        let rows = (1..).zip(state.into_rows()).zip(outcomes);
        let rows = rows.map(|((row, of), outcome)| ImportRow { row, corp: of.corp, outcome }).collect();
        Self { rows, stopped, progress }
    }

    /// Whether every row was imported.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.outcome == ImportOutcome::Imported)
    }

    /// The rows to mend and import again: those that WeCom refused, and those that were left out.
    pub fn failed(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Failed(_) | ImportOutcome::Invalid(_)))
    }

    /// The rows of which nobody knows whether they were imported.
    pub fn unknown(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Unknown { .. }))
    }

    /// The rows that the import has not come to, or whose job was not finished: going on with the import does them.
    pub fn unfinished(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().filter(|row| matches!(row.outcome, ImportOutcome::Running(_) | ImportOutcome::NotSubmitted))
    }
}
