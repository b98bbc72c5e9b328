//! Imports any number of corps and their contacts into a chain, and reports the outcome of each row.
//!
//! [`ImportState`] validates the rows and splits them into jobs. [`Import`] submits one job at a time and waits for its
//! result. [`ImportReport`] has the outcome of each row.

#[cfg(feature = "callback")]
mod callback;
mod chain_search;
mod changes;
mod classify;
mod event;
mod job_ends;
mod job_result;
mod journal;
mod outcome;
mod report;
mod row;
mod row_validation;
mod state;
mod steps;
#[cfg(feature = "stream")]
mod stream;
mod waits;

use std::future::Future;
use std::time::Duration;

use wecom_core::lease::Lease;
use wecom_core::{Shared, Threading};

use self::chain_search::ChainSearch;
pub use self::changes::{ImportChanges, InvalidChanges};
pub use self::event::{ImportEvent, ImportStop};
pub use self::job_ends::JobEnds;
pub use self::journal::ImportJournal;
pub use self::outcome::{ImportFailure, ImportOutcome};
pub use self::report::{ImportReport, ImportRow};
use self::row::Phase;
pub use self::row_validation::{InvalidImport, InvalidRow, RowProblem};
pub use self::state::{ImportProgress, ImportState};
#[cfg(feature = "stream")]
pub use self::stream::ImportStream;
use self::waits::Waits;
use crate::calls::{GetResultReply, ImportChainContactReply};
use crate::jobs::attention::Attention;
use crate::jobs::kept_call::KeptCall;
use crate::jobs::kept_read::KeptRead;
use crate::jobs::trace::JobSpan;
use crate::upstream::Upstream;

/// Imports any number of corps and their contacts into a chain: 批量导入上下游联系人
/// ([95821](https://developer.work.weixin.qq.com/document/path/95821)).
///
/// Created by [`Upstream::import`]. One call of the API takes at most 1,000 corps, starts a job whose result has to be
/// polled, is rejected while another import runs, and must not be repeated if its reply is lost. An `Import` handles
/// all of this:
///
/// ```
/// use wecom_mock::ManualTimer;
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::{ImportContact, ImportCorp};
/// use wecom_upstream::jobs::import::{ImportOutcome, ImportState};
/// use wecom_upstream::{ChainId, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In production: a client with the `TokioTimer` of wecom-hyper.
/// let timer = ManualTimer::new();
/// let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
///
/// let corp = |number: u32| {
///     ImportCorp::new(
///         format!("经销商{number}"),
///         [ImportContact::head("张三", "13000000001")],
///     )
/// };
/// let rows = (1..=2500)
///     .map(corp)
///     .chain([corp(0).custom_id(wecom_upstream::ids::CustomId::new("BJ01"))]);
///
/// // Reports all invalid rows before anything is sent.
/// let state = ImportState::new(ChainId::new("ChDealers"), rows)?;
/// let report = timer.run(upstream.import(state).finish());
///
/// assert_eq!(report.progress.imported, 2500);
/// for row in report.failed() {
///     let ImportOutcome::Failed(failure) = &row.outcome else { unreachable!() };
///     // 670009: the custom id is in use.
///     println!("row {}, {}: {}", row.row, row.corp.corp_name, failure.code);
/// }
/// # assert_eq!(report.failed().map(|row| row.row).collect::<Vec<_>>(), [2501]);
/// # Ok(())
/// # }
/// ```
///
/// `examples/import_contacts.rs` imports a CSV file and shows a progress bar.
///
/// # Jobs and waits
///
/// - The rows are split, in order, into jobs as large as WeCom allows: 1,000 corps and 2,000 contacts. One job runs at
///   a time.
/// - While another import runs (670022), the import waits with a backoff from 5 s to 60 s, for up to
///   [30 minutes](Self::turn_limit).
/// - It polls a job with a backoff from 2 s to 30 s, for up to [2 hours](Self::job_limit), and retries failed polls.
///   With [`job_ends`](Self::job_ends), an event that reports the job's end replaces most polls.
/// - Beyond 20,000 contacts a day (670023), it [stops](ImportStop::DailyLimit). Resume it from its state on the next
///   day.
///
/// The import spawns nothing: it makes progress while [`next`](Self::next) or [`finish`](Self::finish) is awaited.
///
/// # Resuming
///
/// Save the [state](Self::state) after each event, with an [`ImportJournal`] or as [changes](ImportState::changes_since) in a
/// database. Another process can pass the state to [`Upstream::import`]. The future of `next` can be dropped at any time,
/// for example by `select!`. If the import is dropped during a submission, its state shows that the job may have been
/// submitted.
///
/// ```no_run
/// # use std::future::ready;
/// # use wecom_upstream::Upstream;
/// # use wecom_upstream::jobs::import::{ImportJournal, ImportState};
/// # async fn example(upstream: Upstream, state: ImportState) -> std::io::Result<()> {
/// // Later: `ImportJournal::open`.
/// let mut journal = ImportJournal::create("dealers.import", &state)?;
/// // An error of the journal stops the import before it submits anything that was not saved.
/// let report = upstream
///     .import(state)
///     .finish_with(|_event, state| ready(journal.save(state)))
///     .await?;
/// # let _ = report;
/// # Ok(())
/// # }
/// ```
///
/// # No row is imported twice
///
/// The import submits a job only after the event [`Submitting`](ImportEvent::Submitting), which is the time to save the
/// state. If the reply is lost, WeCom is busy (-1, 6000), or the process ends before it has saved the job's id, it is
/// unknown whether the job exists. The import does not submit such a job again. At the end it searches the chain for
/// the rows of these jobs and reports them as [`Unknown`](ImportOutcome::Unknown) with the result of the search. A corp
/// in the chain does not prove that this import added it with all its contacts, and WeCom offers no way to find a job
/// by its corps. The search is conclusive if WeCom has accepted a later job, because it runs one job at a time.
/// Otherwise the import repeats the search for [5 minutes](Self::settle_limit). After three lost submissions in a row,
/// the import stops.
///
/// A submission that certainly had no effect, such as one without a connection or over a rate limit, is retried.
#[derive(Debug)]
#[must_use = "an import does nothing until `next` or `finish` is awaited"]
pub struct Import<M: Threading = Shared> {
    span: JobSpan,
    upstream: Upstream<M>,
    state: ImportState,
    limits: Limits,
    /// Whether a submission was announced and not made yet.
    announced: bool,
    submission: KeptCall<M, ImportChainContactReply>,
    result: KeptRead<M, GetResultReply>,
    waits: Waits<M>,
    /// The number of failed calls in a row.
    failures: u32,
    /// The number of lost submissions in a row.
    losses: u32,
    search: Option<ChainSearch<M>>,
    stopped: Option<ImportStop>,
    job_ends: Option<JobEnds>,
    lease: Option<Lease<M>>,
    /// Whether an event has reported the end of the current job. If the job still runs then, the import no longer relies on
    /// an event.
    is_end_noted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    turn: Duration,
    job: Duration,
    settle: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);

