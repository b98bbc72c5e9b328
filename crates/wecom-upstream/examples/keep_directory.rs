//! Keeps a table of dealers current with callbacks (回调), and survives a restart.
//!
//! ```text
//! cargo run -p wecom-upstream --features callback --example keep_directory [FILE]
//! ```
//!
//! The example runs two processes over the simulator, one after the other, with changes in between. Without a file it uses
//! a temporary one.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::{env, process};

use wecom_callback::{ChainChange, ChangeChain, Event};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GroupCorp, RemoveCorp};
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::jobs::SavedFile;
use wecom_upstream::jobs::chain_tree::ChainDiff;
use wecom_upstream::jobs::directory::{Directory, DirectoryHints};
use wecom_upstream::{ChainId, CorpId, Upstream};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let chosen = env::args_os().nth(1).map(PathBuf::from);
    let file = chosen.clone().unwrap_or_else(|| env::temp_dir().join(format!("dealers-{}.json", process::id())));
    let file = SavedFile::new(file);
    let outcome = pollster::block_on(show(&file));
    if chosen.is_none() {
        file.remove()?;
    }
    outcome
}

async fn show(file: &SavedFile) -> Outcome<()> {
    let simulator = Simulator::demo();
    let upstream = Upstream::new(simulator.client());
    let chain_id = ChainId::new("ChDealers");
    let mut dealers = Dealers::default();

    let mut directory = open(&upstream, &chain_id, file)?;
    keep_once(&mut directory, &mut dealers, file).await?;

    // A corp accepts its invitation, and WeCom sends an event.
    let corp = CorpId::new("wwtaihu");
    simulator.join_corp(&chain_id, &PendingCorpId::new("wptaihu"), &corp);
    let event = Event::ChangeChain(ChangeChain::new(&chain_id, ChainChange::CorpJoin(vec![corp])));
    handle(&event, &directory.hints());
    keep_once(&mut directory, &mut dealers, file).await?;
    drop(directory);

    // While no process runs, the API removes a corp. WeCom sends no event.
    upstream.remove_corp(RemoveCorp::new(&chain_id, CorpId::new("wwjingxi"))).await?;
    let mut directory = open(&upstream, &chain_id, file)?;
    keep_once(&mut directory, &mut dealers, file).await?;

    println!("{} dealers", dealers.names.len());
    Ok(())
}

/// Resumes from the file, or starts with a walk.
///
/// In production, use a client with a timer, such as `wecom_hyper::TokioTimer`: the directory then walks the chain once a
/// day, and waits after a failure.
fn open(upstream: &Upstream, chain_id: &ChainId, file: &SavedFile) -> Outcome<Directory> {
    Ok(match file.load()? {
        Some(json) => upstream.resume_directory(serde_json::from_slice(&json)?),
        None => upstream.directory(chain_id).need_pending(true),
    })
}

/// The handler of the callback's URL. It passes each event on and replies to WeCom at once; `wecom_callback::Receiver` opens
/// the request. An event that comes twice or late does no harm.
fn handle(event: &Event, hints: &DirectoryHints) {
    hints.note_callback(event);
}

/// One turn of the loop that a task of the program runs for ever.
async fn keep_once(directory: &mut Directory, dealers: &mut Dealers, file: &SavedFile) -> Outcome<()> {
    directory.until_due().await;
    match directory.refresh().await {
        Ok(changes) => {
            print!("{changes}");
            dealers.apply(&changes);
            // Saved after the changes were applied: a process that ends in between gets them again.
            file.save(&serde_json::to_vec(&directory.state())?)?;
            Ok(())
        }
        Err(error) if error.is_transient() => {
            eprintln!("{error}"); // The next turn continues.
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The program's own table: the name and group of each dealer.
#[derive(Default)]
struct Dealers {
    names: BTreeMap<String, (String, String)>,
}

impl Dealers {
    fn apply(&mut self, changes: &ChainDiff) {
        for change in &changes.accepted {
            self.names.remove(&key(&change.before.corp));
        }
        for gone in &changes.left {
            self.names.remove(&key(&gone.corp));
        }
        let changed = changes.accepted.iter().chain(&changes.moved).chain(&changes.renamed).map(|change| &change.after);
        for placed in changes.joined.iter().chain(&changes.invited).chain(changed) {
            self.names.insert(key(&placed.corp), (placed.corp.corp_name.clone(), placed.path.clone()));
        }
    }
}

/// The corp's id, or the id of its invitation.
fn key(corp: &GroupCorp) -> String {
    let joined = corp.corpid.as_ref().map(ToString::to_string);
    joined.or(corp.pending_corpid.as_ref().map(ToString::to_string)).unwrap_or_default()
}
