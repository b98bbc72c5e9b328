//! Checks of quotas in a store that several processes share, against a model of what the client has taken from the store.

use std::time::Duration;

use wecom_core::Endpoint;
use wecom_core::quota::{QuotaGrant, QuotaKey};
use wecom_upstream::calls::UNIONID_TO_EXTERNAL_USERID;

use super::super::checker::Violation;
use super::limits::{share, windows};

/// The corp whose quotas are checked.
pub const CORP: &str = "ww1";

/// How long an admission may be used, counted from when it was requested. The windows of the store are longer by this time.
pub(crate) const VALIDITY: Duration = Duration::from_secs(1);

/// The interval at which a client without room asks the store again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// How long a client does not ask a store that failed, and uses its own share.
pub(crate) const AWAY: Duration = Duration::from_secs(5);

/// How long a client waits for the answer of a store.
pub(crate) const MAX_ANSWER: Duration = Duration::from_millis(500);

/// How long a client does not ask a store that admitted nothing and did not say why.
const PAUSE: Duration = Duration::from_millis(100);

/// An operation of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOperation {
    /// Takes admissions.
    Take,
    /// Gives back this number of admissions of a grant.
    GiveBack {
        /// The id of the grant.
        id: u64,
        /// The number of admissions.
        unused: u32,
    },
    /// Reports a block (45009).
    ReportBlock,
    /// Reports too many concurrent calls (45033).
    ReportConcurrency,
}

/// The number of an operation.
pub type OperationId = u64;

/// Checks the shared quota of each endpoint.
#[derive(Debug, Default)]
pub struct SharedQuotaCheck {
    begun: OperationId,
    endpoints: Vec<Model>,
}

/// The admissions of one endpoint.
#[derive(Debug, Default)]
struct Model {
    path: &'static str,
    grants: Vec<Grant>,
    /// The id of the client's current batch.
    batch: Option<u64>,
    /// The times of the requests within the client's own share.
    own: Vec<Duration>,
    /// When the client last learned that the store failed.
    failed: Option<Duration>,
    /// Until when the client uses its own share.
    away_until: Duration,
    /// The end of the block in the store.
    blocked_until: Duration,
    /// The end of the block that the store has told the client.
    told_block: Duration,
    /// Before this time the client does not ask the store again, because it had no room.
    ask_again_at: Duration,
    /// Until when the store has admitted nothing without a reason.
    withheld_until: Duration,
    /// When a block was refused that is not reported yet.
    unreported: Option<Duration>,
    under_way: Vec<UnderWay>,
    /// The last time at which one of several operations at the same time ended.
    overlapped: Option<Duration>,
}

/// Admissions of one grant.
#[derive(Clone, Copy, Debug)]
struct Grant {
    /// `None` for a grant to another process.
    id: Option<u64>,
    requested_at: Duration,
    at: Duration,
    /// When another process gives all of it back.
    until: Option<Duration>,
    admitted: u32,
    used: u32,
    /// Whether the client has begun to give back the rest.
    is_returned: bool,
    given_back: u32,
    /// Whether the rest stays counted, because the store failed when the client gave it back.
    is_lost: bool,
}

#[derive(Debug)]
struct UnderWay {
    id: OperationId,
    operation: StoreOperation,
    began: Duration,
    overlaps: bool,
}

impl Grant {
    fn new(id: Option<u64>, requested_at: Duration, at: Duration, admitted: u32) -> Self {
        Self { id, requested_at, at, until: None, admitted, used: 0, is_returned: false, given_back: 0, is_lost: false }
    }

    fn left(&self) -> u32 {
        self.admitted - self.used
    }

    /// The number of admissions that the store counts. `is_given_up` if the client gives back the rest soon.
    fn counted(&self, is_given_up: bool) -> u32 {
        let is_given_up = is_given_up && self.id.is_some() && !self.is_lost && !self.is_returned;
        if is_given_up { self.used } else { self.admitted - self.given_back }
    }
}

impl SharedQuotaCheck {
    /// Records that the client begins an operation of the store.
    pub(crate) fn begins(
        &mut self,
        key: &QuotaKey,
        operation: StoreOperation,
        now: Duration,
    ) -> Result<OperationId, Violation> {
        self.begun += 1;
        let id = self.begun;
        let Some(model) = self.model(key) else { return Ok(id) };
        match operation {
            StoreOperation::Take => model.check_take(now)?,
            StoreOperation::GiveBack { id, unused } => model.check_give_back(id, unused)?,
            StoreOperation::ReportBlock => {
                model.unreported = None;
                return Ok(id);
            }
            StoreOperation::ReportConcurrency => return Ok(id),
        }
        model.under_way.push(UnderWay { id, operation, began: now, overlaps: false });
        if model.under_way.len() > 1 {
            model.under_way.iter_mut().for_each(|other| other.overlaps = true);
        }
        Ok(id)
    }

