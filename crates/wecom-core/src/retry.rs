//! Which failed calls are repeated, how often, and after which backoff.

mod budget;
pub(crate) mod classify;
pub(crate) mod jitter;

use std::time::Duration;

use serde::Deserialize;

pub(crate) use self::budget::Budget;
pub(crate) use self::classify::{Verdict, classify};
use crate::retry::jitter::Jitter;

/// How a client repeats calls that failed: [`ClientBuilder::retry`](crate::ClientBuilder::retry).
///
/// By default:
///
/// - at most three attempts, as the vendor advises;
/// - a random backoff of up to 100 ms before the second attempt (500 ms when WeCom says that it is busy), doubled before
///   each further one, at most 5 s;
/// - a budget of one repetition for every five calls of the last ten seconds, and ten more, so that an outage does not
///   multiply the load.
///
/// # What is repeated
///
/// | failure | repeated |
/// |---|---|
/// | the request was not sent | any call |
/// | the connection broke or the time limit passed, and the request may have been carried out | a call that only reads or is idempotent ([`Safety`](crate::Safety)) |
/// | HTTP 408, 425, 429, and 5xx except 501 and 505 | the same |
/// | -1 (busy), 6000 (version conflict) | the same |
/// | 45033 (concurrency exceeded) | any call, after at least a second: the refused call did nothing |
/// | 45009 (frequency exceeded), any other code | none |
/// | no access token | any call, if the token fetch failed in one of these ways |
/// | TLS failed, the reply is too large, or it is not what the endpoint returns | none |
///
/// A `Retry-After` header is obeyed. The call ends if the header asks for more time than the deadline leaves (more than a
/// minute without a deadline), or if the next backoff would exceed the deadline. The error is that of the last attempt,
/// and [counts the attempts](crate::Error::attempts).
///
/// A call whose token is refused is repeated once with a new token, with or without a `Retry`.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Retry;
///
/// let patient = Retry::new()
///     .initial_backoff(Duration::from_millis(200))
///     .max_backoff(Duration::from_secs(10));
/// let once = Retry::new().attempts(2);
/// # let _ = (patient, once);
/// ```
///
/// It can be deserialized from a configuration, in which every setting is optional: `attempts`, `initial_backoff_ms`,
/// `initial_backoff_when_busy_ms`, `max_backoff_ms`, `budget_percent` and `budget_floor`. An unknown name is an error,
/// and so is 0 for `attempts`.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Retry;
///
/// let read: Retry = serde_json::from_str(r#"{"attempts": 5, "max_backoff_ms": 2000}"#)?;
/// assert_eq!(read, Retry::new().attempts(5).max_backoff(Duration::from_secs(2)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RetryConfig")]
#[must_use = "a client repeats nothing until this is passed to ClientBuilder::retry"]
pub struct Retry {
    attempts: u32,
    initial_backoff: Duration,
    initial_backoff_when_busy: Duration,
    max_backoff: Duration,
    budget_percent: u32,
    budget_floor: u32,
    seed: Option<u64>,
}

/// The form of a [`Retry`] in a configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryConfig {
    attempts: Option<u32>,
    initial_backoff_ms: Option<u64>,
    initial_backoff_when_busy_ms: Option<u64>,
    max_backoff_ms: Option<u64>,
    budget_percent: Option<u32>,
    budget_floor: Option<u32>,
}

impl TryFrom<RetryConfig> for Retry {
    type Error = &'static str;

    fn try_from(config: RetryConfig) -> Result<Self, &'static str> {
        if config.attempts == Some(0) {
            return Err("invalid attempts: a call needs at least 1 attempt; 1 means no retry");
        }
        let duration = |milliseconds: Option<u64>, default| milliseconds.map_or(default, Duration::from_millis);
        let default = Self::default();
        Ok(Self {
            attempts: config.attempts.unwrap_or(default.attempts),
            initial_backoff: duration(config.initial_backoff_ms, default.initial_backoff),
            initial_backoff_when_busy: duration(config.initial_backoff_when_busy_ms, default.initial_backoff_when_busy),
            max_backoff: duration(config.max_backoff_ms, default.max_backoff),
            budget_percent: config.budget_percent.unwrap_or(default.budget_percent),
            budget_floor: config.budget_floor.unwrap_or(default.budget_floor),
            seed: None,
        })
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            initial_backoff: Duration::from_millis(100),
            initial_backoff_when_busy: Duration::from_millis(500),
            max_backoff: Duration::from_secs(5),
            budget_percent: 20,
            budget_floor: 10,
            seed: None,
        }
    }
}

