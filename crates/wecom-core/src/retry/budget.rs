//! The budget for repetitions: a share of the recent calls, so that an outage does not multiply the load.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The budget covers ten seconds, with one bucket for each second.
const BUCKETS: u64 = 10;

/// A share of the calls and a floor, over the last ten seconds.
#[derive(Debug)]
pub(crate) struct Budget {
    percent: u64,
    floor: u64,
    recent: Mutex<VecDeque<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    second: u64,
    calls: u64,
    repetitions: u64,
}

impl Budget {
    pub(crate) fn new(percent: u32, floor: u32) -> Self {
        Self { percent: percent.into(), floor: floor.into(), recent: Mutex::default() }
    }

    /// Counts a call.
    pub(crate) fn count_call(&self, now: Duration) {
        self.with_recent(now, |recent| {
            if let Some(current) = recent.back_mut() {
                current.calls += 1;
            }
        });
    }

    /// Takes one repetition out of the budget. Returns whether the budget allows it.
    pub(crate) fn withdraw(&self, now: Duration) -> bool {
        self.with_recent(now, |recent| {
            let calls: u64 = recent.iter().map(|bucket| bucket.calls).sum();
            let made: u64 = recent.iter().map(|bucket| bucket.repetitions).sum();
            let granted = made < self.floor.saturating_add(calls.saturating_mul(self.percent) / 100);
            if let (true, Some(current)) = (granted, recent.back_mut()) {
                current.repetitions += 1;
            }
            granted
        })
    }

    /// The buckets of the last ten seconds, the current one last. A clock that was set back starts over.
    fn with_recent<T>(&self, now: Duration, f: impl FnOnce(&mut VecDeque<Bucket>) -> T) -> T {
        let second = now.as_secs();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.back().is_none_or(|newest| newest.second != second) {
            recent.retain(|bucket| bucket.second < second && second - bucket.second < BUCKETS);
            recent.push_back(Bucket { second, calls: 0, repetitions: 0 });
        }
        f(&mut recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(budget: &Budget, now: Duration) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_fifth_of_the_recent_calls_may_be_repeated_beside_the_floor() {
        let budget = Budget::new(20, 10);
        for millisecond in 0..1000 {
            budget.count_call(Duration::from_millis(millisecond * 9));
        }
        assert_eq!(granted(&budget, Duration::from_secs(9)), 10 + 200);
    }

    #[test]
    fn calls_of_ten_seconds_ago_no_longer_count() {
        let budget = Budget::new(20, 10);
        for _ in 0..100 {
            budget.count_call(Duration::ZERO);
        }
        assert_eq!(granted(&budget, Duration::ZERO), 30);
        assert_eq!(granted(&budget, Duration::from_secs(9)), 0);
        assert_eq!(granted(&budget, Duration::from_secs(10)), 10);
    }

    #[test]
    fn a_clock_that_jumps_grants_at_most_the_floor_again() {
        let budget = Budget::new(20, 10);
        let (hour, later) = (Duration::from_secs(3600), Duration::from_secs(7200));
        assert_eq!(granted(&budget, later), 10);
        assert_eq!(granted(&budget, hour), 10);
        assert_eq!(granted(&budget, hour), 0);
        assert_eq!(granted(&budget, later), 10);
    }

    #[test]
    fn a_clock_that_returns_to_an_earlier_second_starts_that_second_over() {
        let budget = Budget::new(20, 10);
        let at = |second| Duration::from_secs(second);
        assert_eq!(granted(&budget, at(5)), 10);
        assert_eq!(granted(&budget, at(6)), 0);
        assert_eq!(granted(&budget, at(5)), 10);
    }
}
