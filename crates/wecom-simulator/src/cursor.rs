//! Cursors: where the next page of one list begins, unreadable, and of no use to any other list.

use crate::parameters::invalid;
use crate::refusal::Refusal;

/// A list that is served in pages, by what its request says of it, the page's size apart.
pub(crate) struct PagedList {
    identity: u64,
}

impl PagedList {
    /// `parts` tell this list from every other one.
    pub(crate) fn new(parts: &[&str]) -> Self {
        Self { identity: parts.iter().fold(OFFSET, |hash, part| mix(mix(hash, part.as_bytes()), &[0xFF])) }
    }

    /// The cursor of the page after the item at this place.
    pub(crate) fn cursor(&self, last: u64) -> String {
        format!("{:016x}{:016x}", last ^ self.identity, self.seal(last))
    }

    /// The place after which a page begins; a cursor of another list is refused.
    pub(crate) fn place(&self, cursor: &str) -> Result<u64, Refusal> {
        let foreign = || invalid("cursor");
        let number = |range| cursor.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let (Some(hidden), Some(seal), 32) = (number(0..16), number(16..32), cursor.len()) else {
            return Err(foreign());
        };
        let last = hidden ^ self.identity;
        if self.seal(last) == seal { Ok(last) } else { Err(foreign()) }
    }

    fn seal(&self, last: u64) -> u64 {
        mix(mix(self.identity, b"seal"), &last.to_le_bytes())
    }
}

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;

/// The hash FNV-1a: the same on every machine, and enough to tell lists apart.
pub(crate) fn mix(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3))
}
