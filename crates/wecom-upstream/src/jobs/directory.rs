//! Keeps a copy of a chain's directory (通讯录) current by events and periodic walks.
//!
//! [`Directory`] reads the corps and groups that events have named. [`DirectoryHints`] notes events, and [`DirectoryState`]
//! stores a directory.

#[cfg(feature = "callback")]
mod callback;
mod event;
mod hints;
mod joined_corps;
mod listing;
mod mirror;
mod noted;
mod reading;
mod schedule;
mod state;
mod unlocated;
mod walking;
mod work;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use wecom_core::ids::ChainId;
use wecom_core::{Error, Shared, Threading};

pub use self::event::DirectoryEvent;
pub use self::hints::DirectoryHints;
use self::listing::Listing;
use self::mirror::Mirror;
use self::schedule::Schedule;
pub use self::state::DirectoryState;
use self::state::{Content, DirectoryOptions};
use self::walking::Walking;
use crate::calls::{GetChainCorpinfoReply, GetChainGroupReply};
use crate::jobs::attention::Attention;
use crate::jobs::chain_tree::{ChainDiff, ChainTree};
use crate::jobs::kept_read::ReadCall;
use crate::jobs::trace::JobSpan;
use crate::upstream::Upstream;
use crate::values::CorpRef;

/// Keeps a copy of a chain's directory (通讯录) current by events and periodic walks.
///
/// Created by [`Upstream::directory`](crate::Upstream::directory). The first [`refresh`](Self::refresh) walks the chain.
/// Later ones read only what the noted events name, and return the changes:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::ids::PendingCorpId;
/// use wecom_upstream::jobs::directory::DirectoryEvent;
/// use wecom_upstream::{ChainId, CorpId, Upstream};
///
/// let simulator = Simulator::demo();
/// let upstream = Upstream::new(simulator.client());
/// let chain_id = ChainId::new("ChDealers");
/// # pollster::block_on(async {
/// let mut directory = upstream.directory(&chain_id).need_pending(true);
/// let hints = directory.hints(); // For the handler of callbacks.
/// assert_eq!(directory.refresh().await?.joined.len(), 6); // At first, every corp is new.
///
/// simulator.join_corp(&chain_id, &PendingCorpId::new("wptaihu"), CorpId::new("wwtaihu"));
/// hints.note(DirectoryEvent::Corps { chain_id, corps: vec![CorpId::new("wwtaihu")] });
///
/// let changes = directory.refresh().await?; // Two calls.
/// assert_eq!(changes.accepted.len(), 1);
/// assert_eq!(directory.tree().corps().count(), 8);
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
///
/// A program awaits [`until_due`](Self::until_due), refreshes, applies the changes to its own table, and saves the
/// [state](Self::state), in a loop. `examples/keep_directory.rs` does.
///
/// # Events
///
/// The callback [`change_chain`](https://developer.work.weixin.qq.com/document/path/95796) (上下游变更事件) names corps and groups.
/// An event is only a hint about what to read again, so events may come in any order, late and repeatedly. The calls for
/// each event:
///
/// | event | calls |
/// |---|---|
/// | of a corp | `get_chain_corpinfo`, and `get_chain_corpinfo_list` for its group unless the corp is gone |
/// | of a group | `get_chain_group`, and `get_chain_corpinfo_list` for each new group |
/// | of the chain, or the end of an import | a walk |
///
/// Corps of one group share the list of the group. The directory walks instead if that takes fewer calls.
///
/// # Walks
///
/// WeCom sends no event for changes by the API, and delivers an event in at most three attempts. So the directory walks the
/// chain once a day, or as [`walk_every`](Self::walk_every) says, which needs a client with a
/// [timer](wecom_core::ClientBuilder::timer). Without one, call [`request_walk`](DirectoryHints::request_walk) once a day.
/// The state has the time left before the next walk. A walk begins up to a tenth of the period early, so that the
/// directories of several chains do not walk together.
///
/// A corp that is missing from a list it was in, or is in two of them, may have moved meanwhile. The directory looks it up
/// before it counts it as gone. A corp that moves during the first walk may be in none of the lists; an event or the next
/// walk adds it. An invited corp that joins and is removed before the next refresh stays pending until the next walk,
/// because the events do not name its former id.
///
/// # Failures
///
/// If a call fails, `refresh` returns the error. Nothing is lost: the next refresh continues, and its changes include those
/// of the failed one. After a failure, `until_due` waits 1 s, and doubles the wait up to 60 s.
///
/// If lookups of corps fail with an error that may pass, the refresh reads the rest, and returns the other changes. After nine
/// failed lookups, it makes no more of them. The next refresh looks these corps up again, after all others, and returns the
/// error if nothing else has changed.
///
/// An error that affects one group alone does not fail the refresh: the group keeps its former corps, and
/// [`ChainTree::failures`](crate::jobs::chain_tree::ChainTree::failures) lists it until a refresh has read it again. That
/// refresh is due after a minute, and if the group fails again, after waits that double up to an hour. Without a timer, the
/// next walk reads the group.
///
/// Until then, a corp that disappears from another group counts as gone only if a lookup of the corp confirms it. Otherwise
/// the corp may be in the group that failed: the directory keeps it in its former group, and looks it up at each walk and
/// once every group has been read. Then the changes contain it as moved or as gone. If its former group was deleted, it
/// counts as gone. So [`not_seen`](ChainDiff::not_seen) is always empty, and [`first_seen`](ChainDiff::first_seen) has the
/// new corps of a group that had failed: treat them as those of [`joined`](ChainDiff::joined) and
/// [`invited`](ChainDiff::invited).
///
/// If the chain was deleted, `refresh` returns an error with the code
/// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN) (670002), and
/// [`is_transient`](wecom_core::Error::is_transient) is `false`. The tree keeps its corps, and no refresh reports them as
/// gone: remove them, and drop the directory.
///
/// Walks and lists of groups act on errors as [`Walk`](crate::jobs::walk::Walk#failures) does: while the service fails
/// every call, they repeat it for up to the [limit](Self::outage_limit).
///
/// # Cancelling and storing
///
/// The directory makes progress only while `refresh` is awaited: it spawns nothing. Dropping the future of `refresh` loses
/// neither events nor replies, and keeps the calls in flight. The state can be stored at any time. A resumed directory
/// walks first, because events may have been lost in between; see [`skip_first_walk`](Self::skip_first_walk).
#[must_use = "a directory does nothing until `refresh` is awaited"]
pub struct Directory<M: Threading = Shared> {
    upstream: Upstream<M>,
    options: DirectoryOptions,
    hints: DirectoryHints,
    mirror: Mirror,
    /// Whether a walk precedes everything else, because events may have been lost.
    walks_first: bool,
    walking: Option<Walking<M>>,
    listing: Option<Listing<M>>,
    groups: Option<ReadCall<M, GetChainGroupReply>>,
    corps: Vec<(CorpRef, ReadCall<M, GetChainCorpinfoReply>)>,
    /// The error of a corp's lookup. The next refresh looks up the corp again.
    failure: Option<Error>,
    schedule: Schedule<M>,
    attention: Attention<M>,
}

