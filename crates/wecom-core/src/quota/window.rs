//! A sliding window: a limit on the calls within any interval of one length.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of buckets of a window. It slides by one bucket.
const BUCKETS: u32 = 60;

/// Counts calls in buckets of a sixtieth of the window's length. A bucket counts until all of it is older than the
/// window, so no interval of that length contains more calls than allowed.
#[derive(Debug)]
pub(super) struct Window {
    /// In nanoseconds.
    bucket: u64,
    allowed: u32,
    counts: VecDeque<u32>,
    total: u32,
    /// The number of the newest bucket, the last of `counts`.
    newest: u64,
}

impl Window {
    pub(super) fn new(span: Duration, allowed: u32) -> Self {
        let counts = std::iter::repeat_n(0, BUCKETS as usize + 1).collect();
        Self { bucket: nanoseconds(span / BUCKETS).max(1), allowed, counts, total: 0, newest: 0 }
    }

    /// The number of calls that may be sent now.
    pub(super) fn room(&mut self, now: Duration) -> u32 {
        self.slide_to(now);
        self.allowed.saturating_sub(self.total)
    }

    /// The time until there is room for one call; `None` if there is room now.
    pub(super) fn full_for(&mut self, now: Duration) -> Option<Duration> {
        if self.room(now) > 0 {
            return None;
        }
        let empty = self.counts.iter().take_while(|&&count| count == 0).count();
        // The oldest bucket is dropped when the next one begins. Empty buckets are dropped before it, one at a time.
        let leaves = self.newest.saturating_add(1 + empty as u64);
        let leaves = Duration::from_nanos(leaves.saturating_mul(self.bucket));
        Some(leaves.saturating_sub(now))
    }

    /// Counts a call.
    pub(super) fn count(&mut self) {
        if let Some(newest) = self.counts.back_mut() {
            *newest += 1;
            self.total += 1;
        }
    }

    /// Advances to the bucket of this moment. If the clock was set back, the counts move back with it and stay as recent
    /// as they were.
    fn slide_to(&mut self, now: Duration) {
        let bucket = nanoseconds(now) / self.bucket;
        let steps = bucket.saturating_sub(self.newest).min(self.counts.len() as u64);
        for _ in 0..steps {
            self.total -= self.counts.pop_front().unwrap_or_default();
            self.counts.push_back(0);
        }
        self.newest = bucket;
    }
}

/// Enough for five centuries.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Makes calls whenever the window admits one, with random waits between, and returns their times.
    fn calls_over(window: &mut Window, until: Duration, random: &mut fastrand::Rng) -> Vec<Duration> {
        let (mut now, mut calls) = (Duration::ZERO, Vec::new());
        while now < until {
            match window.full_for(now) {
                Some(wait) => {
                    assert!(!wait.is_zero() && wait <= MINUTE + MINUTE / BUCKETS, "{wait:?}");
                    now += wait;
                }
                None => {
                    window.count();
                    calls.push(now);
                    now += Duration::from_millis(random.u64(0..400));
                }
            }
        }
        calls
    }

    #[test]
    fn no_interval_of_its_length_contains_more_calls_than_allowed() {
        for seed in 0..50 {
            let mut random = fastrand::Rng::with_seed(seed);
            let allowed = random.u32(1..200);
            let calls = calls_over(&mut Window::new(MINUTE, allowed), MINUTE * 10, &mut random);
            for (at, &first) in calls.iter().enumerate() {
                let within = calls[at..].iter().take_while(|&&call| call - first < MINUTE).count();
                assert!(within <= allowed as usize, "seed {seed}: {within} calls from {first:?} on, {allowed} allowed");
            }
        }
    }

    #[test]
    fn nearly_all_allowed_calls_are_admitted() {
        let mut random = fastrand::Rng::with_seed(1);
        let calls = calls_over(&mut Window::new(MINUTE, 100), MINUTE * 20, &mut random).len();
        assert!(calls >= 1900, "{calls} calls in 20 minutes of 100");
    }

    #[test]
    fn a_clock_that_is_set_back_neither_admits_more_calls_nor_blocks_longer() {
        let mut window = Window::new(MINUTE, 2);
        let hour = MINUTE * 60;
        assert_eq!(window.full_for(hour), None);
        window.count();
        window.count();
        let wait = window.full_for(Duration::ZERO).unwrap();
        assert!(wait <= MINUTE + MINUTE / BUCKETS, "{wait:?}");
        assert_eq!(window.full_for(wait), None);
    }

    #[test]
    fn a_clock_that_jumps_ahead_empties_the_window() {
        let mut window = Window::new(MINUTE, 1);
        assert_eq!(window.full_for(Duration::ZERO), None);
        window.count();
        assert!(window.full_for(MINUTE).is_some());
        assert_eq!(window.full_for(Duration::MAX), None);
    }
}
