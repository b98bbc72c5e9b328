//! The fetching of one group's corps.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use wecom_core::client::BoxedCall;
use wecom_core::{Client, Error, Threading};

use crate::calls::{GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply};
use crate::jobs::pager::{PageError, PagedCall};
use crate::jobs::walk::event::WalkEvent;
use crate::jobs::walk::state::{OpenGroup, WalkOptions};

/// The maximum number of calls that one poll begins or ends, so that it ends over a transport that is always ready.
const PAGES_PER_POLL: u32 = 32;

pub(crate) struct GroupFetch<M: Threading> {
    pub(crate) open: OpenGroup,
    call: CallState<M>,
}

enum CallState<M: Threading> {
    Idle,
    InFlight(BoxedCall<M, GetChainCorpinfoListReply>),
    Failed(PageError),
}

/// The next step of a group.
pub(crate) enum Step {
    Event(WalkEvent),
    /// The group waits for a reply.
    Pending,
    /// The group is finished, with a last event if it failed.
    Finished(Option<WalkEvent>),
}

impl<M: Threading> GroupFetch<M> {
    pub(crate) fn new(open: OpenGroup) -> Self {
        Self { open, call: CallState::Idle }
    }

    /// Requests the next page once the current one is used up, and polls the request.
    pub(crate) fn poll(&mut self, client: &Client<M>, options: &WalkOptions, context: &mut Context<'_>) {
        // Repeats only if a page is empty and another one follows.
        for _ in 0..PAGES_PER_POLL {
            if self.open.page.has_items() || self.open.page.is_last() {
                return;
            }
            match &mut self.call {
                CallState::Failed(_) => return,
                CallState::Idle => {
                    let call = options.call(self.open.groupid(), &self.open.page);
                    self.call = CallState::InFlight(client.call_boxed(call));
                }
                CallState::InFlight(call) => {
                    let Poll::Ready(outcome) = Pin::new(call).poll(context) else { return };
                    self.call = self.accept(outcome).err().map_or(CallState::Idle, CallState::Failed);
                }
            }
        }
        context.waker().wake_by_ref();
    }

    /// Returns the next step. Poll the group first.
    pub(crate) fn next_step(&mut self) -> Step {
        let OpenGroup { planned, has_begun, page } = &mut self.open;
        if !*has_begun {
            *has_begun = true;
            return Step::Event(WalkEvent::Group { group: planned.group.clone(), depth: planned.depth });
        }
        if let Some(corp) = page.take_item() {
            return Step::Event(WalkEvent::Corp(corp));
        }
        let groupid = planned.group.groupid;
        match std::mem::replace(&mut self.call, CallState::Idle) {
            CallState::Failed(error) => Step::Finished(Some(WalkEvent::GroupFailed { groupid, error })),
            CallState::Idle if page.is_last() => Step::Finished(None),
            call => {
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