    /// Records that an operation failed, or was dropped before the store carried it out.
    pub(crate) fn fails(&mut self, key: &QuotaKey, id: OperationId, is_dropped: bool, now: Duration) {
        let Some((model, ended)) = self.model(key).and_then(|model| model.ends(id, now)) else { return };
        if let StoreOperation::GiveBack { id, .. } = ended.operation {
            model.grants.iter_mut().filter(|grant| grant.id == Some(id)).for_each(|grant| grant.is_lost = true);
            if !is_dropped {
                return;
            }
        }
        (model.failed, model.away_until) = (Some(now), now + AWAY);
        for index in model.owed(now) {
            model.grants[index].is_lost = true;
        }
    }

    /// Records that the store gave admissions to the client. `is_withheld` if it admitted nothing without a reason.
    pub(crate) fn granted(
        &mut self,
        key: &QuotaKey,
        id: OperationId,
        grant: &QuotaGrant,
        is_withheld: bool,
        now: Duration,
    ) {
        let Some((model, ended)) = self.model(key).and_then(|model| model.ends(id, now)) else { return };
        model.away_until = Duration::ZERO;
        model.batch = (grant.admitted > 0).then_some(grant.counted_at);
        model.told_block = grant.blocked_for.map_or(Duration::ZERO, |block| now + block);
        if grant.admitted > 0 {
            model.grants.push(Grant::new(Some(grant.counted_at), ended.began, now, grant.admitted));
            model.ask_again_at = Duration::ZERO;
        } else {
            model.ask_again_at = now + grant.retry_after.unwrap_or(PAUSE).clamp(PAUSE, ASK_AGAIN);
        }
        if is_withheld {
            model.withheld_until = model.ask_again_at;
        }
    }

    /// Records that the store has carried out another operation than taking admissions.
    pub(crate) fn is_done(&mut self, key: &QuotaKey, id: OperationId, now: Duration) {
        let Some((model, ended)) = self.model(key).and_then(|model| model.ends(id, now)) else { return };
        if let StoreOperation::GiveBack { id, unused } = ended.operation {
            model.grants.iter_mut().filter(|grant| grant.id == Some(id)).for_each(|grant| grant.given_back += unused);
        }
    }

    /// Records that the store gave admissions to another process, which gives them back at the time of `until`.
    pub(crate) fn granted_to_another(&mut self, key: &QuotaKey, admitted: u32, until: Option<Duration>, now: Duration) {
        if let Some(model) = self.model(key) {
            model.grants.push(Grant { until, ..Grant::new(None, now, now, admitted) });
        }
    }

    /// Records a block in the store.
    pub(crate) fn is_blocked(&mut self, key: &QuotaKey, until: Duration) {
        if let Some(model) = self.model(key) {
            model.blocked_until = model.blocked_until.max(until);
        }
    }

    /// Records a request, and checks that it uses an admission of the store, or the client's own share if the store failed.
    pub(crate) fn sent(&mut self, endpoint: &'static Endpoint, own_share: u32, now: Duration) -> Result<(), Violation> {
        if !is_checked(endpoint) {
            return Ok(());
        }
        let (model, name) = (self.endpoint(endpoint.path()), endpoint.name());
        if now < model.told_block {
            let facts = format!("{name} is sent {:?} before the block of another process ends", model.told_block - now);
            return Err(Violation::new("no call is sent while 45009 blocks its endpoint", facts));
        }
        if let Some(index) = model.batch(now) {
            model.grants[index].used += 1;
            return Ok(());
        }
        if now >= model.away_until {
            let last = model.grants.iter().rev().find(|grant| grant.id.is_some());
            let facts = format!("{name}: the last grant is {last:?}");
            return Err(Violation::new("each request uses an admission within a second after it was requested", facts));
        }
        model.own.push(now);
        for (length, documented) in windows(endpoint) {
            let within = model.own.iter().filter(|&&sent| now - sent < length).count();
            let share = share(documented, own_share);
            if within > share as usize {
                let facts = format!("{name}: {within} requests within {length:?}, {share} allowed");
                return Err(Violation::new("no window has more requests than the client's own share", facts));
            }
        }
        Ok(())
    }

    /// Records that the client has learned that WeCom blocks an endpoint.
    pub(crate) fn refused(&mut self, endpoint: &'static Endpoint, now: Duration) {
        if is_checked(endpoint) {
            self.endpoint(endpoint.path()).unreported = Some(now);
        }
    }

    /// Checks that all blocks are reported when the time advances.
    pub(crate) fn time_passes(&self, now: Duration) -> Result<(), Violation> {
        match self.endpoints.iter().find(|model| model.unreported.is_some()) {
            Some(model) => {
                Err(Violation::new("a block is reported to other processes", format!("{} at {now:?}", model.path)))
            }
            None => Ok(()),
        }
    }