impl Retry {
    /// Creates a policy with the defaults listed above.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of attempts, the first one included: 3 by default. 0 counts as 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the longest backoff before the second attempt: 100 ms by default. It doubles before each further attempt.
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.initial_backoff = wait;
        self
    }

    /// Sets the longest backoff before the second attempt after WeCom replied that it is busy (-1): 500 ms by default.
    pub fn initial_backoff_when_busy(mut self, wait: Duration) -> Self {
        self.initial_backoff_when_busy = wait;
        self
    }

    /// Sets the upper bound of every backoff: 5 s by default. A longer `Retry-After` is still obeyed.
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.max_backoff = wait;
        self
    }

    /// Sets how many repetitions are allowed for a hundred calls of the last ten seconds: 20 by default.
    pub fn budget_percent(mut self, percent: u32) -> Self {
        self.budget_percent = percent;
        self
    }

    /// Sets how many repetitions are allowed in ten seconds regardless of the number of calls: 10 by default.
    pub fn budget_floor(mut self, repetitions: u32) -> Self {
        self.budget_floor = repetitions;
        self
    }

    /// Makes the backoffs and the times of early renewals of tokens reproducible, for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    pub(crate) fn given_seed(&self) -> Option<u64> {
        self.seed
    }
}

/// The state of a [`Retry`] policy in one client.
pub(crate) struct Retrying {
    policy: Retry,
    budget: Budget,
    jitter: Jitter,
}

/// The longest `Retry-After` that is obeyed without a deadline.
const LONGEST_REQUESTED_WAIT: Duration = Duration::from_secs(60);

impl Retrying {
    pub(crate) fn new(policy: Retry) -> Self {
        let budget = Budget::new(policy.budget_percent, policy.budget_floor);
        let jitter = Jitter::new(policy.seed);
        Self { policy, budget, jitter }
    }

    pub(crate) fn policy(&self) -> &Retry {
        &self.policy
    }

    /// Counts a call towards the budget.
    pub(crate) fn begin(&self, now: Duration) {
        self.budget.count_call(now);
    }

    /// The wait before the next attempt; `None` if the call is not repeated. `remaining` is what the deadline leaves.
    pub(crate) fn wait(
        &self,
        verdict: &Verdict,
        attempts: u32,
        now: Duration,
        remaining: Option<Duration>,
    ) -> Option<Duration> {
        if attempts >= self.policy.attempts {
            return None;
        }
        let wait = self.backoff(verdict.is_busy, attempts);
        let wait = match (verdict.requested, verdict.at_least) {
            (Some(requested), _) if requested > remaining.unwrap_or(LONGEST_REQUESTED_WAIT) => return None,
            (Some(requested), _) => wait.max(requested),
            (None, at_least) => at_least.saturating_add(wait),
        };
        if remaining.is_some_and(|remaining| wait >= remaining) {
            return None;
        }
        self.budget.withdraw(now).then_some(wait)
    }

