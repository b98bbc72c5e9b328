//! How far an import is, as a value that can be saved: its rows, the batches that they go in, and where each stands.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, JobId};

use crate::calls::ImportCorp;
use crate::jobs::import::outcome::ImportOutcome;
use crate::jobs::import::row_validation::{InvalidImport, InvalidRow, RowProblem, RowValidator};

/// What one job may hold.
const CORPS_OF_A_JOB: usize = 1000;
const PEOPLE_OF_A_JOB: usize = 2000;

/// An import: its rows, and how far it is. It is made of rows that are checked, given to
/// [`Upstream::import`](crate::Upstream::import), and can be saved and loaded (serde) at any time.
///
/// ```
/// use wecom_upstream::calls::{ImportContact, ImportCorp};
/// use wecom_upstream::jobs::import::ImportState;
/// use wecom_upstream::ChainId;
///
/// let rows = [
///     ImportCorp::new("美馨粮油公司", [ImportContact::head("张三", "13000000001")]),
///     ImportCorp::new("美馨粮油公司", [ImportContact::head("李四", "1300000000")]),
/// ];
/// let chain_id = ChainId::new("Ch1234");
///
/// let invalid = ImportState::new(&chain_id, rows.clone()).unwrap_err();
/// let fields: Vec<_> = invalid.rows[0].problems.iter().map(|problem| problem.field.as_str()).collect();
/// assert_eq!((invalid.rows[0].row, fields), (2, vec!["contact_info_list[0].mobile", "corp_name"]));
///
/// let state = ImportState::leaving_out_invalid(&chain_id, rows);
/// assert_eq!((state.progress().total, state.progress().invalid), (2, 1));
/// ```
///
/// It holds what was given to it, people's names and numbers too: its JSON is as confidential as the rows. Its `Debug`
/// shows only how far it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "nothing is imported until `Upstream::import` is given it and its `finish` or `next` is called"]
pub struct ImportState {
    chain_id: ChainId,
    rows: Vec<Row>,
    batches: Vec<Batch>,
    /// How long the chain was looked at for lost rows.
    #[serde(default)]
    pub(crate) looked_for: Duration,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) corp: ImportCorp,
    /// What became of it, once that is known; of one that is lost too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<ImportOutcome>,
}

/// The rows of one job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// Rows that have an outcome from the beginning, because they were left out, may lie among them.
    rows: Range<usize>,
    pub(crate) phase: Phase,
}

/// Where a batch stands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Not submitted, for certain.
    Waiting,
    /// About to be submitted: read back from a save, perhaps submitted.
    Submitting,
    /// Submitted, and a job of WeCom's.
    Submitted(JobId),
    /// Perhaps submitted, and nobody has the job's id; or its result can't be known.
    Lost {
        /// Whether its job, if there was one, is known to be over.
        over: bool,
    },
    /// Every row has its final outcome.
    Done,
}

/// How many rows of an import have come to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// All rows.
    pub total: usize,
    /// Those that WeCom imported.
    pub imported: usize,
    /// Those that WeCom refused.
    pub failed: usize,
    /// Those that were left out, because they break the documented rules.
    pub invalid: usize,
    /// Those of submissions whose reply was lost.
    pub unknown: usize,
}

impl ImportProgress {
    /// The rows of which there is something to tell.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.imported + self.failed + self.invalid + self.unknown
    }
}

impl ImportState {
    /// An import of these rows, if all of them keep the documented rules.
    ///
    /// Each row is checked by itself (names, numbers, ids, 1 to 200 people, 5 heads) and against those before it:
    /// a name or custom id that comes twice, two custom ids for one mobile of a corp, and one custom id for two. That
    /// names differ is also what tells later which row a failure belongs to.
    ///
    /// # Errors
    ///
    /// [`InvalidImport`] with every bad row.
    pub fn new(
        chain_id: impl Into<ChainId>,
        corps: impl IntoIterator<Item = ImportCorp>,
    ) -> Result<Self, InvalidImport> {
        let chain_id = chain_id.into();
        let missing = chain_id.as_str().is_empty().then(|| RowProblem {
            field: "chain_id".to_owned(),
            problem: "is empty".to_owned(),
            limit: "a value that WeCom gave".to_owned(),
        });
        let (state, invalid) = Self::checked(chain_id, corps, false);
        if invalid.is_empty() && missing.is_none() {
            return Ok(state);
        }
        Err(InvalidImport { chain_id: missing, rows: invalid, total: state.rows.len() })
    }

    /// An import of those of these rows that keep the documented rules; the others are in the report as
    /// [`ImportOutcome::Invalid`]. Of two rows with one name, the second is left out.
    pub fn leaving_out_invalid(chain_id: impl Into<ChainId>, corps: impl IntoIterator<Item = ImportCorp>) -> Self {
        Self::checked(chain_id.into(), corps, true).0
    }

