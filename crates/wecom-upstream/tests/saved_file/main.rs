//! Files that survive the end of the process at any moment: a saved state, and the journal of an import.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failing test panics; the child process prints"
)]

mod journal;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::{env, fs};

use wecom_upstream::ChainId;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::SavedFile;
use wecom_upstream::jobs::import::ImportState;

const PATH: &str = "WECOM_SAVED_STATE";
const KILLS: u64 = 32;

/// States with sizes from a few to thousands of rows, so that a partly written file would not parse.
fn state(rows: usize) -> ImportState {
    let corp = |row| ImportCorp::new(format!("经销商{row}"), [ImportContact::head("张三", format!("130{row:08}"))]);
    ImportState::new(ChainId::new("Ch1"), (0..rows).map(corp)).unwrap()
}

/// The child process: saves states until it is killed. Does nothing in a normal run of the tests.
#[test]
fn saves_states_until_it_is_killed() {
    let Some(path) = env::var_os(PATH) else { return };
    let file = SavedFile::new(path);
    let states = [2_000, 1, 700].map(|rows| serde_json::to_vec(&state(rows)).unwrap());
    // Ends by itself if the test process is gone.
    for state in states.iter().cycle().take(2_000) {
        file.save(state).unwrap();
        println!("saved");
    }
}

#[test]
fn the_saved_state_is_complete_wherever_the_process_is_killed() {
    let folder = env::temp_dir().join(format!("wecom-killed-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = SavedFile::new(folder.join("state.json"));
    let mut random = 0x9E37_79B9_u64;
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["saves_states_until_it_is_killed", "--exact", "--nocapture"])
            .env(PATH, file.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The child is in the middle of a later state when it is killed.
        let saves = lines.by_ref().map(Result::unwrap).filter(|line| line.contains("saved"));
        assert!(saves.take(1 + (random >> 60) as usize).count() > 0, "the child saved nothing");
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let saved = file.load().unwrap().unwrap();
        let state: ImportState = serde_json::from_slice(&saved).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        assert!([1, 700, 2_000].contains(&state.progress().total));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_saved_content_is_loaded_until_the_file_is_removed() {
    let folder = env::temp_dir().join(format!("wecom-saved-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = SavedFile::new(folder.join("state.json"));
    assert_eq!(file.load().unwrap(), None);
    for content in [&b"a longer content"[..], b"short"] {
        file.save(content).unwrap();
        assert_eq!(file.load().unwrap().as_deref(), Some(content));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    for _ in 0..2 {
        file.remove().unwrap();
        assert_eq!(file.load().unwrap(), None);
    }
    // What is there and no file is an error.
    fs::create_dir(file.path()).unwrap();
    assert!(file.load().is_err() && file.remove().is_err());
    fs::remove_dir_all(&folder).unwrap();
}
