//! Lookups of downstream corps that concurrent callers share.

use std::collections::HashMap;
use std::thread;

use futures_util::future::{Shared, WeakShared};
use wecom_core::client::BoxedCall;
use wecom_core::ids::CorpId;
use wecom_core::{Error, Threading};

use crate::calls::{ListAppShareInfo, ListAppShareInfoReply};
use crate::downstream::share::Share;

type SharedCall<M> = Shared<BoxedCall<M, ListAppShareInfoReply>>;

/// The lookups in flight, by corp. Each one belongs to all its callers: the caller that is polled makes it progress,
/// and it is cancelled once all of them are dropped.
pub(super) struct Lookups<M: Threading> {
    in_flight: HashMap<CorpId, (u64, WeakShared<BoxedCall<M, ListAppShareInfoReply>>)>,
    /// The id of the latest lookup.
    latest: u64,
}

/// A lookup of a corp.
pub(super) struct Lookup<'a, M: Threading> {
    share: &'a Share<M>,
    corp_id: &'a CorpId,
    id: u64,
    call: SharedCall<M>,
    /// Whether another caller began the lookup.
    is_joined: bool,
}

/// The outcome of a lookup.
pub(super) struct Found {
    pub(super) reply: ListAppShareInfoReply,
    /// Whether the reply is still current: `false` after another caller took it, or [`Share::forget`] removed it.
    pub(super) is_current: bool,
}

impl<M: Threading> Lookups<M> {
    pub(super) fn new() -> Self {
        Self { in_flight: HashMap::new(), latest: 0 }
    }

    /// Removes the lookup of a corp, so that the next caller begins another one.
    pub(super) fn remove(&mut self, corp_id: &CorpId) {
        self.in_flight.remove(corp_id);
    }

    fn join(&self, corp_id: &CorpId) -> Option<(u64, SharedCall<M>)> {
        let (id, call) = self.in_flight.get(corp_id)?;
        Some((*id, call.upgrade()?))
    }

    fn begin(&mut self, corp_id: &CorpId, call: &SharedCall<M>) -> u64 {
        self.latest += 1;
        if let Some(weak) = call.downgrade() {
            self.in_flight.insert(corp_id.clone(), (self.latest, weak));
        }
        self.latest
    }

    /// Removes a lookup. Returns `false` if it was removed before.
    fn end(&mut self, corp_id: &CorpId, id: u64) -> bool {
        let is_current = self.in_flight.get(corp_id).is_some_and(|(current, _)| *current == id);
        if is_current {
            self.in_flight.remove(corp_id);
        }
        is_current
    }
}

impl<'a, M: Threading> Lookup<'a, M> {
    /// Joins the lookup of a corp that is in flight, or begins one.
    pub(super) fn new(share: &'a Share<M>, corp_id: &'a CorpId, request: ListAppShareInfo) -> Self {
        let mut state = share.lock();
        if let Some((id, call)) = state.lookups.join(corp_id) {
            return Self { share, corp_id, id, call, is_joined: true };
        }
        let call = futures_util::FutureExt::shared(share.client().call_boxed(request));
        let id = state.lookups.begin(corp_id, &call);
        Self { share, corp_id, id, call, is_joined: false }
    }

    /// Waits for the outcome; `None` if the lookup timed out and another caller began it. That caller may not have been
    /// polled in time, so the lookup has to be made again.
    pub(super) async fn outcome(self) -> Result<Option<Found>, Error> {
        let outcome = self.call.clone().await;
        let is_current = self.share.lock().lookups.end(self.corp_id, self.id);
        match outcome {
            Ok(reply) => Ok(Some(Found { reply, is_current })),
            Err(error) if self.is_joined && error.is_timeout() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<M: Threading> Drop for Lookup<'_, M> {
    fn drop(&mut self) {
        // A lookup whose transport panicked would panic for each caller that joins it.
        if thread::panicking() {
            self.share.lock().lookups.end(self.corp_id, self.id);
        }
    }
}
