//! The changes of an import, so that a save writes little.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::ImportOutcome;
use super::row::{INSTEAD, Phase, Row};
use crate::jobs::saved_format::{self, SavedContent};

/// The changes of an [`ImportState`](crate::jobs::import::ImportState) between two of its revisions.
///
/// [`ImportJournal`](crate::jobs::import::ImportJournal) appends them to a file. A program with a database stores the whole
/// state once, and then the changes after each event as a row:
///
/// ```
/// # use wecom_upstream::calls::{ImportContact, ImportCorp};
/// use wecom_upstream::jobs::import::{ImportChanges, ImportState};
/// # use wecom_upstream::{ChainId, Upstream};
/// # use std::future::ready;
/// # let timer = wecom_mock::ManualTimer::new();
/// # let upstream = Upstream::new(wecom_simulator::Simulator::demo().on_timer(timer.clone()).client());
/// # let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
/// # let state = ImportState::new(ChainId::new("ChDealers"), [corp])?;
/// # let (stored, mut rows) = (serde_json::to_string(&state)?, Vec::new());
/// # timer.run(async {
///
/// let mut revision = state.revision();
/// let report = upstream.import(state).finish_with(|_event, state| {
///     if let Some(changes) = state.changes_since(revision) {
///         revision = state.revision();
///         // In production: insert it, in the future.
///         rows.push(serde_json::to_string(&changes));
///     }
///     ready(Ok::<_, serde_json::Error>(()))
/// });
/// assert!(report.await?.is_complete());
///
/// // Another process:
/// let mut state: ImportState = serde_json::from_str(&stored)?;
/// for row in rows {
///     state.apply(serde_json::from_str::<ImportChanges>(&row?)?)?;
/// }
/// assert_eq!(state.progress().imported, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// They contain outcomes, whose reasons may have mobile numbers, so their JSON is as confidential as the rows. The `Debug`
/// output has only the revisions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "changes have no effect unless they are stored or applied"]
pub struct ImportChanges {
    #[serde(with = "saved_format")]
    content: Content,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    from: u64,
    to: u64,
    searched_for: Duration,
    batches: Vec<BatchChange>,
}

impl SavedContent for Content {
    const KIND: &'static str = "import changes";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = INSTEAD;
}

/// The phase of a batch and the outcomes of its rows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BatchChange {
    pub(crate) batch: usize,
    pub(crate) phase: Phase,
    /// The outcome of each row, or `None` if it has none or has had it from the beginning. Empty if all are `None`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) outcomes: Vec<Option<ImportOutcome>>,
}

impl BatchChange {
    pub(crate) fn new(batch: usize, phase: Phase, rows: &[Row]) -> Self {
        let is_new = |outcome: &&ImportOutcome| !matches!(outcome, ImportOutcome::Invalid(_));
        let outcomes = rows.iter().map(|row| row.outcome.as_ref().filter(is_new));
        let has_any = outcomes.clone().any(|outcome| outcome.is_some());
        let outcomes = if has_any { outcomes.map(Option::<&_>::cloned).collect() } else { Vec::new() };
        Self { batch, phase, outcomes }
    }

    /// Returns whether the change belongs to a batch with this number of rows.
    pub(crate) fn fits(&self, rows: usize) -> bool {
        self.outcomes.is_empty() || self.outcomes.len() == rows
    }
}

impl ImportChanges {
    pub(crate) fn new(from: u64, to: u64, searched_for: Duration, batches: Vec<BatchChange>) -> Self {
        Self { content: Content { from, to, searched_for, batches } }
    }

    /// Returns the revisions of the state before and after the changes.
    #[must_use]
    pub fn revisions(&self) -> (u64, u64) {
        (self.content.from, self.content.to)
    }

    pub(crate) fn searched_for(&self) -> Duration {
        self.content.searched_for
    }

    pub(crate) fn batches(&self) -> &[BatchChange] {
        &self.content.batches
    }

    pub(crate) fn into_batches(self) -> Vec<BatchChange> {
        self.content.batches
    }
}

impl fmt::Debug for ImportChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportChanges").field("revisions", &self.revisions()).finish_non_exhaustive()
    }
}

/// An error for changes that do not continue a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidChanges {
    /// Changes are missing, or were applied before.
    OutOfOrder {
        /// The revision that the changes continue.
        from: u64,
        /// The revision of the state.
        revision: u64,
    },
    /// The changes are those of other rows.
    OtherImport,
}

impl fmt::Display for InvalidChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder { from, revision } => write!(
                f,
                "changes out of order: they continue revision {from}, and the state has revision {revision}; apply all \
                 changes of the import once, in the order in which they were saved"
            ),
            Self::OtherImport => f.write_str(
                "changes of another import: they do not match the rows; load the changes saved with the state",
            ),
        }
    }
}

impl StdError for InvalidChanges {}
