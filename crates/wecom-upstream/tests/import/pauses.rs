//! Consumers that keep the future of an event and do not poll it for minutes, while a call is in flight.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wecom_core::{Client, TransportErrorKind};
use wecom_mock::faults::FaultRule;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, GET_RESULT, IMPORT_CHAIN_CONTACT};
use wecom_upstream::jobs::import::{Import, ImportEvent, ImportState};

use crate::support::{Service, chain, rows};

const LATENCY: Duration = Duration::from_millis(20);
const STEP: Duration = Duration::from_millis(10);
const PAUSE: Duration = Duration::from_secs(300);

/// Returns the next event. Pauses once while a call that a rule counts is in flight.
fn next_with_pause(service: &Service, import: &mut Import, rules: &[FaultRule]) -> Option<ImportEvent> {
    let calls = || rules.iter().map(FaultRule::calls).sum::<u64>();
    let before = calls();
    let mut next = pin!(import.next());
    let mut has_paused = false;
    loop {
        if let Poll::Ready(event) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return event;
        }
        let pauses = calls() > before && !std::mem::replace(&mut has_paused, calls() > before);
        service.timer.advance(if pauses { PAUSE } else { STEP });
    }
}

#[test]
fn a_pause_in_a_call_that_changes_nothing_is_no_failure() {
    let service = Service::with(|simulator| simulator.latency(LATENCY));
    let lost = service.faults.on(&IMPORT_CHAIN_CONTACT).nth(1);
    lost.fail_after_sending(TransportErrorKind::ConnectionLost);
    // The reply takes two waits, so that the deadline is over at the second one.
    let rules = [&GET_RESULT, &GET_CHAIN_GROUP, &GET_CHAIN_CORPINFO_LIST]
        .map(|endpoint| service.faults.on(endpoint).delay(LATENCY, service.timer.clone()));
    let client = Client::builder(service.faults.clone()).credentials(service.simulator.credentials());
    let client = client.timer(service.timer.clone()).deadline(Duration::from_secs(5));
    let mut import = Upstream::new(client.build()).import(ImportState::new(chain(), rows(60, 100)).unwrap());
    let mut searches = 0;
    while let Some(event) = next_with_pause(&service, &mut import, &rules) {
        assert!(!matches!(event, ImportEvent::Retrying { .. } | ImportEvent::Stopped(_)), "{event:?}");
        searches += usize::from(matches!(event, ImportEvent::Searched { .. }));
    }
    let report = import.into_report();
    service.assert_consistent(&report);
    assert_eq!((report.progress.settled(), report.progress.unknown, searches), (60, 20, 1));
    assert!(rules.iter().all(|rule| rule.calls() > 1));
}
