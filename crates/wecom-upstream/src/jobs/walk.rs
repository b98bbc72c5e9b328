//! Reads the whole directory (通讯录) of a chain: its groups, and the corps of each group.
//!
//! [`Walk`] yields [`WalkEvent`]s in tree order. [`WalkState`] stores an unfinished walk.

mod event;
mod failure;
mod group_fetch;
mod group_order;
mod outage;
mod progress;
mod remaining;
mod state;
#[cfg(feature = "stream")]
mod stream;
mod wakers;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use wecom_core::ids::{ChainId, GroupId};
use wecom_core::{Client, Error, Shared, Threading};

pub use self::event::{GroupFinding, WalkEvent};
pub(crate) use self::failure::Consequence;
use self::group_fetch::{GroupFetch, Step};
pub(crate) use self::group_order::{PlannedGroup, order_groups};
use self::outage::Outage;
pub use self::progress::WalkProgress;
use self::remaining::Remaining;
pub(crate) use self::state::OpenGroup;
pub use self::state::WalkState;
use self::state::{Content, WalkOptions};
#[cfg(feature = "stream")]
pub use self::stream::WalkStream;
use self::wakers::WalkWaker;
use crate::calls::{GetChainGroup, GetChainGroupReply};
use crate::jobs::attention::Attention;
use crate::jobs::kept_read::{ReadCall, ReadOutcome};
use crate::jobs::pager::PageError;
use crate::jobs::trace::JobSpan;
use crate::jobs::transience::may_pass;
use crate::upstream::Upstream;

