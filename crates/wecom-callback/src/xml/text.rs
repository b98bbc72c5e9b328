//! The text of an element: character data and CDATA sections, put together.

use std::borrow::Cow;

use memchr::memchr;

use super::scanner::{CDATA, CDATA_END, Scanner, Shape, Token};

/// The text in an element's content. White space at either end is trimmed unless a CDATA section holds it.
pub(crate) fn text_of(content: &str, shape: Shape) -> Cow<'_, str> {
    match shape {
        Shape::Plain => Cow::Borrowed(without_printed_wrapper(content.trim_ascii())),
        Shape::Cdata => {
            let section = content.get(CDATA.len()..content.len().saturating_sub(CDATA_END.len()));
            Cow::Borrowed(section.unwrap_or_default())
        }
        Shape::Mixed => Cow::Owned(joined(content)),
    }
}

/// The text in a CDATA section.
pub(crate) fn section(content: &[u8]) -> &[u8] {
    content.strip_prefix(CDATA).and_then(|rest| rest.strip_suffix(CDATA_END)).unwrap_or_default()
}

/// Some of the vendor's documents print an id as `![CDATA[id]]`, without the angle brackets.
fn without_printed_wrapper(text: &str) -> &str {
    text.strip_prefix("![CDATA[").and_then(|rest| rest.strip_suffix("]]")).unwrap_or(text)
}

fn joined(content: &str) -> String {
    let mut text = String::new();
    let mut protected = 0;
    let mut depth = 0_usize;
    let mut scanner = Scanner::new(content.as_bytes());
    while let Ok(Some(token)) = scanner.token() {
        match token {
            Token::Start(_) => depth += 1,
            Token::End(_) => depth = depth.saturating_sub(1),
            Token::Text(piece) if depth == 0 => {
                let piece = content.get(piece).unwrap_or_default();
                let piece = if text.is_empty() && protected == 0 { piece.trim_ascii_start() } else { piece };
                unescape_into(&mut text, piece);
            }
            Token::Cdata(piece) if depth == 0 => {
                text.push_str(content.get(piece).unwrap_or_default());
                protected = text.len();
            }
            Token::Text(_) | Token::Cdata(_) | Token::Empty(_) => {}
        }
    }
    let trimmed = text.trim_ascii_end().len().max(protected);
    text.truncate(trimmed);
    text
}

fn unescape_into(text: &mut String, mut piece: &str) {
    while let Some(at) = memchr(b'&', piece.as_bytes()) {
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

/// Checks every `&` of a text; the error is the offset of the first that begins no known reference. `true` if there is
/// none to check.
pub(crate) fn check_references(text: &[u8]) -> Result<bool, usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr(b'&', rest)) {
        at += found;
        match text.get(at..).and_then(reference) {
            Some((_, length)) => at += length,
            None => return Err(at),
        }
    }
    Ok(at == 0)
}

/// The character that a reference stands for, and the reference's length.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    /// Of `&#x10FFFF;`, with some leading zeros.
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

/// Unlike [`u32::from_str_radix`], takes no sign.
fn from_digits(digits: &str, radix: u32) -> Option<u32> {
    digits.chars().all(|digit| digit.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok())?
}