impl<M: Threading> Upstream<M> {
    /// Imports any number of corps and their contacts into a chain; see [`Import`]. The client needs a
    /// [timer](wecom_core::ClientBuilder::timer): without one, the import stops before it submits anything.
    pub fn import(&self, state: ImportState) -> Import<M> {
        Import::new(self.clone(), state)
    }
}

impl<M: Threading> Import<M> {
    fn new(upstream: Upstream<M>, state: ImportState) -> Self {
        let clock = upstream.client().clock();
        let result = KeptRead::new(Attention::new(clock.clone()));
        Self {
            span: JobSpan::import(&state),
            waits: Waits::new(clock),
            upstream,
            state,
            limits: Limits { turn: 30 * MINUTE, job: 120 * MINUTE, settle: 5 * MINUTE },
            announced: false,
            submission: KeptCall::new(),
            result,
            failures: 0,
            losses: 0,
            search: None,
            stopped: None,
            job_ends: None,
            lease: None,
            is_end_noted: false,
        }
    }

    /// Sets how long to wait while another import runs (670022): 30 minutes by default.
    pub fn turn_limit(mut self, limit: Duration) -> Self {
        self.limits.turn = limit;
        self
    }

    /// Sets how long to wait for a job to finish: 2 hours by default.
    pub fn job_limit(mut self, limit: Duration) -> Self {
        self.limits.job = limit;
        self
    }

    /// Sets how long to search the chain for the rows of lost jobs that may still be running: 5 minutes by default.
    pub fn settle_limit(mut self, limit: Duration) -> Self {
        self.limits.settle = limit;
        self
    }

