//! Cursors: where the next page of one list begins, unreadable, and of no use to any other list.

use crate::hash::{OFFSET_BASIS, fnv1a};
use crate::parameters::invalid;
use crate::refusal::Refusal;

/// A list that is served in pages, by what its request says of it, the page's size apart.
pub(crate) struct PagedList {
    identity: u64,
}

impl PagedList {
    /// `parts` tell this list from every other one.
    pub(crate) fn new(parts: &[&str]) -> Self {
        Self { identity: parts.iter().fold(OFFSET_BASIS, |hash, part| fnv1a(fnv1a(hash, part.as_bytes()), &[0xFF])) }
    }

    /// The cursor of the page after the item at this position.
    pub(crate) fn cursor(&self, last: u64) -> String {
        format!("{:016x}{:016x}", last ^ self.identity, self.seal(last))
    }

    /// The position after which a page begins; a cursor of another list is refused.
    pub(crate) fn position(&self, cursor: &str) -> Result<u64, Refusal> {
        let foreign = || invalid("cursor");
        let number = |range| cursor.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let (Some(hidden), Some(seal), 32) = (number(0..16), number(16..32), cursor.len()) else {
            return Err(foreign());
        };
        let last = hidden ^ self.identity;
        if self.seal(last) == seal { Ok(last) } else { Err(foreign()) }
    }

    fn seal(&self, last: u64) -> u64 {
        fnv1a(fnv1a(self.identity, b"seal"), &last.to_le_bytes())
    }
}
