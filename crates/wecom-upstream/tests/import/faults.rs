//! Faults before the service acts, after it acts, and in its replies.

use wecom_core::TransportErrorKind::{Connect, ConnectionLost, Timeout};
use wecom_mock::Answer;
use wecom_upstream::ErrCode;
use wecom_upstream::calls::{GET_RESULT, IMPORT_CHAIN_CONTACT};
use wecom_upstream::jobs::import::{ImportState, ImportStop};

use crate::support::{Service, chain, rows};

/// Imports a hundred rows in five jobs, and resumes the import whenever it stops.
fn import(service: &Service) -> wecom_upstream::jobs::import::ImportReport {
    let mut state = ImportState::new(chain(), rows(100, 100)).unwrap();
    for _ in 0..50 {
        let mut import = service.upstream().import(state);
        let mut stopped = false;
        service.timer.run(async {
            while let Some(event) = import.next().await {
                stopped |= matches!(event, wecom_upstream::jobs::import::ImportEvent::Stopped(_));
            }
        });
        if !stopped {
            return import.into_report();
        }
        let json = serde_json::to_string(&import.into_state()).unwrap();
        state = serde_json::from_str(&json).unwrap();
    }
    panic!("the import did not end");
}

#[test]
fn no_row_is_imported_twice_or_reported_wrongly_despite_faults_of_every_kind() {
    let (mut unknown, mut imported, mut injected) = (0, 0, 0);
    for seed in 0..30 {
        let service = Service::new();
        let faults = &service.faults;
        let rules = [
            faults.on(&IMPORT_CHAIN_CONTACT).with_probability(0.15, seed).fail_after_sending(ConnectionLost),
            faults.on(&IMPORT_CHAIN_CONTACT).with_probability(0.15, seed + 100).error_code(ErrCode::BUSY),
            faults.on(&IMPORT_CHAIN_CONTACT).with_probability(0.15, seed + 200).fail_before_sending(Connect),
            faults.on(&IMPORT_CHAIN_CONTACT).with_probability(0.1, seed + 300).replace_reply(Answer::status(504, "")),
            faults.on(&IMPORT_CHAIN_CONTACT).with_probability(0.1, seed + 400).cut_reply(20),
            faults.on_any().with_probability(0.05, seed + 500).error_code(ErrCode::BUSY),
            faults.on_any().with_probability(0.1, seed + 600).fail_after_sending(Timeout),
            faults.on_any().with_probability(0.05, seed + 700).html_reply(),
            faults.on(&GET_RESULT).with_probability(0.3, seed + 800).fail_after_sending(ConnectionLost),
        ];
        let report = import(&service);
        service.assert_consistent(&report);
        assert_eq!(report.progress.settled(), 100, "{:?}", report.stopped);
        unknown += report.progress.unknown;
        imported += report.progress.imported;
        injected += rules.iter().map(wecom_mock::faults::FaultRule::injected).sum::<u64>();
    }
    assert!(
        unknown > 300 && imported > 300 && injected > 500,
        "{unknown} unknown, {imported} imported, {injected} faults"
    );
}

#[test]
fn a_request_that_was_not_sent_is_retried_and_no_job_is_lost() {
    let service = Service::new();
    let unsent = service.faults.on_any().every(2).fail_before_sending(Connect);
    let report = import(&service);
    service.assert_consistent(&report);
    assert_eq!((report.progress.unknown, report.progress.imported), (0, 93));
    assert!(unsent.injected() >= 5);
}

#[test]
fn a_call_over_the_rate_limit_is_retried_after_a_minute() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(1).error_code(ErrCode::FREQUENCY_EXCEEDED);
    let report = import(&service);
    assert_eq!((report.progress.unknown, report.progress.imported), (0, 93));
    assert!(service.timer.now().as_secs() >= 60);
}

#[test]
fn an_outage_stops_the_import_and_it_resumes_afterwards() {
    let service = Service::new();
    let state = ImportState::new(chain(), rows(100, 100)).unwrap();
    let outage = service.faults.on_any().calls(4..).fail_before_sending(Connect);
    let mut import = service.upstream().import(state);
    service.timer.run(async { while import.next().await.is_some() {} });
    outage.stop();
    let state = import.into_state();
    assert_eq!(state.progress().unknown, 0);
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.imported, 93);
}

#[test]
fn three_lost_submissions_in_a_row_stop_the_import() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).fail_after_sending(ConnectionLost);
    let state = ImportState::new(chain(), rows(100, 100)).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    assert!(matches!(report.stopped, Some(ImportStop::Failed(_))), "{:?}", report.stopped);
    assert_eq!((report.unknown().count(), report.unfinished().count()), (60, 40));
}

#[test]
fn an_unknown_chain_stops_the_import_with_its_error() {
    let service = Service::new();
    let state = ImportState::new(wecom_upstream::ChainId::new("ChNone"), rows(100, 1)).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    let Some(ImportStop::Failed(error)) = &report.stopped else { panic!("{:?}", report.stopped) };
    assert_eq!(error.code(), Some(ErrCode::UNKNOWN_CHAIN));
    assert_eq!(report.unfinished().count(), 100);
}

#[test]
fn an_accepted_submission_resets_the_number_of_failed_calls() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).first(10).fail_before_sending(Connect);
    let lost_polls = service.faults.on(&GET_RESULT).first(10).fail_after_sending(ConnectionLost);
    let state = ImportState::new(chain(), rows(20, 100)).unwrap();
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert!(report.stopped.is_none() && report.progress.unknown == 0, "{:?}", report.stopped);
    assert_eq!(lost_polls.injected(), 10);
}

#[test]
fn a_poll_that_is_denied_for_good_stops_the_import_and_loses_no_job() {
    let service = Service::new();
    service.faults.on(&GET_RESULT).nth(1).error_code(ErrCode::IP_NOT_TRUSTED);
    let state = ImportState::new(chain(), rows(20, 1)).unwrap();
    let mut import = service.upstream().import(state);
    service.timer.run(async { while import.next().await.is_some() {} });
    let state = import.into_state();
    assert_eq!(state.progress().settled(), 0);
    let report = service.timer.run(service.upstream().import(state).finish());
    service.assert_consistent(&report);
    assert_eq!(report.progress.unknown, 0);
}
