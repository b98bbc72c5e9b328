//! A group that is open, and its call that is under way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use wecom_core::client::BoxedCall;
use wecom_core::{Client, Error, Threading};

use crate::calls::{GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply};
use crate::jobs::pager::{PageError, PagedCall};
use crate::jobs::walk::event::WalkEvent;
use crate::jobs::walk::state::{OpenGroup, WalkOptions};

pub(crate) struct GroupFetch<M: Threading> {
    pub(crate) open: OpenGroup,
    call: CallState<M>,
}

enum CallState<M: Threading> {
    Idle,
    UnderWay(BoxedCall<M, GetChainCorpinfoListReply>),
    Failed(PageError),
}

/// What an open group has to tell.
pub(crate) enum Step {
    Event(WalkEvent),
    /// Nothing before its call is answered.
    Pending,
    /// Nothing any more. If it failed, that comes last.
    Finished(Option<WalkEvent>),
}

impl<M: Threading> GroupFetch<M> {
    pub(crate) fn new(open: OpenGroup) -> Self {
        Self { open, call: CallState::Idle }
    }

    /// Asks for the next page if nothing is left of the last, and sees whether it has come.
    pub(crate) fn poll(&mut self, client: &Client<M>, options: &WalkOptions, context: &mut Context<'_>) {
        // More than once round only where a page is empty and another follows.
        while !self.open.page.has_items() && !self.open.page.is_last() {
            match &mut self.call {
                CallState::Failed(_) => return,
                CallState::Idle => {
                    let call = options.call(self.open.groupid(), &self.open.page);
                    self.call = CallState::UnderWay(client.call_boxed(call));
                }
                CallState::UnderWay(call) => {
                    let Poll::Ready(outcome) = Pin::new(call).poll(context) else { return };
                    self.call = self.answered(outcome).err().map_or(CallState::Idle, CallState::Failed);
                }
            }
        }
    }

    /// What comes next of this group. To be polled before.
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

    fn answered(&mut self, outcome: Result<GetChainCorpinfoListReply, Error>) -> Result<(), PageError> {
        let page = GetChainCorpinfoList::into_page(outcome?);
        Ok(self.open.page.accept(&GET_CHAIN_CORPINFO_LIST, page)?)
    }
}
