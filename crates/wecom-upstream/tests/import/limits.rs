//! Other imports, the daily limit, long jobs and invalid rows.

use std::future::ready;
use std::time::Duration;

use wecom_mock::Mock;
use wecom_upstream::calls::{
    GET_RESULT, GetResult, GetResultReply, ImportChainContact, ImportChainContactReply, JobStatus,
};
use wecom_upstream::ids::JobId;
use wecom_upstream::jobs::import::{ImportEvent, ImportOutcome, ImportState, ImportStop};
use wecom_upstream::{AccessToken, Client, Upstream};

use crate::support::{Service, chain, is_conflicting, rows};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn an_import_waits_while_an_import_from_the_console_runs() {
    let service = Service::new();
    service.simulator.set_console_import_running(true);
    let mut waits = Vec::new();
    let state = ImportState::new(chain(), rows(20, 1)).unwrap();
    let import = service.upstream().import(state);
    let report = service.timer.run(import.finish_with(|event, _| {
        if let ImportEvent::AwaitingTurn { wait, .. } = event {
            waits.push(wait.as_secs());
            service.simulator.set_console_import_running(waits.len() < 7);
        }
        ready(Ok::<_, ()>(()))
    }));
    service.assert_consistent(&report.unwrap());
    assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60]);
}

#[test]
fn an_endless_import_from_the_console_stops_the_import_after_the_limit() {
    let service = Service::new();
    service.simulator.set_console_import_running(true);
    let state = ImportState::new(chain(), rows(20, 1)).unwrap();
    let mut import = service.upstream().import(state).turn_limit(Duration::from_secs(600));
    let last = service.timer.run(async {
        let mut last = None;
        while let Some(event) = import.next().await {
            last = Some(event);
        }
        last
    });
    assert!(matches!(last, Some(ImportEvent::Stopped(ImportStop::TurnLimit(_)))), "{last:?}");
    assert!((600..660).contains(&service.timer.now().as_secs()));
    let state = import.into_state();
    service.simulator.set_console_import_running(false);
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.unfinished().count(), 0);
}

#[test]
fn an_import_over_the_daily_limit_resumes_on_the_next_day() {
    let service = Service::new();
    // 25,000 contacts: ten jobs reach the daily limit.
    let state = ImportState::new(chain(), rows(125, 200)).unwrap();
    let import = service.upstream().import(state);
    let mut saved = None;
    let report = service.timer.run(import.finish_with(|_, state| {
        saved = Some(state.clone());
        ready(Ok::<_, ()>(()))
    }));
    let report = report.unwrap();
    service.assert_consistent(&report);
    assert!(matches!(report.stopped, Some(ImportStop::DailyLimit(_))), "{:?}", report.stopped);
    assert_eq!(report.unfinished().map(|row| row.row).collect::<Vec<_>>(), (101..=125).collect::<Vec<_>>());
    assert!(report.unfinished().all(|row| row.outcome == ImportOutcome::NotSubmitted));

    service.timer.advance(DAY);
    let import = service.upstream().import(saved.unwrap());
    let report = service.timer.run(import.finish());
    service.assert_consistent(&report);
    let conflicts = (1..=125).filter(|&row| is_conflicting(row)).count();
    assert_eq!((report.progress.imported, report.progress.failed), (125 - conflicts, conflicts));
}

#[test]
fn a_job_over_the_limit_stops_the_import_and_is_polled_after_resuming() {
    let (mock, timer) = (Mock::new(), wecom_mock::ManualTimer::new());
    mock.on::<ImportChainContact>().reply(ImportChainContactReply::new(JobId::new("job1"))).times(1);
    mock.on::<GetResult>().reply(GetResultReply::new(JobStatus::Running));
    let client = Client::builder(mock.clone()).token(AccessToken::new("a-token")).timer(timer.clone());
    let upstream = Upstream::new(client.build());
    let state = ImportState::new(chain(), rows(3, 1)).unwrap();
    let mut import = upstream.import(state).job_limit(Duration::from_secs(300));
    timer.run(async { while import.next().await.is_some() {} });
    let polls = mock.journal().iter().filter(|call| call.endpoint() == &GET_RESULT).count();
    // After 2, 6, 14 and 30 s, and then every 30 s.
    assert_eq!(polls, 4 + 9);
    let state: ImportState = serde_json::from_str(&serde_json::to_string(import.state()).unwrap()).unwrap();
    let report = import.into_report();
    assert!(matches!(&report.stopped, Some(ImportStop::JobLimit(jobid)) if jobid.as_str() == "job1"));
    assert!(report.unfinished().all(|row| row.outcome == ImportOutcome::Running(JobId::new("job1"))));

    // The resumed import polls the same job and submits nothing.
    let mut import = upstream.import(state);
    let event = timer.run(import.next());
    assert!(matches!(event, Some(ImportEvent::Running { job: 1, .. })), "{event:?}");
}

#[test]
fn invalid_rows_are_left_out_and_reported() {
    let service = Service::new();
    let mut rows = rows(50, 1);
    rows[20].contact_info_list[0].mobile = "12".to_owned();
    rows[30].corp_name = rows[29].corp_name.clone();
    let invalid = ImportState::new(chain(), rows.clone()).unwrap_err();
    assert_eq!(invalid.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [21, 31]);

    let state = ImportState::leaving_out_invalid(chain(), rows);
    let report = service.timer.run(service.upstream().import(state).finish());
    assert_eq!((report.progress.invalid, report.progress.imported), (2, 50 - 2 - 6));
    let failed: Vec<_> = report.failed().map(|row| (row.row, &row.outcome)).collect();
    assert_eq!(failed.len(), 8);
    let ImportOutcome::Invalid(problems) = failed[6].1 else { panic!("{:?}", failed[6]) };
    assert_eq!((failed[6].0, problems[0].field.as_str()), (21, "contact_info_list[0].mobile"));
}

#[test]
fn an_empty_import_ends_at_once() {
    let service = Service::new();
    let state = ImportState::new(chain(), []).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    assert!(report.is_complete() && report.rows.is_empty() && report.stopped.is_none());
}

#[test]
fn an_import_on_a_client_without_a_timer_stops_before_it_submits_anything() {
    let service = Service::new();
    let state = ImportState::new(chain(), rows(3, 1)).unwrap();
    let client = Client::builder(service.faults.clone()).credentials(service.simulator.credentials()).build();
    let mut import = Upstream::new(client).import(state.clone());
    let event = service.timer.run(import.next());
    assert!(matches!(event, Some(ImportEvent::Stopped(ImportStop::NoTimer))), "{event:?}");
    assert!(service.timer.run(import.next()).is_none());
    assert_eq!(*import.state(), state);
    let report = import.into_report();
    assert_eq!(report.unfinished().count(), 3);
    let text = report.stopped.unwrap().to_string();
    assert!(text.starts_with("no timer: ") && text.contains("ClientBuilder::timer"), "{text}");
    // The state is resumed on a client with a timer.
    service.assert_consistent(&service.timer.run(service.upstream().import(state).finish()));
}
