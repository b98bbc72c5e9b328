//! Processes that end at any point, and other processes that resume from the saved state.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use wecom_upstream::jobs::import::{Import, ImportEvent, ImportReport, ImportState};

use crate::support::{Random, Service, chain, is_conflicting, rows};

/// A future that ends with `None` after a number of polls.
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

/// The step that a process ends before.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// Saving the state after an event.
    Saving,
    /// The step after saving.
    Continuing,
}

/// A process that imports and saves the state after each event; `None` if the process ends first.
async fn process(mut import: Import, saved: &mut String, random: &mut Random) -> Option<ImportReport> {
    let end = [None, Some(End::Saving), Some(End::Continuing)][random.below(3) as usize];
    let mut left = random.below(12);
    let mut replica: ImportState = serde_json::from_str(saved).unwrap();
    while let Some(event) = import.next().await {
        assert!(!matches!(event, ImportEvent::Stopped(_)), "{event:?}");
        left = left.saturating_sub(1);
        if left == 0 && end == Some(End::Saving) {
            return None;
        }
        // A copy that gets the changes alone is equal.
        if let Some(changes) = import.state().changes_since(replica.revision()) {
            replica.apply(serde_json::from_str(&serde_json::to_string(&changes).unwrap()).unwrap()).unwrap();
        }
        assert_eq!(replica, *import.state());
        *saved = serde_json::to_string(import.state()).unwrap();
        if left == 0 && end == Some(End::Continuing) {
            return None;
        }
    }
    Some(import.into_report())
}

/// Imports with processes that end at random points. Returns the number of processes.
fn import_with_kills(service: &Service, state: &ImportState, seed: u64) -> (ImportReport, usize) {
    let mut saved = serde_json::to_string(state).unwrap();
    let mut random = Random(seed);
    for processes in 1..=500 {
        // Only the saved state is left of the previous process.
        let import = service.upstream().import(serde_json::from_str(&saved).unwrap());
        // Most processes live for a few calls, some long enough to search the chain.
        let polls = 1 + if random.below(4) == 0 { random.below(600) } else { random.below(40) };
        let running = Box::pin(process(import, &mut saved, &mut random));
        if let Some(report) = service.timer.run(AtMost { future: running, polls }).flatten() {
            return (report, processes);
        }
        // The time until the next process starts.
        service.timer.advance(Duration::from_secs(random.below(20)));
    }
    panic!("the import did not end");
}

/// A service with latency before and after it acts, so that calls can be interrupted there.
fn slow_service() -> Service {
    let service = Service::with(|simulator| simulator.latency(Duration::from_millis(300)));
    service.faults.on_any().delay(Duration::from_millis(300), service.timer.clone());
    service
}

#[test]
fn five_thousand_corps_are_imported_once_and_only_the_conflicting_ones_fail() {
    let service = Service::new();
    let state = ImportState::new(chain(), rows(5000, 2)).unwrap();
    assert_eq!(state.jobs(), 5);
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    let conflicts = (1..=5000).filter(|&row| is_conflicting(row)).count();
    assert_eq!((report.progress.failed, report.progress.imported), (conflicts, 5000 - conflicts));
    assert_eq!(conflicts, 350);
    assert!(report.failed().all(|row| is_conflicting(row.row)) && !report.is_complete());
}

#[test]
fn five_thousand_corps_are_imported_once_although_the_process_is_killed_repeatedly() {
    let service = slow_service();
    let state = ImportState::new(chain(), rows(5000, 2)).unwrap();
    let (report, processes) = import_with_kills(&service, &state, 0);
    service.assert_consistent(&report);
    assert_eq!(report.progress.settled(), 5000);
    assert!(processes > 5, "{processes} processes");
}

#[test]
fn small_jobs_are_imported_once_wherever_the_process_is_killed() {
    let (mut kills, mut unknown, mut imported) = (0, 0, 0);
    for seed in 100..112 {
        let service = slow_service();
        // Each job has twenty corps.
        let state = ImportState::new(chain(), rows(100, 100)).unwrap();
        let (report, processes) = import_with_kills(&service, &state, seed);
        service.assert_consistent(&report);
        kills += processes - 1;
        unknown += report.progress.unknown;
        imported += report.progress.imported;
    }
    assert!(kills > 40 && unknown > 40 && imported > 300, "{kills} kills, {unknown} unknown, {imported} imported");
}

#[test]
fn dropping_the_future_of_next_loses_only_a_submission_in_flight() {
    for polls in 1..12 {
        let service = slow_service();
        let state = ImportState::new(chain(), rows(40, 100)).unwrap();
        let mut import = service.upstream().import(state);
        // Every other future of `next` is dropped after a few polls. The import itself is kept.
        let mut is_over = false;
        while !is_over {
            let next = Box::pin(import.next());
            service.timer.run(AtMost { future: next, polls });
            is_over = service.timer.run(import.next()).is_none();
        }
        let report = import.into_report();
        service.assert_consistent(&report);
    }
}