impl<M: Threading> Upstream<M> {
    /// Keeps a copy of a chain's directory (通讯录) current; see [`Directory`].
    pub fn directory(&self, chain_id: impl Into<ChainId>) -> Directory<M> {
        let options = DirectoryOptions::new(chain_id.into());
        let mirror = Mirror::new(&options.chain_id, options.need_pending);
        Directory::new(self.clone(), options, mirror)
    }

    /// Resumes from the state of another [`Directory`]. The state includes the chain, the options and the noted events. The
    /// first refresh walks the chain, and its changes are those since the state.
    pub fn resume_directory(&self, state: DirectoryState) -> Directory<M> {
        let Content { mut options, mirror, walking, until_walk } = state.content;
        // Stored text may have been edited.
        options.concurrency = options.concurrency.max(1);
        let mut directory = Directory::new(self.clone(), options, mirror);
        directory.walks_first = true;
        directory.walking = walking.map(|walking| Walking::resume(self, walking));
        if let Some(left) = until_walk {
            directory.schedule.resume_walk(left);
        }
        directory
    }
}

impl<M: Threading> Directory<M> {
    fn new(upstream: Upstream<M>, options: DirectoryOptions, mirror: Mirror) -> Self {
        let clock = upstream.client().clock();
        Self {
            hints: DirectoryHints::new(options.chain_id.clone()),
            upstream,
            options,
            mirror,
            walks_first: false,
            walking: None,
            listing: None,
            groups: None,
            corps: Vec::new(),
            failure: None,
            schedule: Schedule::new(clock.clone()),
            attention: Attention::new(clock),
        }
    }

