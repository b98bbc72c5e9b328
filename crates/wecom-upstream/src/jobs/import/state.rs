//! The state of an import: its rows, the batches that they form, and the phase of each batch.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, JobId};

use crate::calls::ImportCorp;
use crate::jobs::import::changes::{BatchChange, ImportChanges, InvalidChanges};
use crate::jobs::import::outcome::ImportOutcome;
use crate::jobs::import::row::{INSTEAD, Phase, Row};
use crate::jobs::import::row_validation::{InvalidImport, InvalidRow, RowProblem, RowValidator};
use crate::jobs::saved_format::{self, SavedContent};

/// The maximum number of corps in a job.
const MAX_CORPS: usize = 1000;
/// The maximum number of contacts in a job.
const MAX_CONTACTS: usize = 2000;

/// The state of an import: its rows and their outcomes.
///
/// It is created from rows, which it validates, and passed to [`Upstream::import`](crate::Upstream::import). It can be
/// serialized and deserialized at any time.
///
/// ```
/// use wecom_upstream::ChainId;
/// use wecom_upstream::calls::{ImportContact, ImportCorp};
/// use wecom_upstream::jobs::import::ImportState;
///
/// let rows = [
///     ImportCorp::new("美馨粮油公司", [ImportContact::head("张三", "13000000001")]),
///     ImportCorp::new("美馨粮油公司", [ImportContact::head("李四", "1300000000")]),
/// ];
/// let chain_id = ChainId::new("Ch1234");
///
/// let invalid = ImportState::new(&chain_id, rows.clone()).unwrap_err();
/// let fields: Vec<_> =
///     invalid.rows[0].problems.iter().map(|problem| problem.field.as_str()).collect();
/// assert_eq!(
///     (invalid.rows[0].row, fields),
///     (2, vec!["contact_info_list[0].mobile", "corp_name"])
/// );
///
/// let state = ImportState::leaving_out_invalid(&chain_id, rows);
/// assert_eq!((state.progress().total, state.progress().invalid), (2, 1));
/// ```
///
/// The state contains the rows with names and mobile numbers, so its JSON is as confidential as the rows. The `Debug`
/// output has only the progress.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "nothing is imported until the state is passed to `Upstream::import`"]
pub struct ImportState {
    #[serde(with = "saved_format")]
    content: Content,
    /// The number of rows by outcome, once it is known.
    #[serde(skip)]
    progress: OnceLock<ImportProgress>,
    /// No batch before this one is open.
    #[serde(skip)]
    first_open: usize,
    /// The batches that were changed by the last revisions, in order.
    #[serde(skip)]
    changed: Vec<usize>,
    /// The number that [`fingerprint`](Self::fingerprint) returns, once it is known.
    #[serde(skip)]
    fingerprint: OnceLock<u64>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    chain_id: ChainId,
    /// The number of changes so far.
    revision: u64,
    rows: Vec<Row>,
    batches: Vec<Batch>,
    /// The time spent searching the chain for lost rows.
    searched_for: Duration,
}

impl SavedContent for Content {
    const KIND: &'static str = "import state";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = INSTEAD;
}

/// The rows of one job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// May include rows that were left out and have an outcome from the beginning.
    rows: Range<usize>,
    pub(crate) phase: Phase,
}

impl Batch {
    /// Returns whether the import still has to submit the batch, or to wait for its job.
    fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Done | Phase::Lost { .. })
    }
}

/// The number of rows of an import by outcome. Its JSON has the fields of this type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportProgress {
    /// The number of all rows.
    pub total: usize,
    /// The number of rows that WeCom imported.
    pub imported: usize,
    /// The number of rows that WeCom rejected.
    pub failed: usize,
    /// The number of rows that were left out as invalid.
    pub invalid: usize,
    /// The number of rows with an unknown outcome.
    pub unknown: usize,
}

impl ImportProgress {
    /// Returns the number of rows with an outcome.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.imported + self.failed + self.invalid + self.unknown
    }

    /// Counts a row whose outcome changes.
    fn replace(&mut self, before: Option<&ImportOutcome>, after: &ImportOutcome) {
        if let Some(number) = before.and_then(|before| self.number(before)) {
            *number -= 1;
        }
        if let Some(number) = self.number(after) {
            *number += 1;
        }
    }

    /// Returns the number of the rows with an outcome, if they are counted.
    fn number(&mut self, outcome: &ImportOutcome) -> Option<&mut usize> {
        match outcome {
            ImportOutcome::Imported => Some(&mut self.imported),
            ImportOutcome::Failed(_) => Some(&mut self.failed),
            ImportOutcome::Invalid(_) => Some(&mut self.invalid),
            ImportOutcome::Unknown { .. } => Some(&mut self.unknown),
            ImportOutcome::Running(_) | ImportOutcome::NotSubmitted => None,
        }
    }
}

