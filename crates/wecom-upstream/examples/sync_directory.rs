//! Keeps a copy of a chain's directory in a file, and prints the changes since the last run.
//!
//! ```text
//! cargo run -p wecom-upstream --example sync_directory [FILE]
//! ```
//!
//! The example syncs with the simulator twice, with changes in between. Without a file it uses a temporary one.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::error::Error;
use std::path::PathBuf;
use std::{env, process};

use indicatif::{ProgressBar, ProgressStyle};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GetResult, ImportChainContact, ImportContact, ImportCorp, RemoveCorp};
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::jobs::SavedFile;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::{ChainId, CorpId, Upstream};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let chosen = env::args_os().nth(1).map(PathBuf::from);
    let file = chosen.clone().unwrap_or_else(|| env::temp_dir().join(format!("directory-{}.json", process::id())));
    let file = SavedFile::new(file);
    let outcome = pollster::block_on(show(&file));
    if chosen.is_none() {
        file.remove()?;
    }
    outcome
}

/// In production, use a client over a transport such as `wecom_hyper::HyperTransport`, with the app's credentials,
/// `.retry(Retry::new())` and `.quotas(Quotas::wait_at_most(…))`: a walk of thousands of groups then keeps the quotas
/// and survives transient errors.
async fn show(file: &SavedFile) -> Outcome<()> {
    let simulator = Simulator::demo();
    let upstream = Upstream::new(simulator.client());
    let chain_id = ChainId::new("ChDealers");

    let tree = sync(&upstream, &chain_id, file).await?;
    print!("\n{tree}\n");

    change_something(&upstream, &simulator, &chain_id).await?;
    sync(&upstream, &chain_id, file).await?;
    Ok(())
}

/// Walks the directory, prints the changes since the tree in the file, and replaces the file.
async fn sync(upstream: &Upstream, chain_id: &ChainId, file: &SavedFile) -> Outcome<ChainTree> {
    let mut tree = read_directory(upstream, chain_id).await?;
    if !tree.is_whole() {
        tree.mend(upstream).await?;
    }
    for failure in tree.failures() {
        eprintln!("group {} is incomplete: {}", failure.groupid, failure.message);
    }
    match read(file)? {
        None => println!("{chain_id}: {} corps in {} groups", tree.corps().count(), tree.groups().len()),
        Some(older) => {
            let diff = tree.diff(&older);
            if diff.is_empty() {
                println!("{chain_id}: no changes");
            } else {
                print!("{chain_id}: changes:\n{diff}");
            }
        }
    }
    // If an incomplete tree were stored, its missing corps would count as new in the next run.
    if tree.is_whole() {
        file.save(&serde_json::to_vec(&tree)?)?;
    }
    Ok(tree)
}

/// Walks the directory with a progress bar.
async fn read_directory(upstream: &Upstream, chain_id: &ChainId) -> Outcome<ChainTree> {
    let mut walk = upstream.walk(chain_id).need_pending(true).concurrency(8);
    let mut tree = ChainTree::new(chain_id, true);
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} groups {msg}")?);
    while let Some(event) = walk.next().await? {
        tree.add(event);
        let progress = walk.progress();
        bar.set_length(progress.groups.unwrap_or_default() as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(format!("{} corps, {} groups failed", progress.corps, progress.failed));
    }
    bar.finish_and_clear();
    Ok(tree)
}

fn read(file: &SavedFile) -> Outcome<Option<ChainTree>> {
    Ok(file.load()?.map(|json| serde_json::from_slice(&json)).transpose()?)
}

/// Changes the chain: one corp accepts its invitation, one is removed, one is imported.
async fn change_something(upstream: &Upstream, simulator: &Simulator, chain_id: &ChainId) -> Outcome<()> {
    simulator.join_corp(chain_id, &PendingCorpId::new("wptaihu"), CorpId::new("wwtaihu"));
    upstream.remove_corp(RemoveCorp::new(chain_id, CorpId::new("wwjingxi"))).await?;
    let corp = ImportCorp::new("闽江电器", [ImportContact::head("张三", "13000000001")]).group_path("华东区/福州市");
    let jobid = upstream.import_chain_contact(ImportChainContact::new(chain_id, [corp])).await?.jobid;
    // The simulator advances an import job at each poll, and finishes it at the third.
    for _ in 0..3 {
        upstream.get_result(GetResult::new(&jobid)).await?;
    }
    Ok(())
}
