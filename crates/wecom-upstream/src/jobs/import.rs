//! Imports any number of corps and their contacts into a chain, and reports the outcome of each row.
//!
//! [`ImportState`] validates the rows and splits them into jobs. [`Import`] submits one job at a time and waits for its
//! result. [`ImportReport`] has the outcome of each row.

mod chain_search;
mod classify;
mod event;
mod job_result;
mod outcome;
mod report;
mod row_validation;
mod state;
mod steps;

use std::time::Duration;

use wecom_core::timer::{Clock, LocalTimer, Timer};
use wecom_core::{Local, Shared, Threading};

use self::chain_search::ChainSearch;
pub use self::event::{ImportEvent, ImportStop};
pub use self::outcome::{ImportFailure, ImportOutcome};
pub use self::report::{ImportReport, ImportRow};
pub use self::row_validation::{InvalidImport, InvalidRow, RowProblem};
use self::state::Phase;
pub use self::state::{ImportProgress, ImportState};
use crate::upstream::Upstream;

/// Imports any number of corps into a chain, and tells what became of each: 批量导入上下游联系人
/// ([95821](https://developer.work.weixin.qq.com/document/path/95821)) from the first row to the last.
///
/// A single call takes a thousand corps, starts a job that somebody has to ask about, is refused while any other import
/// runs, and must not be repeated when its reply is lost. This does all of it in one call:
///
/// ```
/// use wecom_mock::ManualTimer;
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::{ImportContact, ImportCorp};
/// use wecom_upstream::jobs::import::{ImportOutcome, ImportState};
/// use wecom_upstream::{ChainId, Upstream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let timer = ManualTimer::new(); // `TokioTimer` of wecom-hyper in production
/// let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
///
/// let corp = |number: u32| ImportCorp::new(format!("经销商{number}"), [ImportContact::head("张三", "13000000001")]);
/// let rows = (1..=2500).map(corp).chain([corp(0).custom_id(wecom_upstream::ids::CustomId::new("BJ01"))]);
///
/// let state = ImportState::new(ChainId::new("ChDealers"), rows)?; // Every bad row at once, before anything is sent.
/// let report = timer.run(upstream.import(state, timer.clone()).finish());
///
/// assert_eq!(report.progress.imported, 2500);
/// for row in report.failed() {
///     let ImportOutcome::Failed(failure) = &row.outcome else { unreachable!() };
///     println!("row {}, {}: {}", row.row, row.corp.corp_name, failure.code); // 670009: the custom id is taken
/// }
/// # assert_eq!(report.failed().map(|row| row.row).collect::<Vec<_>>(), [2501]);
/// # Ok(())
/// # }
/// ```
///
/// There is an example with a CSV file and a bar of progress: `examples/import_contacts.rs`.
///
/// # What it does
///
/// - Rows go in jobs as large as may be (1000 corps, 2000 people), in order, one job at a time.
/// - While another import runs (670022) it waits, at first 5 s, then twice as long up to a minute, for
///   [half an hour](Self::turn_limit).
/// - It asks about a job after 2 s, then after twice as long up to 30 s, for [two hours](Self::job_limit). An asking that
///   fails is repeated.
/// - Past 20,000 people a day (670023) it [stops](ImportStop::DailyLimit): go on tomorrow, with its state.
///
/// Nothing of it is spawned: it goes on while [`next`](Self::next) or [`finish`](Self::finish) is awaited.
///
/// # Being interrupted
///
/// The [state](Self::state) can be saved after each event, and given to [`Upstream::import`] by another process; dropping
/// the import, or the future of `next`, loses nothing that was submitted.
///
/// ```
/// # use std::fs;
/// # use wecom_mock::ManualTimer;
/// # use wecom_simulator::Simulator;
/// # use wecom_upstream::calls::{ImportContact, ImportCorp};
/// # use wecom_upstream::jobs::import::{ImportReport, ImportState};
/// # use wecom_upstream::{ChainId, Upstream};
/// # fn load(path: &std::path::Path) -> std::io::Result<ImportState> { Ok(serde_json::from_slice(&fs::read(path)?)?) }
/// use wecom_upstream::wecom_core::Timer;
///
/// async fn go_on(
///     upstream: &Upstream,
///     timer: impl Timer + 'static,
///     path: &std::path::Path,
/// ) -> std::io::Result<ImportReport> {
///     let state = load(path)?;
///     // What the closure fails with ends the import, before anything that was not saved is submitted.
///     let save = |state: &ImportState| fs::write(path, serde_json::to_vec(state)?);
///     upstream.import(state, timer).finish_with(|_event, state| save(state)).await
/// }
/// # let timer = ManualTimer::new();
/// # let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
/// # let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
/// # let path = std::env::temp_dir().join(format!("wecom-import-{}.json", std::process::id()));
/// # fs::write(&path, serde_json::to_vec(&ImportState::new(ChainId::new("ChDealers"), [corp])?)?)?;
/// # assert!(timer.run(go_on(&upstream, timer.clone(), &path))?.is_complete());
/// # assert_eq!(load(&path)?.progress().imported, 1);
/// # fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Nothing is imported twice
///
/// A submission is made only after the event [`Submitting`](ImportEvent::Submitting), which is when to save. If its reply
/// is lost, or WeCom is busy (-1, 6000), or a process ends before it has saved the job's id, then nobody knows whether
/// there is a job. That submission is not made again. At the end the import looks its rows up in the chain, and they end
/// as [`Unknown`](ImportOutcome::Unknown) with what was seen: being there does not prove that this import brought a corp,
/// or all of its people, and no job can be asked for by its corps. What is seen is sure when a later job was taken on,
/// because WeCom runs one at a time; otherwise the import looks again for [five minutes](Self::settle_limit). After three
/// such losses in a row the import stops.
///
/// A submission that certainly did nothing (no connection, too many calls) is made again.
#[derive(Debug)]
#[must_use = "an import goes on only while `next` or `finish` is awaited"]
pub struct Import<M: Threading = Shared> {
    upstream: Upstream<M>,
    clock: Clock<M>,
    state: ImportState,
    limits: Limits,
    /// Whether the submission that the state tells of has not been made yet.
    armed: bool,
    wake_at: Option<Duration>,
    /// When the present waiting, for a turn, a job or what the chain shows, began, and how often it was waited.
    since: Option<Duration>,
    waits: u32,
    /// Calls that failed in a row.
    failures: u32,
    /// Submissions that were lost in a row.
    losses: u32,
    search: Option<ChainSearch>,
    stopped: Option<ImportStop>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    turn: Duration,
    job: Duration,
    settle: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Upstream<Shared> {
    /// Imports any number of corps into a chain, from the first row to the last, and tells what became of each: see
    /// [`Import`]. It waits on the timer.
    pub fn import(&self, state: ImportState, timer: impl Timer + 'static) -> Import<Shared> {
        self.import_on(state, Clock::<Shared>::new(timer))
    }
}

impl Upstream<Local> {
    /// Imports any number of corps into a chain, from the first row to the last, and tells what became of each: see
    /// [`Import`]. It waits on the timer.
    pub fn import(&self, state: ImportState, timer: impl LocalTimer + 'static) -> Import<Local> {
        self.import_on(state, Clock::<Local>::new(timer))
    }
}

impl<M: Threading> Upstream<M> {
    /// The same in code that is generic over the threading family: the import waits on the clock.
    pub fn import_on(&self, state: ImportState, clock: Clock<M>) -> Import<M> {
        Import::new(self.clone(), state, clock)
    }
}

impl<M: Threading> Import<M> {
    fn new(upstream: Upstream<M>, state: ImportState, clock: Clock<M>) -> Self {
        Self {
            upstream,
            clock,
            state,
            limits: Limits { turn: 30 * MINUTE, job: 120 * MINUTE, settle: 5 * MINUTE },
            armed: false,
            wake_at: None,
            since: None,
            waits: 0,
            failures: 0,
            losses: 0,
            search: None,
            stopped: None,
        }
    }