impl ImportState {
    /// Creates an import of rows, if all rows are valid.
    ///
    /// Each row must keep the documented rules for names, mobile numbers, ids, 1 to 200 contacts and at most 5 heads.
    /// Names and custom ids of corps must be unique. Within a corp, mobile numbers and custom ids must map one to one.
    /// Unique names are also needed to assign WeCom's failures to rows.
    ///
    /// # Errors
    ///
    /// Returns an [`InvalidImport`] with every invalid row.
    pub fn new(
        chain_id: impl Into<ChainId>,
        corps: impl IntoIterator<Item = ImportCorp>,
    ) -> Result<Self, InvalidImport> {
        let chain_id = chain_id.into();
        let missing = chain_id.as_str().is_empty().then(|| RowProblem {
            field: "chain_id".to_owned(),
            problem: "is empty".to_owned(),
            limit: "an id from WeCom".to_owned(),
        });
        let (state, invalid) = Self::checked(chain_id, corps, false);
        if invalid.is_empty() && missing.is_none() {
            return Ok(state);
        }
        Err(InvalidImport { chain_id: missing, rows: invalid, total: state.content.rows.len() })
    }

    /// Creates an import of the valid rows. The report lists the others as [`ImportOutcome::Invalid`]. Of two rows with
    /// the same name, the second one is invalid.
    pub fn leaving_out_invalid(chain_id: impl Into<ChainId>, corps: impl IntoIterator<Item = ImportCorp>) -> Self {
        Self::checked(chain_id.into(), corps, true).0
    }

    fn checked(
        chain_id: ChainId,
        corps: impl IntoIterator<Item = ImportCorp>,
        leaves_out_invalid: bool,
    ) -> (Self, Vec<InvalidRow>) {
        let mut validator = RowValidator::new(leaves_out_invalid);
        let (mut rows, mut invalid) = (Vec::new(), Vec::new());
        for corp in corps {
            let outcome = validator.check(&corp).err().map(|row| {
                invalid.push(row.clone());
                ImportOutcome::Invalid(row.problems)
            });
            rows.push(Row { corp, outcome });
        }
        let batches = batches(&rows);
        let content = Content { chain_id, revision: 0, rows, batches, searched_for: Duration::ZERO };
        let state = Self {
            content,
            progress: OnceLock::new(),
            first_open: 0,
            changed: Vec::new(),
            fingerprint: OnceLock::new(),
        };
        (state, invalid)
    }

