//! Reads the whole directory (通讯录) of a chain: its groups, and the corps of each group.
//!
//! [`Walk`] yields [`WalkEvent`]s in tree order. [`WalkState`] stores an unfinished walk.

mod event;
mod group_fetch;
mod group_order;
mod state;
#[cfg(feature = "stream")]
mod stream;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use wecom_core::client::BoxedCall;
use wecom_core::ids::ChainId;
use wecom_core::{Client, Error, Shared, Threading};

pub use self::event::{GroupFinding, WalkEvent};
use self::group_fetch::{GroupFetch, Step};
use self::group_order::order_groups;
pub use self::state::WalkState;
use self::state::{Remaining, WalkOptions};
#[cfg(feature = "stream")]
pub use self::stream::WalkStream;
use crate::calls::{GetChainGroup, GetChainGroupReply};
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
/// let tree = upstream.walk(&ChainId::new("ChDealers")).need_pending(true).concurrency(8).collect().await?;
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
///         WalkEvent::GroupFailed { groupid, error } => eprintln!("group {groupid}: {error}"),
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
/// # Malformed trees and failures
///
/// A group without a parent in the list, or in a cycle of groups, yields a [finding](WalkEvent::Finding). The walk
/// visits such groups after the others. If listing the corps of a group fails, the walk yields the corps listed so far
/// and a [`GroupFailed`](WalkEvent::GroupFailed) event, and continues with the next group. The client decides whether a
/// call is retried or waits for a quota: see [`Retry`](wecom_core::Retry) and [`Quotas`](wecom_core::Quotas). The walk
/// itself fails only if listing the groups fails.
///
/// The walk yields exactly the corps that WeCom lists. WeCom's lists are not a snapshot: a corp that moves during the
/// walk may be listed twice or not at all.
///
/// # Concurrency and memory
///
/// At most [`concurrency`](Self::concurrency) calls are in flight, besides a fetch of a token. The walk prefetches the
/// first page of the following groups, so it holds at most `concurrency` pages of corps and the list of groups. The
/// pages of one group are fetched one after another, because each page has the cursor of the next. A walk is fastest if
/// most groups fit into one page.
///
/// Calls make progress only while the next event is awaited: the walk spawns nothing. Dropping the future of
/// [`next`](Self::next) loses nothing and keeps the calls in flight. Dropping the walk cancels them.
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
    client: Client<M>,
    options: WalkOptions,
    /// `None` until the groups are listed.
    remaining: Option<Remaining>,
    /// The groups being fetched. The first one yields the events.
    fetches: VecDeque<GroupFetch<M>>,
    groups: Option<BoxedCall<M, GetChainGroupReply>>,
}

impl<M: Threading> Upstream<M> {
    /// Reads the whole directory (通讯录) of a chain, groups and corps; see [`Walk`].
    pub fn walk(&self, chain_id: impl Into<ChainId>) -> Walk<M> {
        Walk::new(self.client().clone(), chain_id.into())
    }

    /// Resumes a walk from the state of another [`Walk`]. The state includes the chain and the options.
    pub fn resume_walk(&self, state: WalkState) -> Walk<M> {
        Walk::resume(self.client().clone(), state)
    }
}

impl<M: Threading> Walk<M> {
    pub(crate) fn new(client: Client<M>, chain_id: ChainId) -> Self {
        let options = WalkOptions::new(chain_id);
        Self { client, options, remaining: None, fetches: VecDeque::new(), groups: None }
    }

    pub(crate) fn resume(client: Client<M>, state: WalkState) -> Self {
        let WalkState { mut options, remaining, open } = state;
        // Stored text may have been edited.
        options.concurrency = options.concurrency.max(1);
        Self { client, options, remaining, fetches: open.into_iter().map(GroupFetch::new).collect(), groups: None }
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

    /// Returns the next event; `None` at the end of the walk. Dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// Returns an error if listing the groups fails. The next call lists them again.
    pub async fn next(&mut self) -> Result<Option<WalkEvent>, Error> {
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

    /// Returns the state of the walk: all groups and corps that it has not yielded yet. The resumed walk repeats the
    /// calls that were in flight, and those that failed without having yielded an event.
    pub fn state(&self) -> WalkState {
        let open = self.fetches.iter().map(|fetch| fetch.open.clone()).collect();
        WalkState { options: self.options.clone(), remaining: self.remaining.clone(), open }
    }

    /// Returns the number of corps fetched and not yet yielded: at most `concurrency` pages.
    #[must_use]
    pub fn buffered_corps(&self) -> usize {
        self.fetches.iter().map(|fetch| fetch.open.page.items_left()).sum()
    }

    pub(crate) fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<WalkEvent, Error>>> {
        let mut remaining = match self.remaining.take() {
            Some(remaining) => remaining,
            None => match ready!(self.poll_groups(context)) {
                Ok(remaining) => remaining,
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        let event = match remaining.findings.pop_front() {
            Some(finding) => Poll::Ready(Some(WalkEvent::Finding(finding))),
            None => self.poll_open(&mut remaining, context),
        };
        self.remaining = Some(remaining);
        event.map(|event| event.map(Ok))
    }

    fn poll_groups(&mut self, context: &mut Context<'_>) -> Poll<Result<Remaining, Error>> {
        let begin = || self.client.call_boxed(GetChainGroup::new(&self.options.chain_id));
        let call = self.groups.get_or_insert_with(begin);
        let outcome = ready!(Pin::new(call).poll(context));
        self.groups = None;
        Poll::Ready(outcome.map(|reply| {
            let (groups, findings) = order_groups(reply.groups);
            Remaining { findings, groups }
        }))
    }

    /// Returns the next event of the first open group. Polls all open groups, so that each makes progress at every
    /// event.
    fn poll_open(&mut self, remaining: &mut Remaining, context: &mut Context<'_>) -> Poll<Option<WalkEvent>> {
        loop {
            while self.fetches.len() < self.options.concurrency {
                let Some(planned) = remaining.groups.pop_front() else { break };
                self.fetches.push_back(GroupFetch::new(state::OpenGroup::new(planned)));
            }
            for fetch in self.fetches.iter_mut().take(self.options.concurrency) {
                fetch.poll(&self.client, &self.options, context);
            }
            let Some(first) = self.fetches.front_mut() else { return Poll::Ready(None) };
            match first.next_step() {
                Step::Event(event) => return Poll::Ready(Some(event)),
                Step::Pending => return Poll::Pending,
                Step::Finished(last) => {
                    self.fetches.pop_front();
                    if let Some(event) = last {
                        return Poll::Ready(Some(event));
                    }
                }
            }
        }
    }
}

impl<M: Threading> fmt::Debug for Walk<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("options", &self.options)
            .field("open_groups", &self.fetches.len())
            .finish_non_exhaustive()
    }
}