    /// How long to wait while another import runs (670022): half an hour by default.
    pub fn turn_limit(mut self, limit: Duration) -> Self {
        self.limits.turn = limit;
        self
    }

    /// How long to wait for one job to finish: two hours by default.
    pub fn job_limit(mut self, limit: Duration) -> Self {
        self.limits.job = limit;
        self
    }

    /// How long to look for the rows of a lost job while nothing proves that the job is over: five minutes by default.
    pub fn settle_limit(mut self, limit: Duration) -> Self {
        self.limits.settle = limit;
        self
    }

    /// How far it is: to be saved after each event.
    pub fn state(&self) -> &ImportState {
        &self.state
    }

    /// Ends it in good order, and gives how far it is. What was announced and not yet submitted counts as not submitted
    /// here, as nobody else could know.
    pub fn into_state(mut self) -> ImportState {
        self.disarm();
        self.state
    }

    /// What the rows have come to so far.
    pub fn into_report(mut self) -> ImportReport {
        self.disarm();
        ImportReport::new(self.state, self.stopped)
    }

    /// Goes on to the end, or to where it has to stop, and tells what became of each row.
    pub async fn finish(mut self) -> ImportReport {
        while self.next().await.is_some() {}
        self.into_report()
    }

    /// As [`finish`](Self::finish); tells of each event as it comes, with the state to save then.
    ///
    /// # Errors
    ///
    /// What the closure fails with: it ends the import there. What was submitted stands in the last state that it saw.
    pub async fn finish_with<E>(
        mut self,
        mut on_event: impl FnMut(&ImportEvent, &ImportState) -> Result<(), E>,
    ) -> Result<ImportReport, E> {
        while let Some(event) = self.next().await {
            on_event(&event, &self.state)?;
        }
        Ok(self.into_report())
    }

    /// Goes on to the next event; `None` at the end, and after [`ImportEvent::Stopped`].
    ///
    /// Its future may be dropped at any time. If that is during a submission, the job counts as lost.
    pub async fn next(&mut self) -> Option<ImportEvent> {
        if self.stopped.is_some() {
            return None;
        }
        self.pause().await;
        let current = self.state.current().map(|(batch, phase)| (batch, phase.clone()));
        Some(match current {
            Some((batch, Phase::Submitting)) if self.armed => self.submit(batch).await,
            Some((batch, Phase::Submitting)) => self.lose(batch, false, None),
            Some((batch, Phase::Submitted(jobid))) => self.poll(batch, jobid).await,
            Some((batch, _)) => self.announce(batch),
            None if self.state.has_lost() => self.search().await,
            None => return None,
        })
    }
}