    /// A backoff with full jitter: a random time up to a bound that doubles with each attempt.
    fn backoff(&self, is_busy: bool, attempts: u32) -> Duration {
        let first = if is_busy { self.policy.initial_backoff_when_busy } else { self.policy.initial_backoff };
        let doublings = attempts.saturating_sub(1).min(31);
        let bound = first.saturating_mul(1 << doublings).min(self.policy.max_backoff);
        self.jitter.up_to(bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn busy() -> Verdict {
        Verdict { is_busy: true, ..Verdict::REPEAT }
    }

    #[test]
    fn a_backoff_is_random_within_a_bound_that_doubles_up_to_the_maximum() {
        let retrying = Retrying::new(Retry::new().attempts(99).budget_floor(u32::MAX));
        for (verdict, first) in [(Verdict::REPEAT, 100), (busy(), 500)] {
            for attempts in 1..20 {
                let bound = Duration::from_millis(first << (attempts - 1)).min(Duration::from_secs(5));
                let waits: Vec<_> = (0..200).map(|_| retrying.wait(&verdict, attempts, NOW, None).unwrap()).collect();
                let longest = *waits.iter().max().unwrap();
                assert!(longest <= bound, "attempt {attempts}: {longest:?} > {bound:?}");
                assert!(longest > bound * 3 / 4, "attempt {attempts}: of 200 none over {longest:?}");
                assert!(*waits.iter().min().unwrap() < bound / 4);
            }
        }
    }

    #[test]
    fn each_setting_is_read_from_a_configuration_and_an_unknown_one_is_refused() {
        let read = r#"{"attempts":1,"initial_backoff_ms":2,"initial_backoff_when_busy_ms":3,"max_backoff_ms":4,
            "budget_percent":5,"budget_floor":6}"#;
        let ms = Duration::from_millis;
        let expected = Retry::new().attempts(1).initial_backoff(ms(2)).initial_backoff_when_busy(ms(3));
        let expected = expected.max_backoff(ms(4)).budget_percent(5).budget_floor(6);
        assert_eq!(serde_json::from_str::<Retry>(read).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Retry>("{}").unwrap(), Retry::new());
        assert!(serde_json::from_str::<Retry>(r#"{"atempts":1}"#).is_err());
    }

    #[test]
    fn a_configuration_without_an_attempt_is_refused() {
        let error = serde_json::from_str::<Retry>(r#"{"attempts":0}"#).unwrap_err().to_string();
        assert!(error.contains("at least 1 attempt"), "{error}");
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            let retrying = Retrying::new(Retry::new().seed(seed));
            (0..5).map(|_| retrying.wait(&Verdict::REPEAT, 1, NOW, None).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn the_last_attempt_is_not_followed_by_a_wait() {
        let retrying = Retrying::new(Retry::new());
        assert!(retrying.wait(&Verdict::REPEAT, 2, NOW, None).is_some());
        assert_eq!(retrying.wait(&Verdict::REPEAT, 3, NOW, None), None);
    }

    #[test]
    fn every_wait_ends_before_the_deadline() {
        let retrying = Retrying::new(Retry::new().initial_backoff(Duration::from_secs(4)).budget_floor(u32::MAX));
        let remaining = Duration::from_secs(1);
        let waits: Vec<_> = (0..200).map(|_| retrying.wait(&Verdict::REPEAT, 1, NOW, Some(remaining))).collect();
        assert!(waits.iter().flatten().all(|&wait| wait < remaining));
        assert!(waits.contains(&None) && waits.iter().any(Option::is_some));
    }

    #[test]
    fn a_requested_wait_is_obeyed_up_to_the_deadline_or_a_minute() {
        let retrying = Retrying::new(Retry::new());
        let asked = |seconds| Verdict { requested: Some(Duration::from_secs(seconds)), ..Verdict::REPEAT };
        let remaining = Some(Duration::from_secs(10));
        assert_eq!(retrying.wait(&asked(9), 1, NOW, remaining), Some(Duration::from_secs(9)));
        assert_eq!(retrying.wait(&asked(11), 1, NOW, remaining), None);
        assert_eq!(retrying.wait(&asked(60), 1, NOW, None), Some(Duration::from_secs(60)));
        assert_eq!(retrying.wait(&asked(61), 1, NOW, None), None);
    }

    #[test]
    fn a_call_refused_for_concurrency_waits_at_least_a_second() {
        let retrying = Retrying::new(Retry::new());
        let verdict = Verdict { at_least: Duration::from_secs(1), ..Verdict::REPEAT };
        assert!(retrying.wait(&verdict, 1, NOW, None).unwrap() >= Duration::from_secs(1));
    }

    /// The longest of many backoffs after a number of attempts.
    fn longest(policy: Retry, verdict: &Verdict, attempts: u32) -> Option<Duration> {
        let retrying = Retrying::new(policy.attempts(9).budget_floor(u32::MAX).seed(1));
        (0..500).filter_map(|_| retrying.wait(verdict, attempts, NOW, None)).max()
    }

    #[test]
    fn waits_are_bounded_by_the_settings() {
        let second = Duration::from_secs(1);
        for (policy, verdict, attempts, bound) in [
            (Retry::new().initial_backoff(second * 3), Verdict::REPEAT, 1, second * 3),
            (Retry::new().initial_backoff(second * 2), Verdict::REPEAT, 2, second * 4),
            (Retry::new().initial_backoff_when_busy(second * 3), busy(), 1, second * 3),
            (Retry::new().initial_backoff(second * 60).max_backoff(second * 20), Verdict::REPEAT, 1, second * 20),
            (Retry::new().max_backoff(second / 20), busy(), 3, second / 20),
        ] {
            let longest = longest(policy, &verdict, attempts).unwrap();
            assert!(longest <= bound && longest > bound * 9 / 10, "{longest:?} of {bound:?}");
        }
    }

    #[test]
    fn the_budget_follows_the_settings() {
        for (policy, expected) in [
            (Retry::new().budget_percent(0).budget_floor(3), 3),
            (Retry::new().budget_percent(50).budget_floor(0), 50),
            (Retry::new(), 30),
        ] {
            let retrying = Retrying::new(policy);
            (0..100).for_each(|_| retrying.begin(NOW));
            let granted = (0..1000).filter(|_| retrying.wait(&Verdict::REPEAT, 1, NOW, None).is_some()).count();
            assert_eq!(granted, expected);
        }
    }
}
