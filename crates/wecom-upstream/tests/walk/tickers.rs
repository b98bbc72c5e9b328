//! Consumers that drop the future of an event at each tick of an interval, as `select!` in a loop does.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use wecom_core::{Client, Endpoint, Request, Timer};
use wecom_mock::faults::FaultRule;
use wecom_mock::{Faults, ManualTimer};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP};
use wecom_upstream::jobs::walk::Walk;

use crate::support::{Directory, LATENCY, chain, line};

const HOUR: Duration = Duration::from_secs(3600);

/// A consumer with an interval.
#[derive(Clone, Copy, Debug)]
struct Consumer {
    tick: Duration,
    /// The time between a tick and the next await.
    pause: Duration,
    /// Whether the interval is polled before the walk, as in a biased `select!` with the interval first.
    is_tick_first: bool,
}

impl Consumer {
    fn new(tick: Duration, is_tick_first: bool) -> Self {
        Self { tick, pause: Duration::ZERO, is_tick_first }
    }

    /// Returns the output of a future; `None` if the tick is earlier.
    fn until_tick<F: Future>(self, timer: &ManualTimer, future: F) -> Option<F::Output> {
        let (future, tick) = (pin!(future), pin!(Timer::sleep(timer, self.tick)));
        timer.run(async {
            if self.is_tick_first {
                return match select(tick, future).await {
                    Either::Left(_) => None,
                    Either::Right((output, _)) => Some(output),
                };
            }
            match select(future, tick).await {
                Either::Left((output, _)) => Some(output),
                Either::Right(_) => None,
            }
        })
    }

    /// Returns the events of a walk, and the error that ends it, one line each.
    fn consume(self, timer: &ManualTimer, walk: &mut Walk) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            assert!(timer.now() < 10 * HOUR, "{self:?}: the walk does not end");
            match self.until_tick(timer, walk.next()) {
                None => timer.advance(self.pause),
                Some(Ok(Some(event))) => lines.push(line(event)),
                Some(Ok(None)) => return lines,
                Some(Err(error)) => {
                    lines.push(format!("stopped: {error}"));
                    return lines;
                }
            }
        }
    }
}

fn is_for_group_3(request: &Request) -> bool {
    let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
    body["groupid"] == 3
}

/// A service that takes a long time to reply to some requests, and a rule that counts them.
fn slow_service(
    timer: &ManualTimer,
    latency: Duration,
    endpoint: &'static Endpoint,
    is_slow: impl Fn(&Request) -> bool + Send + Sync + 'static,
    limit: Duration,
) -> (Upstream, FaultRule) {
    let simulator = Directory::new(6, 70).simulator().on_timer(timer.clone()).latency(LATENCY);
    let credentials = simulator.credentials();
    let faults = Faults::new(simulator);
    let slow = faults.on(endpoint).when(is_slow).delay(latency, timer.clone());
    let client = Client::builder(faults).credentials(credentials).timer(timer.clone()).time_limit(limit);
    (Upstream::new(client.build()), slow)
}

