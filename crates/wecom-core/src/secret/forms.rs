//! The forms that a secret may have in a text: percent-encoded, escaped in JSON, and so on.
//!
//! This module is for crates that keep recordings or logs of calls. The writer of URLs and every search for secrets use the
//! same definitions. To hide secrets, use a [`Redactor`](crate::secret::Redactor).
//!
//! ```
//! use wecom_core::secret::forms;
//!
//! assert_eq!(forms::percent_encoded("a+b/c").to_string(), "a%2Bb%2Fc");
//! assert_eq!(forms::decoded("a%252Bb\\/c&#61;"), "a+b/c=");
//! ```

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Every character except the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The named HTML entities of the characters that occur in secrets and in escapes.
const ENTITIES: [(&str, char); 16] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("equals", '='),
    ("gt", '>'),
    ("hyphen", '-'),
    ("lowbar", '_'),
    ("lt", '<'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quot", '"'),
    ("sol", '/'),
];

/// The longest escape, in bytes: `&#x10FFFF;`.
const LONGEST_ESCAPE: usize = 10;

/// Percent-encodes a value for a query: every character except the unreserved ones of RFC 3986.
///
/// The result implements `Display`, and iterates over the pieces.
pub fn percent_encoded(value: &str) -> impl Iterator<Item = &str> + fmt::Display {
    utf8_percent_encode(value, ENCODED)
}

/// Returns the common forms of a secret, each once: the secret itself, percent-encoded with upper-case and lower-case
/// digits, and escaped in JSON with and without escaped slashes.
///
/// The list is for replacing a secret exactly. It cannot be complete. To check whether a text contains a secret in any
/// form, use [`Redactor::finds_secret`](crate::secret::Redactor::finds_secret).
#[must_use]
pub fn of(secret: &str) -> Vec<String> {
    let in_json = serde_json::to_string(secret).unwrap_or_default();
    let in_json = in_json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(secret).to_owned();
    let percent = percent_encoded(secret).to_string();
    let lower = percent_encoded(secret).map(lower_case_escape).collect();
    let mut forms = Vec::new();
    for form in [secret.to_owned(), percent, lower, in_json.replace('/', "\\/"), in_json] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn lower_case_escape(piece: &str) -> String {
    if piece.starts_with('%') { piece.to_ascii_lowercase() } else { piece.to_owned() }
}

/// Replaces every escape in a text by its character, no matter how many times the text was escaped.
///
/// Decodes percent-encoding, HTML entities (a numeric one may lack its `;`), and the backslash escapes of JSON and of
/// programming languages (`\/`, `\u002f`, `\u{2f}`, `\x2f`, `\057`). Escapes of characters that do not exist are kept. Takes
/// linear time.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut plain: Vec<u8> = Vec::with_capacity(text.len());
    for next in text.bytes().map(Some).chain([None]) {
        // Each replacement shortens the text, so all of them together take linear time.
        if let Some(entity) = unclosed_entity(&plain, next) {
            replace_end(&mut plain, entity);
            replace_escapes_at_end(&mut plain);
        }
        plain.extend(next);
        replace_escapes_at_end(&mut plain);
    }
    String::from_utf8(plain).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn replace_escapes_at_end(text: &mut Vec<u8>) {
    while let Some(escape) = escape_at_end(text) {
        replace_end(text, escape);
    }
}

fn replace_end(text: &mut Vec<u8>, (length, meaning): (usize, Meaning)) {
    text.truncate(text.len().saturating_sub(length));
    match meaning {
        Meaning::Byte(byte) => text.push(byte),
        Meaning::Character(character) => text.extend(character.encode_utf8(&mut [0; 4]).bytes()),
    }
}

enum Meaning {
    Byte(u8),
    Character(char),
}

/// The escape at the end of the text: its length and its meaning.
fn escape_at_end(text: &[u8]) -> Option<(usize, Meaning)> {
    let (&last, before) = text.split_last()?;
    match last {
        b';' => entity(text),
        b'}' => braced(text),
        b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => digits(text).or_else(|| backslash(last, before)),
        _ => backslash(last, before),
    }
}

/// `\/`, `\"`, `\'`, `\\`, `\n`, `\r`, `\t`.
fn backslash(last: u8, before: &[u8]) -> Option<(usize, Meaning)> {
    let meaning = match last {
        b'/' | b'"' | b'\'' | b'\\' => last,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    };
    before.ends_with(b"\\").then_some((2, Meaning::Byte(meaning)))
}

/// `%2F`, `\x2f`, `\057`, `\u002f`, `%u002f`.
fn digits(text: &[u8]) -> Option<(usize, Meaning)> {
    let number = |count: usize, radix: u32| {
        let digits = text.get(text.len().checked_sub(count)?..)?;
        let all_digits = digits.iter().all(|&digit| char::from(digit).is_digit(radix));
        u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all_digits)?, radix).ok()
    };
    let marked = |count: usize, marks: &[&[u8]]| {
        text.len()
            .checked_sub(count)
            .and_then(|end| text.get(..end))
            .is_some_and(|before| marks.iter().any(|mark| before.ends_with(mark)))
    };
    let byte = |number: Option<u32>| Some(Meaning::Byte(u8::try_from(number?).ok()?));
    if marked(2, &[b"%"]) {
        return Some((3, byte(number(2, 16))?));
    }
    if marked(2, &[b"\\x", b"\\X"]) {
        return Some((4, byte(number(2, 16))?));
    }
    if marked(3, &[b"\\"]) {
        return Some((4, byte(number(3, 8))?));
    }
    if marked(4, &[b"\\u", b"\\U", b"%u", b"%U"]) {
        return Some((6, Meaning::Character(char::from_u32(number(4, 16)?)?)));
    }
    None
}

