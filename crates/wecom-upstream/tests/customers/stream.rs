//! The stream of pending ids, and a lookup whose future is dropped.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use static_assertions::assert_impl_all;
use wecom_core::{Client, Timer};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::EXTERNAL_USERID_TO_PENDING_ID;
use wecom_upstream::jobs::customers::PendingIdStream;
use wecom_upstream::{ExternalUserId, Upstream};

use crate::support::{add, customer, pending_id};

assert_impl_all!(PendingIdStream<std::vec::IntoIter<ExternalUserId>>: Send, Unpin);

/// A simulator whose replies take 1.5 s, and that knows 250 customers, with its timer.
fn slow_service() -> (Simulator, ManualTimer) {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let upstream = Upstream::new(simulator.client());
    for number in 0..250 {
        pending_id(&upstream, number);
        add(&simulator, number);
    }
    (simulator.latency(Duration::from_millis(1_500)), timer)
}

#[test]
fn a_stream_yields_the_answer_for_each_customer_in_order() {
    let (simulator, timer) = slow_service();
    let mut answers = Upstream::new(simulator.client()).pending_ids((0..250).map(customer)).into_stream();
    let found: Vec<_> = timer.run(answers.by_ref().collect());
    assert_eq!(
        found.iter().map(|answer| answer.external_userid.clone()).collect::<Vec<_>>(),
        (0..250).map(customer).collect::<Vec<_>>()
    );
    assert!(found.iter().all(|answer| matches!(answer.pending_id, Ok(Some(_)))));
    assert_eq!(answers.pending_ids().yielded(), 250);
    assert!(timer.run(answers.next()).is_none());
}

#[test]
fn a_lookup_whose_future_is_dropped_at_each_tick_repeats_no_call() {
    let (simulator, timer) = slow_service();
    let faults = Faults::new(simulator.clone());
    let calls = faults.on(&EXTERNAL_USERID_TO_PENDING_ID).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone()).build();
    let mut ids = Upstream::new(client).pending_ids((0..250).map(customer));
    let mut answers = 0;
    loop {
        assert!(timer.now() < Duration::from_secs(60), "the lookup does not end");
        let tick = pin!(Timer::sleep(&timer, Duration::from_secs(1)));
        match timer.run(select(pin!(ids.next()), tick)) {
            Either::Left((Some(_), _)) => answers += 1,
            Either::Left((None, _)) => break,
            Either::Right(_) => {}
        }
    }
    assert_eq!((answers, calls.calls()), (250, 3));
}
