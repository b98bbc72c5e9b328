//! References in text: the five predefined entities, and characters by number.

use crate::bytes;

/// Appends a text with its references resolved.
pub(super) fn unescape_into(text: &mut String, mut piece: &str) {
    while let Some(at) = bytes::find(piece.as_bytes(), b'&') {
        let (before, rest) = piece.split_at(at);
        text.push_str(before);
        match reference(rest.as_bytes()) {
            Some((character, length)) => {
                text.push(character);
                piece = rest.get(length..).unwrap_or_default();
            }
            None => {
                text.push('&');
                piece = rest.get(1..).unwrap_or_default();
            }
        }
    }
    text.push_str(piece);
}

/// Checks every `&` of a text. Returns whether the text has no `&`; the error is the offset of the first `&` that does not
/// begin a known reference.
pub(super) fn check_references(text: &[u8]) -> Result<bool, usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| bytes::find(rest, b'&')) {
        at += found;
        match text.get(at..).and_then(reference) {
            Some((_, length)) => at += length,
            None => return Err(at),
        }
    }
    Ok(at == 0)
}

/// Returns the character that a reference stands for, and the reference's length.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    /// The maximum length of a reference: `&#x10FFFF;` with some leading zeros.
    const LONGEST: usize = 16;
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(text.get(1..end)?).ok()?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => from_digits(digits, 16)?,
                None => from_digits(number, 10)?,
            };
            char::from_u32(code).filter(|character| *character != '\0')?
        }
    };
    Some((character, end + 1))
}

/// Unlike [`u32::from_str_radix`], accepts no sign.
fn from_digits(digits: &str, radix: u32) -> Option<u32> {
    digits.chars().all(|digit| digit.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok())?
}
