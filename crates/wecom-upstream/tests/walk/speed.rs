//! The speedup from concurrency, in exact virtual time.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wecom_core::{Client, Request, Response, Transport, TransportError, async_trait};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

use crate::support::{Counting, Directory, LATENCY, chain, counted, rest};

const GROUPS: i64 = 199;

/// The duration of a walk and the maximum number of calls in flight.
fn duration(page_size: u32, concurrency: usize) -> (Duration, usize) {
    let timer = ManualTimer::new();
    let (upstream, counts) = counted(Directory::new(GROUPS, 1_000).simulator(), &timer);
    let mut walk = upstream.walk(chain()).need_pending(true).concurrency(concurrency).page_size(page_size);
    timer.run(rest(&mut walk)).unwrap();
    (timer.now(), counts.max_in_flight.load(Ordering::SeqCst))
}

#[test]
fn the_number_of_round_trips_is_the_number_of_calls_divided_by_the_concurrency() {
    // One call for the token, one for the list of groups, and one for each of 200 groups.
    for (concurrency, round_trips) in [(1, 202), (2, 102), (4, 52), (8, 27), (16, 15)] {
        assert_eq!(duration(100, concurrency), (LATENCY * round_trips, concurrency));
    }
}

#[test]
fn the_speedup_is_at_least_80_percent_of_the_concurrency() {
    let (alone, _) = duration(100, 1);
    for concurrency in [2, 4, 8, 16] {
        let (together, _) = duration(100, concurrency);
        let speedup = alone.as_secs_f64() / together.as_secs_f64();
        assert!(speedup >= 0.8 * concurrency as f64, "{concurrency}: {speedup}");
    }
}

#[test]
fn the_first_pages_of_groups_with_several_pages_are_prefetched() {
    // Five corps and three pages in each group: the second and third page are fetched one after another.
    assert_eq!(duration(2, 1).0, LATENCY * (2 + 600));
    assert_eq!(duration(2, 8).0, LATENCY * (2 + 1 + 400));
}

/// A transport that counts the polls of its futures.
struct Polled {
    inner: Counting<Simulator>,
    polls: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Polled {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut sending = Transport::send(&self.inner, request);
        poll_fn(|context| {
            self.polls.fetch_add(1, Ordering::SeqCst);
            sending.as_mut().poll(context)
        })
        .await
    }
}

#[test]
fn a_call_in_flight_is_polled_only_after_it_was_woken() {
    let timer = ManualTimer::new();
    let simulator = Directory::new(GROUPS, 10_000).simulator();
    let credentials = simulator.credentials();
    let polls = Arc::new(AtomicUsize::new(0));
    let inner = Counting::new(simulator, &timer);
    let calls = Arc::clone(&inner.counts);
    let transport = Polled { inner, polls: Arc::clone(&polls) };
    let upstream = Upstream::new(Client::builder(transport).credentials(credentials).build());
    timer.run(rest(&mut upstream.walk(chain()).concurrency(64).page_size(10))).unwrap();
    let (polls, calls) = (polls.load(Ordering::SeqCst), calls.calls.load(Ordering::SeqCst));
    assert!(calls > 800 && polls <= 2 * calls + 10, "{polls} polls of {calls} calls");
}
