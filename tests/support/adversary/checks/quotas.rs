//! Checks of quotas at the time of sending: calls in each window, calls in flight, and the pause after 45009.

use std::time::Duration;

use wecom_core::Endpoint;

use super::super::checker::{Answer, Exchange, Scope, Violation};
use super::limits::{share, windows};
use super::shared_quotas::{AWAY, SharedQuotaCheck};

const MINUTE: Duration = Duration::from_secs(60);

const FREQUENCY_EXCEEDED: i64 = 45009;
const CONCURRENCY_EXCEEDED: i64 = 45033;

/// Counts the requests of each endpoint.
#[derive(Debug)]
pub struct QuotaCheck {
    percent: Option<u32>,
    own_share: Option<u32>,
    /// The quotas in the store.
    pub(crate) shared: SharedQuotaCheck,
    endpoints: Vec<Counts>,
}

#[derive(Debug)]
struct Counts {
    scope: Scope,
    endpoint: &'static Endpoint,
    sent: Vec<Duration>,
    in_flight: Vec<Exchange>,
    blocked_until: Duration,
    limit: Option<MinLimit>,
}

/// A lower bound of the adaptive concurrency limit: 1 after a 45033. It grows by one each time that as many calls as the
/// limit have succeeded.
#[derive(Clone, Copy, Debug)]
struct MinLimit {
    limit: u32,
    successes: u32,
}

impl QuotaCheck {
    pub(crate) fn new(percent: Option<u32>, own_share: Option<u32>) -> Self {
        Self { percent, own_share, shared: SharedQuotaCheck::default(), endpoints: Vec::new() }
    }

    pub(crate) fn sent(&mut self, exchange: &Exchange) -> Result<(), Violation> {
        let (now, percent) = (exchange.sent, self.percent);
        if let Some(own_share) = self.own_share.filter(|_| exchange.scope == 0) {
            self.shared.sent(exchange.endpoint, own_share, now)?;
        }
        let (own_share, failed) = (self.own_share, self.shared.failed(exchange.endpoint));
        let counts = self.counts(exchange);
        counts.in_flight.push(*exchange);
        let Some(percent) = percent else { return Ok(()) };
        let name = exchange.endpoint.name();
        if now < counts.blocked_until {
            let facts = format!("{name} is sent {:?} before the block ends", counts.blocked_until - now);
            return Err(Violation::new("no call is sent while 45009 blocks its endpoint", facts));
        }
        counts.sent.push(now);
        if let Some(share) = exchange.endpoint.concurrency().map(|documented| share(documented, percent)) {
            let in_flight = counts.busy_with(|exchange| now < exchange.over);
            if in_flight > share {
                let facts = format!("{name}: {in_flight} requests in flight, {share} allowed");
                return Err(Violation::new("no more calls are in flight than the quota allows", facts));
            }
        }
        for (length, documented) in windows(exchange.endpoint) {
            let within = counts.since(now, length);
            let own_share = own_share.filter(|_| failed.is_some_and(|failed| now < failed + AWAY + length));
            let share = share(documented, percent) + own_share.map_or(0, |own_share| share(documented, own_share));
            if within > share {
                let facts = format!("{name}: {within} requests within {length:?}, {share} allowed");
                return Err(Violation::new("no window has more requests than the quota allows", facts));
            }
        }
        Ok(())
    }

    pub(crate) fn answered(&mut self, exchange: &Exchange, answer: Answer, now: Duration) {
        if answer == Answer::Code(FREQUENCY_EXCEEDED) && self.own_share.is_some() && exchange.scope == 0 {
            self.shared.refused(exchange.endpoint, now);
        }
        let counts = self.counts(exchange);
        match answer {
            Answer::Code(FREQUENCY_EXCEEDED) => counts.blocked_until = counts.blocked_until.max(now + MINUTE),
            Answer::Code(CONCURRENCY_EXCEEDED) => counts.limit = Some(MinLimit { limit: 1, successes: 0 }),
            Answer::Reply => {
                if let Some(limit) = &mut counts.limit {
                    limit.successes += 1;
                    if limit.successes >= limit.limit {
                        *limit = MinLimit { limit: limit.limit + 1, successes: 0 };
                    }
                }
            }
            Answer::Code(_) | Answer::Other => {}
        }
    }

