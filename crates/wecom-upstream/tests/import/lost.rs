//! Submissions with an unknown outcome.

use std::future::ready;
use std::time::Duration;

use wecom_core::TransportErrorKind::ConnectionLost;
use wecom_upstream::ErrCode;
use wecom_upstream::calls::{GET_CHAIN_GROUP, IMPORT_CHAIN_CONTACT};
use wecom_upstream::jobs::import::{ImportEvent, ImportOutcome, ImportState};

use crate::support::{Service, chain, is_conflicting, rows};

/// Three jobs of twenty corps each.
fn three_jobs() -> ImportState {
    ImportState::new(chain(), rows(60, 100)).unwrap()
}

fn unknown(in_chain: bool) -> ImportOutcome {
    ImportOutcome::Unknown { in_chain: Some(in_chain) }
}

#[test]
fn one_search_finds_a_lost_job_after_a_later_job_was_accepted() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(1).fail_after_sending(ConnectionLost);
    let mut searches = Vec::new();
    let import = service.upstream().import(three_jobs());
    let report = service.timer.run(import.finish_with(|event, _| {
        if let ImportEvent::Searched { found, missing } = event {
            searches.push((*found, *missing));
        }
        ready(Ok::<_, ()>(()))
    }));
    let report = report.unwrap();
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 20);
    assert!(report.unknown().all(|row| row.row <= 20 && row.outcome == unknown(!is_conflicting(row.row))));
    let conflicts = (1..=20).filter(|&row| is_conflicting(row)).count();
    assert_eq!(searches, [(20 - conflicts, conflicts)]);
}

#[test]
fn a_last_job_that_was_never_accepted_is_missing_after_the_settle_limit() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(3).error_code(ErrCode::BUSY);
    let import = service.upstream().import(three_jobs());
    let report = service.timer.run(import.settle_limit(Duration::from_secs(100)).finish());
    service.assert_consistent(&report);
    assert_eq!(report.unknown().map(|row| row.row).collect::<Vec<_>>(), (41..=60).collect::<Vec<_>>());
    assert!(report.unknown().all(|row| row.outcome == unknown(false)));
    let took = service.timer.now().as_secs();
    assert!((100..220).contains(&took), "{took} s");
}

#[test]
fn a_job_is_not_submitted_again_if_the_process_ends_before_it_saves_the_job_id() {
    let service = Service::new();
    let mut import = service.upstream().import(three_jobs());
    let saved = service.timer.run(async {
        let Some(ImportEvent::Submitting { job: 1, corps: 20 }) = import.next().await else { panic!() };
        let saved = serde_json::to_string(import.state()).unwrap();
        let Some(ImportEvent::Submitted { job: 1, .. }) = import.next().await else { panic!() };
        saved
    });
    drop(import);
    let state = serde_json::from_str(&saved).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 20);
}

#[test]
fn an_announced_job_that_is_withdrawn_is_submitted_after_resuming() {
    let service = Service::new();
    let mut import = service.upstream().import(three_jobs());
    let event = service.timer.run(import.next());
    assert!(matches!(event, Some(ImportEvent::Submitting { .. })));
    let state = import.into_state();
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 0);
}

#[test]
fn the_chain_is_searched_for_the_rows_of_a_job_without_an_available_result() {
    let service = Service::new();
    let state = ImportState::new(chain(), rows(20, 100)).unwrap();
    let mut import = service.upstream().import(state);
    service.timer.run(async { while !matches!(import.next().await, Some(ImportEvent::Submitted { .. })) {} });
    let state = import.into_state();
    // Five other imports in the meantime: the service keeps the results of five jobs.
    for job in 0..5 {
        service.timer.advance(Duration::from_secs(10));
        let corp = wecom_upstream::calls::ImportCorp::new(
            format!("别人的客户{job}"),
            [wecom_upstream::calls::ImportContact::head("李四", "13100000000")],
        );
        let other = ImportState::new(chain(), [corp]).unwrap();
        let report = service.timer.run(service.upstream().import(other).finish());
        assert!(report.is_complete());
    }
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 20);
}

#[test]
fn a_job_is_not_submitted_if_saving_the_state_fails() {
    let service = Service::new();
    let import = service.upstream().import(three_jobs());
    let outcome = service.timer.run(import.finish_with(|_, _| ready(Err("the disk is full"))));
    assert_eq!(outcome.unwrap_err(), "the disk is full");
    assert_eq!(service.in_chain().len(), crate::support::EXISTING);
    assert!(rows(60, 1).iter().all(|row| service.submissions(&row.corp_name) == 0));
}

#[test]
fn a_row_that_is_missing_is_not_reported_as_missing_before_the_last_search() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(3).error_code(ErrCode::BUSY);
    service.faults.on(&GET_CHAIN_GROUP).nth(2).error_code(ErrCode::API_FORBIDDEN);
    let import = service.upstream().import(three_jobs());
    let report = service.timer.run(import.finish());
    assert!(report.stopped.is_some());
    assert!(report.unknown().all(|row| row.outcome == ImportOutcome::Unknown { in_chain: None }), "{report:?}");
    assert_eq!(report.unknown().count(), 20);
}
