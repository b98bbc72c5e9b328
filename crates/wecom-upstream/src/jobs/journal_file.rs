//! A file of records, to which a record is appended without writing the others again.
//!
//! The first line names the format. Each further line has a checksum and a record. A process that is killed while it appends
//! leaves an incomplete last line. That line was never reported as saved, so it is ignored. Any other damage is an error: a
//! record that was saved is never ignored.
//!
//! Nothing is overwritten or cut off, so two processes cannot remove each other's records. Each line has the id of the line
//! that it follows, and a random number. If two lines follow the same line, the first in the file is valid and the other is
//! ignored. A process reads back what it has appended, and so learns whether its record is valid. An advisory lock would
//! need Rust 1.89 or another dependency, and a lock file would outlive a killed process.

mod line;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use self::line::{Chain, Line, TORN};
use crate::jobs::saved_file::{SavedFile, at_path};

/// The maximum number of bytes at the beginning of a file by which it is recognized. They include the random number of the
/// first record.
const HEAD: usize = 128;

/// A file of records. Only one process at a time may append to it; another one gets an error.
#[derive(Debug)]
pub(crate) struct JournalFile {
    saved: SavedFile,
    head: Vec<u8>,
    /// The length of the lines that were read or appended.
    len: u64,
    chain: Chain,
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
        let mut chain = Chain::default();
        let (id, line) = chain.line(first);
        let mut content = format.as_bytes().to_vec();
        content.push(b'\n');
        content.extend(line);
        let saved = SavedFile::new(path);
        saved.create(&content).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                let text =
                    "already exists: a journal is saved at this path; open it, or remove it once it is not needed";
                io::Error::new(error.kind(), text)
            }
            _ => error,
        })?;
        chain.push(id);
        Ok(Self { saved, head: head(&content), len: length(&content), chain })
    }

    /// Opens a file and reads its records; `None` if there is no file. The closure checks the name of the format.
    pub(crate) fn open(
        path: &Path,
        check_format: impl FnOnce(&str) -> io::Result<()>,
    ) -> io::Result<Option<(Self, Records)>> {
        let saved = SavedFile::new(path);
        let Some(content) = saved.load()? else { return Ok(None) };
        let (complete, torn) = split(&content);
        line::check_torn(torn)?;
        let (format, lines) = complete.split_at(complete.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        check_format(std::str::from_utf8(format.strip_suffix(b"\n").unwrap_or(torn)).unwrap_or_default())?;
        let mut chain = Chain::default();
        let mut records = Vec::new();
        for (line, number) in lines.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let Some(line) = Line::parse(line, number)?.filter(|line| chain.continues_with(line)) else { continue };
            chain.push(line.id);
            records.push(line.record.to_vec());
        }
        let mut records = records.into_iter();
        let first = records.next().ok_or_else(|| line::damaged(1))?;
        let journal = Self { saved, head: head(&content), len: length(complete), chain };
        Ok(Some((journal, Records { first, appended: records.collect() })))
    }

    /// Appends a record, and returns once it is flushed to the disk. After an error, the record may be appended again.
    pub(crate) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let (mut file, tail) = self.tail()?;
        let (complete, torn) = split(&tail);
        if self.next_line(complete)?.is_some() {
            return Err(changed());
        }
        let mut bytes = if torn.is_empty() { Vec::new() } else { TORN.to_vec() };
        let (id, line) = self.chain.line(record);
        bytes.extend(line);
        // In one write: a process that appends at the same time must not separate the parts.
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(|error| self.at_path(&error))?;
        let (_, tail) = self.tail()?;
        match self.next_line(&tail)? {
            Some((written, end)) if written == id => {
                self.chain.push(id);
                self.len = self.len.saturating_add(end);
                Ok(())
            }
            _ => Err(changed()),
        }
    }

    /// Returns the id of the line that follows the known ones, if there is one, and the position after it.
    fn next_line(&self, tail: &[u8]) -> io::Result<Option<(u64, u64)>> {
        let mut end = 0;
        for (line, number) in tail.split_inclusive(|byte| *byte == b'\n').zip(self.chain.len() + 1..) {
            end += length(line);
            if let Some(line) = Line::parse(line, number)?.filter(|line| self.chain.continues_with(line)) {
                return Ok(Some((line.id, end)));
            }
        }
        Ok(None)
    }

    /// Opens the file at the path, which another process may have removed or replaced, and reads what follows the known
    /// lines.
    fn tail(&self) -> io::Result<(File, Vec<u8>)> {
        let mut head = vec![0; self.head.len()];
        let mut tail = Vec::new();
        let mut read = || {
            let mut file = File::options().read(true).append(true).open(self.path())?;
            let len = file.metadata()?.len();
            if len >= self.len {
                file.read_exact(&mut head)?;
                file.seek(SeekFrom::Start(self.len))?;
                file.read_to_end(&mut tail)?;
            }
            Ok((file, len))
        };
        let (file, len) = read().map_err(|error: io::Error| self.at_path(&error))?;
        if len < self.len || head != self.head {
            return Err(changed());
        }
        Ok((file, tail))
    }

    fn at_path(&self, error: &io::Error) -> io::Error {
        at_path(self.path(), error)
    }

    pub(crate) fn path(&self) -> &Path {
        self.saved.path()
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> io::Result<()> {
        self.saved.remove()
    }
}

/// Splits lines from what follows the last line break.
fn split(content: &[u8]) -> (&[u8], &[u8]) {
    content.split_at(content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1))
}

fn head(content: &[u8]) -> Vec<u8> {
    content.get(..HEAD).unwrap_or(content).to_vec()
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn changed() -> io::Error {
    let text = "the journal was changed by another process: only one may use it at a time; stop this import, or open the \
                journal again";
    io::Error::other(text)
}