    fn checked(
        chain_id: ChainId,
        corps: impl IntoIterator<Item = ImportCorp>,
        bad_are_left_out: bool,
    ) -> (Self, Vec<InvalidRow>) {
        let mut checks = RowValidator::new(bad_are_left_out);
        let (mut rows, mut invalid) = (Vec::new(), Vec::new());
        for corp in corps {
            let outcome = checks.check(&corp).err().map(|bad| {
                invalid.push(bad.clone());
                ImportOutcome::Invalid(bad.problems)
            });
            rows.push(Row { corp, outcome });
        }
        let batches = batches(&rows);
        (Self { chain_id, rows, batches, looked_for: Duration::ZERO }, invalid)
    }

    /// The chain that is imported into.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.chain_id
    }

    /// How many jobs it takes.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.batches.len()
    }

    /// How many rows have come to what.
    #[must_use]
    pub fn progress(&self) -> ImportProgress {
        let mut progress = ImportProgress { total: self.rows.len(), ..ImportProgress::default() };
        for outcome in self.rows.iter().filter_map(|row| row.outcome.as_ref()) {
            match outcome {
                ImportOutcome::Imported => progress.imported += 1,
                ImportOutcome::Failed(_) => progress.failed += 1,
                ImportOutcome::Invalid(_) => progress.invalid += 1,
                ImportOutcome::Unknown { .. } => progress.unknown += 1,
                ImportOutcome::Running(_) | ImportOutcome::NotSubmitted => {}
            }
        }
        progress
    }

    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// The first batch that is not over, if there is one.
    pub(crate) fn current(&self) -> Option<(usize, &Phase)> {
        let mut batches = self.batches.iter().map(|batch| &batch.phase).enumerate();
        batches.find(|(_, phase)| !matches!(phase, Phase::Done | Phase::Lost { .. }))
    }

    pub(crate) fn set_phase(&mut self, batch: usize, phase: Phase) {
        if let Some(batch) = self.batches.get_mut(batch) {
            batch.phase = phase;
        }
    }

    /// The corps to submit in a batch.
    pub(crate) fn corps(&self, batch: usize) -> impl Iterator<Item = &ImportCorp> {
        let rows = self.batches.get(batch).and_then(|batch| self.rows.get(batch.rows.clone())).unwrap_or_default();
        rows.iter().filter(|row| row.outcome.is_none()).map(|row| &row.corp)
    }

    /// A job was taken on: no job before it runs any more, because WeCom takes one at a time.
    pub(crate) fn accept(&mut self, batch: usize, jobid: JobId) {
        for phase in self.batches.iter_mut().take(batch).map(|batch| &mut batch.phase) {
            if let Phase::Lost { over } = phase {
                *over = true;
            }
        }
        self.set_phase(batch, Phase::Submitted(jobid));
    }

    /// Nobody knows what became of a batch.
    pub(crate) fn lose(&mut self, batch: usize, over: bool) {
        self.set_phase(batch, Phase::Lost { over });
        for row in self.open_rows(batch) {
            row.outcome = Some(ImportOutcome::Unknown { in_chain: None });
        }
    }

    /// A batch's job is finished: gives each row its outcome. One that is unknown makes the batch a lost one.
    pub(crate) fn settle(&mut self, batch: usize, mut outcome_of: impl FnMut(&ImportCorp) -> ImportOutcome) {
        let mut has_lost = false;
        for row in self.open_rows(batch) {
            let outcome = outcome_of(&row.corp);
            has_lost |= matches!(outcome, ImportOutcome::Unknown { .. });
            row.outcome = Some(outcome);
        }
        self.set_phase(batch, if has_lost { Phase::Lost { over: true } } else { Phase::Done });
    }

    fn open_rows(&mut self, batch: usize) -> impl Iterator<Item = &mut Row> {
        let rows = self.batches.get(batch).map(|batch| batch.rows.clone()).unwrap_or_default();
        self.rows.get_mut(rows).unwrap_or_default().iter_mut().filter(|row| row.outcome.is_none())
    }

    /// The rows of lost batches.
    pub(crate) fn lost_rows(&self) -> impl Iterator<Item = (usize, &ImportCorp)> {
        let lost = self.batches.iter().filter(|batch| matches!(batch.phase, Phase::Lost { .. }));
        lost.flat_map(|batch| batch.rows.clone()).filter_map(|at| {
            let row = self.rows.get(at)?;
            matches!(row.outcome, Some(ImportOutcome::Unknown { .. })).then_some((at, &row.corp))
        })
    }

    /// Whether there are lost batches that were not looked up to the end.
    pub(crate) fn has_lost(&self) -> bool {
        self.batches.iter().any(|batch| matches!(batch.phase, Phase::Lost { .. }))
    }

    /// Whether every lost batch's job is over, if there was one.
    pub(crate) fn lost_are_over(&self) -> bool {
        self.batches.iter().all(|batch| !matches!(batch.phase, Phase::Lost { over: false }))
    }

    /// Says for each lost row whether a corp like it is in the chain; `last` when nobody will look again.
    pub(crate) fn looked_up(&mut self, is_in_chain: &[(usize, bool)], last: bool) {
        for &(at, found) in is_in_chain {
            if let Some(row) = self.rows.get_mut(at) {
                row.outcome = Some(ImportOutcome::Unknown { in_chain: Some(found) });
            }
        }
        if last {
            let lost = self.batches.iter_mut().filter(|batch| matches!(batch.phase, Phase::Lost { .. }));
            lost.for_each(|batch| batch.phase = Phase::Done);
        }
    }

    /// What a row has come to, whatever the phase of its batch.
    pub(crate) fn outcomes(&self) -> Vec<ImportOutcome> {
        let mut outcomes: Vec<_> =
            self.rows.iter().map(|row| row.outcome.clone().unwrap_or(ImportOutcome::NotSubmitted)).collect();
        for batch in &self.batches {
            let open = match &batch.phase {
                Phase::Submitted(jobid) => ImportOutcome::Running(jobid.clone()),
                Phase::Submitting => ImportOutcome::Unknown { in_chain: None },
                Phase::Waiting | Phase::Lost { .. } | Phase::Done => continue,
            };
            let rows = outcomes.get_mut(batch.rows.clone()).unwrap_or_default();
            rows.iter_mut().filter(|outcome| **outcome == ImportOutcome::NotSubmitted).for_each(|outcome| {
                outcome.clone_from(&open);
            });
        }
        outcomes
    }
}

