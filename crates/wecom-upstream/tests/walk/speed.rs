//! What concurrency is good for, in exact virtual time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use wecom_mock::ManualTimer;

use crate::support::{Directory, LATENCY, chain, counted, rest};

const GROUPS: i64 = 199;

/// How long a walk takes, and the most calls at once.
fn duration(page_size: u32, concurrency: usize) -> (Duration, usize) {
    let timer = ManualTimer::new();
    let (upstream, counts) = counted(Directory::new(GROUPS, 1_000).simulator(), &timer);
    let mut walk = upstream.walk(chain()).need_pending(true).concurrency(concurrency).page_size(page_size);
    timer.run(rest(&mut walk)).unwrap();
    (timer.now(), counts.most_at_once.load(Ordering::SeqCst))
}

#[test]
fn a_walk_takes_as_many_round_trips_as_its_calls_divided_by_the_concurrency() {
    // One for the token, one for the list of groups, and one for each of 200 groups.
    for (concurrency, round_trips) in [(1, 202), (2, 102), (4, 52), (8, 27), (16, 15)] {
        assert_eq!(duration(100, concurrency), (LATENCY * round_trips, concurrency));
    }
}

#[test]
fn a_walk_is_nearly_as_many_times_faster_as_there_are_calls_at_once() {
    let (alone, _) = duration(100, 1);
    for concurrency in [2, 4, 8, 16] {
        let (together, _) = duration(100, concurrency);
        let speedup = alone.as_secs_f64() / together.as_secs_f64();
        assert!(speedup >= 0.8 * concurrency as f64, "{concurrency}: {speedup}");
    }
}

#[test]
fn where_groups_have_several_pages_the_first_ones_are_still_fetched_ahead() {
    // Five corps a group, three pages each: the second and third follow one another.
    assert_eq!(duration(2, 1).0, LATENCY * (2 + 600));
    assert_eq!(duration(2, 8).0, LATENCY * (2 + 1 + 400));
}
