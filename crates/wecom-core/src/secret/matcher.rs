//! Finds secrets in a text, in any form.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::secret::forms::decoded;
use crate::secret::printable::is_invisible;

/// The replacement of a secret.
pub(crate) const MASK: &str = "***";

/// The minimum length of a secret, in bytes. Masking every occurrence of a shorter one would make other texts unreadable.
pub(crate) const SHORTEST: usize = 4;

/// The length of the pieces by which a secret is recognized, in bytes.
const PIECE: usize = 8;

/// A set of secrets to find. Every method takes linear time.
#[derive(Clone, Default)]
pub(crate) struct SecretMatcher {
    /// The pieces of each length.
    pieces: [BTreeSet<u64>; PIECE + 1],
}

impl SecretMatcher {
    /// Whether the text contains one of the secrets.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let text = decoded(text);
        self.find_all(&text).next().is_some()
    }

    /// Replaces each secret by `***`. If there is one, the escapes of the text are decoded too.
    pub(crate) fn mask(&self, text: &str) -> String {
        let plain = decoded(text);
        let places = merged(self.find_all(&plain).collect());
        if places.is_empty() { text.to_owned() } else { masked(&plain, &places) }
    }

    /// The places of the pieces of secrets in a text without escapes: overlapping, in the order of their ends.
    pub(crate) fn find_all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut window = Window::default();
        let bytes = compared(text).flat_map(|(place, character)| {
            let mut buffer = [0; 4];
            let length = character.encode_utf8(&mut buffer).len();
            buffer.into_iter().take(length).map(move |byte| (place.clone(), byte))
        });
        bytes.filter_map(move |(place, byte)| {
            window.push(byte, place.start);
            let lengths = (SHORTEST..=PIECE).rev();
            let start = lengths.filter_map(|length| self.start_of(&window, length)).next()?;
            Some(start..place.end)
        })
    }

    fn start_of(&self, window: &Window, length: usize) -> Option<usize> {
        let (start, piece) = window.last(length)?;
        self.pieces.get(length)?.contains(&piece).then_some(start)
    }

    /// Adds a secret, unless it is too short.
    pub(crate) fn add(&mut self, secret: &str) {
        let plain = decoded(secret);
        let compared: String = compared(&plain).map(|(_, character)| character).collect();
        let length = compared.len().min(PIECE);
        if length < SHORTEST {
            return;
        }
        let mut window = Window::default();
        for byte in compared.bytes() {
            window.push(byte, 0);
            if let (Some((_, piece)), Some(pieces)) = (window.last(length), self.pieces.get_mut(length)) {
                pieces.insert(piece);
            }
        }
    }
}

/// The last bytes of a text, with the position of the character that each belongs to.
#[derive(Default)]
struct Window {
    bytes: u64,
    starts: [usize; PIECE],
    count: usize,
}

impl Window {
    fn push(&mut self, byte: u8, start: usize) {
        self.bytes = self.bytes << 8 | u64::from(byte);
        self.starts.rotate_left(1);
        self.starts[PIECE - 1] = start;
        self.count += 1;
    }

    /// The last `length` bytes and their position. `None` until there are that many.
    fn last(&self, length: usize) -> Option<(usize, u64)> {
        let unused = PIECE.checked_sub(length)?;
        let start = *self.starts.get(unused).filter(|_| self.count >= length)?;
        Some((start, self.bytes & (u64::MAX >> (8 * unused))))
    }
}

/// The characters to compare, with their places: in lower case, and without those that are added or lost when a text is
/// wrapped, escaped, or decoded as a form (where `+` is a space).
fn compared(text: &str) -> impl Iterator<Item = (Range<usize>, char)> + '_ {
    let is_ignored = |character: char| character == '+' || character == '\\' || is_invisible(character);
    text.char_indices()
        .filter(move |&(_, character)| !is_ignored(character))
        .map(|(start, character)| (start..start + character.len_utf8(), character.to_ascii_lowercase()))
}

