//! Imports.

use std::{env, fs};

use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GET_RESULT, IMPORT_CHAIN_CONTACT};
use wecom_upstream::ids::JobId;
use wecom_upstream::jobs::import::{ImportJournal, ImportOutcome, ImportState};
use wecom_upstream::{Client, Upstream};

const STATE_1: &str = include_str!("import_state.v1.json");
const JOURNAL_1: &str = include_str!("import_journal.v1");

/// Asserts that a state has a row with each outcome, and resumes it.
#[track_caller]
fn assert_is_the_stored_import(state: ImportState) {
    let progress = state.progress();
    assert_eq!((progress.total, progress.imported, progress.failed, progress.invalid), (6, 1, 1, 1));
    assert_eq!((state.chain_id().as_str(), state.jobs(), state.revision()), ("ChDealers", 4, 9));
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let faults = Faults::new(simulator.clone());
    let submissions = faults.on(&IMPORT_CHAIN_CONTACT).at_most(0).error_code(-1);
    let polls = faults.on(&GET_RESULT).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone());
    let report = timer.run(Upstream::new(client.build()).import(state).finish());
    // The job with an id is polled, and no row is submitted again.
    assert_eq!((submissions.calls(), polls.calls() > 0), (0, true));
    let unknown = ImportOutcome::Unknown { in_chain: Some(false) };
    assert_eq!(report.rows[0].outcome, ImportOutcome::Imported);
    assert!(matches!(report.rows[1].outcome, ImportOutcome::Failed(_)));
    assert!(matches!(report.rows[2].outcome, ImportOutcome::Invalid(_)));
    assert_eq!(report.rows[3..].iter().map(|row| &row.outcome).collect::<Vec<_>>(), [&unknown; 3]);
}

#[test]
fn a_state_of_version_1_is_read_and_written() {
    let state: ImportState = serde_json::from_str(STATE_1).unwrap();
    assert_eq!(serde_json::to_string(&state).unwrap(), STATE_1.trim_end());
    let running = Upstream::new(Simulator::demo().client()).import(state.clone()).into_report();
    assert_eq!(running.rows[4].outcome, ImportOutcome::Running(JobId::new("job7")));
    assert_is_the_stored_import(state);
}

#[test]
fn a_journal_of_version_1_is_read() {
    let path = env::temp_dir().join(format!("wecom-journal-1-{}", std::process::id()));
    fs::write(&path, JOURNAL_1).unwrap();
    let (journal, state) = ImportJournal::open(&path).unwrap().unwrap();
    assert_eq!(state, serde_json::from_str(STATE_1).unwrap());
    assert_is_the_stored_import(state);
    journal.remove().unwrap();
}

#[test]
fn an_import_state_without_a_version_and_one_of_a_newer_version_are_refused_with_what_to_do() {
    let old = STATE_1.replace(r#""format":"wecom import state, version 1","#, "");
    let newer = STATE_1.replace("version 1", "version 2");
    let foreign = STATE_1.replace("import state", "directory state");
    for (json, expected) in [
        (
            old,
            "not an import state: the field `format` is missing; load the document that this job saved, or import the",
        ),
        (newer, "unsupported version: the import state has version 2, and this library reads version 1; update"),
        (foreign, "not an import state: it is a directory state; "),
    ] {
        let error = serde_json::from_str::<ImportState>(&json).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(error.contains("import the rows that the chain does not have yet"), "{error}");
    }
}
