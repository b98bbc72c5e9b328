//! Texts from outside, made fit to be shown: the request's secrets replaced, control characters made visible, length
//! bounded.

use std::fmt;

use serde_json::{Map, Value};

use crate::secret::{forms, names};

/// How much of a foreign text is shown, in characters.
const SHOWN: usize = 300;

/// A shorter text is no secret that a service gives; taken for one, it would make every text unreadable.
const SHORTEST_SECRET: usize = 4;

/// Replaces secrets by `***` in texts that are to be shown.
///
/// A secret is found in each of its [forms](forms::of). One of fewer than 4 bytes is not searched for: it would make other
/// texts unreadable.
///
/// ```
/// use serde_json::json;
/// use wecom_core::secret::Redactor;
///
/// let redactor = Redactor::new(["the/secret"]);
/// assert_eq!(redactor.text("corpsecret=the%2Fsecret"), "corpsecret=***");
/// assert_eq!(redactor.json(&json!({"session_key": "k", "id": "ch1"})), json!({"session_key": "***", "id": "ch1"}));
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// A redactor of these secrets, such as those of a [request](crate::Request::expose_secrets).
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        secrets.into_iter().for_each(|secret| redactor.add(secret));
        redactor
    }

    /// Adds a secret.
    pub fn add(&mut self, secret: &str) {
        if !self.knows(secret) {
            self.secrets.extend(forms::of(secret));
        }
    }

    /// Whether adding a secret changes nothing: it has been added, or is too short.
    #[must_use]
    pub fn knows(&self, secret: &str) -> bool {
        secret.len() < SHORTEST_SECRET || self.secrets.iter().any(|known| known == secret)
    }

    /// Whether the text holds a secret.
    pub(crate) fn leaks(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The text with each secret replaced, on one line, cut after 300 characters.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
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

    /// The value with each secret replaced, in the names of fields too, and with `***` for every field whose
    /// [name](names::is_secret) says that it holds a secret.
    #[must_use]
    pub fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.replaced(text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields)),
            plain => plain.clone(),
        }
    }

    /// The value as [`json`](Self::json) gives it, as text on one line, cut after 300 characters.
    #[must_use]
    pub fn json_text(&self, value: &Value) -> String {
        shown(&self.json(value).to_string(), false)
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let redacted = |(name, value): (&String, &Value)| {
            let value = if names::is_secret(name) { Value::from("***") } else { self.json(value) };
            (self.replaced(name), value)
        };
        fields.iter().map(redacted).collect()
    }

    fn clean(&self, text: &str) -> String {
        self.replaced(&unescaped(text))
    }

    fn replaced(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

/// Shows no secret.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
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
    use serde_json::json;

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
    fn json_is_redacted_at_any_depth_and_in_fields_named_for_a_secret() {
        let value = json!({
            "a": [{"b": "x canary-1 y"}, "canary-2"], "canary-1": 1, "session_key": "canary-3", "access_token": ["canary-4"],
        });
        assert_eq!(
            Redactor::new(["canary-1", "canary-2"]).json(&value),
            json!({"a": [{"b": "x *** y"}, "***"], "***": 1, "session_key": "***", "access_token": "***"}),
        );
    }

    #[test]
    fn json_without_a_secret_stays_as_it_is() {
        let value = json!({"chain_id": "start", "limit": 10, "next": null, "path": "a\\u0062c"});
        assert_eq!(redactor("t").json(&value), value);
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let shown = redactor("canary").json_text(&Value::from("企业".repeat(1000)));
        assert!(shown.ends_with('…') && shown.chars().count() == SHOWN + 1, "{shown}");
    }

    #[test]
    fn a_secret_that_was_added_is_known() {
        let mut redactor = redactor("canary");
        assert!(redactor.knows("canary") && redactor.knows("abc") && !redactor.knows("canary-2"));
        redactor.add("canary-2");
        assert!(redactor.knows("canary-2"));
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
