//! Lookups of downstream corps that concurrent callers share.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;
use wecom_core::client::BoxedCall;
use wecom_core::ids::CorpId;
use wecom_core::timer::Clock;
use wecom_core::{Error, Threading};

use crate::calls::{ListAppShareInfo, ListAppShareInfoReply};
use crate::downstream::share::Share;

type SharedCall<M> = Shared<BoxedCall<M, ListAppShareInfoReply>>;

/// The shortest time without a caller that may make a lookup time out.
const PAUSE: Duration = Duration::from_millis(100);
/// The time without a caller after which a lookup is made again, because its reply may be out of date.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The lookups in flight, by corp. Each one belongs to all its callers: the caller that is polled makes it progress. A
/// lookup whose callers are all dropped continues with the next caller.
pub(super) struct Lookups<M: Threading> {
    in_flight: HashMap<CorpId, InFlight<M>>,
    /// The id of the latest lookup.
    latest: u64,
}

pub(super) struct InFlight<M: Threading> {
    id: u64,
    call: SharedCall<M>,
    /// The latest time at which a caller came or left.
    attended_at: Option<Duration>,
    /// Whether the lookup had no caller for a while, so that it may time out although the service replied.
    is_starved: bool,
}

impl<M: Threading> InFlight<M> {
    /// Returns the time since a caller came or left.
    fn pause(&self, now: Option<Duration>) -> Option<Duration> {
        now.zip(self.attended_at).map(|(now, attended_at)| now.saturating_sub(attended_at))
    }
}

/// A caller of a lookup.
pub(super) struct Lookup<'a, M: Threading> {
    share: &'a Share<M>,
    corp_id: &'a CorpId,
    id: u64,
    call: SharedCall<M>,
    is_starved: bool,
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

    /// Removes the lookup of a corp, so that the next caller begins another one. Drop the result without the lock: the
    /// call is the transport's code.
    #[must_use]
    pub(super) fn remove(&mut self, corp_id: &CorpId) -> Option<InFlight<M>> {
        self.in_flight.remove(corp_id)
    }

    /// Removes the lookup of a corp if it had no caller for too long.
    fn take_stale(&mut self, corp_id: &CorpId, now: Option<Duration>) -> Option<InFlight<M>> {
        let pause = self.in_flight.get(corp_id)?.pause(now)?;
        if pause < LONGEST_PAUSE {
            return None;
        }
        self.remove(corp_id)
    }

    /// Joins the lookup of a corp that is in flight. Without a clock, any time counts as a pause.
    fn join(&mut self, corp_id: &CorpId, now: Option<Duration>) -> Option<&InFlight<M>> {
        let lookup = self.in_flight.get_mut(corp_id)?;
        lookup.is_starved |= lookup.pause(now).is_none_or(|pause| pause >= PAUSE);
        lookup.attended_at = now;
        Some(lookup)
    }

    fn begin(&mut self, corp_id: &CorpId, now: Option<Duration>, call: SharedCall<M>) -> u64 {
        self.latest += 1;
        let lookup = InFlight { id: self.latest, call, attended_at: now, is_starved: false };
        self.in_flight.insert(corp_id.clone(), lookup);
        self.latest
    }

    /// Notes that a caller leaves a lookup.
    fn leave(&mut self, corp_id: &CorpId, id: u64, now: Option<Duration>) {
        if let Some(lookup) = self.in_flight.get_mut(corp_id).filter(|lookup| lookup.id == id) {
            lookup.attended_at = now;
        }
    }

    /// Removes a lookup. Returns `false` if it was removed before.
    fn end(&mut self, corp_id: &CorpId, id: u64) -> bool {
        let is_current = self.in_flight.get(corp_id).is_some_and(|lookup| lookup.id == id);
        if is_current {
            self.in_flight.remove(corp_id);
        }
        is_current
    }
}

impl<'a, M: Threading> Lookup<'a, M> {
    /// Joins the lookup of a corp that is in flight, or begins one.
    pub(super) fn new(share: &'a Share<M>, corp_id: &'a CorpId, request: ListAppShareInfo) -> Self {
        let now = now(share);
        let mut state = share.lock();
        let stale = state.lookups.take_stale(corp_id, now);
        let lookup = match state.lookups.join(corp_id, now) {
            Some(InFlight { id, call, is_starved, .. }) => {
                Self { share, corp_id, id: *id, call: call.clone(), is_starved: *is_starved }
            }
            None => {
                let call = FutureExt::shared(share.client().call_boxed(request));
                let id = state.lookups.begin(corp_id, now, call.clone());
                Self { share, corp_id, id, call, is_starved: false }
            }
        };
        drop(state);
        drop(stale);
        lookup
    }

    /// Waits for the outcome; `None` if the lookup timed out after it had no caller for a while. Then it has to be made
    /// again.
    pub(super) async fn outcome(self) -> Result<Option<Found>, Error> {
        let outcome = self.call.clone().await;
        let is_current = self.share.lock().lookups.end(self.corp_id, self.id);
        match outcome {
            Ok(reply) => Ok(Some(Found { reply, is_current })),
            Err(error) if self.is_starved && error.is_timeout() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<M: Threading> Drop for Lookup<'_, M> {
    fn drop(&mut self) {
        let now = now(self.share);
        let mut state = self.share.lock();
        // A lookup whose transport panicked would panic for each caller that joins it.
        if thread::panicking() {
            state.lookups.end(self.corp_id, self.id);
        } else {
            state.lookups.leave(self.corp_id, self.id, now);
        }
    }
}

fn now<M: Threading>(share: &Share<M>) -> Option<Duration> {
    share.client().clock().as_ref().map(Clock::now)
}
