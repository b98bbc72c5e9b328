//! A sliding window: a limit on the calls within any interval of one length.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of buckets of a window. It slides by one bucket.
const BUCKETS: u32 = 60;

/// Counts calls in buckets of a sixtieth of the window's length. A bucket counts until all of it is older than the
/// window, so no interval of that length contains more calls than allowed.
///
/// Only buckets with calls take memory.
#[derive(Debug)]
pub(super) struct Window {
    /// The length of a bucket in seconds.
    length: i64,
    allowed: u32,
    /// The buckets with calls, oldest first.
    buckets: VecDeque<Bucket>,
    total: u32,
    /// The number of the current bucket.
    current: i64,
}

/// The calls within one bucket.
#[derive(Debug)]
struct Bucket {
    number: i64,
    calls: u32,
}

impl Window {
    pub(super) fn new(span: Duration, allowed: u32) -> Self {
        let length = seconds(span / BUCKETS).max(1);
        Self { length, allowed, buckets: VecDeque::new(), total: 0, current: 0 }
    }

    /// Returns how many more calls may be sent now.
    pub(super) fn room(&mut self, now: Duration) -> u32 {
        self.slide_to(now);
        self.allowed.saturating_sub(self.total)
    }

    /// Returns how long until there is room for one call; `None` if there is room now.
    pub(super) fn full_for(&mut self, now: Duration) -> Option<Duration> {
        if self.room(now) > 0 {
            return None;
        }
        let oldest = self.buckets.front().map_or(self.current, |bucket| bucket.number);
        let expires = oldest.saturating_add(i64::from(BUCKETS) + 1).saturating_mul(self.length);
        let expires = Duration::from_secs(u64::try_from(expires).unwrap_or_default());
        Some(expires.saturating_sub(now))
    }

    /// Counts a call.
    pub(super) fn count(&mut self) {
        match self.buckets.back_mut().filter(|newest| newest.number == self.current) {
            Some(newest) => newest.calls += 1,
            None => self.buckets.push_back(Bucket { number: self.current, calls: 1 }),
        }
        self.total += 1;
    }

    /// Advances to the bucket of this moment and drops the buckets that have left the window. If the clock was set back,
    /// the buckets move with it and stay as recent as they were.
    fn slide_to(&mut self, now: Duration) {
        let current = seconds(now) / self.length;
        let set_back = self.current.saturating_sub(current);
        if set_back > 0 {
            self.buckets.iter_mut().for_each(|bucket| bucket.number = bucket.number.saturating_sub(set_back));
        }
        self.current = current;
        while let Some(oldest) = self.buckets.front() {
            if current.saturating_sub(oldest.number) <= i64::from(BUCKETS) {
                break;
            }
            self.total -= oldest.calls;
            self.buckets.pop_front();
        }
    }
}

/// The whole seconds of a time. No clock reaches `i64::MAX` seconds, 290 billion years.
fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
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
    fn a_clock_that_starts_many_centuries_ago_is_as_good_as_any() {
        for years in [292, 585, 2028, 100_000] {
            let start = Duration::from_secs(years * 366 * 24 * 60 * 60);
            let mut window = Window::new(MINUTE, 2);
            for _ in 0..2 {
                assert_eq!(window.full_for(start), None, "{years}");
                window.count();
            }
            assert_eq!(window.full_for(start), Some(MINUTE + MINUTE / BUCKETS), "{years}");
            assert_eq!(window.full_for(start + MINUTE + MINUTE / BUCKETS), None, "{years}");
        }
    }

    #[test]
    fn only_buckets_with_calls_take_memory() {
        let mut window = Window::new(MINUTE, 1_000);
        assert_eq!(window.buckets.capacity(), 0);
        for second in 0..600 {
            assert_eq!(window.full_for(Duration::from_secs(second)), None);
            window.count();
        }
        assert_eq!(window.buckets.len(), BUCKETS as usize + 1);
        assert_eq!(window.room(MINUTE * 20), 1_000);
        assert!(window.buckets.is_empty());
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