/// Merges places that overlap or touch.
pub(crate) fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places {
        match merged.last_mut().filter(|last| place.start <= last.end) {
            Some(last) => last.end = last.end.max(place.end),
            None => merged.push(place),
        }
    }
    merged
}

/// Replaces these places by a mask. They are in order and don't overlap.
pub(crate) fn masked(text: &str, places: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for place in places {
        masked.push_str(text.get(end..place.start).unwrap_or_default());
        masked.push_str(MASK);
        end = place.end;
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "tiihtNczf5v6AKRyjwEUhQ/+==";

    fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> SecretMatcher {
        let mut matcher = SecretMatcher::default();
        secrets.into_iter().for_each(|secret| matcher.add(secret));
        matcher
    }

    fn matcher() -> SecretMatcher {
        of([SECRET, "pin7"])
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let escaped = |escape: fn(u8) -> String| SECRET.bytes().map(escape).collect::<String>();
        for form in [
            SECRET.to_owned(),
            SECRET.to_ascii_lowercase(),
            SECRET.to_ascii_uppercase(),
            "tiihtNczf5v6AKRyjwEUhQ%2F%2B%3D%3D".to_owned(),
            "tiihtNczf5v6AKRyjwEUhQ%2f%2b%3d%3d".to_owned(),
            "tiihtNczf5v6AKRyjwEUhQ%252f%252b%253d%253D".to_owned(),
            "tiihtNczf5v6AKRyjwEUhQ/ ==".to_owned(),
            "tiihtNczf5v6AKRyjwEUhQ\\/+\\u003d\\u003D".to_owned(),
            "tiihtNczf5v6AKRyjwEUhQ&#x2F;&plus;&equals;&#61;".to_owned(),
            escaped(|byte| format!("%{byte:02x}")),
            escaped(|byte| format!("\\u{byte:04X}")),
            escaped(|byte| format!("\\\\u{byte:04x}")),
            escaped(|byte| format!("\\x{byte:02x}")),
            escaped(|byte| format!("\\{byte:03o}")),
            escaped(|byte| format!("&#{byte};")),
            escaped(|byte| format!("&amp;#{byte};")),
            escaped(|byte| format!("{}\r\n  ", char::from(byte))),
            escaped(|byte| format!("{}\u{200b}", char::from(byte))),
            "tiihtNczf5v6AKRy\\r\\n\\tjwEUhQ/+==".to_owned(),
        ] {
            let text = format!("<{form}>");
            assert!(matcher().is_in(&text), "{form}");
            let masked: String = matcher().mask(&text).split_whitespace().collect();
            assert_eq!(masked.trim_matches('\u{200b}').replace('\u{200b}', ""), "<***>", "{form}");
        }
    }

    #[test]
    fn a_piece_of_a_secret_of_eight_characters_or_more_is_masked() {
        for length in 8..SECRET.len() - 3 {
            for piece in [&SECRET[..length], &SECRET[SECRET.len() - length - 3..SECRET.len() - 3]] {
                assert_eq!(matcher().mask(&format!("<{piece}>")), "<***>");
            }
        }
    }

    #[test]
    fn a_short_secret_is_found_whole_and_one_below_the_minimum_is_ignored() {
        assert_eq!(matcher().mask("PIN7 pi n7 pin8"), "*** *** pin8");
        assert_eq!(of(["abc", ""]).mask("abc"), "abc");
    }

    #[test]
    fn a_text_without_a_secret_is_unchanged() {
        for text in ["", "企业 %2F &amp; \\n", "tiihtNx zf6", "tiihtNc"] {
            assert!(!matcher().is_in(text));
            assert_eq!(matcher().mask(text), text);
        }
    }

    #[test]
    fn a_long_text_with_many_secrets_takes_linear_time() {
        let secrets: Vec<_> = (0..1000).map(|number| format!("{number:0>40}secret")).collect();
        let matcher = of(secrets.iter().map(String::as_str));
        let text = "0".repeat(500_000);
        assert_eq!(matcher.mask(&text), MASK);
    }
}
