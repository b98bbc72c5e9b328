//! Consumers that pause while a call is in flight.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};
use wecom_core::{Client, Local, Timer};
use wecom_mock::faults::FaultRule;
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::EXTERNAL_USERID_TO_PENDING_ID;
use wecom_upstream::jobs::customers::{PendingIds, Recognition};
use wecom_upstream::{ExternalUserId, Threading, Upstream};

use crate::support::{Store, add, customer, dealer, pending_id};

const CUSTOMERS: usize = 250;
/// The calls for all customers.
const CALLS: u64 = 3;
const LATENCY: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(60);

/// A service that replies to a lookup after a while, and a rule that counts the lookups.
struct Service {
    timer: ManualTimer,
    simulator: Simulator,
    faults: Faults<Simulator>,
    lookups: FaultRule,
}

impl Service {
    /// Creates a service that acts on a request after 20 ms, and replies to a lookup after a further time.
    fn new(further: Duration) -> Self {
        let timer = ManualTimer::new();
        let simulator = Simulator::demo().on_timer(timer.clone());
        let upstream = Upstream::new(simulator.client());
        for number in 0..CUSTOMERS {
            pending_id(&upstream, number);
            add(&simulator, number);
        }
        let simulator = simulator.latency(LATENCY);
        let faults = Faults::new(simulator.clone());
        let lookups = faults.on(&EXTERNAL_USERID_TO_PENDING_ID).delay(further, timer.clone());
        Self { timer, simulator, faults, lookups }
    }

    fn shared(&self) -> Upstream {
        let client = Client::builder(self.faults.clone()).credentials(self.simulator.credentials());
        Upstream::new(client.timer(self.timer.clone()).deadline(DEADLINE).build())
    }

    fn local(&self) -> Upstream<Local> {
        let client = Client::local(self.faults.clone()).credentials(self.simulator.credentials());
        Upstream::new(client.timer(self.timer.clone()).deadline(DEADLINE).build())
    }

    /// Polls a future once. If it is pending, drops it and pauses.
    fn poll_and_pause<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => {
                self.timer.advance(PAUSE);
                None
            }
        }
    }

    /// Returns the number of answers without an error. Pauses once in each call.
    fn answered<M: Threading>(&self, mut ids: PendingIds<impl Iterator<Item = ExternalUserId>, M>) -> usize {
        let mut answered = 0;
        loop {
            let answer = self.poll_and_pause(ids.next()).unwrap_or_else(|| self.timer.run(ids.next()));
            let Some(answer) = answer else { return answered };
            answered += usize::from(answer.pending_id.is_ok());
        }
    }

    /// Awaits the first answer, with a pause after each tick. Returns whether it is an error.
    fn fails(&self, pause: Duration) -> bool {
        let mut ids = self.shared().pending_ids([customer(0)]);
        loop {
            assert!(self.timer.now() < Duration::from_secs(3600), "the lookup does not end");
            // The statement drops the future before the pause.
            let answer = match self.timer.run(select(pin!(ids.next()), pin!(Timer::sleep(&self.timer, TICK)))) {
                Either::Left((answer, _)) => Some(answer.unwrap()),
                Either::Right(_) => None,
            };
            match answer {
                Some(answer) => return answer.pending_id.is_err(),
                None => self.timer.advance(pause),
            }
        }
    }
}

#[test]
fn a_pause_after_dropping_the_future_of_an_answer_loses_no_answer() {
    let service = Service::new(LATENCY);
    assert_eq!(service.answered(service.shared().pending_ids((0..CUSTOMERS).map(customer))), CUSTOMERS);
    assert_eq!(service.lookups.calls(), 2 * CALLS - 1, "the first pause is in the fetch of the token");
}

#[test]
fn a_pause_of_the_consumer_of_a_local_lookup_loses_no_answer() {
    let service = Service::new(LATENCY);
    assert_eq!(service.answered(service.local().pending_ids((0..CUSTOMERS).map(customer))), CUSTOMERS);
}

#[test]
fn a_pause_after_dropping_the_future_of_a_recognized_customer_loses_no_customer() {
    let service = Service::new(LATENCY);
    let upstream = service.shared();
    let mut map = upstream.map_customers(Store::default());
    let mut customers = map.recognize(dealer(), [customer(0), customer(1)]);
    assert!(service.poll_and_pause(customers.next()).is_none());
    for _ in 0..2 {
        let recognized = service.timer.run(customers.next()).unwrap().unwrap();
        assert!(matches!(recognized, Recognition::Unknown { pending_id: Some(_), .. }), "{recognized:?}");
    }
}

#[cfg(feature = "stream")]
#[test]
fn a_pause_between_two_polls_of_a_stream_loses_no_answer() {
    use futures_util::StreamExt;

    let service = Service::new(LATENCY);
    let mut answers = service.shared().pending_ids((0..CUSTOMERS).map(customer)).into_stream();
    for _ in 0..CUSTOMERS {
        let answer = service.poll_and_pause(answers.next()).unwrap_or_else(|| service.timer.run(answers.next()));
        assert!(answer.unwrap().pending_id.is_ok());
    }
}

#[test]
fn a_lookup_without_a_reply_fails_after_one_call_without_pauses_and_after_four_with_pauses() {
    for (pause, calls) in [(Duration::ZERO, 1), (PAUSE, 4)] {
        let service = Service::new(Duration::MAX);
        assert!(service.fails(pause));
        assert_eq!(service.lookups.calls(), calls, "{pause:?}");
    }
}

#[test]
fn a_future_of_an_answer_that_is_kept_and_not_polled_for_minutes_loses_no_answer() {
    let service = Service::new(LATENCY);
    let mut ids = service.shared().pending_ids((0..CUSTOMERS).map(customer));
    for _ in 0..CUSTOMERS {
        let mut next = pin!(ids.next());
        let answer = match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                service.timer.advance(PAUSE);
                service.timer.run(next)
            }
        };
        assert!(answer.unwrap().pending_id.is_ok());
    }
    assert_eq!(service.lookups.calls(), 2 * CALLS - 1, "the first pause is in the fetch of the token");
}

#[cfg(feature = "stream")]
#[test]
fn a_stream_of_a_slow_service_makes_each_failed_call_once() {
    use futures_util::StreamExt;

    let service = Service::new(Duration::MAX);
    let mut answers = service.shared().pending_ids([customer(0)]).into_stream();
    assert!(service.timer.run(answers.next()).unwrap().pending_id.is_err());
    assert_eq!(service.lookups.calls(), 1);
}