    /// Sets whether the directory includes corps that were invited and have not joined yet; not by default. Set it before
    /// the first refresh.
    pub fn need_pending(mut self, need_pending: bool) -> Self {
        if self.options.need_pending != need_pending {
            self.options.need_pending = need_pending;
            self.walking = None;
            if self.mirror.is_read {
                self.mirror.work.noted.add_chain();
            } else {
                self.mirror = Mirror::new(&self.options.chain_id, need_pending);
            }
        }
        self
    }

    /// Sets the maximum number of calls in flight: 4 by default; 0 means 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.options.concurrency = calls.max(1);
        self
    }

    /// Sets the maximum number of corps on a page: 100 by default. 0 requests each group in one page.
    pub fn page_size(mut self, size: u32) -> Self {
        self.options.page_size = size;
        self
    }

    /// Sets how long a walk repeats calls while the service fails all of them: 5 minutes by default.
    pub fn outage_limit(mut self, limit: Duration) -> Self {
        self.options.outage_limit = limit;
        self
    }

    /// Sets the period of the walks: one day by default, and at least one minute. A walk is up to a tenth of the period
    /// early. `Duration::MAX` turns them off. If the period differs from that of a resumed state, the time before the next
    /// walk starts anew.
    pub fn walk_every(mut self, period: Duration) -> Self {
        if std::mem::replace(&mut self.options.walk_every, period) != period && self.schedule.until_walk().is_some() {
            self.plan_walk();
        }
        self
    }

    /// Skips the walk of a resumed directory, for a process that has missed no event since the state was saved, such as a
    /// function that runs once for each callback. A walk that the state itself requires is not skipped.
    ///
    /// The state contains the time left before the next walk. It does not contain the time at which it was saved: set the
    /// [age](Self::state_age), so that one of such processes walks in each period.
    pub fn skip_first_walk(mut self) -> Self {
        self.walks_first = false;
        self
    }

    /// Sets how long ago the state of a resumed directory was saved, for example by the time of its file. The next walk
    /// begins earlier by this time. The default is zero: the time between two processes does not count.
    pub fn state_age(mut self, age: Duration) -> Self {
        self.schedule.advance_walk(age);
        self
    }

    /// Returns the handle that notes events.
    #[must_use]
    pub fn hints(&self) -> DirectoryHints {
        self.hints.clone()
    }

    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.options.chain_id
    }

    /// Returns the directory as it was last read; empty before the first walk has ended.
    ///
    /// After a refresh that failed or was cancelled, it may have changes that no refresh has returned yet.
    #[must_use]
    pub fn tree(&self) -> &ChainTree {
        &self.mirror.tree
    }

    /// Returns the state. Save it after applying the changes of a refresh: a process that resumes from an older state
    /// returns them again.
    pub fn state(&self) -> DirectoryState {
        let mut mirror = self.mirror.to_resume();
        let work = &mut mirror.work;
        work.noted.groups |= self.groups.is_some();
        work.noted.corps.extend(self.corps.iter().map(|(corp, _)| corp.clone()));
        if let Some(listing) = &self.listing {
            work.lists.extend(listing.groups());
            work.noted.corps.extend(listing.wanted().cloned());
        }
        work.noted.merge(self.hints.noted());
        if self.walks_first {
            work.noted.add_chain();
        }
        let walking = self.walking.as_ref().map(Walking::state);
        let until_walk = self.schedule.until_walk();
        DirectoryState { content: Content { options: self.options.clone(), mirror, walking, until_walk } }
    }

    /// Waits until a refresh has something to do: an event was noted, or a walk or a failed group is due. After a failed
    /// refresh, waits for the backoff instead.
    ///
    /// The future can be dropped at any time. Without a timer, no walk becomes due, and after a failure the method returns
    /// at once.
    pub async fn until_due(&mut self) {
        loop {
            let backoff = self.schedule.until_retry();
            if !backoff.is_zero() {
                self.schedule.sleep(backoff).await;
                continue;
            }
            let until_due = self.schedule.until_due();
            if self.has_work() || until_due.is_some_and(|left| left.is_zero()) {
                return;
            }
            sleep_until_noted(&self.hints, &self.schedule, until_due).await;
        }
    }

    /// Reads the corps and groups that the events noted so far have named, or walks if a walk is due. Returns the changes
    /// since the last successful refresh; at first, every group and every corp is new.
    ///
    /// Events that are noted meanwhile are left to the next refresh. The future can be dropped at any time: the next
    /// refresh continues.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, unless the error affects one group alone. What was read stays, and the next
    /// refresh continues with the rest. If only lookups of corps fail, the refresh returns the other changes, or the error
    /// if there are none.
    pub async fn refresh(&mut self) -> Result<ChainDiff, Error> {
        let span = JobSpan::directory_refresh(self.chain_id());
        let outcome = span.run(self.read_changes()).await;
        let numbers = |changes: &ChainDiff| [changes.joined.len(), changes.left.len(), changes.moved.len()];
        span.refreshed_directory(outcome.as_ref().map(numbers));
        outcome
    }

    async fn read_changes(&mut self) -> Result<ChainDiff, Error> {
        self.attention.begin_await();
        self.take_work();
        let read = self.read().await;
        if let Some(error) = read.as_ref().err().or(self.failure.as_ref()) {
            self.schedule.fail(error);
        } else {
            self.schedule.succeed();
        }
        if let Err(error) = read {
            self.failure = None;
            self.mirror.work.restore_deferred();
            return Err(error);
        }
        self.schedule.plan_groups(!self.tree().is_whole());
        let Some(error) = self.failure.take() else { return Ok(self.mirror.publish()) };
        let mirror = &mut self.mirror;
        let changes = if mirror.restore_unread() { mirror.publish() } else { ChainDiff::default() };
        if changes.is_empty() { Err(error) } else { Ok(changes) }
    }

    fn has_work(&self) -> bool {
        let is_reading =
            self.walking.is_some() || self.listing.is_some() || self.groups.is_some() || !self.corps.is_empty();
        self.walks_first || is_reading || self.mirror.has_work() || !self.hints.is_empty()
    }

    /// Takes the noted events, and a walk that is due.
    fn take_work(&mut self) {
        self.mirror.work.noted.merge(self.hints.take());
        if self.schedule.begin_groups() {
            self.mirror.list_failed_groups();
        }
        let is_walk_due = self.schedule.until_walk().is_some_and(|left| left.is_zero());
        if std::mem::take(&mut self.walks_first) || is_walk_due {
            self.mirror.work.noted.add_chain();
        }
        if is_walk_due || self.schedule.until_walk().is_none() {
            self.plan_walk();
        }
    }

    fn plan_walk(&mut self) {
        self.schedule.plan_walk(&self.options.chain_id, self.options.walk_every);
    }
}

/// Waits until an event is noted, or the limit has passed.
async fn sleep_until_noted<M: Threading>(hints: &DirectoryHints, schedule: &Schedule<M>, limit: Option<Duration>) {
    let mut sleep = limit.zip(schedule.clock()).map(|(limit, clock)| clock.sleep_boxed(limit));
    poll_fn(|context| {
        let is_over = sleep.as_mut().is_some_and(|sleep| Pin::new(sleep).poll(context).is_ready());
        if hints.poll_noted(context.waker()) || is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl<M: Threading> fmt::Debug for Directory<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (groups, corps) = (self.tree().groups().len(), self.tree().placed_corps().count());
        let debug = &mut f.debug_struct("Directory");
        debug.field("options", &self.options).field("groups", &groups).field("corps", &corps).finish_non_exhaustive()
    }
}