/// `&#47;`, `&#x2f;`, `&sol;`.
fn entity(text: &[u8]) -> Option<(usize, Meaning)> {
    let (length, name) = since(text, b"&")?;
    let name = std::str::from_utf8(name).ok()?;
    let named =
        || ENTITIES.iter().find(|(entity, _)| entity.eq_ignore_ascii_case(name)).map(|(_, character)| *character);
    Some((length, Meaning::Character(numeric_entity(name).or_else(named)?)))
}

/// `&#47` or `&#x2f` at the end of the text, before a byte that is neither a further digit nor `;`.
fn unclosed_entity(text: &[u8], next: Option<u8>) -> Option<(usize, Meaning)> {
    if next == Some(b';') || !text.last()?.is_ascii_hexdigit() {
        return None;
    }
    let near = text.get(text.len().saturating_sub(LONGEST_ESCAPE - 1)..)?;
    let name = near.get(near.iter().rposition(|&byte| byte == b'&')? + 1..)?;
    let name = std::str::from_utf8(name).ok()?;
    let radix = if name.get(1..2).is_some_and(|letter| letter.eq_ignore_ascii_case("x")) { 16 } else { 10 };
    let continues = next.is_some_and(|next| char::from(next).is_digit(radix));
    if continues { None } else { Some((name.len() + 1, Meaning::Character(numeric_entity(name)?))) }
}

/// The character of `#47` or `#x2f`.
fn numeric_entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    char::from_u32(match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    })
}

/// `\u{2f}`, `\x{2f}`.
fn braced(text: &[u8]) -> Option<(usize, Meaning)> {
    let (length, digits) = since(text, b"\\u{").or_else(|| since(text, b"\\x{"))?;
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((length, Meaning::Character(char::from_u32(number)?)))
}

/// The length from the last `start` to the end, and the bytes between the start and the last byte. `None` if the start is
/// further from the end than the longest escape.
fn since<'t>(text: &'t [u8], start: &[u8]) -> Option<(usize, &'t [u8])> {
    let near = text.get(text.len().saturating_sub(LONGEST_ESCAPE)..)?;
    let at = near.windows(start.len()).rposition(|window| window == start)?;
    let inner = near.get(at + start.len()..near.len().checked_sub(1)?)?;
    Some((near.len() - at, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_decoded_in_upper_and_lower_case() {
        for text in [
            "%2F",
            "%2f",
            "%252F",
            "%25252f",
            "%u002f",
            "\\/",
            "\\u002F",
            "\\u002f",
            "\\\\u002f",
            "\\u{2f}",
            "\\x2F",
            "\\x{2F}",
            "\\057",
            "&#47;",
            "&#047;",
            "&#x2F;",
            "&#X2f;",
            "&sol;",
            "&SOL;",
            "&amp;sol;",
            "%26sol%3B",
            "&#92;/",
            "\\u0025\\u0032F",
        ] {
            assert_eq!(decoded(&format!("a{text}b")), "a/b", "{text}");
        }
        assert_eq!(decoded("%E4%BC%81\\u4f01&#20225;企"), "企企企企");
        assert_eq!(decoded("a\\nb\\tc"), "a\nb\tc");
    }

    #[test]
    fn a_numeric_entity_may_lack_its_semicolon() {
        for text in ["x&#47y", "x&#047 y", "x&#x2fy", "x&#X2F;y", "&#120&#47&#121", "&#x78&#x2f&#x79", "x%26#47y"] {
            assert_eq!(decoded(text).replace(' ', ""), "x/y", "{text}");
        }
        assert_eq!(decoded("&#2&#47"), "\u{2}/");
        for text in ["&#37&#50&#102.", "&#37&#50&#102&#46", "&#92&#120&#50&#102&#46"] {
            assert_eq!(decoded(text), "/.", "{text}");
        }
        for text in ["&", "&#", "&#x", "a&#b", "&47", "&#99999999", "&#xFFFFFFFF"] {
            assert_eq!(decoded(text), text);
        }
    }

    #[test]
    fn text_without_escapes_is_unchanged() {
        for text in [
            "",
            "%",
            "%2",
            "%zz",
            "100% of it",
            "\\u12",
            "\\uzzzz",
            "\\ud83d",
            "&;",
            "&#;",
            "&#x110000;",
            "a;b",
            "}",
            "\\u{}",
            "企%",
        ] {
            assert_eq!(decoded(text), text);
        }
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn a_text_escaped_a_million_times_is_decoded_in_linear_time() {
        let text = format!("%{}2f", "25".repeat(1_000_000));
        assert_eq!(decoded(&text), "/");
        assert_eq!(decoded(&"\\".repeat(1_000_000)), "\\");
    }

    #[test]
    fn the_forms_of_a_secret_are_listed_once_each() {
        assert_eq!(of("abc"), ["abc"]);
        assert_eq!(of("a/\"b\""), ["a/\"b\"", "a%2F%22b%22", "a%2f%22b%22", "a\\/\\\"b\\\"", "a/\\\"b\\\""]);
    }
}
