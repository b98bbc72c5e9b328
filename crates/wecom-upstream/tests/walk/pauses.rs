//! Consumers that pause between two events, while prefetched calls are in flight.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wecom_core::{Client, Credentials, Local};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::jobs::walk::Walk;
use wecom_upstream::{Threading, Upstream};

use crate::support::{Directory, LATENCY, chain, line};

const DEADLINE: Duration = Duration::from_secs(5);

/// A service that acts on a request after 20 ms and replies 20 ms later.
fn service(directory: &Directory, timer: &ManualTimer) -> (Faults<Simulator>, Credentials) {
    let simulator = directory.simulator().on_timer(timer.clone()).latency(LATENCY);
    let credentials = simulator.credentials();
    let service = Faults::new(simulator);
    service.on_any().delay(LATENCY, timer.clone());
    (service, credentials)
}

/// The events of a walk whose consumer pauses for a minute after each one.
fn with_pauses<M: Threading>(mut walk: Walk<M>, timer: &ManualTimer) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(event) = timer.run(walk.next()).unwrap() {
        lines.push(line(event));
        timer.advance(Duration::from_secs(60));
    }
    lines
}

#[test]
fn a_pause_of_the_consumer_loses_no_group() {
    let directory = Directory::new(20, 100);
    for (concurrency, page_size) in [(1, 2), (4, 100), (8, 2)] {
        let timer = ManualTimer::new();
        let (service, credentials) = service(&directory, &timer);
        let client = Client::builder(service).credentials(credentials).timer(timer.clone());
        let upstream = Upstream::new(client.deadline(DEADLINE).build());
        let walk = upstream.walk(chain()).concurrency(concurrency).page_size(page_size);
        assert_eq!(with_pauses(walk, &timer), directory.expected(false), "{concurrency} {page_size}");
    }
}

#[test]
fn a_pause_of_the_consumer_of_a_local_walk_loses_no_group() {
    let directory = Directory::new(20, 100);
    let timer = ManualTimer::new();
    let (service, credentials) = service(&directory, &timer);
    let client = Client::local(service).credentials(credentials).timer(timer.clone());
    let upstream: Upstream<Local> = Upstream::new(client.deadline(DEADLINE).build());
    assert_eq!(with_pauses(upstream.walk(chain()).concurrency(8), &timer), directory.expected(false));
}

#[test]
fn a_pause_after_dropping_the_future_of_an_event_loses_no_group() {
    let directory = Directory::new(20, 100);
    let timer = ManualTimer::new();
    let (service, credentials) = service(&directory, &timer);
    let client = Client::builder(service).credentials(credentials).timer(timer.clone());
    let mut walk = Upstream::new(client.deadline(DEADLINE).build()).walk(chain()).concurrency(4).page_size(2);
    let mut lines = Vec::new();
    loop {
        let polled = pin!(walk.next()).poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(Ok(Some(event))) = polled {
            lines.push(line(event));
        }
        timer.advance(Duration::from_secs(60));
        let Some(event) = timer.run(walk.next()).unwrap() else { break };
        lines.push(line(event));
    }
    assert_eq!(lines, directory.expected(false));
}

#[test]
fn a_future_of_an_event_that_is_kept_and_not_polled_for_minutes_loses_no_group() {
    let directory = Directory::new(20, 100);
    for (concurrency, is_dropped_later) in [(1, false), (8, false), (8, true)] {
        let timer = ManualTimer::new();
        let (service, credentials) = service(&directory, &timer);
        let client = Client::builder(service).credentials(credentials).timer(timer.clone());
        let upstream = Upstream::new(client.deadline(DEADLINE).build());
        let mut walk = upstream.walk(chain()).concurrency(concurrency).page_size(2);
        let mut lines = Vec::new();
        loop {
            let kept = {
                let mut next = pin!(walk.next());
                match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(event) => Some(event),
                    Poll::Pending => {
                        timer.advance(Duration::from_secs(300));
                        (!is_dropped_later).then(|| timer.run(next))
                    }
                }
            };
            let event = kept.unwrap_or_else(|| timer.run(walk.next())).unwrap();
            let Some(event) = event else { break };
            lines.push(line(event));
        }
        assert_eq!(lines, directory.expected(false), "{concurrency} {is_dropped_later}");
    }
}
