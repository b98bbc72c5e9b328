//! The lines of a file of records, and which of them are valid.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;

/// The number of characters of a checksum.
const CHECKSUM: usize = 16;
/// Ends an incomplete line, so that it is ignored and another line can follow.
pub(super) const TORN: &[u8] = b"#torn\n";

/// A line with a record. Its checksum is its id, which is unique because the line has a random number.
pub(super) struct Line<'a> {
    pub(super) id: u64,
    /// The id of the line that it follows; `None` in lines of older versions.
    follows: Option<u64>,
    pub(super) record: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line, which has a line break. `None` if it was incomplete.
    pub(super) fn parse(line: &'a [u8], number: usize) -> io::Result<Option<Self>> {
        if line.ends_with(TORN) {
            return Ok(None);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Self::intact(line).map(Some).ok_or_else(|| damaged(number))
    }

    /// `None` if the checksum is wrong.
    fn intact(line: &'a [u8]) -> Option<Self> {
        let (sum, rest) = line.split_at_checked(CHECKSUM)?;
        let rest = rest.strip_prefix(b" ")?;
        let id = checksum(rest);
        if sum != hex(id).as_bytes() {
            return None;
        }
        let Some(chained) = rest.strip_prefix(b"@") else { return Some(Self { id, follows: None, record: rest }) };
        let (follows, rest) = chained.split_at_checked(CHECKSUM)?;
        let follows = u64::from_str_radix(std::str::from_utf8(follows).ok()?, 16).ok()?;
        let (_, record) = rest.split_at_checked(1 + CHECKSUM + 1)?;
        Some(Self { id, follows: Some(follows), record })
    }
}

/// The valid lines.
#[derive(Debug, Default)]
pub(super) struct Chain {
    last: u64,
    ids: HashSet<u64>,
}

impl Chain {
    /// Returns a line for a record, which must not contain a line break, and the line's id.
    pub(super) fn line(&self, record: &[u8]) -> (u64, Vec<u8>) {
        // Each `RandomState` has different random keys.
        let random = RandomState::new().hash_one(self.last);
        let mut rest = format!("@{}.{} ", hex(self.last), hex(random)).into_bytes();
        rest.extend(record);
        let id = checksum(&rest);
        let mut line = format!("{} ", hex(id)).into_bytes();
        line.extend(rest);
        line.push(b'\n');
        (id, line)
    }

    /// Returns whether a line is valid at this position. It is not valid if it follows an earlier line that already has a
    /// successor. Accepts a repeated line and a line whose predecessor is missing, because the caller cannot apply their
    /// records and reports an error.
    pub(super) fn continues_with(&self, line: &Line<'_>) -> bool {
        let is_late = line.follows.is_some_and(|id| id != self.last && (id == 0 || self.ids.contains(&id)));
        !is_late || self.ids.contains(&line.id)
    }

    pub(super) fn push(&mut self, id: u64) {
        self.last = id;
        self.ids.insert(id);
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}

/// Checks the bytes after the last line break. The beginning of a line is accepted. A complete line was saved, so its
/// damaged line break is an error.
pub(super) fn check_torn(torn: &[u8]) -> io::Result<()> {
    match torn.split_last() {
        Some((_, line)) if Line::intact(line).is_some() => {
            let text = "journal damaged: the end of the last record is wrong; restore the file from a backup";
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
        _ => Ok(()),
    }
}

pub(super) fn damaged(number: usize) -> io::Error {
    let text = format!("journal damaged: record {number} has a wrong checksum; restore the file from a backup");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn hex(number: u64) -> String {
    format!("{number:0CHECKSUM$x}")
}

/// Returns the 64-bit FNV-1a hash, which detects damage but not forgery.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