    /// Returns the id of the chain to import into.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.content.chain_id
    }

    /// Returns the number of jobs of the import.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.content.batches.len()
    }

    /// Returns the number of changes so far, for [`changes_since`](Self::changes_since).
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.content.revision
    }

    /// Returns a hash of the chain and the rows without their outcomes, by which two imports differ.
    pub(crate) fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.content.chain_id.as_str().hash(&mut hasher);
            for row in &self.content.rows {
                // A corp is a tree of strings and numbers, which JSON can represent.
                serde_json::to_vec(&row.corp).unwrap_or_default().hash(&mut hasher);
            }
            hasher.finish()
        })
    }

    /// Returns the changes since a [revision](Self::revision); `None` if there are none. Their size does not depend on the
    /// number of rows, except for the outcomes of finished jobs.
    #[must_use]
    pub fn changes_since(&self, revision: u64) -> Option<ImportChanges> {
        let Content { revision: to, searched_for, rows, batches, .. } = &self.content;
        let began = to.saturating_sub(self.changed.len().try_into().unwrap_or(u64::MAX));
        let numbers: BTreeSet<usize> = match revision.checked_sub(began) {
            Some(known) => self.changed.iter().skip(known.try_into().unwrap_or(usize::MAX)).copied().collect(),
            // The changes before this process resumed the import.
            None => (0..batches.len()).collect(),
        };
        let change = |number: usize| {
            let batch = batches.get(number)?;
            Some(BatchChange::new(number, batch.phase.clone(), rows.get(batch.rows.clone())?))
        };
        let batches = numbers.into_iter().filter_map(change).collect();
        (revision < *to).then(|| ImportChanges::new(revision, *to, *searched_for, batches))
    }

    /// Applies changes that another process saved. Apply all changes of an import, in the order in which they were saved.
    ///
    /// # Errors
    ///
    /// Returns an error if the changes do not start at the [revision](Self::revision) of the state, or do not match its rows.
    /// The state is unchanged then.
    pub fn apply(&mut self, changes: ImportChanges) -> Result<(), InvalidChanges> {
        let Content { revision, searched_for, rows, batches, .. } = &mut self.content;
        let (from, to) = changes.revisions();
        if from != *revision || to <= from {
            return Err(InvalidChanges::OutOfOrder { from, revision: *revision });
        }
        let is_valid =
            |change: &BatchChange| batches.get(change.batch).is_some_and(|batch| change.fits(batch.rows.len()));
        if !changes.batches().iter().all(is_valid) {
            return Err(InvalidChanges::OtherImport);
        }
        *revision = to;
        *searched_for = changes.searched_for();
        for change in changes.into_batches() {
            let Some(batch) = batches.get_mut(change.batch) else { continue };
            batch.phase = change.phase;
            let rows = rows.get_mut(batch.rows.clone()).unwrap_or_default();
            for (row, outcome) in rows.iter_mut().zip(change.outcomes) {
                row.outcome = outcome.or(row.outcome.take());
            }
        }
        (self.progress, self.first_open) = (OnceLock::new(), 0);
        self.changed.clear();
        Ok(())
    }

    /// Counts a change of a batch.
    fn note(&mut self, batch: usize) {
        self.content.revision += 1;
        self.changed.push(batch);
    }

    /// Returns the number of rows by outcome. Takes constant time, except for the first call after the state was created,
    /// loaded or changed by [`apply`](Self::apply).
    #[must_use]
    pub fn progress(&self) -> ImportProgress {
        *self.progress.get_or_init(|| {
            let mut progress = ImportProgress { total: self.content.rows.len(), ..ImportProgress::default() };
            for outcome in self.content.rows.iter().filter_map(|row| row.outcome.as_ref()) {
                progress.replace(None, outcome);
            }
            progress
        })
    }

    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.content.rows
    }

    /// Returns the first batch that is neither done nor lost, with its phase.
    pub(crate) fn current(&self) -> Option<(usize, &Phase)> {
        let mut batches = self.content.batches.iter().enumerate().skip(self.first_open);
        batches.find(|(_, batch)| batch.is_open()).map(|(number, batch)| (number, &batch.phase))
    }

    pub(crate) fn set_phase(&mut self, batch: usize, phase: Phase) {
        if let Some(changed) = self.content.batches.get_mut(batch) {
            changed.phase = phase;
            self.note(batch);
            self.first_open = self.first_open.min(batch);
            while self.content.batches.get(self.first_open).is_some_and(|batch| !batch.is_open()) {
                self.first_open += 1;
            }
        }
    }

    /// Sets the outcomes of the rows of a batch that have none.
    fn set_outcomes(&mut self, batch: usize, mut outcome_of: impl FnMut(&ImportCorp) -> ImportOutcome) {
        let mut progress = self.progress();
        for row in self.open_rows(batch) {
            let outcome = outcome_of(&row.corp);
            progress.replace(None, &outcome);
            row.outcome = Some(outcome);
        }
        self.progress = progress.into();
    }

    /// Returns the corps of a batch that have no outcome yet.
    pub(crate) fn corps(&self, batch: usize) -> impl Iterator<Item = &ImportCorp> {
        let rows = self
            .content
            .batches
            .get(batch)
            .and_then(|batch| self.content.rows.get(batch.rows.clone()))
            .unwrap_or_default();
        rows.iter().filter(|row| row.outcome.is_none()).map(|row| &row.corp)
    }

    /// Records that WeCom accepted a job. Earlier jobs have then ended, because WeCom runs one job at a time.
    pub(crate) fn accept(&mut self, batch: usize, jobid: JobId) {
        let is_lost = |batch: &Batch| batch.phase == Phase::Lost { over: false };
        let lost: Vec<_> = self.numbers(is_lost).take_while(|lost| *lost < batch).collect();
        lost.into_iter().for_each(|lost| self.set_phase(lost, Phase::Lost { over: true }));
        self.set_phase(batch, Phase::Submitted(jobid));
    }

    /// Records that the outcome of a batch is unknown.
    pub(crate) fn lose(&mut self, batch: usize, over: bool) {
        self.set_phase(batch, Phase::Lost { over });
        self.set_outcomes(batch, |_| ImportOutcome::Unknown { in_chain: None });
    }

    /// Records the outcomes of a finished job. A row with an unknown outcome makes the batch a lost one.
    pub(crate) fn settle(&mut self, batch: usize, mut outcome_of: impl FnMut(&ImportCorp) -> ImportOutcome) {
        let mut has_lost = false;
        self.set_outcomes(batch, |corp| {
            let outcome = outcome_of(corp);
            has_lost |= matches!(outcome, ImportOutcome::Unknown { .. });
            outcome
        });
        self.set_phase(batch, if has_lost { Phase::Lost { over: true } } else { Phase::Done });
    }

    fn open_rows(&mut self, batch: usize) -> impl Iterator<Item = &mut Row> {
        let rows = self.content.batches.get(batch).map(|batch| batch.rows.clone()).unwrap_or_default();
        self.content.rows.get_mut(rows).unwrap_or_default().iter_mut().filter(|row| row.outcome.is_none())
    }

    /// Returns the rows of lost batches.
    pub(crate) fn lost_rows(&self) -> impl Iterator<Item = (usize, &ImportCorp)> {
        let lost = self.content.batches.iter().filter(|batch| matches!(batch.phase, Phase::Lost { .. }));
        lost.flat_map(|batch| batch.rows.clone()).filter_map(|at| {
            let row = self.content.rows.get(at)?;
            matches!(row.outcome, Some(ImportOutcome::Unknown { .. })).then_some((at, &row.corp))
        })
    }

    /// Returns whether the chain must still be searched for lost batches.
    pub(crate) fn has_lost(&self) -> bool {
        self.content.batches.iter().any(|batch| matches!(batch.phase, Phase::Lost { .. }))
    }

    /// Returns whether the jobs of all lost batches have certainly ended.
    pub(crate) fn lost_are_over(&self) -> bool {
        self.content.batches.iter().all(|batch| !matches!(batch.phase, Phase::Lost { over: false }))
    }

    /// Records for each lost row whether the chain has it. After the `last` search, the lost batches are done. Before it,
    /// a missing row may still appear.
    pub(crate) fn record_search(&mut self, is_in_chain: &[(usize, bool)], last: bool, searched_for: Duration) {
        let mut progress = self.progress();
        self.content.searched_for = searched_for;
        for &(at, found) in is_in_chain {
            if let Some(row) = self.content.rows.get_mut(at) {
                let outcome = ImportOutcome::Unknown { in_chain: (found || last).then_some(found) };
                progress.replace(row.outcome.as_ref(), &outcome);
                row.outcome = Some(outcome);
            }
        }
        self.progress = progress.into();
        let lost: Vec<_> = self.numbers(|batch| matches!(batch.phase, Phase::Lost { .. })).collect();
        for batch in lost {
            if last { self.set_phase(batch, Phase::Done) } else { self.note(batch) }
        }
    }

    /// Returns the numbers of the batches that match.
    fn numbers(&self, matches: impl Fn(&Batch) -> bool) -> impl Iterator<Item = usize> {
        let batches = self.content.batches.iter().enumerate();
        batches.filter(move |(_, batch)| matches(batch)).map(|(number, _)| number)
    }

    /// Returns the time spent searching the chain for lost rows.
    pub(crate) fn searched_for(&self) -> Duration {
        self.content.searched_for
    }

    /// Returns the outcome of each row, regardless of the phase of its batch.
    pub(crate) fn outcomes(&self) -> Vec<ImportOutcome> {
        let mut outcomes: Vec<_> =
            self.content.rows.iter().map(|row| row.outcome.clone().unwrap_or(ImportOutcome::NotSubmitted)).collect();
        for batch in &self.content.batches {
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

/// Splits the rows into batches, in order. A batch ends before the row that would exceed a limit.
fn batches(rows: &[Row]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut begin, mut corps, mut contacts) = (0, 0, 0);
    for (at, row) in rows.iter().enumerate() {
        if row.outcome.is_some() {
            continue;
        }
        let more = row.corp.contact_info_list.len();
        if corps > 0 && (corps == MAX_CORPS || contacts + more > MAX_CONTACTS) {
            batches.push(Batch { rows: begin..at, phase: Phase::Waiting });
            (begin, corps, contacts) = (at, 0, 0);
        }
        corps += 1;
        contacts += more;
    }
    if corps > 0 {
        batches.push(Batch { rows: begin..rows.len(), phase: Phase::Waiting });
    }
    batches
}

/// Compares the rows and their outcomes, but not which changes are remembered.
impl PartialEq for ImportState {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for ImportState {}

impl fmt::Debug for ImportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportState")
            .field("chain_id", &self.content.chain_id)
            .field("jobs", &self.content.batches.len())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::ImportContact;

    /// Corps with these numbers of contacts.
    fn corps(sizes: &[usize]) -> Vec<ImportCorp> {
        let contacts = |count| vec![ImportContact::member("张三", "13000000001"); count];
        (1..).zip(sizes).map(|(number, &count)| ImportCorp::new(format!("企业{number}"), contacts(count))).collect()
    }

    /// Returns the numbers of corps in the batches of corps with these numbers of contacts.
    fn batch_sizes(contacts: &[usize]) -> Vec<usize> {
        let state = ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(contacts));
        (0..state.jobs()).map(|batch| state.corps(batch).count()).collect()
    }

    #[test]
    fn the_debug_text_of_a_state_shows_no_person() {
        let text = format!("{:?}", ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(&[1])));
        assert!(text.starts_with("ImportState {") && !text.contains("张三") && !text.contains("130"), "{text}");
    }

    #[test]
    fn every_row_with_an_outcome_is_settled() {
        let progress = ImportProgress { total: 100, imported: 1, failed: 20, invalid: 3, unknown: 40 };
        assert_eq!(progress.settled(), 64);
    }

    #[test]
    fn batches_are_as_large_as_the_limits_allow() {
        assert_eq!(batch_sizes(&[]), [0; 0]);
        assert_eq!(batch_sizes(&[1; 1000]), [1000]);
        assert_eq!(batch_sizes(&[1; 1001]), [1000, 1]);
        assert_eq!(batch_sizes(&[2; 1000]), [1000]);
        assert_eq!(batch_sizes(&[200; 11]), [10, 1]);
        assert_eq!(batch_sizes(&[[3; 700].as_slice(), &[1; 400]].concat()), [666, 434]);
    }

    #[test]
    fn invalid_rows_do_not_count_towards_the_limits() {
        let contacts = [[1; 999].as_slice(), &[201; 50], &[1; 2]].concat();
        assert_eq!(batch_sizes(&contacts), [1000, 1]);
        assert_eq!(batch_sizes(&[0; 3]), [0; 0]);
    }

    #[test]
    fn a_state_survives_serialization_in_every_phase() {
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
    fn the_progress_and_the_current_batch_are_those_of_a_loaded_state_after_each_change() {
        let corps = corps(&[[200; 45].as_slice(), &[0]].concat());
        let mut state = ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps);
        let check = |state: &ImportState| {
            let loaded: ImportState = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
            assert_eq!(state.progress(), loaded.progress());
            assert_eq!(state.current().map(|(batch, _)| batch), loaded.current().map(|(batch, _)| batch));
        };
        let loaded = serde_json::to_string(&state).unwrap();
        let changes: [fn(&mut ImportState); 7] = [
            |state| state.set_phase(0, Phase::Submitting),
            |state| state.lose(0, false),
            |state| state.accept(1, JobId::new("job")),
            |state| {
                state.settle(1, |corp| match corp.corp_name.as_str() {
                    "企业12" => ImportOutcome::Unknown { in_chain: None },
                    _ => ImportOutcome::Imported,
                });
            },
            |state| (2..5).for_each(|batch| state.settle(batch, |_| ImportOutcome::Imported)),
            |state| state.record_search(&[(0, true), (12, false)], false, Duration::ZERO),
            |state| state.record_search(&[(0, true), (12, false)], true, Duration::ZERO),
        ];
        for change in changes {
            change(&mut state);
            check(&state);
        }
        let mut applied: ImportState = serde_json::from_str(&loaded).unwrap();
        assert_eq!(applied.progress().settled(), 1);
        applied.apply(state.changes_since(0).unwrap()).unwrap();
        assert_eq!((applied.progress(), applied.current().is_none()), (state.progress(), true));
        check(&applied);
    }

    #[test]
    fn an_accepted_job_proves_that_earlier_lost_jobs_have_ended() {
        let mut state = ImportState::leaving_out_invalid(ChainId::new("Ch1"), corps(&[200; 30]));
        state.lose(0, false);
        assert!(!state.lost_are_over());
        state.accept(1, JobId::new("job"));
        assert!(state.lost_are_over());
    }
}
