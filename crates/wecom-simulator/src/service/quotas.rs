//! How often, and how many at once: the documented limits of each endpoint, and the wait after one is passed.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::endpoint::Quota;
use wecom_core::{Endpoint, ErrCode};

use crate::calls::RULE_CHANGES;
use crate::refusal::Refusal;
use crate::service::secret_ban::SecretBan;

/// What one address may call in all.
const ADDRESS_QUOTA: Quota = Quota::new().with_per_minute(20_000);
/// How often rules may be added and changed, both together.
const RULE_CHANGE_QUOTA: Quota = Quota::new().with_per_day(1000);

pub(crate) struct Quotas {
    /// Whether time passes; if not, there is no frequency to limit.
    pub(crate) on_timer: bool,
    /// What the documented numbers are divided by.
    pub(crate) divisor: u32,
    usage: HashMap<&'static str, EndpointUsage>,
    address: EndpointUsage,
    rule_changes: EndpointUsage,
    ban: SecretBan,
    in_flight: HashMap<&'static str, u32>,
}

/// What one endpoint has been called.
#[derive(Default)]
struct EndpointUsage {
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
            usage: HashMap::new(),
            address: EndpointUsage::default(),
            rule_changes: EndpointUsage::default(),
            ban: SecretBan::default(),
            in_flight: HashMap::new(),
        }
    }

    /// Counts a call, or refuses it: from the one that is too many on, for as long as the passed window is.
    pub(crate) fn count(&mut self, endpoint: &'static Endpoint, now: Duration) -> Result<(), Refusal> {
        if !self.on_timer {
            return Ok(());
        }
        self.usage.entry(endpoint.name()).or_default().count(endpoint.quota(), self.divisor, now)?;
        if RULE_CHANGES.contains(&endpoint) {
            self.rule_changes.count(RULE_CHANGE_QUOTA, self.divisor, now)?;
        }
        Ok(())
    }

    /// Counts a call of whatever kind, by the address from which it comes: there is but one.
    pub(crate) fn count_address(&mut self, now: Duration) -> Result<(), Refusal> {
        if self.on_timer { self.address.count(ADDRESS_QUOTA, self.divisor, now) } else { Ok(()) }
    }

    /// Refuses a token to an address that is banned.
    pub(crate) fn check_ban(&self, now: Duration) -> Result<(), Refusal> {
        if self.on_timer { self.ban.check(now) } else { Ok(()) }
    }

    /// Notes whether somebody who asked for a token knew the secret.
    pub(crate) fn note_secret(&mut self, is_right: bool, now: Duration) {
        if is_right { self.ban.right_secret() } else { self.ban.wrong_secret(now) }
    }

    /// Lets a call begin; `false` when as many as may be are under way.
    pub(crate) fn acquire(&mut self, endpoint: &'static Endpoint) -> bool {
        let in_flight = self.in_flight.entry(endpoint.name()).or_default();
        if endpoint.concurrency().is_some_and(|limit| *in_flight >= limit) {
            return false;
        }
        *in_flight = in_flight.saturating_add(1);
        true
    }

    /// Ends a call that was let begin.
    pub(crate) fn release(&mut self, endpoint: &'static Endpoint) {
        if let Some(in_flight) = self.in_flight.get_mut(endpoint.name()) {
            *in_flight = in_flight.saturating_sub(1);
        }
    }
}

impl EndpointUsage {
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
