//! A file with an import and its changes.

use std::io;
use std::path::Path;

use super::changes::ImportChanges;
use super::row::INSTEAD;
use super::state::ImportState;
use crate::jobs::journal_file::{JournalFile, Records};
use crate::jobs::saved_format::{self, SavedContent};

/// A file with an import: its rows, which are written once, and its changes, which are appended after each event.
///
/// [`SavedFile`](crate::jobs::SavedFile) would write all rows again after each event. A journal writes about 126 bytes in
/// total for each row with one contact and a short name, regardless of the number of rows.
///
/// ```
/// use std::future::ready;
/// use std::path::Path;
///
/// use wecom_upstream::calls::ImportCorp;
/// use wecom_upstream::jobs::import::{ImportJournal, ImportReport, ImportState};
/// use wecom_upstream::{ChainId, Upstream};
/// # use wecom_mock::ManualTimer;
/// # use wecom_simulator::Simulator;
/// # use wecom_upstream::calls::ImportContact;
///
/// /// Imports the rows, or resumes the import that the last process has left.
/// async fn import(
///     upstream: &Upstream,
///     path: &Path,
///     rows: Vec<ImportCorp>,
/// ) -> Result<ImportReport, Box<dyn std::error::Error>> {
///     let (mut journal, state) = match ImportJournal::open(path)? {
///         Some(resumed) => resumed,
///         None => {
///             let state = ImportState::new(ChainId::new("ChDealers"), rows)?;
///             (ImportJournal::create(path, &state)?, state)
///         }
///     };
///     let report = upstream
///         .import(state)
///         .finish_with(|_event, state| ready(journal.save(state)))
///         .await?;
///     if report.stopped.is_none() {
///         journal.remove()?; // Otherwise the next run resumes the import.
///     }
///     Ok(report)
/// }
/// # let timer = ManualTimer::new();
/// # let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
/// # let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
/// # let path = std::env::temp_dir().join(format!("wecom-journal-{}", std::process::id()));
/// # assert!(timer.run(import(&upstream, &path, vec![corp]))?.is_complete());
/// # assert!(!path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Crashes
///
/// The file at the path always has all rows. A new journal is written to a temporary file, whose name ends in `.unfinished`,
/// and is then linked to the path. So the file system must support hard links. If the process is killed meanwhile, the
/// temporary file stays, and may be removed. [`save`](Self::save) returns once the changes are flushed to the disk. If the
/// process is killed or the machine loses power during a save, the last entry may be incomplete. [`open`](Self::open)
/// ignores it: the save has not returned, so the import has not continued. Any other damage is an error: without a lost
/// entry, the import might submit rows twice.
///
/// The file contains names and mobile numbers; on Unix, its owner alone can read it.
///
/// # Several processes
///
/// Only one process at a time may use a journal. If two use it, at most one of them can save a change: `save` reads back what
/// it has appended, and returns an error if an entry of the other process came first. On a network file system that does
/// not append atomically, such as NFS, use a [`Lease`](wecom_core::lease::Lease) as well.
#[derive(Debug)]
pub struct ImportJournal {
    file: JournalFile,
    /// The revision of the state that the file has.
    revision: u64,
    /// The fingerprint of the rows of the import.
    fingerprint: u64,
}

/// The format of the file.
struct Format;

impl SavedContent for Format {
    const KIND: &'static str = "import journal";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = INSTEAD;
}

impl ImportJournal {
    /// Creates a file with an import that has not begun, or was saved elsewhere.
    ///
    /// # Errors
    ///
    /// Returns an error if a file exists at the path, because it may be an unfinished import, or if the folder cannot be
    /// written.
    pub fn create(path: impl AsRef<Path>, state: &ImportState) -> io::Result<Self> {
        let file = JournalFile::create(path.as_ref(), &saved_format::name::<Format>(), &serde_json::to_vec(state)?)?;
        Ok(Self { file, revision: state.revision(), fingerprint: state.fingerprint() })
    }

    /// Opens a file and returns it with the state to resume; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is damaged, is not an import journal, or has an unsupported version.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Option<(Self, ImportState)>> {
        let check = |format: &str| saved_format::check::<Format>(format).map_err(|text| invalid(&text));
        let Some((file, Records { first, appended })) = JournalFile::open(path.as_ref(), check)? else {
            return Ok(None);
        };
        let mut state: ImportState = serde_json::from_slice(&first)?;
        for changes in appended {
            state
                .apply(serde_json::from_slice::<ImportChanges>(&changes)?)
                .map_err(|error| invalid(&error.to_string()))?;
        }
        let (revision, fingerprint) = (state.revision(), state.fingerprint());
        Ok(Some((Self { file, revision, fingerprint }, state)))
    }

    /// Appends the changes since the last save, and returns once they are flushed to the disk. Writes nothing if there are
    /// none.
    ///
    /// It blocks the thread for some milliseconds: in an async program, call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written, if another process has appended to it, removed it or replaced it, or
    /// if the state belongs to another import. After an error, stop the import, or save again before the import continues.
    /// If the second error also states that another process has changed the journal, open the journal again.
    pub fn save(&mut self, state: &ImportState) -> io::Result<()> {
        if state.fingerprint() != self.fingerprint {
            let text = "state of another import: its rows are not those of the journal; create a journal for it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if let Some(changes) = state.changes_since(self.revision) {
            self.file.append(&serde_json::to_vec(&changes)?)?;
            self.revision = state.revision();
        }
        Ok(())
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Removes the file. Call this once the import has ended and its report is stored.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be written.
    pub fn remove(self) -> io::Result<()> {
        self.file.remove()
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