    /// When the client last learned that the store failed.
    pub(crate) fn failed(&self, endpoint: &Endpoint) -> Option<Duration> {
        self.endpoints.iter().find(|model| model.path == endpoint.path())?.failed
    }

    /// Whether the store certainly admits a call. The client may need its [`VALIDITY`] and the time of [`ASK_AGAIN`] until it
    /// gives back what it has not used.
    pub(crate) fn admits(&self, endpoint: &Endpoint, percent: u32, now: Duration) -> bool {
        let Some(model) = self.endpoints.iter().find(|model| model.path == endpoint.path()) else { return true };
        // If nothing polls the request that gives back admissions, they stay counted.
        let is_stuck = model.under_way.iter().any(|operation| now - operation.began > MAX_ANSWER);
        let closed = [model.away_until, model.blocked_until, model.told_block, model.withheld_until];
        closed.iter().all(|&until| now >= until)
            && windows(endpoint).all(|(length, documented)| {
                let is_recent =
                    |grant: &&Grant| now < grant.at + length + VALIDITY && grant.until.is_none_or(|until| now < until);
                let recent = model.grants.iter().filter(is_recent);
                recent.map(|grant| grant.counted(!is_stuck)).sum::<u32>() < share(documented, percent)
            })
    }

    /// The model of the endpoint of a quota, if it is checked.
    fn model(&mut self, key: &QuotaKey) -> Option<&mut Model> {
        let is_checked = key.corp_id() == CORP && key.path() != UNIONID_TO_EXTERNAL_USERID.path();
        is_checked.then(|| self.endpoint(key.path()))
    }

    fn endpoint(&mut self, path: &'static str) -> &mut Model {
        let at = self.endpoints.iter().position(|model| model.path == path).unwrap_or_else(|| {
            self.endpoints.push(Model { path, ..Model::default() });
            self.endpoints.len() - 1
        });
        &mut self.endpoints[at]
    }
}

impl Model {
    /// The index of the batch, if it may be used.
    fn batch(&self, now: Duration) -> Option<usize> {
        let index = self.grants.iter().position(|grant| grant.id.is_some() && grant.id == self.batch)?;
        let grant = &self.grants[index];
        (!grant.is_returned && grant.left() > 0 && now - grant.requested_at < VALIDITY).then_some(index)
    }

    /// The indices of the grants that the client has to give back.
    fn owed(&self, now: Duration) -> Vec<usize> {
        let batch = self.batch(now);
        let is_owed = |grant: &Grant| grant.id.is_some() && grant.left() > 0 && !grant.is_returned && !grant.is_lost;
        (0..self.grants.len()).filter(|&index| Some(index) != batch && is_owed(&self.grants[index])).collect()
    }

    fn check_take(&self, now: Duration) -> Result<(), Violation> {
        // A request that was not polled is replaced, and may continue beside the other.
        if self.under_way.len() > 1 || self.overlapped.is_some_and(|at| now - at < VALIDITY) {
            return Ok(());
        }
        if let Some(pause) = self.told_block.max(self.ask_again_at).checked_sub(now).filter(|left| !left.is_zero()) {
            let facts = format!("{}: {pause:?} too early", self.path);
            return Err(Violation::new("a store without room is not asked again at once", facts));
        }
        if let Some(&index) = self.owed(now).first().filter(|_| self.under_way.is_empty()) {
            let facts = format!("{}: {:?}", self.path, self.grants[index]);
            return Err(Violation::new("unused admissions are given back before more are taken", facts));
        }
        Ok(())
    }

    fn check_give_back(&mut self, id: u64, unused: u32) -> Result<(), Violation> {
        let grant = self.grants.iter_mut().find(|grant| grant.id == Some(id));
        match grant {
            Some(grant) if !grant.is_returned && grant.left() == unused => {
                grant.is_returned = true;
                Ok(())
            }
            grant => {
                let facts = format!("{}: {unused} of {grant:?}", self.path);
                Err(Violation::new("only unused admissions are given back, and once", facts))
            }
        }
    }

    fn ends(&mut self, id: OperationId, now: Duration) -> Option<(&mut Self, UnderWay)> {
        let index = self.under_way.iter().position(|operation| operation.id == id)?;
        let ended = self.under_way.remove(index);
        if ended.overlaps {
            self.overlapped = Some(now);
        }
        Some((self, ended))
    }
}

/// Whether an endpoint has a quota that the model counts. `unionid_to_external_userid` has two, with and without a ticket.
fn is_checked(endpoint: &Endpoint) -> bool {
    let quota = endpoint.quota();
    let limits = [quota.per_minute(), quota.per_hour(), quota.per_day(), quota.per_month()];
    endpoint.path() != UNIONID_TO_EXTERNAL_USERID.path() && limits.iter().any(Option::is_some)
}
