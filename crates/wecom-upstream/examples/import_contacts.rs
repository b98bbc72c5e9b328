//! Imports the corps of a CSV file into a chain, with a progress bar. A run after a crash resumes from the journal. Prints
//! the failures, and writes the failed rows to another CSV file, to be corrected and imported again.
//!
//! ```text
//! cargo run -p wecom-upstream --example import_contacts
//! ```
//!
//! The example uses the simulator with faults and on virtual time. In production, use a client of wecom-hyper with its
//! `TokioTimer`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::future::ready;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GET_RESULT, IMPORT_CHAIN_CONTACT, ImportContact, ImportCorp};
use wecom_upstream::ids::CustomId;
use wecom_upstream::jobs::import::{ImportEvent, ImportJournal, ImportOutcome, ImportReport, ImportState};
use wecom_upstream::wecom_core::TransportErrorKind::{Connect, ConnectionLost};
use wecom_upstream::{ChainId, Client, Upstream};

type Outcome<T> = Result<T, Box<dyn Error>>;

const COLUMNS: [&str; 5] = ["corp_name", "custom_id", "group_path", "head", "mobile"];

fn main() -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("wecom-import-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    write_dealers(&folder.join("dealers.csv"))?;

    // In production: a client of wecom-hyper with `.timer(TokioTimer::new()).retry(…)`.
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let upstream = Upstream::new(client_with_faults(&simulator, &timer));

    let path = folder.join("dealers.import");
    let (mut journal, state) = match ImportJournal::open(&path)? {
        // The process has crashed, or the import has stopped. The journal has the rows and their outcomes.
        Some(resumed) => resumed,
        None => {
            let rows = read(&folder.join("dealers.csv"))?;
            let state = ImportState::leaving_out_invalid(ChainId::new("ChDealers"), rows);
            (ImportJournal::create(&path, &state)?, state)
        }
    };
    let bar = ProgressBar::new(state.progress().total as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);

    let import = upstream.import(state).finish_with(|event, state| {
        bar.set_position(state.progress().settled() as u64);
        if let ImportEvent::Submitting { job, corps } = event {
            bar.set_message(format!("job {job}: {corps} corps"));
        }
        ready(journal.save(state)) // Appends what has changed.
    });
    let report = timer.run(import)?; // In production: import.await?
    bar.finish_and_clear();

    show(&report);
    write_failed(&report, &folder.join("failed.csv"))?;
    println!("{} rows to correct are in {}", report.failed().count(), folder.join("failed.csv").display());
    if report.stopped.is_none() {
        journal.remove()?; // Otherwise the next run resumes the import.
    }
    Ok(())
}

/// A client whose connection sometimes fails.
fn client_with_faults(simulator: &Simulator, timer: &ManualTimer) -> Client {
    let faults = Faults::new(simulator.clone());
    faults.on(&GET_RESULT).every(3).fail_after_sending(ConnectionLost);
    faults.on(&IMPORT_CHAIN_CONTACT).nth(1).fail_before_sending(Connect);
    Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone()).build()
}

/// Writes a thousand dealers. Some have a mobile number that is too short, some a custom id that is in use.
fn write_dealers(path: &Path) -> Outcome<()> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record(COLUMNS)?;
    for number in 1..=1000 {
        let mobile = if number % 90 == 0 { "1300".to_owned() } else { format!("130{number:08}") };
        let custom_id = if number % 400 == 0 { "BJ01".to_owned() } else { format!("D{number}") };
        let region = if number % 2 == 0 { "华北区" } else { "华东区" };
        file.write_record([&format!("经销商{number}"), &custom_id, region, "张三", &mobile])?;
    }
    file.flush()?;
    Ok(())
}

fn read(path: &Path) -> Outcome<Vec<ImportCorp>> {
    let mut rows = Vec::new();
    for record in csv::Reader::from_path(path)?.deserialize() {
        let (name, custom_id, group_path, head, mobile): (String, String, String, String, String) = record?;
        let corp = ImportCorp::new(name, [ImportContact::head(head, mobile)]);
        rows.push(corp.custom_id(CustomId::new(custom_id)).group_path(group_path));
    }
    Ok(rows)
}

/// The reason why a row was not imported.
fn reason(outcome: &ImportOutcome) -> String {
    match outcome {
        ImportOutcome::Failed(failure) => failure.code.to_string(),
        ImportOutcome::Invalid(problems) => problems.first().map(ToString::to_string).unwrap_or_default(),
        ImportOutcome::Unknown { in_chain: Some(true) } => "unknown outcome: the corp is in the chain".to_owned(),
        ImportOutcome::Unknown { .. } => "unknown outcome: the corp was not found in the chain".to_owned(),
        other => format!("{other:?}"),
    }
}

fn show(report: &ImportReport) {
    let mut reasons = BTreeMap::<_, Vec<_>>::new();
    for row in report.rows.iter().filter(|row| row.outcome != ImportOutcome::Imported) {
        reasons.entry(reason(&row.outcome)).or_default().push(row.row);
    }
    println!("{:>6}  imported", report.progress.imported);
    for (reason, rows) in reasons {
        println!("{:>6}  {reason}: rows {rows:?}", rows.len());
    }
    if let Some(stop) = &report.stopped {
        println!("the import stopped: {stop}");
    }
}

fn write_failed(report: &ImportReport, path: &Path) -> Outcome<()> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record(COLUMNS.iter().chain(&["reason"]))?;
    for row in report.failed() {
        let corp = &row.corp;
        let custom_id = corp.custom_id.as_ref().map_or("", CustomId::as_str);
        let group_path = corp.group_path.as_deref().unwrap_or_default();
        for contact in &corp.contact_info_list {
            let reason = reason(&row.outcome);
            file.write_record([&corp.corp_name, custom_id, group_path, &contact.name, &contact.mobile, &reason])?;
        }
    }
    file.flush()?;
    Ok(())
}
