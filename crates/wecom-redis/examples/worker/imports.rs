//! Imports the files of a folder. Each file is imported once, and only one worker imports at a time.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use wecom_core::lease::{Lease, LeaseKey};
use wecom_hyper::TokioTimer;
use wecom_redis::SavedState;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::ids::CustomId;
use wecom_upstream::jobs::import::{Import, ImportEvent, ImportOutcome, ImportReport, ImportState};

use super::Worker;

const COLUMNS: [&str; 5] = ["corp_name", "custom_id", "group_path", "head", "mobile"];

/// The interval at which the folder is read.
const READ_EVERY: Duration = Duration::from_secs(2);

/// A file that was changed more recently may still be being written, and is imported later.
const UNCHANGED_FOR: Duration = Duration::from_secs(5);

/// How long an import waits for Redis before it stops. The next turn continues it.
const REDIS_RESTARTS_WITHIN: Duration = Duration::from_secs(60);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Imports the files of the folder until the worker stops.
///
/// A file `dealers.csv` has these [columns](COLUMNS). Write it under another name and rename it, so that no worker reads a
/// part of it. Once it is imported, it is renamed to `dealers.csv.done`, and `dealers.csv.failed` has the rows to correct. A
/// file that is not such a table in UTF-8 is renamed to `dealers.csv.unreadable`.
pub(crate) async fn run(worker: &Worker) -> Outcome<()> {
    loop {
        for file in files(&worker.config.imports)? {
            let key = LeaseKey::new(worker.config.credentials.corp_id(), "import");
            let imported =
                match <Lease>::acquire(worker.store.clone(), TokioTimer::new(), key, worker.config.lease).await {
                    Ok(Some(lease)) => import(worker, lease, &file).await,
                    Ok(None) => break, // WeCom runs one import at a time.
                    Err(error) => Err(error.into()),
                };
            // The next turn continues from the saved state.
            if let Err(error) = imported {
                eprintln!("{}: {error}", file.display());
            }
        }
        if !worker.pause(READ_EVERY).await {
            return Ok(());
        }
    }
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = paths.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "csv"));
    files.sort();
    Ok(files)
}

/// Imports a file, or continues its import.
async fn import(worker: &Worker, lease: Lease, file: &Path) -> Outcome<()> {
    let (state, saved) = match first_or_saved_state(worker, file).await {
        Ok(Some(state_and_place)) => state_and_place,
        nothing_to_import => {
            lease.release().await?;
            return nothing_to_import.map(drop);
        }
    };
    let Some(report) = run_until_stopped(worker, worker.upstream.import(state).lease(lease), &saved).await? else {
        return Ok(());
    };
    if let Some(stop) = &report.stopped {
        return Err(stop.to_string().into());
    }
    write_failed(&report, file)?;
    let lost = report.unknown().filter(|row| row.outcome == ImportOutcome::Unknown { in_chain: Some(false) });
    let lost: Vec<ImportCorp> = lost.map(|row| row.corp.clone()).collect();
    if lost.is_empty() {
        println!("{}: {} rows imported", file.display(), report.progress.imported);
        return rename(file, ".done");
    }
    // The worker that announced these rows was killed before it submitted them.
    save(&ImportState::leaving_out_invalid(&worker.config.chain_id, lost), &saved).await
}

/// The state of the import of a file, and where it is saved. `None` if there is nothing to import: another worker may have
/// finished the file since the folder was read.
async fn first_or_saved_state(worker: &Worker, file: &Path) -> Outcome<Option<(ImportState, SavedState)>> {
    let Some(saved) = saved_state(worker, file)? else { return Ok(None) };
    if let Some(json) = saved.load().await? {
        return Ok(Some((serde_json::from_slice(&json)?, saved)));
    }
    match read(file) {
        Ok(rows) => Ok(Some((ImportState::leaving_out_invalid(&worker.config.chain_id, rows), saved))),
        Err(error) => {
            eprintln!("{}: set aside: {error}", file.display());
            rename(file, ".unreadable").map(|()| None)
        }
    }
}

/// Runs an import, and saves its state after each event. `None` if the worker has to stop.
async fn run_until_stopped(worker: &Worker, mut import: Import, saved: &SavedState) -> Outcome<Option<ImportReport>> {
    let mut is_submitting = false;
    loop {
        let event = tokio::select! {
            event = import.next() => event,
            // If a submission is dropped, it is unknown whether it has arrived. So it is awaited.
            () = worker.stopped(), if !is_submitting => {
                save(&import.into_state(), saved).await?;
                return Ok(None);
            }
        };
        let Some(event) = event else { return Ok(Some(import.into_report())) };
        is_submitting = matches!(event, ImportEvent::Submitting { .. });
        save(import.state(), saved).await?;
    }
}

/// Saves a state, and waits while Redis restarts. The import submits only rows whose state was saved.
async fn save(state: &ImportState, saved: &SavedState) -> Outcome<()> {
    Ok(saved.save_within(&serde_json::to_vec(state)?, REDIS_RESTARTS_WITHIN).await?)
}

/// The saved state of a file. A later file with the same name has a different state. Returns `None` if the file does not
/// exist, or may still be being written.
fn saved_state(worker: &Worker, file: &Path) -> Outcome<Option<SavedState>> {
    let metadata = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    let changed = metadata.modified()?;
    if SystemTime::now().duration_since(changed).unwrap_or_default() < UNCHANGED_FOR {
        return Ok(None);
    }
    let changed = changed.duration_since(UNIX_EPOCH)?.as_nanos();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(worker.store.saved_state(&format!("import/{name}/{}/{changed}", metadata.len()))))
}

fn read(file: &Path) -> Outcome<Vec<ImportCorp>> {
    let mut rows = Vec::new();
    for record in csv::Reader::from_path(file)?.deserialize() {
        let (name, custom_id, group_path, head, mobile): (String, String, String, String, String) = record?;
        let corp = ImportCorp::new(name, [ImportContact::head(head, mobile)]);
        rows.push(corp.custom_id(CustomId::new(custom_id)).group_path(group_path));
    }
    Ok(rows)
}

/// Writes the rows to correct, each with the reason. If the process ends before the file is renamed, the rows are written
/// again.
fn write_failed(report: &ImportReport, file: &Path) -> Outcome<()> {
    if report.failed().count() == 0 {
        return Ok(());
    }
    let mut failed = csv::Writer::from_path(with_suffix(file, ".failed"))?;
    failed.write_record(COLUMNS.iter().chain(&["reason"]))?;
    for row in report.failed() {
        let reason = reason(&row.outcome);
        let custom_id = row.corp.custom_id.as_ref().map_or("", CustomId::as_str);
        let group_path = row.corp.group_path.as_deref().unwrap_or_default();
        for contact in &row.corp.contact_info_list {
            failed.write_record([
                &row.corp.corp_name,
                custom_id,
                group_path,
                &contact.name,
                &contact.mobile,
                &reason,
            ])?;
        }
    }
    Ok(failed.flush()?)
}

fn reason(outcome: &ImportOutcome) -> String {
    match outcome {
        ImportOutcome::Failed(failure) => failure.code.to_string(),
        ImportOutcome::Invalid(problems) => problems.first().map(ToString::to_string).unwrap_or_default(),
        other => format!("{other:?}"),
    }
}

fn rename(file: &Path, suffix: &str) -> Outcome<()> {
    match fs::rename(file, with_suffix(file, suffix)) {
        // Another worker has found the same state.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => Ok(renamed?),
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
