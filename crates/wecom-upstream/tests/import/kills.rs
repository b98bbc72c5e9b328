//! Processes that end at any point, and others that go on from what was saved.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use wecom_upstream::jobs::import::{Import, ImportEvent, ImportReport, ImportState};

use crate::support::{Chance, Service, chain, is_bad, rows};

/// A future that is dropped before it has been polled more than so often.
struct AtMost<F> {
    future: F,
    polls: u64,
}

impl<F: Future + Unpin> Future for AtMost<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.polls == 0 {
            return Poll::Ready(None);
        }
        this.polls -= 1;
        Pin::new(&mut this.future).poll(context).map(Some)
    }
}

/// What a process ends before.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// The saving of the state after an event.
    Saving,
    /// What follows the saving.
    GoingOn,
}

/// A process: it imports, and saves after each event; `None` when it was ended first.
async fn process(mut import: Import, saved: &mut String, chance: &mut Chance) -> Option<ImportReport> {
    let end = [None, Some(End::Saving), Some(End::GoingOn)][chance.below(3) as usize];
    let mut left = chance.below(12);
    while let Some(event) = import.next().await {
        assert!(!matches!(event, ImportEvent::Stopped(_)), "{event:?}");
        left = left.saturating_sub(1);
        if left == 0 && end == Some(End::Saving) {
            return None;
        }
        *saved = serde_json::to_string(import.state()).unwrap();
        if left == 0 && end == Some(End::GoingOn) {
            return None;
        }
    }
    Some(import.into_report())
}

/// Imports with processes that end at points which the seed decides; tells how many there were.
fn import_with_kills(service: &Service, state: &ImportState, seed: u64) -> (ImportReport, usize) {
    let mut saved = serde_json::to_string(state).unwrap();
    let mut chance = Chance(seed);
    for processes in 1..=500 {
        // Nothing but what was saved is left of the process before.
        let import = service.upstream().import(serde_json::from_str(&saved).unwrap(), service.timer.clone());
        // Most live for a few calls, some for as long as a look through the chain takes.
        let polls = 1 + if chance.below(4) == 0 { chance.below(600) } else { chance.below(40) };
        let running = Box::pin(process(import, &mut saved, &mut chance));
        if let Some(report) = service.timer.run(AtMost { future: running, polls }).flatten() {
            return (report, processes);
        }
        // Until somebody starts the next.
        service.timer.advance(Duration::from_secs(chance.below(20)));
    }
    panic!("it came to no end");
}

/// A service on which calls take time before and after it acts, so that they can be interrupted there.
fn slow_service() -> Service {
    let service = Service::with(|simulator| simulator.latency(Duration::from_millis(300)));
    service.faults.on_any().delay(Duration::from_millis(300), service.timer.clone());
    service
}

#[test]
fn five_thousand_corps_come_in_once_each_and_only_the_bad_ones_fail() {
    let service = Service::new();
    let state = ImportState::new(chain(), rows(5000, 2)).unwrap();
    assert_eq!(state.jobs(), 5);
    let report = service.timer.run(service.upstream().import(state, service.timer.clone()).finish());
    service.assert_true(&report);
    let bad = (1..=5000).filter(|&row| is_bad(row)).count();
    assert_eq!((report.progress.failed, report.progress.imported), (bad, 5000 - bad));
    assert_eq!(bad, 350);
    assert!(report.failed().all(|row| is_bad(row.row)) && !report.is_complete());
}

#[test]
fn five_thousand_corps_come_in_once_each_though_the_process_is_killed_again_and_again() {
    let service = slow_service();
    let state = ImportState::new(chain(), rows(5000, 2)).unwrap();
    let (report, processes) = import_with_kills(&service, &state, 0);
    service.assert_true(&report);
    assert_eq!(report.progress.settled(), 5000);
    assert!(processes > 5, "{processes} processes");
}

#[test]
fn many_small_jobs_come_in_once_each_wherever_the_process_is_killed() {
    let (mut kills, mut unknown, mut imported) = (0, 0, 0);
    for seed in 100..112 {
        let service = slow_service();
        // Twenty corps are a job.
        let state = ImportState::new(chain(), rows(100, 100)).unwrap();
        let (report, processes) = import_with_kills(&service, &state, seed);
        service.assert_true(&report);
        kills += processes - 1;
        unknown += report.progress.unknown;
        imported += report.progress.imported;
    }
    assert!(kills > 40 && unknown > 40 && imported > 300, "{kills} kills, {unknown} unknown, {imported} imported");
}

#[test]
fn a_next_that_is_dropped_loses_nothing_but_a_submission_under_way() {
    for polls in 1..12 {
        let service = slow_service();
        let state = ImportState::new(chain(), rows(40, 100)).unwrap();
        let mut import = service.upstream().import(state, service.timer.clone());
        // Every other future of `next` is dropped after so many polls; the import itself lives on.
        let mut is_over = false;
        while !is_over {
            let next = Box::pin(import.next());
            service.timer.run(AtMost { future: next, polls });
            is_over = service.timer.run(import.next()).is_none();
        }
        let report = import.into_report();
        service.assert_true(&report);
    }
}