    pub(crate) fn ended(&mut self, exchange: &Exchange) {
        self.counts(exchange).in_flight.retain(|other| other.id != exchange.id);
    }

    pub(crate) fn in_flight(&self, scope: Scope, endpoint: &Endpoint, now: Duration) -> u32 {
        self.find(scope, endpoint).map_or(0, |counts| counts.busy_with(|exchange| now < exchange.over))
    }

    /// Returns the number of requests whose replies were not read.
    pub(crate) fn unread(&self, scope: Scope, endpoint: &Endpoint) -> usize {
        self.find(scope, endpoint).map_or(0, |counts| counts.in_flight.len())
    }

    pub(crate) fn min_limit(&self, scope: Scope, endpoint: &Endpoint) -> u32 {
        let limit = self.find(scope, endpoint).and_then(|counts| counts.limit);
        let limit = limit.map_or(u32::MAX, |least| least.limit);
        let documented = self.percent.and_then(|percent| Some(share(endpoint.concurrency()?, percent)));
        documented.map_or(limit, |documented| limit.min(documented))
    }

    /// Whether the quota certainly admits a call of this endpoint.
    pub(crate) fn admits(&self, scope: Scope, endpoint: &Endpoint, now: Duration) -> bool {
        let Some(percent) = self.percent else { return true };
        if self.is_shared(endpoint) && (scope != 0 || !self.shared.admits(endpoint, percent, now)) {
            return false;
        }
        let Some(counts) = self.find(scope, endpoint) else { return true };
        if counts.busy_with(|exchange| now < exchange.limit) >= self.min_limit(scope, endpoint) {
            return false;
        }
        // A client may count in buckets of a sixtieth of the window.
        let admits = |(length, documented)| counts.since(now, length + length / 30) < share(documented, percent);
        now >= counts.blocked_until && (self.is_shared(endpoint) || windows(endpoint).all(admits))
    }

    /// Whether the quota of an endpoint is in the store.
    pub(crate) fn is_shared(&self, endpoint: &Endpoint) -> bool {
        self.own_share.is_some() && windows(endpoint).next().is_some()
    }

    fn find(&self, scope: Scope, endpoint: &Endpoint) -> Option<&Counts> {
        self.endpoints.iter().find(|counts| counts.scope == scope && counts.endpoint.path() == endpoint.path())
    }

    fn counts(&mut self, exchange: &Exchange) -> &mut Counts {
        let Exchange { scope, endpoint, .. } = *exchange;
        let is_this = |counts: &Counts| counts.scope == scope && counts.endpoint.path() == endpoint.path();
        let at = self.endpoints.iter().position(is_this).unwrap_or_else(|| {
            let (sent, in_flight, blocked_until) = (Vec::new(), Vec::new(), Duration::ZERO);
            self.endpoints.push(Counts { scope, endpoint, sent, in_flight, blocked_until, limit: None });
            self.endpoints.len() - 1
        });
        &mut self.endpoints[at]
    }
}

impl Counts {
    fn busy_with(&self, is_busy: impl Fn(&Exchange) -> bool) -> u32 {
        u32::try_from(self.in_flight.iter().filter(|exchange| is_busy(exchange)).count()).unwrap_or(u32::MAX)
    }

    /// Returns the number of requests in the window of this length that ends now.
    fn since(&self, now: Duration, length: Duration) -> u32 {
        let recent = self.sent.iter().rev().take_while(|&&sent| now.saturating_sub(sent) < length);
        u32::try_from(recent.count()).unwrap_or(u32::MAX)
    }
}
