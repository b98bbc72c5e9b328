//! Cursors of paged lists. A cursor is opaque and is only valid for the list that created it.

use crate::hash::{OFFSET_BASIS, fnv1a};
use crate::parameters::invalid;
use crate::refusal::Refusal;

/// A paged list, identified by the parameters of its request, except the page size.
pub(crate) struct PagedList {
    identity: u64,
}

impl PagedList {
    /// Creates a list. Two lists with different `parts` reject each other's cursors.
    pub(crate) fn new(parts: &[&str]) -> Self {
        Self { identity: parts.iter().fold(OFFSET_BASIS, |hash, part| fnv1a(fnv1a(hash, part.as_bytes()), &[0xFF])) }
    }

    /// The cursor of the page after the item at a position.
    pub(crate) fn cursor(&self, last: u64) -> String {
        format!("{:016x}{:016x}", last ^ self.identity, self.checksum(last))
    }

    /// Returns the position before the first item of a page, or an error for the cursor of another list.
    pub(crate) fn position(&self, cursor: &str) -> Result<u64, Refusal> {
        let invalid_cursor = || invalid("cursor");
        let number = |range| cursor.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let (Some(hidden), Some(checksum), 32) = (number(0..16), number(16..32), cursor.len()) else {
            return Err(invalid_cursor());
        };
        let last = hidden ^ self.identity;
        if self.checksum(last) == checksum { Ok(last) } else { Err(invalid_cursor()) }
    }

    fn checksum(&self, last: u64) -> u64 {
        fnv1a(fnv1a(self.identity, b"seal"), &last.to_le_bytes())
    }
}
