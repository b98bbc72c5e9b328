//! The documented rate limits and concurrency limits of each endpoint.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::endpoint::Quota;
use wecom_core::{Endpoint, ErrCode};

use crate::calls::RULE_CHANGES;
use crate::refusal::Refusal;
use crate::service::secret_ban::SecretBan;

/// The quota of one IP address for all endpoints together.
const ADDRESS_QUOTA: Quota = Quota::new().with_per_minute(20_000);
/// The quota of adding and modifying rules together.
const RULE_CHANGE_QUOTA: Quota = Quota::new().with_per_day(1000);

/// The usage of all endpoints.
pub(crate) struct Quotas {
    /// Whether the simulator has a timer. Without one there are no rate limits.
    pub(crate) on_timer: bool,
    /// The divisor of the documented limits.
    pub(crate) divisor: u32,
    endpoints: HashMap<&'static str, Usage>,
    /// The usage of the endpoints whose limits a ticket lifts, by all calls.
    ticketed: HashMap<&'static str, Usage>,
    address: Usage,
    rule_changes: Usage,
    secret_ban: SecretBan,
    in_flight: HashMap<&'static str, u32>,
}

/// The calls counted against one quota.
#[derive(Default)]
struct Usage {
    windows: [Window; 4],
    blocked_until: Duration,
}

#[derive(Default)]
struct Window {
    start: Duration,
    calls: u32,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Quotas {
    pub(crate) fn new() -> Self {
        Self {
            on_timer: false,
            divisor: 1,
            endpoints: HashMap::new(),
            ticketed: HashMap::new(),
            address: Usage::default(),
            rule_changes: Usage::default(),
            secret_ban: SecretBan::default(),
            in_flight: HashMap::new(),
        }
    }

    /// Counts a call. Beyond a limit, calls are rejected for as long as the window of that limit.
    ///
    /// A valid ticket lifts the limits to those for calls with a ticket.
    pub(crate) fn count(
        &mut self,
        endpoint: &'static Endpoint,
        has_ticket: bool,
        now: Duration,
    ) -> Result<(), Refusal> {
        if !self.on_timer {
            return Ok(());
        }
        if let Some(quota) = endpoint.ticketed_quota() {
            self.ticketed.entry(endpoint.name()).or_default().count(quota, self.divisor, now)?;
        }
        if !has_ticket {
            self.endpoints.entry(endpoint.name()).or_default().count(endpoint.quota(), self.divisor, now)?;
        }
        if RULE_CHANGES.contains(&endpoint) {
            self.rule_changes.count(RULE_CHANGE_QUOTA, self.divisor, now)?;
        }
        Ok(())
    }

    /// Counts a call against the quota of the caller's address. All calls come from one address.
    pub(crate) fn count_address(&mut self, now: Duration) -> Result<(), Refusal> {
        if self.on_timer { self.address.count(ADDRESS_QUOTA, self.divisor, now) } else { Ok(()) }
    }

    /// Returns an error while the address is banned from `gettoken`.
    pub(crate) fn check_secret_ban(&self, now: Duration) -> Result<(), Refusal> {
        if self.on_timer { self.secret_ban.check(now) } else { Ok(()) }
    }

    /// Records whether the secret of a `gettoken` was correct.
    pub(crate) fn record_secret(&mut self, is_correct: bool, now: Duration) {
        if is_correct { self.secret_ban.record_correct() } else { self.secret_ban.record_wrong(now) }
    }

    /// Acquires a concurrency permit. Returns `false` if the endpoint has none left.
    pub(crate) fn acquire(&mut self, endpoint: &'static Endpoint) -> bool {
        let in_flight = self.in_flight.entry(endpoint.name()).or_default();
        if endpoint.concurrency().is_some_and(|limit| *in_flight >= limit) {
            return false;
        }
        *in_flight = in_flight.saturating_add(1);
        true
    }

    /// Releases a concurrency permit.
    pub(crate) fn release(&mut self, endpoint: &'static Endpoint) {
        if let Some(in_flight) = self.in_flight.get_mut(endpoint.name()) {
            *in_flight = in_flight.saturating_sub(1);
        }
    }
}

impl Usage {
    fn count(&mut self, quota: Quota, divisor: u32, now: Duration) -> Result<(), Refusal> {
        if now < self.blocked_until {
            return Err(ErrCode::FREQUENCY_EXCEEDED.into());
        }
        let limits = [
            (quota.per_minute(), MINUTE),
            (quota.per_hour(), HOUR),
            (quota.per_day(), DAY),
            (quota.per_month(), MONTH),
        ];
        for (window, (limit, length)) in self.windows.iter_mut().zip(limits) {
            let Some(limit) = limit else { continue };
            if now >= window.start.saturating_add(length) {
                *window = Window { start: now, calls: 0 };
            }
            if window.calls >= (limit / divisor).max(1) {
                self.blocked_until = now.saturating_add(length);
                return Err(ErrCode::FREQUENCY_EXCEEDED.into());
            }
            window.calls += 1;
        }
        Ok(())
    }
}
