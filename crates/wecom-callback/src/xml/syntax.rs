//! The delimiters of CDATA sections and names.

use crate::bytes;

pub(super) const CDATA: &[u8; 9] = b"<![CDATA[";
pub(super) const CDATA_END: &[u8; 3] = b"]]>";

/// Returns the first position of `needle`, which is not empty.
#[inline(always)]
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let rest = haystack.get(from..)?;
        let found = bytes::find(rest, first)?;
        if rest.get(found..).is_some_and(|rest| rest.starts_with(needle)) {
            return Some(from + found);
        }
        from += found + 1;
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || !byte.is_ascii()
}

pub(super) fn ends_name(byte: u8) -> bool {
    // Almost every byte of a name is greater than all of these, so usually one comparison is enough.
    byte <= b'>' && (follows_name(byte) || matches!(byte, b'<' | b'=' | b'"' | b'\'' | b'&'))
}

pub(super) fn follows_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'>' | b'/')
}
