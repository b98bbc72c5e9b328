//! The fetching of one group's corps.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wecom_core::{Client, Error, Threading};

use crate::calls::{GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply};
use crate::jobs::attention::Attention;
use crate::jobs::kept_read::{ReadCall, ReadOutcome};
use crate::jobs::pager::{PageError, PagedCall};
use crate::jobs::walk::event::WalkEvent;
use crate::jobs::walk::failure::Consequence;
use crate::jobs::walk::outage::Outage;
use crate::jobs::walk::state::{OpenGroup, WalkOptions};
use crate::jobs::walk::wakers::{GroupWaker, WalkWaker};

/// The maximum number of empty pages that one poll accepts, so that it ends over a transport that is always ready.
const PAGES_PER_POLL: u32 = 16;

pub(crate) struct GroupFetch<M: Threading> {
    pub(crate) open: OpenGroup,
    call: CallState<M>,
    /// The [awaited time](Attention::awaited) at the start of the first call for the current page.
    begun_at: Option<Duration>,
    group_waker: Arc<GroupWaker>,
    waker: Waker,
}

enum CallState<M: Threading> {
    Idle,
    InFlight {
        read: ReadCall<M, GetChainCorpinfoListReply>,
        /// The [epoch](Outage::epoch) at the start of the call.
        epoch: u64,
    },
    Failed(PageError),
}

/// The next step of a group.
pub(crate) enum Step {
    Event(WalkEvent),
    /// The group waits for a reply.
    Pending,
    /// The group waits for a call to begin.
    Idle,
    Finished,
    Failed(PageError),
}

impl<M: Threading> GroupFetch<M> {
    pub(crate) fn new(open: OpenGroup, walk: &Arc<WalkWaker>) -> Self {
        let group_waker = GroupWaker::new(walk);
        let waker = Waker::from(Arc::clone(&group_waker));
        Self { open, call: CallState::Idle, begun_at: None, group_waker, waker }
    }

    /// Returns whether the current page is used up and another one follows.
    fn needs_page(&self) -> bool {
        !self.open.page.has_items() && !self.open.page.is_last()
    }

    /// Requests the next page once the current one is used up and `may_begin` is set, and polls the request if it was
    /// woken. Returns the error that stops the walk, if there is one.
    pub(crate) fn poll(
        &mut self,
        client: &Client<M>,
        options: &WalkOptions,
        outage: &mut Outage<M>,
        may_begin: bool,
        attention: &mut Attention<M>,
    ) -> Option<PageError> {
        let mut is_woken = self.group_waker.take();
        // Repeats only if a page is empty and another one follows.
        for _ in 0..PAGES_PER_POLL {
            if !self.needs_page() {
                return None;
            }
            if matches!(self.call, CallState::Idle) && may_begin {
                let call = client.call_boxed(options.call(self.open.groupid(), &self.open.page));
                self.call = CallState::InFlight { read: ReadCall::begin(call, attention), epoch: outage.epoch() };
                self.begun_at.get_or_insert_with(|| attention.awaited());
                is_woken = true;
            }
            let CallState::InFlight { read, epoch } = &mut self.call else { return None };
            if !is_woken {
                return None;
            }
            let context = &mut Context::from_waker(&self.waker);
            let Poll::Ready(outcome) = read.poll(context, attention) else { return None };
            let epoch = *epoch;
            self.call = CallState::Idle;
            // If the consumer awaited the page for the whole limit without a reply, the service has failed in spite of the
            // pauses.
            let awaited = attention.awaited().saturating_sub(self.begun_at.unwrap_or_default());
            if matches!(outcome, ReadOutcome::Starved(_)) && awaited < options.outage_limit {
                continue;
            }
            let Err(error) = self.accept(outcome.into_result()) else {
                outage.end();
                self.begun_at = None;
                continue;
            };
            self.begun_at = None;
            return self.fail(error, epoch, options, outage);
        }
        self.waker.wake_by_ref();
        None
    }

    /// Records a failed call. Returns the error if it stops the walk.
    fn fail(
        &mut self,
        error: PageError,
        epoch: u64,
        options: &WalkOptions,
        outage: &mut Outage<M>,
    ) -> Option<PageError> {
        let is_over_limit = match Consequence::of(&error) {
            Consequence::Stop => true,
            _ if options.fail_fast && error.call_error().is_some() => true,
            Consequence::Skip => {
                outage.end();
                false
            }
            Consequence::Defer => outage.fail(epoch, error.call_error(), options.outage_limit),
        };
        if is_over_limit {
            return Some(error);
        }
        self.call = CallState::Failed(error);
        None
    }

    /// Returns the next step. Poll the group first.
    pub(crate) fn next_step(&mut self) -> Step {
        if let Some(event) = self.open.next_event() {
            return Step::Event(event);
        }
        match std::mem::replace(&mut self.call, CallState::Idle) {
            CallState::Failed(error) => Step::Failed(error),
            CallState::Idle if self.open.page.is_last() => Step::Finished,
            CallState::Idle => Step::Idle,
            call @ CallState::InFlight { .. } => {
                self.call = call;
                Step::Pending
            }
        }
    }

    fn accept(&mut self, outcome: Result<GetChainCorpinfoListReply, Error>) -> Result<(), PageError> {
        let page = GetChainCorpinfoList::into_page(outcome?);
        self.open.page.accept(&GET_CHAIN_CORPINFO_LIST, page)
    }
}
