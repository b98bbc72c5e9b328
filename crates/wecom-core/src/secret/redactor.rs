//! Texts from outside, made fit to be shown: the request's secrets replaced, control characters made visible, length
//! bounded.

use crate::secret::forms;

/// How much of a foreign text is shown, in characters.
const SHOWN: usize = 300;

/// A shorter text is no secret that a service gives; taken for one, it would make every text unreadable.
const SHORTEST_SECRET: usize = 4;

/// What must not be shown of one request's exchange, in each form in which it may come back.
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        Self { secrets: secrets.flat_map(forms::of).collect() }
    }

    /// Whether the text holds a secret.
    pub(crate) fn leaks(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The text with each secret replaced by `***`, bounded, on one line.
    pub(crate) fn text(&self, text: &str) -> String {
        shown(&self.clean(text), false)
    }

    /// The beginning of a reply as text.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        // Looked at beyond what is shown, so that a secret across the end is found whole: a character may take six bytes.
        let longest = self.secrets.iter().map(String::len).max().unwrap_or(0);
        let Some(window) = bytes.get(..(SHOWN + longest) * 6) else {
            return shown(&self.clean(&String::from_utf8_lossy(bytes)), false);
        };
        let clean = self.clean(&String::from_utf8_lossy(window));
        // Where secrets became shorter, the end of the window may come into view, and with it a piece of one more.
        let whole = clean.chars().count().saturating_sub(longest + 6);
        shown(&clean.chars().take(whole).collect::<String>(), true)
    }

    fn clean(&self, text: &str) -> String {
        let mut clean = unescaped(text);
        for secret in &self.secrets {
            clean = clean.replace(secret.as_str(), "***");
        }
        clean
    }
}

/// As much of a text as is shown, on one line.
fn shown(clean: &str, is_cut: bool) -> String {
    let mut shown: String = clean.chars().take(SHOWN).map(visible).collect();
    if is_cut || clean.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// The text with `\uXXXX` as what it stands for: a secret that a server has escaped is one still.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split("\\u");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let character = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        match (character, piece.get(4..)) {
            (Some(character), Some(rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            _ => {
                plain.push_str("\\u");
                plain.push_str(piece);
            }
        }
    }
    plain
}

/// Line breaks and tabs become spaces, other control characters a sign that something stood there.
fn visible(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(token: &str) -> Redactor {
        Redactor::new([token])
    }

    #[test]
    fn a_token_is_replaced_as_it_is_and_percent_encoded_and_json_escaped() {
        let redactor = redactor("ca/na\"ry");
        assert_eq!(redactor.text("ca/na\"ry ca%2Fna%22ry ca/na\\\"ry ca\\/na\\\"ry"), "*** *** *** ***");
    }

    #[test]
    fn a_token_is_replaced_in_json_that_escapes_more_than_it_must() {
        let redactor = redactor("canary");
        assert_eq!(redactor.text("\\u0063anary c\\u0061n\\u0061ry"), "*** ***");
        let whole: String = "canary".bytes().map(|byte| format!("\\u{byte:04X}")).collect();
        for before in 0..400 {
            let shown = redactor.bytes(format!("{}{whole}", "-".repeat(before)).as_bytes());
            assert!(!shown.contains("00") && !shown.contains('c'), "{before}: {shown}");
        }
        assert_eq!(redactor.text("\\u \\uzzzz \\ud83d \\u00e9企 \\u4f01"), "\\u \\uzzzz \\ud83d é企 企");
    }

    #[test]
    fn a_token_that_lies_across_the_bound_leaves_no_piece() {
        for before in 0..1300 {
            let shown = redactor("canarycanary").bytes(format!("{}canarycanary", "-".repeat(before)).as_bytes());
            assert!(!shown.contains('c'), "{before}: {shown}");
        }
    }

    #[test]
    fn a_token_after_many_others_leaves_no_piece() {
        for filling in 0..20 {
            let body = format!("{}{}", "-".repeat(filling), "canarycanary".repeat(1000));
            let shown = redactor("canarycanary").bytes(body.as_bytes());
            assert!(!shown.contains('c') && shown.ends_with('…'), "{shown}");
        }
    }

    #[test]
    fn a_long_text_with_line_breaks_becomes_one_short_line() {
        let shown = redactor("canary").bytes("x\n".repeat(1_000_000).as_bytes());
        assert!(shown.starts_with("x x") && shown.ends_with('…') && shown.len() < 1000, "{shown}");
    }

    #[test]
    fn control_characters_are_not_passed_on_to_a_terminal() {
        let shown = redactor("canary").text("a\u{1b}[31mb\u{7}c\u{9b}d\re\tf企");
        assert_eq!(shown, "a\u{fffd}[31mb\u{fffd}c\u{fffd}d e f企");
    }

    #[test]
    fn a_text_is_marked_as_cut_only_when_it_is() {
        for (length, is_cut) in [(0, false), (299, false), (300, false), (301, true), (5000, true)] {
            let text = "企".repeat(length);
            for shown in [redactor("canary").text(&text), redactor("canary").bytes(text.as_bytes())] {
                assert_eq!(
                    (shown.chars().count(), shown.ends_with('…')),
                    (length.min(300) + usize::from(is_cut), is_cut)
                );
            }
        }
    }

    #[test]
    fn a_text_that_a_server_has_escaped_throughout_is_shown_nearly_as_far_as_any_other() {
        let shown = redactor("canary").bytes("\\u4f01".repeat(5000).as_bytes());
        assert!((290..=301).contains(&shown.chars().count()), "{shown}");
        assert!(
            shown.strip_suffix('…').is_some_and(|shown| shown.chars().all(|character| character == '企')),
            "{shown}"
        );
    }
}
