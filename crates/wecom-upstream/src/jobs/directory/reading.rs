//! The calls of a refresh. Each reply is applied before anything else is awaited, so that a dropped refresh loses none.

use std::future::poll_fn;
use std::task::{Context, Poll};

use wecom_core::{Error, Threading};

use super::Directory;
use super::listing::Listing;
use super::state::DirectoryOptions;
use super::walking::Walking;
use crate::calls::{GetChainCorpinfo, GetChainCorpinfoReply, GetChainGroup, GetChainGroupReply};
use crate::jobs::kept_read::{ReadCall, ReadOutcome};
use crate::jobs::transience::may_pass;
use crate::jobs::walk::Walk;
use crate::values::CorpRef;

impl<M: Threading> Directory<M> {
    /// Reads until no work is left, or until too many lookups have failed. Reads one kind of work at a time: a walk, which
    /// includes all other work, then a listing in flight, the list of groups, lookups, and new listings. A listing in flight
    /// goes first, so that its older replies do not undo newer ones.
    pub(super) async fn read(&mut self) -> Result<(), Error> {
        loop {
            self.mirror.look_up_unlocated();
            self.mirror.prefer_walk(self.options.page_size);
            let work = &self.mirror.work;
            if self.walking.is_some() || work.noted.walk {
                self.walk().await?;
            } else if self.listing.is_some() {
                self.list().await?;
            } else if self.groups.is_some() || work.noted.groups {
                self.read_groups().await?;
            } else if !self.corps.is_empty() || (!work.noted.corps.is_empty() && !work.is_failing()) {
                self.look_up().await?;
            } else if !work.found.is_empty() || !work.lists.is_empty() {
                self.begin_listing();
            } else {
                return Ok(());
            }
        }
    }

    async fn walk(&mut self) -> Result<(), Error> {
        if self.walking.is_none() {
            self.mirror.work.begin_walk();
            self.failure = None;
            self.plan_walk();
            (self.listing, self.groups) = (None, None);
            self.corps.drain(..).for_each(|(corp, _)| self.mirror.work.cancel_lookup(&corp));
        }
        let walk = || self.upstream.walk(&self.options.chain_id);
        let walking = self.walking.get_or_insert_with(|| Walking::new(configured(walk(), &self.options)));
        walking.run().await?;
        let Some(walking) = self.walking.take() else { return Ok(()) };
        let (read, error) = walking.into_read();
        self.mirror.apply_walk(read, self.options.page_size);
        error.map_or(Ok(()), Err)
    }

    async fn read_groups(&mut self) -> Result<(), Error> {
        let outcome = poll_fn(|context| self.poll_groups(context)).await;
        self.groups = None;
        match outcome {
            ReadOutcome::Ended(Ok(reply)) => self.mirror.apply_groups(reply.groups),
            ReadOutcome::Ended(Err(error)) => {
                self.mirror.work.noted.groups = true;
                return Err(error);
            }
            ReadOutcome::Starved(_) => self.mirror.work.noted.groups = true,
        }
        Ok(())
    }

    fn poll_groups(&mut self, context: &mut Context<'_>) -> Poll<ReadOutcome<GetChainGroupReply>> {
        let Self { upstream, options, mirror, groups, attention, .. } = self;
        attention.begin_poll();
        let read = groups.get_or_insert_with(|| {
            mirror.work.noted.groups = false;
            ReadCall::begin(upstream.client().call_boxed(GetChainGroup::new(&options.chain_id)), attention)
        });
        let outcome = read.poll(context, attention);
        if outcome.is_pending() {
            attention.end_poll(context);
        }
        outcome
    }

    async fn look_up(&mut self) -> Result<(), Error> {
        while self.begin_lookups() {
            let (corp, outcome) = poll_fn(|context| self.poll_lookups(context)).await;
            match outcome {
                ReadOutcome::Ended(Err(error)) if may_pass(&error) => self.defer(corp, error),
                ReadOutcome::Ended(outcome) => self.mirror.apply_corp(corp, outcome)?,
                ReadOutcome::Starved(_) => drop(self.mirror.work.noted.corps.insert(corp)),
            }
        }
        Ok(())
    }

    /// Leaves the lookup of a corp to the next refresh. If the service seems to fail every lookup, leaves the others too.
    fn defer(&mut self, corp: CorpRef, error: Error) {
        self.failure = Some(error);
        let work = &mut self.mirror.work;
        work.defer(corp);
        if work.is_failing() {
            work.noted.corps.extend(self.corps.drain(..).map(|(corp, _)| corp));
        }
    }

    /// Begins the next lookups. Returns whether any is in flight.
    fn begin_lookups(&mut self) -> bool {
        while self.corps.len() < self.options.concurrency {
            let Some(corp) = self.mirror.work.next_lookup() else { break };
            let call = self.upstream.client().call_boxed(GetChainCorpinfo::new(&self.options.chain_id, &corp));
            self.corps.push((corp, ReadCall::begin(call, &mut self.attention)));
        }
        !self.corps.is_empty()
    }

    fn poll_lookups(&mut self, context: &mut Context<'_>) -> Poll<(CorpRef, ReadOutcome<GetChainCorpinfoReply>)> {
        self.attention.begin_poll();
        for at in 0..self.corps.len() {
            let Some((_, read)) = self.corps.get_mut(at) else { break };
            if let Poll::Ready(outcome) = read.poll(context, &self.attention) {
                let (corp, _) = self.corps.swap_remove(at);
                return Poll::Ready((corp, outcome));
            }
        }
        self.attention.end_poll(context);
        Poll::Pending
    }

    fn begin_listing(&mut self) {
        let (groups, wanted) = self.mirror.begin_listing();
        if !groups.is_empty() {
            let options = &self.options;
            let walk = Walk::mend(&self.upstream, options.chain_id.clone(), options.need_pending, groups.into_iter());
            self.listing = Some(Listing::new(configured(walk, options), wanted));
        }
    }

    async fn list(&mut self) -> Result<(), Error> {
        let Some(listing) = &mut self.listing else { return Ok(()) };
        let listed = listing.run().await?;
        self.listing = None;
        self.mirror.apply_lists(listed)
    }
}

fn configured<M: Threading>(walk: Walk<M>, options: &DirectoryOptions) -> Walk<M> {
    walk.need_pending(options.need_pending)
        .concurrency(options.concurrency)
        .page_size(options.page_size)
        .outage_limit(options.outage_limit)
}
