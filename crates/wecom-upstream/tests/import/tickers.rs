//! Consumers that drop the future of an event at each tick of an interval, as `select!` in a loop does.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use wecom_core::{Timer, TransportErrorKind};
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, IMPORT_CHAIN_CONTACT};
use wecom_upstream::jobs::import::{Import, ImportOutcome, ImportState};

use crate::support::{Service, chain, rows};

const TICK: Duration = Duration::from_secs(1);
/// The latency of each call, with and without the fetch of a token longer than a tick.
const LATENCY: Duration = Duration::from_millis(1_500);

fn slow_service() -> Service {
    Service::with(|simulator| simulator.latency(LATENCY))
}

/// Runs an import whose consumer drops the future of an event at each tick. `is_tick_first` is a biased `select!` with
/// the interval first.
fn run_with_ticks(service: &Service, import: &mut Import, is_tick_first: bool) {
    loop {
        assert!(service.timer.now() < Duration::from_secs(4 * 3600), "the import does not end");
        let (next, tick) = (pin!(import.next()), pin!(Timer::sleep(&service.timer, TICK)));
        let event = service.timer.run(async {
            if is_tick_first {
                return match select(tick, next).await {
                    Either::Left(_) => None,
                    Either::Right((event, _)) => Some(event),
                };
            }
            match select(next, tick).await {
                Either::Left((event, _)) => Some(event),
                Either::Right(_) => None,
            }
        });
        if matches!(event, Some(None)) {
            return;
        }
    }
}

#[test]
fn an_import_whose_future_is_dropped_at_each_tick_loses_no_job() {
    for is_tick_first in [false, true] {
        let service = slow_service();
        let state = ImportState::new(chain(), rows(60, 100)).unwrap();
        let mut import = service.upstream().import(state);
        run_with_ticks(&service, &mut import, is_tick_first);
        let report = import.into_report();
        service.assert_consistent(&report);
        assert_eq!((report.progress.unknown, report.progress.imported + report.progress.failed), (0, 60));
    }
}

#[test]
fn the_search_for_a_lost_job_ends_although_the_future_is_dropped_at_each_tick() {
    for is_tick_first in [false, true] {
        let service = slow_service();
        let lost = service.faults.on(&IMPORT_CHAIN_CONTACT).nth(1);
        lost.fail_after_sending(TransportErrorKind::ConnectionLost);
        let lists = service.faults.on(&GET_CHAIN_CORPINFO_LIST).at_most(0).error_code(-1);
        let group_lists = service.faults.on(&GET_CHAIN_GROUP).at_most(0).error_code(-1);
        let state = ImportState::new(chain(), rows(60, 100)).unwrap();
        let mut import = service.upstream().import(state);
        run_with_ticks(&service, &mut import, is_tick_first);
        assert_eq!(group_lists.calls(), 1);
        assert!(lists.calls() < 20, "{} calls", lists.calls());
        let report = import.into_report();
        service.assert_consistent(&report);
        assert_eq!(report.progress.unknown, 20);
    }
}

#[test]
fn the_state_during_a_submission_shows_that_the_job_may_have_been_submitted() {
    let service = slow_service();
    let state = ImportState::new(chain(), rows(20, 100)).unwrap();
    let mut import = service.upstream().import(state);
    assert!(service.timer.run(import.next()).is_some());
    let tick = pin!(Timer::sleep(&service.timer, TICK));
    assert!(matches!(service.timer.run(select(pin!(import.next()), tick)), Either::Right(_)));
    let stored = serde_json::to_string(import.state()).unwrap();
    let report = import.into_report();
    assert!(report.rows.iter().all(|row| row.outcome == ImportOutcome::Unknown { in_chain: None }));

    let state = serde_json::from_str(&stored).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 20);
}
