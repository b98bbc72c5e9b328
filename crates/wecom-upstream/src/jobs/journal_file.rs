//! A file of records, to which a record is appended without writing the others again.
//!
//! The first line names the format. Each further line is a record after its checksum. A process that is killed while it
//! appends leaves a last line without an end, which was never reported as saved and is ignored. Any other damage is an
//! error: a record that was saved is never ignored.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use crate::jobs::saved_file::SavedFile;

/// The number of characters of a checksum.
const CHECKSUM: usize = 16;

/// A file of records. Only one process at a time may append to it.
#[derive(Debug)]
pub(crate) struct JournalFile {
    saved: SavedFile,
    file: File,
    /// The length of the complete records.
    len: u64,
    /// Whether an incomplete record may follow the complete ones.
    is_torn: bool,
}

/// The content of a file of records.
pub(crate) struct Records {
    /// The record that the file was created with.
    pub(crate) first: Vec<u8>,
    /// The records that were appended.
    pub(crate) appended: Vec<Vec<u8>>,
}

impl JournalFile {
    /// Creates a file with the name of its format and its first record, or with neither. Fails if there is a file.
    pub(crate) fn create(path: &Path, format: &str, first: &[u8]) -> io::Result<Self> {
        if path.try_exists()? {
            let text = "already exists: a journal is saved at this path; open it, or remove it once it is not needed";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let mut content = format.as_bytes().to_vec();
        content.push(b'\n');
        content.extend(line(first));
        let saved = SavedFile::new(path);
        saved.save(&content)?;
        Ok(Self { file: open(path)?, saved, len: length(&content), is_torn: false })
    }

    /// Opens a file and reads its records; `None` if there is no file. The closure accepts the name of the format.
    pub(crate) fn open(
        path: &Path,
        check_format: impl FnOnce(&str) -> io::Result<()>,
    ) -> io::Result<Option<(Self, Records)>> {
        let saved = SavedFile::new(path);
        let Some(content) = saved.load()? else { return Ok(None) };
        let complete = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (complete, torn) = content.split_at(complete);
        let mut lines =
            complete.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line));
        check_format(lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default())?;
        let records = lines.zip(1..).map(|(line, number)| record(line).ok_or_else(|| damaged(number)));
        let mut appended = records.collect::<io::Result<VecDeque<_>>>()?;
        let first = appended.pop_front().ok_or_else(|| damaged(1))?;
        let journal = Self { file: open(path)?, saved, len: length(complete), is_torn: !torn.is_empty() };
        Ok(Some((journal, Records { first, appended: appended.into() })))
    }

    /// Appends a record, and returns once it is flushed to the disk. After an error, the record may be appended again.
    pub(crate) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.len)?;
        } else if self.file.metadata()?.len() != self.len {
            return Err(io::Error::other("the journal was changed by another process: only one may use it at a time"));
        }
        self.is_torn = true;
        self.file.seek(SeekFrom::Start(self.len))?;
        let line = line(record);
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.is_torn = false;
        self.len = self.len.saturating_add(length(&line));
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        self.saved.path()
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> io::Result<()> {
        self.saved.remove()
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Returns the line of a record, which must not contain a line break.
fn line(record: &[u8]) -> Vec<u8> {
    let mut line = format!("{:0CHECKSUM$x} ", checksum(record)).into_bytes();
    line.extend(record);
    line.push(b'\n');
    line
}

/// Returns the record of a line; `None` if its checksum is wrong.
fn record(line: &[u8]) -> Option<Vec<u8>> {
    let (sum, record) = line.split_at_checked(CHECKSUM)?;
    let record = record.strip_prefix(b" ")?;
    let is_intact = sum == format!("{:0CHECKSUM$x}", checksum(record)).as_bytes();
    is_intact.then(|| record.to_vec())
}

/// FNV-1a with 64 bits, which detects damage and no forgery.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn damaged(number: usize) -> io::Error {
    let text = format!("journal damaged: record {number} has a wrong checksum; restore the file from a backup");
    io::Error::new(io::ErrorKind::InvalidData, text)
}
