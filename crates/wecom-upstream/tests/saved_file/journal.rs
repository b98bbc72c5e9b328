//! Journals of imports: a process that is killed while it saves, damaged files, and the number of bytes written.

use std::future::ready;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Barrier, Mutex};
use std::{env, fs, thread};

use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportJournal, ImportState};
use wecom_upstream::{ChainId, Upstream};

const PATH: &str = "WECOM_JOURNAL";
const KILLS: u64 = 16;

/// An import of corps, of which 100 fit into a job.
fn state(rows: usize) -> ImportState {
    let contact = |row, at| ImportContact::head("张三", format!("130{:08}", row * 20 + at));
    let corp = |row| ImportCorp::new(format!("经销商{row}"), (0..5).map(move |at| contact(row, at)));
    let more = |corp: ImportCorp, row| {
        let members = (5..20).map(|at| ImportContact::member("李四", format!("130{:08}", row * 20 + at)));
        ImportCorp::new(corp.corp_name, corp.contact_info_list.into_iter().chain(members))
    };
    ImportState::new(ChainId::new("ChDealers"), (0..rows).map(|row| more(corp(row), row))).unwrap()
}

/// Imports until the end or an error of the closure, which gets each state to save.
fn import(state: ImportState, mut save: impl FnMut(&ImportState) -> std::io::Result<()>) -> std::io::Result<()> {
    let timer = ManualTimer::new();
    let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
    timer.run(upstream.import(state).finish_with(|_, state| ready(save(state)))).map(drop)
}

fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("wecom-journal-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns the error of opening a file.
fn error_of(path: &Path) -> String {
    ImportJournal::open(path).unwrap_err().to_string()
}

/// The child process: imports, and prints each saved revision, until it is killed. Does nothing in a normal run.
#[test]
fn journals_an_import_until_it_is_killed() {
    let Some(path) = env::var_os(PATH) else { return };
    let state = state(400);
    let mut journal = ImportJournal::create(path, &state).unwrap();
    // Ends by itself if the test process is gone.
    import(state, |state| {
        journal.save(state)?;
        println!("saved {}", state.revision());
        Ok(())
    })
    .unwrap();
}

#[test]
fn every_save_that_has_returned_is_in_the_journal_wherever_the_process_is_killed() {
    let folder = folder("killed");
    let mut random = 0x9E37_79B9_u64;
    for kill in 0..KILLS {
        let path = folder.join(format!("{kill}.import"));
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["journal::journals_an_import_until_it_is_killed", "--exact", "--nocapture"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut saved = lines.filter_map(|line| line.split_once("saved ")?.1.parse::<u64>().ok());
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = saved.by_ref().take(1 + (random >> 60) as usize).last().unwrap();
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let returned = saved.last().unwrap_or(before);
        let (mut journal, state) = ImportJournal::open(&path).unwrap().unwrap();
        assert!(state.revision() >= returned, "kill {kill}: {} < {returned}", state.revision());
        // The journal goes on after an incomplete entry.
        let mut last = state.clone();
        import(state, |state| {
            last.clone_from(state);
            journal.save(state)
        })
        .unwrap();
        assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, last, "kill {kill}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// Journals an import of few rows. Returns the file and the states, the first of which the file was created with.
fn journaled(path: &Path) -> (Vec<u8>, Vec<ImportState>) {
    let mut states = vec![state(3)];
    let mut journal = ImportJournal::create(path, &states[0]).unwrap();
    import(states[0].clone(), |state| {
        states.push(state.clone());
        journal.save(state)
    })
    .unwrap();
    states.dedup();
    (fs::read(path).unwrap(), states)
}

#[test]
fn an_incomplete_last_entry_is_ignored_and_overwritten() {
    let folder = folder("torn");
    let path = folder.join("dealers.import");
    let (content, states) = journaled(&path);
    let ends: Vec<_> = (1..).zip(&content).filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    // The first line is the name of the format, the second one the state that the file was created with.
    assert_eq!(ends.len(), 1 + states.len());
    for length in ends[1]..content.len() {
        fs::write(&path, &content[..length]).unwrap();
        let complete = ends.iter().filter(|end| **end <= length).count() - 1;
        let (mut journal, state) = ImportJournal::open(&path).unwrap().unwrap();
        assert_eq!(state, states[complete - 1], "{length} bytes");
        journal.save(states.last().unwrap()).unwrap();
        assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, *states.last().unwrap(), "{length} bytes");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_damaged_byte_of_a_complete_entry_is_an_error() {
    let folder = folder("damaged");
    let path = folder.join("dealers.import");
    let (content, _) = journaled(&path);
    for at in 0..content.len() - 1 {
        for damage in [0x01, 0x80] {
            let mut damaged = content.clone();
            damaged[at] ^= damage;
            fs::write(&path, &damaged).unwrap();
            let error = error_of(&path);
            let texts = ["journal damaged: ", "not an import journal: ", "unsupported version: "];
            assert!(texts.iter().any(|text| error.starts_with(text)), "{error}");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_journal_with_a_missing_or_repeated_entry_is_refused() {
    let folder = folder("order");
    let path = folder.join("dealers.import");
    let (content, _) = journaled(&path);
    let lines: Vec<_> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let (missing, repeated) = ([&lines[..2], &lines[3..]].concat(), [&lines[..3], &lines[2..]].concat());
    for lines in [missing, repeated] {
        fs::write(&path, lines.concat()).unwrap();
        assert!(error_of(&path).starts_with("changes out of order: "), "{}", error_of(&path));
    }
    fs::write(&path, lines[0]).unwrap();
    assert!(error_of(&path).starts_with("journal damaged: record 1 "), "{}", error_of(&path));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_foreign_file_and_a_newer_journal_are_refused_by_name() {
    let folder = folder("foreign");
    let path = folder.join("dealers.import");
    let state = serde_json::to_string(&state(1)).unwrap();
    for (content, expected) in [
        (state.as_str(), "not an import journal: it names another format; load the document that this job saved"),
        ("", "not an import journal: "),
        ("wecom walk state, version 1\n", "not an import journal: it is a walk state; "),
        (
            "wecom import journal, version 2\n",
            "unsupported version: the import journal has version 2, and this library reads version 1; update \
             wecom-upstream, or import the rows that the chain does not have yet",
        ),
    ] {
        fs::write(&path, content).unwrap();
        assert!(error_of(&path).starts_with(expected), "{}", error_of(&path));
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_unfinished_journal_is_not_replaced() {
    let folder = folder("twice");
    let path = folder.join("dealers.import");
    assert!(ImportJournal::open(&path).unwrap().is_none());
    let journal = ImportJournal::create(&path, &state(2)).unwrap();
    assert_eq!(journal.path(), path);
    let error = ImportJournal::create(&path, &state(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    journal.remove().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    ImportJournal::create(&path, &state(2)).unwrap();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_second_process_with_the_same_journal_is_stopped() {
    let folder = folder("shared");
    let path = folder.join("dealers.import");
    let first = state(2);
    let mut journal = ImportJournal::create(&path, &first).unwrap();
    let (mut other, resumed) = ImportJournal::open(&path).unwrap().unwrap();
    import(first, |state| journal.save(state)).unwrap();
    let error = import(resumed, |state| other.save(state)).unwrap_err().to_string();
    assert!(error.starts_with("the journal was changed by another process"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}

/// Returns the states after the announcement of the first job and after its submission.
fn first_states(resumed: ImportState) -> [ImportState; 2] {
    let mut states = Vec::new();
    import(resumed, |state| {
        states.push(state.clone());
        Ok(())
    })
    .unwrap();
    states.dedup();
    [states[0].clone(), states[1].clone()]
}

#[test]
fn a_second_process_does_not_remove_entries_that_follow_an_incomplete_one() {
    let folder = folder("torn-shared");
    let path = folder.join("dealers.import");
    drop(ImportJournal::create(&path, &state(2)).unwrap());
    let mut content = fs::read(&path).unwrap();
    content.extend(b"0123 half an ent");
    fs::write(&path, content).unwrap();
    let (mut journal, resumed) = ImportJournal::open(&path).unwrap().unwrap();
    let (mut other, _) = ImportJournal::open(&path).unwrap().unwrap();
    let [submitting, submitted] = first_states(resumed);
    journal.save(&submitting).unwrap();
    journal.save(&submitted).unwrap();
    let error = other.save(&submitting).unwrap_err().to_string();
    assert!(error.starts_with("the journal was changed by another process"), "{error}");
    assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, submitted);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn of_two_entries_that_follow_the_same_one_the_first_is_valid() {
    let folder = folder("late");
    let path = folder.join("dealers.import");
    let mut journal = ImportJournal::create(&path, &state(2)).unwrap();
    let created = fs::read(&path).unwrap();
    let [submitting, submitted] = first_states(state(2));
    // The entry that another process appends at the same time.
    let (mut other, _) = ImportJournal::open(&path).unwrap().unwrap();
    other.save(&submitted).unwrap();
    let late = fs::read(&path).unwrap().split_off(created.len());
    fs::write(&path, &created).unwrap();
    journal.save(&submitting).unwrap();
    fs::write(&path, [fs::read(&path).unwrap(), late].concat()).unwrap();
    assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, submitting);
    journal.save(&submitted).unwrap();
    assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, submitted);
    fs::remove_dir_all(&folder).unwrap();
}

/// Runs a closure in several threads at once, and returns the number of those that return `true`.
fn successes(run: impl Fn() -> bool + Sync) -> usize {
    let barrier = Barrier::new(4);
    let run = || {
        barrier.wait();
        run()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|success| *success).count()
    })
}

#[test]
fn one_of_several_threads_creates_a_journal_and_one_saves_a_change() {
    let folder = folder("race");
    let first = state(2);
    let [submitting, _] = first_states(first.clone());
    for round in 0..50 {
        let path = folder.join(format!("{round}.import"));
        assert_eq!(successes(|| ImportJournal::create(&path, &first).is_ok()), 1, "round {round}");
        let opened = || ImportJournal::open(&path).unwrap().unwrap().0;
        let journals = Mutex::new((0..4).map(|_| opened()).collect::<Vec<_>>());
        let save = || {
            let mut journal = journals.lock().map(|mut journals| journals.pop().unwrap()).unwrap();
            journal.save(&submitting).is_ok()
        };
        assert_eq!(successes(save), 1, "round {round}");
        assert_eq!(ImportJournal::open(&path).unwrap().unwrap().1, submitting);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 50, "a temporary file is left");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_removed_or_replaced_journal_is_not_saved_to() {
    let folder = folder("removed");
    let path = folder.join("dealers.import");
    let mut journal = ImportJournal::create(&path, &state(2)).unwrap();
    let [submitting, _] = first_states(state(2));
    fs::remove_file(&path).unwrap();
    let error = journal.save(&submitting).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().ends_with("dealers.import"), "{error}");
    drop(ImportJournal::create(&path, &state(2)).unwrap());
    let error = journal.save(&submitting).unwrap_err().to_string();
    assert!(error.starts_with("the journal was changed by another process"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_state_of_another_import_is_refused() {
    let folder = folder("other");
    let path = folder.join("dealers.import");
    let mut journal = ImportJournal::create(&path, &state(2)).unwrap();
    let [submitting, _] = first_states(state(3));
    for other in [state(3), submitting] {
        let error = journal.save(&other).unwrap_err().to_string();
        assert!(error.starts_with("state of another import: "), "{error}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_last_entry_whose_line_break_is_damaged_is_an_error() {
    let folder = folder("end");
    let path = folder.join("dealers.import");
    let (mut content, _) = journaled(&path);
    *content.last_mut().unwrap() = b'x';
    fs::write(&path, content).unwrap();
    assert!(error_of(&path).starts_with("journal damaged: the end of the last record"), "{}", error_of(&path));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_journal_writes_as_many_bytes_for_each_row_of_a_large_import_as_of_a_small_one() {
    let folder = folder("bytes");
    let bytes_for_each_row = |rows: usize| {
        let path = folder.join(format!("{rows}.import"));
        let state = state(rows);
        let mut journal = ImportJournal::create(&path, &state).unwrap();
        import(state, |state| journal.save(state)).unwrap();
        // Nothing is written twice.
        usize::try_from(fs::metadata(&path).unwrap().len()).unwrap() / rows
    };
    let (small, large) = (bytes_for_each_row(200), bytes_for_each_row(3_200));
    assert!(large.abs_diff(small) * 50 < small, "{small} and {large} bytes");
    fs::remove_dir_all(&folder).unwrap();
}
