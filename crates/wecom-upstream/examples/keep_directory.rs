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
use wecom_upstream::jobs::chain_tree::ChainTree;
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

    let mut directory = open(&upstream, &chain_id, file)?;
    let mut dealers = Dealers::default();
    dealers.update(directory.tree()); // In production, the table is in a database.
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

    println!("{} dealers", dealers.rows.len());
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
/// the request.
///
/// An event that comes twice or late does no harm. So call this before `wecom_callback::handle_once`, which treats two equal
/// changes within one second as one.
fn handle(event: &Event, hints: &DirectoryHints) {
    hints.note_callback(event);
}

/// Runs one iteration of the loop that keeps the directory. A program runs the loop in a task.
async fn keep_once(directory: &mut Directory, dealers: &mut Dealers, file: &SavedFile) -> Outcome<()> {
    directory.until_due().await;
    match directory.refresh().await {
        Ok(changes) => {
            print!("{changes}");
            dealers.update(directory.tree());
            // Saved after the table was updated: a process that ends in between gets the changes again.
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

/// The program's own table: one row for each dealer, by its id.
#[derive(Default)]
struct Dealers {
    rows: BTreeMap<String, Dealer>,
}

#[derive(PartialEq)]
struct Dealer {
    name: String,
    path: String,
    has_joined: bool,
}

impl Dealers {
    /// Writes the rows that differ from the directory.
    ///
    /// The changes of a refresh name each corp that changed. The rename of a group changes the path of every corp below it,
    /// and lists none of them, so a table with paths compares all rows.
    fn update(&mut self, tree: &ChainTree) {
        let rows = tree.corps().map(|(path, corp)| {
            let dealer = Dealer { name: corp.corp_name.clone(), path, has_joined: corp.is_joined };
            (key(corp), dealer)
        });
        let current: BTreeMap<_, _> = rows.collect();
        self.rows.retain(|key, _| current.contains_key(key));
        for (key, dealer) in current {
            if self.rows.get(&key) != Some(&dealer) {
                self.rows.insert(key, dealer);
            }
        }
    }
}

/// The corp's id, or the id of its invitation.
fn key(corp: &GroupCorp) -> String {
    let joined = corp.corpid.as_ref().map(ToString::to_string);
    joined.or(corp.pending_corpid.as_ref().map(ToString::to_string)).unwrap_or_default()
}
