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

/// Reads the whole directory (通讯录) of a chain: the tree of its groups, and the corps of each, which WeCom lists one group
/// and one page at a time.
///
/// From [`Upstream::walk`](crate::Upstream::walk). All at once, as a [`ChainTree`](crate::jobs::chain_tree::ChainTree):
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
/// or as it comes, for a directory that should not lie in memory:
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
/// The same however many calls are made at once: each group, its corps in the service's order, then the groups below it,
/// those with the larger `order` first, and of the same `order` those with the smaller id. WeCom leaves the root group out
/// of its list; here it comes first, with an empty name.
///
/// # What is not a tree, and what fails
///
/// Groups that hang on nothing or lie below each other in a circle are told as [findings](WalkEvent::Finding), and walked
/// all the same, after the others. A group whose corps can't be listed is told as [failed](WalkEvent::GroupFailed) after
/// those of its corps that could, and the walk goes on. How hard each call tries is for the client to say:
/// [`Retry`](wecom_core::Retry), [`Quotas`](wecom_core::Quotas). The one error that the walk itself fails with is that of
/// the list of groups.
///
/// WeCom puts a corp into one group. If it lists one in two all the same, so does the walk: it neither adds nor drops any.
/// A corp that is moved while the walk is under way may be told twice or not at all, since no list is of one moment.
///
/// # Calls at once, and memory
///
/// There are never more calls under way than [`concurrency`](Self::concurrency) says, fetching a token apart. Besides the
/// group that is being told, those that come after it are asked for their first page, and no more than that: so a walk
/// holds at most `concurrency` pages of corps, and the list of groups. The pages of one group come one after another, as
/// each has the cursor of the next. So a walk is fastest where most groups fit into a page.
///
/// Calls under way go on only while somebody waits for the next event; nothing is spawned. Dropping the future of
/// [`next`](Self::next) loses nothing, and the calls stay under way. Dropping the walk ends them.
///
/// # Stopping and going on
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
#[must_use = "a walk does nothing until it is asked for an event"]
pub struct Walk<M: Threading = Shared> {
    client: Client<M>,
    options: WalkOptions,
    /// `None` until the groups are known.
    remaining: Option<Remaining>,
    /// The groups that are asked about, the first of them the one that is told.
    fetches: VecDeque<GroupFetch<M>>,
    groups: Option<BoxedCall<M, GetChainGroupReply>>,
}

impl<M: Threading> Upstream<M> {
    /// Reads the whole directory (通讯录) of a chain, groups and corps: see [`Walk`].
    pub fn walk(&self, chain_id: impl Into<ChainId>) -> Walk<M> {
        Walk::new(self.client().clone(), chain_id.into())
    }

    /// Goes on with a [`Walk`] where another one was. The state knows the chain and what the walk was told to do.
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
        // Text that was stored may have been changed.
        options.concurrency = options.concurrency.max(1);
        Self { client, options, remaining, fetches: open.into_iter().map(GroupFetch::new).collect(), groups: None }
    }

    /// Sets whether corps that were invited and have not joined yet are told too: not, by default. To be set before the
    /// first event.
    pub fn need_pending(mut self, need_pending: bool) -> Self {
        self.options.need_pending = need_pending;
        self
    }

    /// Sets how many calls may be under way at once: 4 by default; 0 counts as 1. WeCom documents no limit for this call,
    /// and answers 45033 where it finds that there are too many.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.options.concurrency = calls.max(1);
        self
    }

    /// Sets how many corps a page may have: 100 by default. 0 asks for each group in one page, however large it is.
    pub fn page_size(mut self, size: u32) -> Self {
        self.options.page_size = size;
        self
    }

    /// What comes next; `None` when the walk is over. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    ///
    /// When the list of groups can't be had. The next call asks for it again.
    pub async fn next(&mut self) -> Result<Option<WalkEvent>, Error> {
        poll_fn(|context| self.poll_event(context)).await.transpose()
    }

    /// The chain that is walked.
    pub(crate) fn chain_id(&self) -> &ChainId {
        &self.options.chain_id
    }

    /// Whether the walk includes corps that have not joined yet.
    pub(crate) fn needs_pending(&self) -> bool {
        self.options.need_pending
    }

    /// Where the walk is: all that has not been told yet. It can be taken at any time. What is under way then is asked for
    /// again by the walk that goes on, a group that failed and was not told so among it.
    pub fn state(&self) -> WalkState {
        let open = self.fetches.iter().map(|fetch| fetch.open.clone()).collect();
        WalkState { options: self.options.clone(), remaining: self.remaining.clone(), open }
    }

    /// How many corps have been fetched and not told yet: at most `concurrency` pages of them.
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

    /// What comes next of the first open group. All of them are polled each time, so that none waits for the consumer
    /// longer than for one event.
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