    /// Ends the wait for a job when an event reports its end. Until then, the import polls the job less often, because an
    /// event may be lost: with a backoff from 10 s to 2 minutes.
    ///
    /// An event is only a hint to poll. If the job is not finished, the import continues with its usual polls. An event of
    /// another job has no effect.
    ///
    /// ```
    /// # use wecom_mock::ManualTimer;
    /// # use wecom_simulator::Simulator;
    /// use wecom_upstream::calls::{ImportContact, ImportCorp};
    /// use wecom_upstream::jobs::import::{ImportEvent, ImportState, JobEnds};
    /// use wecom_upstream::{ChainId, Upstream};
    ///
    /// let job_ends = JobEnds::new(); // A clone goes to the handler of callbacks.
    /// # let timer = ManualTimer::new();
    /// # let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
    /// let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
    /// let state = ImportState::new(ChainId::new("ChDealers"), [corp])?;
    /// let import = upstream.import(state).job_ends(&job_ends);
    /// # assert!(timer.run(import.finish()).is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn job_ends(mut self, job_ends: &JobEnds) -> Self {
        self.job_ends = Some(job_ends.clone());
        self
    }

    /// Submits jobs only while this process holds a lease, so that of several processes with the same import only one
    /// submits. The import renews the lease while it waits, and before each submission. If the lease is lost or its store
    /// fails at a submission, the import [stops](ImportStop::Lease) without submitting. Before [`next`](Self::next) returns
    /// `None`, the import releases its lease. If the import is dropped earlier, or the store fails then, the lease expires.
    ///
    /// Acquire the lease before you load the state, and save the state where a process without the lease cannot replace it.
    /// A process may hang after it has saved the announcement of a submission. The next holder of the lease finds the
    /// announcement in the state, and does not submit that job.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use wecom_mock::{InMemoryStore, ManualTimer};
    /// # use wecom_simulator::Simulator;
    /// # use wecom_upstream::calls::{ImportContact, ImportCorp};
    /// use wecom_core::lease::{Lease, LeaseKey};
    /// # use wecom_upstream::jobs::import::ImportState;
    /// # use wecom_upstream::{ChainId, Upstream};
    /// # use wecom_upstream::wecom_core;
    ///
    /// # let timer = ManualTimer::new();
    /// # let store = InMemoryStore::new(timer.clone()); // `RedisStore` of wecom-redis in production
    /// # let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
    /// # let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
    /// # timer.run(async {
    /// let key = LeaseKey::new("ww1234567890abcdef", "import");
    /// let minute = Duration::from_secs(60);
    /// let Some(lease) = <Lease>::acquire(store, timer.clone(), key, minute).await? else {
    ///     return Ok(()); // Another process imports.
    /// };
    /// let state = ImportState::new(ChainId::new("ChDealers"), [corp])?; // Or the saved one.
    /// let report = upstream.import(state).lease(lease).finish().await;
    /// # assert!(report.is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lease(mut self, lease: Lease<M>) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Returns the state of the import. Save it after each event.
    pub fn state(&self) -> &ImportState {
        &self.state
    }

    /// Stops the import and returns its state. A job that was announced and not submitted counts as not submitted.
    pub fn into_state(mut self) -> ImportState {
        self.withdraw();
        self.state
    }

    /// Stops the import and returns the outcomes so far.
    pub fn into_report(mut self) -> ImportReport {
        self.withdraw();
        ImportReport::new(self.state, self.stopped)
    }

    /// Runs the import until it ends or stops, and returns the outcome of each row.
    pub async fn finish(mut self) -> ImportReport {
        while self.next().await.is_some() {}
        self.into_report()
    }

    /// Runs the import like [`finish`](Self::finish), and calls a closure with each event and the state to save. Awaits the
    /// future that the closure returns before the import continues.
    ///
    /// The future can own values that the closure has computed from its arguments, but cannot borrow the arguments:
    ///
    /// - `|_, state| ready(journal.save(state))` saves within the closure, with [`std::future::ready`].
    /// - `|_, state| { let json = serde_json::to_string(state); async move { … } }` saves in the future.
    ///
    /// If the closure and its futures are `Send`, so is the future of `finish_with`. For a save that borrows the state across
    /// an await, call [`next`](Self::next) in a loop instead.
    ///
    /// # Errors
    ///
    /// Returns the first error of the closure's futures, which stops the import: without a saved state, another process
    /// could submit a job again. The last state passed to the closure includes all submissions. To survive a transient
    /// error, such as that of a database, let the future repeat the save before it returns an error. Meanwhile, the import
    /// waits and submits nothing.
    pub async fn finish_with<E, F>(
        mut self,
        mut save: impl FnMut(&ImportEvent, &ImportState) -> F,
    ) -> Result<ImportReport, E>
    where
        F: Future<Output = Result<(), E>>,
    {
        while let Some(event) = self.next().await {
            save(&event, &self.state).await?;
        }
        Ok(self.into_report())
    }

    fn is_over(&self) -> bool {
        self.state.current().is_none() && !self.state.has_lost()
    }

    /// Runs the import to its next event; `None` at the end and after [`ImportEvent::Stopped`].
    ///
    /// Dropping the future loses nothing and keeps a call in flight, which the next future continues. A call that times out
    /// because the program did not poll the future is repeated, except for a submission: its job counts as lost, as it does
    /// if the import is dropped during a submission.
    pub async fn next(&mut self) -> Option<ImportEvent> {
        if self.stopped.is_some() {
            self.release_lease().await;
            return None;
        }
        let span = self.span.clone();
        let event = span.run(self.step()).await;
        if event.is_none() {
            self.release_lease().await;
        }
        span.import_event(event.as_ref(), &self.state);
        event
    }

    async fn step(&mut self) -> Option<ImportEvent> {
        if !self.waits.has_timer() && !self.is_over() {
            return Some(self.stop(ImportStop::NoTimer));
        }
        if let Some(stop) = self.pause().await {
            return Some(stop);
        }
        let current = self.state.current().map(|(batch, phase)| (batch, phase.clone()));
        Some(match current {
            Some((batch, Phase::Submitting)) if self.announced || self.submission.is_in_flight() => {
                self.submit(batch).await
            }
            Some((batch, Phase::Submitting)) => self.lose(batch, false, None),
            Some((batch, Phase::Submitted(jobid))) => self.poll(batch, jobid).await,
            Some((batch, _)) => self.announce(batch),
            None if self.state.has_lost() => self.search().await,
            None => return None,
        })
    }
}
