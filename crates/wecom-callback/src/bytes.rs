//! Searches and comparisons of short texts, eight bytes at a time.
//!
//! The names and most values of a callback have 5 to 40 bytes. At that length the call of a vectorized search costs more than
//! the search. Longer texts are left to `memchr`.

const LOW_BITS: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
/// The length from which a vectorized search is faster.
const SHORT: usize = 64;

/// Returns the first position of a byte.
#[inline(always)]
pub(crate) fn find(text: &[u8], byte: u8) -> Option<usize> {
    let pattern = LOW_BITS * u64::from(byte);
    let mut at = 0;
    while let Some(word) = word(text, at) {
        let found = zero_bytes(word ^ pattern);
        if found != 0 {
            return Some(at + first(found));
        }
        at += 8;
        if at == SHORT {
            return memchr::memchr(byte, text.get(at..)?).map(|found| at + found);
        }
    }
    text.get(at..)?.iter().position(|found| *found == byte).map(|found| at + found)
}

/// Returns the first position of a byte below `@`, which are the ASCII control characters, white space, digits and the
/// punctuation before `@`.
#[inline(always)]
pub(crate) fn find_below_at(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = word(text, at) {
        // Bit 7 of each byte that has neither bit 6 nor bit 7.
        let found = !(word | word << 1) & HIGH_BITS;
        if found != 0 {
            return Some(at + first(found));
        }
        at += 8;
    }
    text.get(at..)?.iter().position(|byte| *byte < b'@').map(|found| at + found)
}

/// Returns whether a text has one of the bytes.
#[inline(always)]
pub(crate) fn has_any<const N: usize>(text: &[u8], bytes: [u8; N]) -> bool {
    let patterns = bytes.map(|byte| LOW_BITS * u64::from(byte));
    let found = |word: u64| patterns.iter().fold(0, |found, pattern| found | zero_bytes(word ^ pattern));
    let Some(last) = text.len().checked_sub(8).and_then(|at| word(text, at)) else {
        return text.iter().any(|byte| bytes.contains(byte));
    };
    let words = text.chunks_exact(8).filter_map(|chunk| word(chunk, 0));
    words.fold(found(last), |all, word| all | found(word)) != 0
}

/// Returns whether the first `length` bytes of two texts are the same.
#[inline(always)]
pub(crate) fn same(left: &[u8], right: &[u8], length: usize) -> bool {
    let difference = |at| Some(word(left, at)? ^ word(right, at)?);
    let last = difference(length.saturating_sub(8));
    match (length, difference(0), last) {
        (1..=8, Some(first), _) => first << (64 - 8 * length) == 0,
        (9..=16, Some(first), Some(last)) => first | last == 0,
        (17..=24, Some(first), Some(last)) => difference(8).is_some_and(|middle| first | middle | last == 0),
        _ => matches!((left.get(..length), right.get(..length)), (Some(left), Some(right)) if left == right),
    }
}

/// Returns the eight bytes at a position, the first one lowest.
#[inline]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// Returns the high bit of bytes that are zero. The result is exact up to the first such byte. After it, the bit of a byte
/// that is not zero may be set too.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

/// Returns the index of the lowest byte whose high bit is set.
#[inline]
fn first(high_bits: u64) -> usize {
    high_bits.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of each length up to 80, with each byte that a search may mistake for another.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        (0..80).flat_map(|length| {
            (0..length.max(1)).flat_map(move |place| {
                [0, 1, b'%', b'&', b'<', b'=', b'>', b'?', b'@', b']', b']' ^ 1, b'A', 0x7F, 0x80, b'<' | 0x80, 0xFF]
                    .map(|byte| {
                        let mut text = vec![b'a'; length];
                        if let Some(place) = text.get_mut(place) {
                            *place = byte;
                        }
                        text
                    })
            })
        })
    }

    #[test]
    fn a_search_finds_the_first_byte_that_a_search_byte_by_byte_finds() {
        for mut text in texts() {
            for byte in [b'<', b'&', b']', b'=', 0, 0xFF] {
                assert_eq!(find(&text, byte), text.iter().position(|found| *found == byte), "{byte} {text:?}");
            }
            assert_eq!(find_below_at(&text), text.iter().position(|byte| *byte < b'@'), "{text:?}");
            text.extend_from_slice(b"]]>&<=");
            assert_eq!(find(&text, b']'), text.iter().position(|found| *found == b']'), "{text:?}");
        }
    }

    #[test]
    fn a_comparison_looks_at_exactly_the_bytes_that_it_was_given() {
        for text in texts() {
            let other = vec![b'a'; text.len() + 3];
            for length in 0..=text.len() {
                assert_eq!(same(&text, &other, length), text[..length] == other[..length], "{length} {text:?}");
            }
        }
        assert!(same(b"CorpId>, and more", b"CorpId> or less", 7));
    }
}
