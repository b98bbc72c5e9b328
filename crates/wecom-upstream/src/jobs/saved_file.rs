//! A file with the latest saved state, which is replaced atomically.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The end of the names of temporary files.
const UNFINISHED: &str = ".unfinished";

/// A file for the state of a job, whose content is replaced atomically.
///
/// If the process is killed or the machine loses power during [`save`](Self::save), the file has either the old or the
/// new content. `std::fs::write` does not guarantee this: it empties the file first.
///
/// ```
/// use wecom_upstream::jobs::SavedFile;
///
/// # let path = std::env::temp_dir().join(format!("wecom-saved-file-{}.json", std::process::id()));
/// let file = SavedFile::new(&path);
/// assert_eq!(file.load()?, None);
/// file.save(br#"{"rows":1}"#)?;
/// assert_eq!(file.load()?.as_deref(), Some(&br#"{"rows":1}"#[..]));
/// file.remove()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// `save` writes a temporary file in the same folder, flushes it to the disk, renames it over the file, and flushes the
/// folder. It blocks the thread for some milliseconds: in an async program, call it where blocking is allowed. Only one
/// process at a time may save to a path. A symbolic link at the path is replaced by a file: pass the path that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFile {
    path: PathBuf,
}

impl SavedFile {
    /// Returns the file at a path. Creates nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content of the file; `None` if there is no file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub fn load(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at_path(&self.path, &error)),
        }
    }

    /// Replaces the content of the file, and returns once it is flushed to the disk.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be written. The file then has its old content, or, if only the flush of the
    /// folder failed, the new one.
    pub fn save(&self, content: &[u8]) -> io::Result<()> {
        let unfinished = self.with_suffix(UNFINISHED);
        let saved = write(&unfinished, content).and_then(|()| fs::rename(&unfinished, &self.path));
        if saved.is_err() {
            // It may not exist, and has confidential content.
            drop(fs::remove_file(&unfinished));
        }
        saved.and_then(|()| self.sync_folder()).map_err(|error| at_path(&self.path, &error))
    }

    /// Creates the file with all of its content. Fails if there is a file, also one that another process creates meanwhile.
    pub(crate) fn create(&self, content: &[u8]) -> io::Result<()> {
        let random = RandomState::new().hash_one(content.len());
        let unfinished = self.with_suffix(&format!(".{random:016x}{UNFINISHED}"));
        // Unlike a rename, a link replaces no file.
        let created = write(&unfinished, content).and_then(|()| fs::hard_link(&unfinished, &self.path));
        let removed = fs::remove_file(&unfinished);
        created.and(removed).and_then(|()| self.sync_folder()).map_err(|error| at_path(&self.path, &error))
    }

    /// Removes the file, and any temporary file of an interrupted [`save`](Self::save). Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be written.
    pub fn remove(&self) -> io::Result<()> {
        for path in [&self.path, &self.with_suffix(UNFINISHED)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(at_path(path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn with_suffix(&self, suffix: &str) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(suffix);
        path.into()
    }

    /// Flushes the rename. Only Unix can open a folder; Windows flushes the rename itself.
    fn sync_folder(&self) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(());
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }
}

/// Returns the error with the path in its text.
pub(crate) fn at_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{error}: {}", path.display()))
}

/// Writes a file and flushes it to the disk.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Creates the file, readable by its owner only, because states contain names and mobile numbers.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