/// Reads the whole directory (通讯录) of a chain: its groups, and the corps of each group.
///
/// Created by [`Upstream::walk`](crate::Upstream::walk). [`collect`](Self::collect) returns the directory as a
/// [`ChainTree`](crate::jobs::chain_tree::ChainTree):
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::{ChainId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let tree = upstream
///     .walk(&ChainId::new("ChDealers"))
///     .need_pending(true)
///     .concurrency(8)
///     .collect()
///     .await?;
/// assert_eq!((tree.groups().len(), tree.corps().count()), (5, 8));
/// println!("{tree}");
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
///
/// [`next`](Self::next) yields one event at a time, for a directory too large for memory:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::jobs::walk::WalkEvent;
/// use wecom_upstream::{ChainId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let mut walk = upstream.walk(ChainId::new("ChDealers"));
/// let mut lines = Vec::new();
/// while let Some(event) = walk.next().await? {
///     match event {
///         WalkEvent::Group { group, .. } => lines.push(format!("# {}", group.group_name)),
///         WalkEvent::Corp(corp) => lines.push(corp.corp_name),
///         WalkEvent::GroupFailed { groupid, error } => {
///             eprintln!("group {groupid}: {error}")
///         }
///         WalkEvent::Finding(finding) => eprintln!("{finding}"),
///         _ => {}
///     }
/// }
/// assert_eq!(lines[..4], ["# ", "中原家电配送中心", "# 华北区", "冀北电器商行"]);
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
///
/// # Order
///
/// The order does not depend on the concurrency: a group, its corps in the order of the reply, then the groups below
/// it. Sibling groups are sorted by `order`, largest first, then by id, smallest first. WeCom does not list the root
/// group; the walk yields it first, with an empty name.
///
/// # Malformed trees
///
/// A group without a parent in the list, or in a cycle of groups, yields a [finding](WalkEvent::Finding). The walk
/// visits such groups after the others.
///
/// The walk yields exactly the corps that WeCom lists. WeCom's lists are not a snapshot: a corp that moves during the
/// walk may be listed twice or not at all.
///
/// # Failures
///
/// The client decides whether a call is retried or waits for a quota: see [`Retry`](wecom_core::Retry) and
/// [`Quotas`](wecom_core::Quotas). If a call fails nevertheless, the walk acts on the error:
///
/// | error | effect |
/// |---|---|
/// | is transient: connection, time limit, HTTP 5xx, busy, rate limit | [`GroupDeferred`](WalkEvent::GroupDeferred): the walk lists the rest of the group at its end |
/// | affects every call: credentials, untrusted IP address, permission, certificate, unknown chain | [`next`](Self::next) returns the error; awaiting it again continues the walk |
/// | affects one group: no access to the group, a malformed page, a cursor cycle | [`GroupFailed`](WalkEvent::GroupFailed): the walk continues with the next group |
///
/// After a transient failure, the walk waits 1 s before the next call. While all calls fail, it makes one call at a
/// time and doubles the wait up to 60 s. If the service has failed for longer than the [limit](Self::outage_limit), `next`
/// returns the error; if only deferred groups are left, they fail. The waits need a client with a
/// [timer](wecom_core::ClientBuilder::timer). Without one, three failures in a row reach the limit.
///
/// The failed groups stay in the [state](Self::state), and a walk that resumes from it lists them again.
/// [`ChainTree::mend`](crate::jobs::chain_tree::ChainTree::mend) does the same for a stored tree. With
/// [`fail_fast`](Self::fail_fast), `next` returns the error of any failed call.
///
/// # Concurrency and memory
///
/// At most [`concurrency`](Self::concurrency) calls are in flight, besides a fetch of a token. The walk prefetches the
/// first page of the following groups, so it holds at most `concurrency` pages of corps and the list of groups. The
/// pages of one group are fetched one after another, because each page has the cursor of the next. A walk is fastest if
/// most groups fit into one page.
///
/// Calls make progress only while the next event is awaited: the walk spawns nothing. A call that times out after the
/// program has not polled the walk for more than half a second is repeated. It does not matter whether the program dropped
/// the future of [`next`](Self::next) or kept it without polling it. Dropping the future of `next` loses nothing and keeps
/// the calls in flight, so `next` can be a branch of `select!`. Dropping the walk cancels them.
///
/// # Resuming
///
/// The [state](Self::state) can be stored, and another walk can resume from it:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::jobs::walk::WalkState;
/// use wecom_upstream::{ChainId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let mut walk = upstream.walk(ChainId::new("ChDealers"));
/// for _ in 0..7 {
///     walk.next().await?;
/// }
/// let stored = serde_json::to_string(&walk.state()).unwrap();
/// drop(walk);
///
/// let state: WalkState = serde_json::from_str(&stored).unwrap();
/// let mut walk = upstream.resume_walk(state);
/// let mut events = 7;
/// while walk.next().await?.is_some() {
///     events += 1;
/// }
/// assert_eq!(events, 11);
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
#[must_use = "a walk does nothing until `next` or `collect` is awaited"]
pub struct Walk<M: Threading = Shared> {
    span: JobSpan,
    client: Client<M>,
    options: WalkOptions,
    /// `None` until the groups are listed.
    remaining: Option<Remaining>,
    /// The groups being fetched. The first one yields the events.
    fetches: VecDeque<GroupFetch<M>>,
    /// The groups to list again at the end.
    deferred: VecDeque<OpenGroup>,
    /// The groups that failed.
    failed: VecDeque<OpenGroup>,
    progress: WalkProgress,
    groups: Option<ReadCall<M, GetChainGroupReply>>,
    /// The [awaited time](Attention::awaited) at the start of the first call for the groups.
    list_begun_at: Option<Duration>,
    outage: Outage<M>,
    waker: Arc<WalkWaker>,
    /// The error that stops the walk, or, once only deferred groups are left, makes them fail.
    stop: Option<PageError>,
    attention: Attention<M>,
    /// The number of events since a poll was pending.
    ready_events: u32,
}

/// The maximum number of events in a row without a pending poll, so that a loop over a transport that is always ready
/// does not block the thread.
const MAX_READY_EVENTS: u32 = 128;

impl<M: Threading> Upstream<M> {
    /// Reads the whole directory (通讯录) of a chain, groups and corps; see [`Walk`].
    pub fn walk(&self, chain_id: impl Into<ChainId>) -> Walk<M> {
        Walk::new(self.client().clone(), WalkOptions::new(chain_id.into()))
    }

    /// Resumes a walk from the state of another [`Walk`]. The state includes the chain and the options. The walk lists
    /// the groups that failed again.
    pub fn resume_walk(&self, state: WalkState) -> Walk<M> {
        Walk::resume(self.client().clone(), state)
    }
}

impl<M: Threading> Walk<M> {
    fn new(client: Client<M>, options: WalkOptions) -> Self {
        let (outage, attention) = (Outage::new(client.clock()), Attention::new(client.clock()));
        Self {
            span: JobSpan::walk(&options.chain_id),
            client,
            options,
            remaining: None,
            fetches: VecDeque::new(),
            deferred: VecDeque::new(),
            failed: VecDeque::new(),
            progress: WalkProgress::default(),
            groups: None,
            list_begun_at: None,
            outage,
            waker: Arc::default(),
            stop: None,
            attention,
            ready_events: 0,
        }
    }

    fn resume(client: Client<M>, state: WalkState) -> Self {
        let Content { mut options, remaining, open, deferred, failed, progress } = state.content;
        // Stored text may have been edited.
        options.concurrency = options.concurrency.max(1);
        let mut walk = Self::new(client, options);
        walk.fetches = open.into_iter().map(|open| GroupFetch::new(open, &walk.waker)).collect();
        walk.deferred = deferred.into_iter().chain(failed).map(OpenGroup::deferred).collect();
        let reopened = walk.fetches.iter().filter(|fetch| fetch.open.is_deferred).count();
        walk.progress = WalkProgress { failed: walk.deferred.len() + reopened, ..progress };
        walk.remaining = remaining;
        walk
    }

    /// Creates a walk that lists only groups that an earlier walk has begun, each from its start.
    pub(crate) fn mend(
        upstream: &Upstream<M>,
        chain_id: ChainId,
        need_pending: bool,
        groups: impl Iterator<Item = PlannedGroup>,
    ) -> Self {
        let mut walk = Self::new(upstream.client().clone(), WalkOptions::new(chain_id)).need_pending(need_pending);
        walk.remaining = Some(Remaining::default());
        walk.deferred = groups.map(OpenGroup::to_mend).collect();
        walk.progress.failed = walk.deferred.len();
        walk
    }

    /// Returns the groups that are not read completely.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = GroupId> {
        let open = self.fetches.iter().map(|fetch| &fetch.open);
        open.chain(&self.deferred).chain(&self.failed).map(OpenGroup::groupid)
    }

    /// Sets whether the walk includes corps that were invited and have not joined yet; not by default. Set it before
    /// the first event.
    pub fn need_pending(mut self, need_pending: bool) -> Self {
        self.options.need_pending = need_pending;
        self
    }

    /// Sets the maximum number of calls in flight: 4 by default; 0 means 1. WeCom documents no limit for this call, and
    /// rejects calls beyond its limit with the error code 45033.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.options.concurrency = calls.max(1);
        self
    }

    /// Sets the maximum number of corps on a page: 100 by default. 0 requests each group in one page.
    pub fn page_size(mut self, size: u32) -> Self {
        self.options.page_size = size;
        self
    }

    /// Sets whether [`next`](Self::next) returns the error of any failed call, instead of deferring or skipping the group;
    /// not by default. A list that never ends is not a failed call: its group fails, and the walk continues.
    pub fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.options.fail_fast = fail_fast;
        self
    }

    /// Sets how long to repeat calls while the service fails all of them: 5 minutes by default. See
    /// [Failures](#failures).
    pub fn outage_limit(mut self, limit: Duration) -> Self {
        self.options.outage_limit = limit;
        self
    }

    /// Returns the next event; `None` at the end of the walk. Dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// Returns an error if the groups cannot be listed, if a call fails with an error that affects every call, if the
    /// service has failed for longer than the [limit](Self::outage_limit), or, with [`fail_fast`](Self::fail_fast), if any
    /// call fails. The state stays intact: the next call of this method continues the walk and repeats the failed call.
    pub async fn next(&mut self) -> Result<Option<WalkEvent>, Error> {
        self.attention.begin_await();
        poll_fn(|context| self.poll_event(context)).await.transpose()
    }

    /// Returns the id of the chain.
    pub(crate) fn chain_id(&self) -> &ChainId {
        &self.options.chain_id
    }

    /// Returns whether the walk includes corps that have not joined yet.
    pub(crate) fn needs_pending(&self) -> bool {
        self.options.need_pending
    }

    /// Returns the state of the walk: all groups and corps that it has not yielded yet, and the groups that failed. The
    /// resumed walk repeats the calls that were in flight, and those that failed.
    pub fn state(&self) -> WalkState {
        let content = Content {
            options: self.options.clone(),
            remaining: self.remaining.clone(),
            open: self.fetches.iter().map(|fetch| fetch.open.clone()).collect(),
            deferred: self.deferred.clone(),
            failed: self.failed.clone(),
            progress: self.progress,
        };
        WalkState { content }
    }

    /// Returns the number of groups and corps that the walk has read.
    #[must_use]
    pub fn progress(&self) -> WalkProgress {
        self.progress
    }

    /// Returns the number of corps fetched and not yet yielded: at most `concurrency` pages.
    #[must_use]
    pub fn buffered_corps(&self) -> usize {
        self.fetches.iter().map(|fetch| fetch.open.page.items_left()).sum()
    }

    /// Polls for the next event, during an await.
    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<WalkEvent, Error>>> {
        if self.ready_events >= MAX_READY_EVENTS {
            self.ready_events = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let span = self.span.clone();
        self.attention.begin_poll();
        let event = span.in_scope(|| self.poll_next(context));
        match &event {
            Poll::Ready(event) => span.walk_event(event.as_ref(), self.progress),
            Poll::Pending => self.attention.end_poll(context),
        }
        self.ready_events = if event.is_ready() { self.ready_events + 1 } else { 0 };
        event
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<WalkEvent, Error>>> {
        let mut remaining = match self.remaining.take() {
            Some(remaining) => remaining,
            None => match ready!(self.poll_groups(context)) {
                Ok(remaining) => remaining,
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        let event = match remaining.take_finding() {
            Some(finding) => Poll::Ready(Some(Ok(WalkEvent::Finding(finding)))),
            None => self.poll_open(&mut remaining, context),
        };
        self.remaining = Some(remaining);
        event
    }

    fn poll_groups(&mut self, context: &mut Context<'_>) -> Poll<Result<Remaining, Error>> {
        loop {
            ready!(self.outage.poll_wait(context));
            let Self { client, options, groups, attention, .. } = self;
            let begin = || ReadCall::begin(client.call_boxed(GetChainGroup::new(&options.chain_id)), attention);
            let read = groups.get_or_insert_with(begin);
            let begun_at = *self.list_begun_at.get_or_insert(self.attention.awaited());
            let outcome = ready!(read.poll(context, &self.attention));
            self.groups = None;
            let awaited = self.attention.awaited().saturating_sub(begun_at);
            let error = match outcome {
                ReadOutcome::Ended(Ok(reply)) => {
                    self.outage.end();
                    self.list_begun_at = None;
                    let (groups, findings) = order_groups(reply.groups);
                    self.progress.groups = Some(groups.len());
                    return Poll::Ready(Ok(Remaining::new(groups, findings)));
                }
                ReadOutcome::Starved(_) if awaited < self.options.outage_limit => continue,
                ReadOutcome::Ended(Err(error)) | ReadOutcome::Starved(error) => error,
            };
            if !may_pass(&error) || self.options.fail_fast {
                return Poll::Ready(Err(error));
            }
            if self.outage.fail(self.outage.epoch(), Some(&error), self.options.outage_limit) {
                self.outage.end();
                self.list_begun_at = None;
                return Poll::Ready(Err(error));
            }
        }
    }

    /// Returns the next event of the first open group.
    fn poll_open(
        &mut self,
        remaining: &mut Remaining,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<WalkEvent, Error>>> {
        self.waker.task.register(context.waker());
        loop {
            let has_new = self.open_groups(remaining);
            let was_waiting = self.outage.is_suspected();
            let may_begin = self.outage.poll_wait(context).is_ready();
            // The flag is taken before the poll, so that no wake-up is lost.
            if self.waker.take() || has_new || was_waiting {
                self.poll_fetches(may_begin);
            } else if may_begin {
                self.poll_first();
            }
            // A reply to another group ends the wait, so the end of the wait no longer wakes the first group.
            let has_wait_ended = !may_begin && !self.outage.is_waiting();
            let Some(first) = self.fetches.front_mut() else { return Poll::Ready(None) };
            match first.next_step() {
                Step::Event(event) => {
                    self.progress.corps += usize::from(matches!(event, WalkEvent::Corp(_)));
                    return Poll::Ready(Some(Ok(event)));
                }
                Step::Finished => self.finish_first(),
                Step::Failed(error) => {
                    let may_pass = Consequence::of(&error) == Consequence::Defer;
                    if let Some(event) = self.fail_first(error, may_pass) {
                        return Poll::Ready(Some(Ok(event)));
                    }
                }
                Step::Idle if self.stop.is_some() => {
                    if let Some(outcome) = self.stop_at_first(remaining) {
                        return Poll::Ready(Some(outcome));
                    }
                }
                Step::Pending | Step::Idle if has_wait_ended => self.waker.mark_woken(),
                Step::Pending | Step::Idle => return Poll::Pending,
            }
        }
    }

    /// Opens the next groups, and the deferred ones after all others. Returns whether there are any.
    fn open_groups(&mut self, remaining: &mut Remaining) -> bool {
        let before = self.fetches.len();
        while self.fetches.len() < self.options.concurrency {
            let next = remaining.take_group().map(OpenGroup::new).or_else(|| self.deferred.pop_front());
            let Some(open) = next else { break };
            self.fetches.push_back(GroupFetch::new(open, &self.waker));
        }
        self.fetches.len() > before
    }

    /// Polls the groups that were woken, and begins calls. While the service fails, only the first group begins one.
    fn poll_fetches(&mut self, may_begin: bool) {
        for (at, fetch) in self.fetches.iter_mut().take(self.options.concurrency).enumerate() {
            let may_begin = may_begin && self.stop.is_none() && (at == 0 || !self.outage.is_suspected());
            if let Some(stop) =
                fetch.poll(&self.client, &self.options, &mut self.outage, may_begin, &mut self.attention)
            {
                self.stop.get_or_insert(stop);
            }
        }
    }

    /// Polls the first group, whose page may be used up.
    fn poll_first(&mut self) {
        if let Some(first) = self.fetches.front_mut() {
            let may_begin = self.stop.is_none();
            if let Some(stop) =
                first.poll(&self.client, &self.options, &mut self.outage, may_begin, &mut self.attention)
            {
                self.stop.get_or_insert(stop);
            }
        }
    }

    fn finish_first(&mut self) {
        if let Some(first) = self.fetches.pop_front() {
            self.progress.done += 1;
            self.progress.failed -= usize::from(first.open.is_deferred).min(self.progress.failed);
        }
    }

    /// Defers or fails the first group after a failed call.
    fn fail_first(&mut self, error: PageError, may_pass: bool) -> Option<WalkEvent> {
        let open = self.fetches.pop_front()?.open;
        let groupid = open.groupid();
        self.progress.failed += usize::from(!open.is_deferred);
        if may_pass {
            self.deferred.push_back(open.deferred());
            return Some(WalkEvent::GroupDeferred { groupid, error });
        }
        self.failed.push_back(open.deferred());
        Some(WalkEvent::GroupFailed { groupid, error })
    }

    /// Stops the walk before the first group. If the service has failed for too long and only deferred groups are left,
    /// fails the first of them instead.
    fn stop_at_first(&mut self, remaining: &Remaining) -> Option<Result<WalkEvent, Error>> {
        let is_end = remaining.groups().is_empty() && self.fetches.iter().all(|fetch| fetch.open.is_deferred);
        let error = self.stop.clone()?;
        let is_outage = Consequence::of(&error) == Consequence::Defer && !self.options.fail_fast;
        if is_end && is_outage {
            let event = self.fail_first(error, false);
            if self.fetches.is_empty() && self.deferred.is_empty() {
                self.stop = None;
            }
            return event.map(Ok);
        }
        self.stop = None;
        self.outage.end();
        // Only a failed call stops the walk.
        match error {
            PageError::Call(error) => Some(Err(error)),
            error => self.fail_first(error, false).map(Ok),
        }
    }
}

impl<M: Threading> fmt::Debug for Walk<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("options", &self.options).field("progress", &self.progress).finish_non_exhaustive()
    }
}
