//! The admissions that a process has taken from the store of a shared quota.

use std::time::Duration;

use super::store::QuotaGrant;

/// How long an admission may be used, counted from when it was requested.
pub(super) const VALIDITY: Duration = Duration::from_secs(1);

/// How long the store is not asked after it failed.
const AWAY: Duration = Duration::from_secs(5);

/// How long the store is not asked after it admitted nothing and returned no time to wait.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the store is not asked after it admitted nothing. Other processes may give back admissions before the store's
/// window has room by itself.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The maximum number of expired batches that are given back later.
const MAX_RETURNS: usize = 8;

/// The admissions of one kind of calls at one endpoint.
#[derive(Debug, Default)]
pub(super) struct Admissions {
    batch: Option<Batch>,
    /// The store has no room until then.
    full_until: Option<Duration>,
    /// The store is not asked until then, although other processes may have given back admissions.
    ask_again_at: Option<Duration>,
    /// WeCom blocks the calls of all processes until then.
    blocked_until: Option<Duration>,
    /// The store failed, and is not asked until then.
    away_until: Option<Duration>,
    returns: Vec<Unused>,
}

#[derive(Debug)]
struct Batch {
    requested_at: Duration,
    counted_at: u64,
    used: u32,
    left: u32,
}

/// Unused admissions, to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unused {
    pub(super) counted_at: u64,
    pub(super) count: u32,
}

/// Whether a call is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// This number of calls.
    Admitted(u32),
    /// The store has to be asked.
    Unknown,
    /// The store has no room until this time has passed.
    Full(Duration),
    /// The store fails: the process uses its own share.
    OwnShare,
}

impl Admissions {
    pub(super) fn room(&mut self, now: Duration) -> Room {
        self.expire(now);
        if let Some(batch) = self.batch.as_ref().filter(|batch| batch.left > 0) {
            return Room::Admitted(batch.left);
        }
        match (left(&mut self.away_until, now, AWAY), left(&mut self.full_until, now, Duration::MAX)) {
            (Some(_), _) => Room::OwnShare,
            (None, Some(wait)) if left(&mut self.ask_again_at, now, ASK_AGAIN).is_some() => Room::Full(wait),
            (None, _) => Room::Unknown,
        }
    }

    /// The time until a block that another process has reported ends.
    pub(super) fn blocked_for(&mut self, now: Duration) -> Option<Duration> {
        left(&mut self.blocked_until, now, Duration::MAX)
    }

    /// Uses an admission, if there is one.
    pub(super) fn use_one(&mut self) {
        if let Some(batch) = &mut self.batch {
            batch.left = batch.left.saturating_sub(1);
            batch.used = batch.used.saturating_add(1);
        }
    }

    /// Estimates the number of calls that the process makes within half the validity, from the calls that used its last
    /// batch. The estimate is at most twice their number, because a few calls do not predict many.
    pub(super) fn rate(&self, now: Duration) -> u32 {
        let Some(batch) = &self.batch else { return 0 };
        let elapsed = now.saturating_sub(batch.requested_at).as_millis().max(1);
        let estimate = u128::from(batch.used) * (VALIDITY / 2).as_millis() / elapsed;
        u32::try_from(estimate).unwrap_or(u32::MAX).min(batch.used.saturating_mul(2))
    }

    /// Begins a request for a new batch. Returns the admissions to give back first.
    pub(super) fn begin(&mut self) -> Vec<Unused> {
        std::mem::take(&mut self.returns)
    }

    /// Gives up the batch. Returns all unused admissions.
    pub(super) fn take_unused(&mut self) -> Vec<Unused> {
        self.give_up_batch();
        self.begin()
    }

    pub(super) fn granted(&mut self, grant: &QuotaGrant, requested_at: Duration, now: Duration) {
        self.away_until = None;
        self.blocked_until = grant.blocked_for.map(|block| now.saturating_add(block));
        self.full_until =
            (grant.admitted == 0).then(|| now.saturating_add(grant.retry_after.unwrap_or(PAUSE).max(PAUSE)));
        self.ask_again_at = self.full_until.map(|_| now.saturating_add(ASK_AGAIN));
        self.give_up_batch();
        if grant.admitted > 0 {
            let (counted_at, left) = (grant.counted_at, grant.admitted);
            self.batch = Some(Batch { requested_at, counted_at, used: 0, left });
        }
        self.expire(now);
    }

    pub(super) fn failed(&mut self, now: Duration) {
        self.away_until = Some(now.saturating_add(AWAY));
    }

    /// Drops a batch that has expired. A used-up batch is kept, because it shows the rate of calls.
    fn expire(&mut self, now: Duration) {
        let age = |batch: &Batch| now.checked_sub(batch.requested_at);
        // After the clock was set back, the age of a batch is unknown.
        if self.batch.as_ref().is_some_and(|batch| age(batch).is_none_or(|age| age >= VALIDITY)) {
            self.give_up_batch();
        }
    }

    fn give_up_batch(&mut self) {
        let Some(batch) = self.batch.take().filter(|batch| batch.left > 0) else { return };
        if self.returns.len() < MAX_RETURNS {
            self.returns.push(Unused { counted_at: batch.counted_at, count: batch.left });
        }
    }
}

/// The time until a moment, which is at most `longest` away even if the clock was set back.
fn left(moment: &mut Option<Duration>, now: Duration, longest: Duration) -> Option<Duration> {
    let until = moment.as_mut()?;
    *until = (*until).min(now.saturating_add(longest));
    Some(until.saturating_sub(now)).filter(|left| !left.is_zero())
}
