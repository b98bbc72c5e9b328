//! Repairs JSON strings with raw control characters, bytes that are not UTF-8, or invalid escapes.

use serde_json::Value;

/// Reads JSON from a service. Returns `None` if it is not JSON.
///
/// Repairs the same mistakes as [`decode`](crate::decode): ignores a byte order mark, and accepts control characters,
/// unknown escapes, unpaired surrogates and bytes that are not UTF-8 in strings.
#[must_use]
pub fn read_json(body: &[u8]) -> Option<Value> {
    let body = without_bom(body);
    let repaired = |bad_bytes| serde_json::from_slice(&repaired(body, bad_bytes)?).ok();
    let strict = serde_json::from_slice(body).ok();
    strict.or_else(|| repaired(BadBytes::Single)).or_else(|| repaired(BadBytes::Pairs))
}

/// Strips a UTF-8 byte order mark.
pub(crate) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// How to read the bytes of a string that are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadBytes {
    /// One by one, as if a character was cut.
    Single,
    /// In pairs, as in GBK, where the second byte may be that of a backslash.
    Pairs,
}

/// Repairs the strings of a body. Returns `None` if there is nothing to repair.
///
/// Escapes control characters, because people paste line breaks into names. Replaces bytes that are not UTF-8 and unpaired
/// surrogates by U+FFFD. Keeps the backslash of an unknown escape.
///
/// Takes linear time, and at most six times the space of the body.
pub(crate) fn repaired(body: &[u8], bad_bytes: BadBytes) -> Option<Vec<u8>> {
    let mut repair = Repair { body, repaired: Vec::new(), copied: 0 };
    let (mut at, mut in_string) = (0, false);
    while let Some(&byte) = body.get(at) {
        at = match byte {
            b'"' => {
                in_string = !in_string;
                at + 1
            }
            _ if !in_string => at + 1,
            b'\\' => repair.escape(at),
            0x00..0x20 => repair.replace(at, 1, format!("\\u{byte:04x}").as_bytes()),
            0x80.. => repair.character(at, bad_bytes),
            _ => at + 1,
        };
    }
    repair.finish()
}

/// The repaired beginning of a body.
struct Repair<'a> {
    body: &'a [u8],
    repaired: Vec<u8>,
    /// How many bytes of the body are in `repaired`.
    copied: usize,
}

impl Repair<'_> {
    /// Replaces the bytes at a position. Returns the next position.
    fn replace(&mut self, at: usize, length: usize, by: &[u8]) -> usize {
        self.repaired.extend_from_slice(self.body.get(self.copied..at).unwrap_or_default());
        self.repaired.extend_from_slice(by);
        self.copied = at + length;
        self.copied
    }

    /// Keeps or repairs an escape. Returns the next position.
    fn escape(&mut self, at: usize) -> usize {
        match self.body.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') => match (self.code_unit(at), self.code_unit(at + 6)) {
                (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => at + 12,
                (Some(0xD800..0xE000), _) => self.replace(at, 6, b"\\ufffd"),
                (Some(_), _) => at + 6,
                (None, _) => self.replace(at, 1, b"\\\\"),
            },
            _ => self.replace(at, 1, b"\\\\"),
        }
    }

    /// The code unit of a `\uXXXX` at a position.
    fn code_unit(&self, at: usize) -> Option<u16> {
        let digits = self.body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits =
            std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    }

    /// Keeps or repairs a character that is not ASCII. Returns the next position.
    fn character(&mut self, at: usize, bad_bytes: BadBytes) -> usize {
        const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
        let rest = self.body.get(at..).unwrap_or_default();
        let length = match rest {
            [0xC2..=0xDF, ..] => 2,
            [0xE0..=0xEF, ..] => 3,
            [0xF0..=0xF4, ..] => 4,
            _ => 1,
        };
        if rest.get(..length).is_some_and(|character| std::str::from_utf8(character).is_ok()) {
            return at + length;
        }
        match (bad_bytes, rest) {
            (BadBytes::Pairs, [0x81..=0xFE, 0x40..=0x7E | 0x80..=0xFE, ..]) => self.replace(at, 2, REPLACEMENT),
            _ => self.replace(at, 1, REPLACEMENT),
        }
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.replace(self.body.len(), 0, b"");
        Some(self.repaired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], bad_bytes: BadBytes) -> serde_json::Value {
        serde_json::from_slice(&repaired(body, bad_bytes).unwrap()).unwrap()
    }

    #[test]
    fn json_is_read_with_a_byte_order_mark_and_mistakes_in_strings() {
        let body = |json: &[u8]| [b"\xEF\xBB\xBF", json].concat();
        for (json, expected) in [
            (&b"{\"a\":\"\xe4\xbc\x81\"}"[..], "企"),
            (b"{\"a\":\"x\ny\"}", "x\ny"),
            (b"{\"a\":\"\xff\"}", "\u{fffd}"),
            (b"{\"a\":\"\xd5\x5c\"}", "\u{fffd}"),
        ] {
            assert_eq!(read_json(&body(json)), Some(serde_json::json!({"a": expected})));
        }
        for text in [&b""[..], b"{", b"<html>", b"{} {}"] {
            assert_eq!(read_json(&body(text)), None);
        }
    }

    #[test]
    fn control_characters_are_escaped_only_inside_strings() {
        let body = b"{\n\t\"a\":\"x\ny\t\\\"\x01\",\n\"b\\\\\":1}";
        assert_eq!(read(body, BadBytes::Single), serde_json::json!({"a": "x\ny\t\"\u{1}", "b\\": 1}));
    }

    #[test]
    fn a_body_without_errors_is_not_copied() {
        for body in ["", "{\n\"a\": \"b\"}", r#"["企业😀é", "\u4f01\ud83d\ude00\"\\\/\b\f\n\r\t"]"#, "企\\u\x01"]
        {
            for bad_bytes in [BadBytes::Single, BadBytes::Pairs] {
                assert_eq!(repaired(body.as_bytes(), bad_bytes), None, "{body}");
            }
        }
    }

    #[test]
    fn an_unpaired_surrogate_becomes_a_replacement_character() {
        for (json, expected) in [
            (r#""\ud800""#, "\u{fffd}"),
            (r#""a\udc00b""#, "a\u{fffd}b"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(read(json.as_bytes(), BadBytes::Single), expected, "{json}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_become_replacement_characters() {
        for (json, expected) in [
            (&b"\"\xff\""[..], "\u{fffd}"),
            (b"\"\xe4\xbc\"", "\u{fffd}\u{fffd}"),
            (b"\"\xe4\xbc\xe4\xbc\x81\"", "\u{fffd}\u{fffd}企"),
            (b"\"\xc0\xaf\xed\xa0\x80\"", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"\"\xe4\xbc\\n\"", "\u{fffd}\u{fffd}\n"),
        ] {
            assert_eq!(read(json, BadBytes::Single), expected);
        }
    }

    #[test]
    fn the_second_byte_of_a_pair_is_not_read_as_a_backslash() {
        // As in GBK, where the second byte may be that of a backslash or a brace.
        assert_eq!(read(b"[\"\xd5\x5c\",\"\xb7\x7d\"]", BadBytes::Pairs), serde_json::json!(["\u{fffd}", "\u{fffd}"]));
    }

    #[test]
    fn the_backslash_of_an_unknown_escape_is_kept() {
        for (json, expected) in
            [(r#""\x41""#, "\\x41"), (r#""\u12""#, "\\u12"), (r#""\u+123""#, "\\u+123"), (r#""\企""#, "\\企")]
        {
            assert_eq!(read(json.as_bytes(), BadBytes::Single), expected);
        }
    }
}
