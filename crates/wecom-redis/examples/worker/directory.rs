//! The directory of the chain and the table of dealers, which one worker at a time keeps current.

use std::error::Error;
use std::time::Duration;

use wecom_callback::{Event, Message};
use wecom_core::lease::{Lease, LeaseKey};
use wecom_hyper::TokioTimer;
use wecom_redis::SavedState;
use wecom_upstream::jobs::SavedFile;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::directory::Directory;

use super::Worker;

/// The interval at which the queue of events is read.
const EVENTS_READ_EVERY: Duration = Duration::from_millis(500);

/// The interval at which the other workers try to acquire the lease.
const TRIED_EVERY: Duration = Duration::from_secs(2);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Keeps the directory current whenever this worker holds its lease, until the worker stops.
pub(crate) async fn keep(worker: &Worker) -> Outcome<()> {
    let key = LeaseKey::new(worker.config.credentials.corp_id(), "directory");
    loop {
        match <Lease>::acquire(worker.store.clone(), TokioTimer::new(), key.clone(), worker.config.lease).await {
            Ok(Some(mut lease)) => {
                worker.metrics.set_keeper(true);
                let kept = keep_under(worker, &mut lease).await;
                worker.metrics.set_keeper(false);
                // If this fails, the lease expires.
                let _ = lease.release().await;
                if let Err(error) = kept {
                    eprintln!("directory: {error}");
                }
            }
            Ok(None) => {}
            Err(error) => eprintln!("directory: {error}"),
        }
        if !worker.pause(TRIED_EVERY).await {
            return Ok(());
        }
    }
}

/// Keeps the directory current until the worker stops, loses the lease, or cannot reach Redis.
async fn keep_under(worker: &Worker, lease: &mut Lease) -> Outcome<()> {
    let saved = worker.store.saved_state(&format!("directory/{}", worker.config.chain_id));
    let mut directory = match saved.load().await? {
        Some(json) => worker.upstream.resume_directory(serde_json::from_slice(&json)?),
        None => worker.upstream.directory(&worker.config.chain_id).need_pending(true),
    };
    let hints = directory.hints();
    loop {
        let events = worker.events.read().await?;
        for message in events.iter().filter_map(|text| Message::parse(text.as_str()).ok()) {
            hints.note_callback(&Event::from(&message));
        }
        if is_due(&mut directory).await {
            // A walk can take longer than the lease. If it is dropped, the next refresh continues it.
            tokio::select! {
                refreshed = refresh(worker, &mut directory, &saved) => refreshed?,
                () = lease.due() => {}
                () = worker.stopped() => {}
            }
        }
        if lease.is_due() {
            lease.renew().await?;
        }
        if !events.is_empty() {
            // The state contains what the events have named, even if the directory has not read it yet.
            save(&directory, &saved).await?;
            worker.events.remove(events.len()).await?;
        }
        if !worker.pause(EVENTS_READ_EVERY).await {
            return Ok(());
        }
    }
}

/// Whether there is something to read.
async fn is_due(directory: &mut Directory) -> bool {
    tokio::time::timeout(Duration::ZERO, directory.until_due()).await.is_ok()
}

/// Reads what has changed, and updates the table.
async fn refresh(worker: &Worker, directory: &mut Directory, saved: &SavedState) -> Outcome<()> {
    match directory.refresh().await {
        Ok(changes) => {
            print!("{changes}");
            SavedFile::new(&worker.config.table).save(&table(directory.tree())?)?;
            worker.metrics.set_dealers(directory.tree().corps().count());
            // The state is saved after the table is written. If the worker ends in between, its successor makes the same
            // changes again.
            save(directory, saved).await
        }
        // The directory waits before it tries again.
        Err(error) if error.is_transient() => {
            eprintln!("directory: {error}");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves the state. This fails with a conflict if this worker hung and lost its lease, because another worker has saved
/// since.
async fn save(directory: &Directory, saved: &SavedState) -> Outcome<()> {
    Ok(saved.save(&serde_json::to_vec(&directory.state())?).await?)
}

/// The table of dealers as CSV. In production, use a database instead.
fn table(tree: &ChainTree) -> Outcome<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["name", "group", "has_joined"])?;
    for (path, corp) in tree.corps() {
        table.write_record([corp.corp_name.as_str(), &path, if corp.is_joined { "yes" } else { "no" }])?;
    }
    Ok(table.into_inner()?)
}