/// Greedy and in order: a batch ends before the row that would be too much.
fn batches(rows: &[Row]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut begin, mut corps, mut people) = (0, 0, 0);
    for (at, row) in rows.iter().enumerate() {
        if row.outcome.is_some() {
            continue;
        }
        let more = row.corp.contact_info_list.len();
        if corps > 0 && (corps == CORPS_OF_A_JOB || people + more > PEOPLE_OF_A_JOB) {
            batches.push(Batch { rows: begin..at, phase: Phase::Waiting });
            (begin, corps, people) = (at, 0, 0);
        }
        corps += 1;
        people += more;
    }
    if corps > 0 {
        batches.push(Batch { rows: begin..rows.len(), phase: Phase::Waiting });
    }
    batches
}

impl fmt::Debug for ImportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportState")
            .field("chain_id", &self.chain_id)
            .field("jobs", &self.batches.len())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::ImportContact;

    fn corps(people: &[usize]) -> Vec<ImportCorp> {
        let contacts = |count| vec![ImportContact::member("张三", "13000000001"); count];
        (1..).zip(people).map(|(number, &count)| ImportCorp::new(format!("企业{number}"), contacts(count))).collect()
    }

    fn sizes(people: &[usize]) -> Vec<usize> {
        let state = ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(people));
        (0..state.jobs()).map(|batch| state.corps(batch).count()).collect()
    }

    #[test]
    fn batches_are_as_large_as_a_job_may_be_and_in_order() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 1000]), [1000]);
        assert_eq!(sizes(&[1; 1001]), [1000, 1]);
        assert_eq!(sizes(&[2; 1000]), [1000]);
        assert_eq!(sizes(&[200; 11]), [10, 1]);
        assert_eq!(sizes(&[[3; 700].as_slice(), &[1; 400]].concat()), [666, 434]);
    }

    #[test]
    fn rows_that_are_left_out_count_for_nothing() {
        let people = [[1; 999].as_slice(), &[201; 50], &[1; 2]].concat();
        assert_eq!(sizes(&people), [1000, 1]);
        assert_eq!(sizes(&[0; 3]), [0; 0]);
    }

    #[test]
    fn a_state_that_was_saved_is_the_same_when_loaded_whatever_its_phases() {
        let mut state =
            ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(&[[200; 40].as_slice(), &[0]].concat()));
        state.accept(0, JobId::new("job"));
        state.settle(0, |corp| match corp.corp_name.as_str() {
            "企业2" => ImportOutcome::Unknown { in_chain: None },
            _ => ImportOutcome::Imported,
        });
        state.lose(1, false);
        state.set_phase(2, Phase::Submitting);
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ImportState>(&json).unwrap(), state);
        assert!(!format!("{state:?}").contains("13000000001"));
    }

    #[test]
    fn a_job_that_is_taken_on_proves_that_the_lost_ones_before_are_over() {
        let mut state = ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(&[200; 30]));
        state.lose(0, false);
        assert!(!state.lost_are_over());
        state.accept(1, JobId::new("job"));
        assert!(state.lost_are_over());
    }
}