fn assert_only_group_3_fails(lines: &[String], consumer: Consumer) {
    let complete = Directory::new(6, 70).expected(false);
    let corps = |lines: &[String]| lines.iter().filter(|line| line.starts_with("corp ")).count();
    assert!(lines.last().is_some_and(|line| line.starts_with("group 3 failed: ")), "{consumer:?}: {lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("failed")).count(), 1, "{consumer:?}: {lines:?}");
    assert_eq!(corps(lines), corps(&complete) * 6 / 7, "{consumer:?}: {lines:?}");
}

#[test]
fn a_walk_whose_future_is_dropped_at_each_tick_ends_although_a_group_does_not_reply() {
    let (limit, outage_limit) = (Duration::from_secs(2), Duration::from_secs(5));
    for is_tick_first in [false, true] {
        let timer = ManualTimer::new();
        let (upstream, silent) = slow_service(&timer, 100 * HOUR, &GET_CHAIN_CORPINFO_LIST, is_for_group_3, limit);
        let consumer = Consumer::new(Duration::from_millis(250), is_tick_first);
        let lines = consumer.consume(&timer, &mut upstream.walk(chain()).outage_limit(outage_limit));
        assert_only_group_3_fails(&lines, consumer);
        assert!(silent.injected() < 6, "{} calls", silent.injected());
        assert!(timer.now() < Duration::from_secs(30), "{:?}", timer.now());
    }
}

#[test]
fn ticks_of_any_length_end_the_walk_after_the_outage_limit() {
    let limit = Duration::from_secs(30);
    for (tick, is_tick_first) in [1, 10, 29].into_iter().flat_map(|tick| [(tick, false), (tick, true)]) {
        let timer = ManualTimer::new();
        let (upstream, silent) = slow_service(&timer, 100 * HOUR, &GET_CHAIN_CORPINFO_LIST, is_for_group_3, limit);
        let consumer = Consumer::new(Duration::from_secs(tick), is_tick_first);
        let lines = consumer.consume(&timer, &mut upstream.walk(chain()));
        assert_only_group_3_fails(&lines, consumer);
        assert!(silent.injected() < 12, "{consumer:?}: {} calls", silent.injected());
    }
}

#[test]
fn a_walk_ends_although_its_consumer_pauses_after_each_tick() {
    let limit = Duration::from_secs(1);
    for pause in [Duration::from_millis(150), Duration::from_secs(1)] {
        let timer = ManualTimer::new();
        let (upstream, silent) = slow_service(&timer, 100 * HOUR, &GET_CHAIN_CORPINFO_LIST, is_for_group_3, limit);
        let consumer = Consumer { pause, ..Consumer::new(Duration::from_millis(100), false) };
        let lines = consumer.consume(&timer, &mut upstream.walk(chain()).outage_limit(Duration::from_secs(60)));
        assert_only_group_3_fails(&lines, consumer);
        assert!(silent.injected() < 2_000, "{consumer:?}: {} calls", silent.injected());
    }
}

#[test]
fn a_walk_whose_future_is_dropped_at_each_tick_stops_if_the_groups_are_not_listed() {
    let (limit, outage_limit) = (Duration::from_secs(2), Duration::from_secs(5));
    for (is_tick_first, fail_fast) in [(false, false), (true, false), (false, true), (true, true)] {
        let timer = ManualTimer::new();
        let (upstream, silent) = slow_service(&timer, 100 * HOUR, &GET_CHAIN_GROUP, |_| true, limit);
        let consumer = Consumer::new(Duration::from_millis(250), is_tick_first);
        let mut walk = upstream.walk(chain()).outage_limit(outage_limit).fail_fast(fail_fast);
        let lines = consumer.consume(&timer, &mut walk);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("stopped: get_chain_group: "), "{lines:?}");
        assert_eq!(silent.injected(), if fail_fast { 1 } else { 3 });
    }
}

#[test]
fn fail_fast_stops_a_walk_whose_future_is_dropped_at_each_tick() {
    let limit = Duration::from_secs(2);
    for is_tick_first in [false, true] {
        let timer = ManualTimer::new();
        let (upstream, silent) = slow_service(&timer, 100 * HOUR, &GET_CHAIN_CORPINFO_LIST, is_for_group_3, limit);
        let consumer = Consumer::new(Duration::from_millis(250), is_tick_first);
        let lines = consumer.consume(&timer, &mut upstream.walk(chain()).fail_fast(true));
        assert!(lines.last().is_some_and(|line| line.starts_with("stopped: ")), "{lines:?}");
        assert_eq!(silent.injected(), 1);
    }
}

#[test]
fn a_slow_reply_arrives_although_the_future_is_dropped_at_each_tick() {
    for is_tick_first in [false, true] {
        let timer = ManualTimer::new();
        let (latency, limit) = (Duration::from_secs(20), Duration::from_secs(30));
        let (upstream, slow) = slow_service(&timer, latency, &GET_CHAIN_CORPINFO_LIST, is_for_group_3, limit);
        let consumer = Consumer::new(Duration::from_secs(1), is_tick_first);
        let lines = consumer.consume(&timer, &mut upstream.walk(chain()));
        assert_eq!(lines, Directory::new(6, 70).expected(false));
        assert_eq!(slow.injected(), 1);
    }
}
