//! Masks secrets in texts that a person may read.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::secret::matcher::{MASK, SHORTEST, SecretMatcher};
use crate::secret::names;
use crate::secret::printable::{is_invisible, shown};

/// The maximum length of a shown text, in characters.
const SHOWN: usize = 300;

/// The length of the beginning that is examined, in bytes: enough for the shown characters even if they are escaped twice.
const EXAMINED: usize = 8 * 1024;

/// The maximum length of an HTTP library's text that is kept unchanged, in bytes.
const LONGEST_KEPT: usize = 16 * 1024;

/// Replaces secrets by `***` in texts that are shown to people.
///
/// Finds a secret in any [form](crate::secret::forms), in upper and lower case, wrapped over lines, and any piece of it
/// that is at least eight bytes long. Ignores secrets of fewer than four bytes, which would make other texts unreadable.
///
/// ```
/// use serde_json::json;
/// use wecom_core::secret::Redactor;
///
/// let redactor = Redactor::new(["canary/secret"]);
/// assert_eq!(redactor.text("corpsecret=canary%2fSecret"), "corpsecret=***");
/// assert_eq!(
///     redactor.json(&json!({"session_key": "k", "id": "ch1"})),
///     json!({"session_key": "***", "id": "ch1"})
/// );
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    matcher: SecretMatcher,
    secrets: BTreeSet<String>,
}

impl Redactor {
    /// Creates a redactor for these secrets, such as those of a [request](crate::Request::expose_secrets).
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        secrets.into_iter().for_each(|secret| redactor.add(secret));
        redactor
    }

    /// Adds a secret.
    pub fn add(&mut self, secret: &str) {
        if !self.knows(secret) {
            self.matcher.add(secret);
            self.secrets.insert(secret.to_owned());
        }
    }

    /// Whether a secret has been added already, or is too short to be added.
    #[must_use]
    pub fn knows(&self, secret: &str) -> bool {
        secret.len() < SHORTEST || self.secrets.contains(secret)
    }

    /// Whether the text contains a secret in any form. Takes linear time.
    #[must_use]
    pub fn finds_secret(&self, text: &str) -> bool {
        self.matcher.is_in(text)
    }

    /// The text on one line, with each secret replaced, cut after 300 characters.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let (text, is_cut) = beginning(text);
        one_line(&self.matcher.mask(text), is_cut)
    }

    /// The value with each secret replaced, in field names too. The value of every field whose
    /// [name](names::is_secret) is that of a secret becomes `***`.
    #[must_use]
    pub fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.matcher.mask(text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields)),
            plain => plain.clone(),
        }
    }

    /// The value of [`json`](Self::json) as text on one line, cut after 300 characters.
    #[must_use]
    pub fn json_text(&self, value: &Value) -> String {
        one_line(&self.json(value).to_string(), false)
    }

    /// Whether a text must not be kept unchanged: it contains a secret or a control character, or is very long.
    pub(crate) fn must_replace(&self, text: &str) -> bool {
        let is_control = |character: char| is_invisible(character) && !matches!(character, ' ' | '\n');
        text.len() > LONGEST_KEPT || text.chars().any(is_control) || self.finds_secret(text)
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    pub(crate) fn matcher(&self) -> &SecretMatcher {
        &self.matcher
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let redacted = |(name, value): (&String, &Value)| {
            let value = if names::is_secret(name) { Value::from(MASK) } else { self.json(value) };
            (self.matcher.mask(name), value)
        };
        fields.iter().map(redacted).collect()
    }
}

/// Shows neither the secrets nor their number.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// The beginning of a text, and whether there is more of it.
pub(crate) fn beginning(text: &str) -> (&str, bool) {
    let Some(window) = (EXAMINED..text.len()).find_map(|end| text.get(..end)) else { return (text, false) };
    // The last word may be cut, so it is dropped.
    let whole = window.rfind(|character: char| !is_of_word(character)).unwrap_or(0);
    (window.get(..whole).unwrap_or_default(), true)
}

/// Whether a character occurs in tokens, paths and identifiers.
pub(crate) fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '+' | '~')
}

/// The beginning of the text on one line.
pub(crate) fn one_line(text: &str, is_cut: bool) -> String {
    let mut line: String = text.chars().take(SHOWN).map(shown).collect();
    if is_cut || text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "hzQ0-9EbW3pZ_kT1vXy7cNmA6sDfGjLuQwErTyUiOpAsDfGhJkLz";

    #[test]
    fn a_text_is_kept_unless_it_has_a_secret_or_a_control_character_or_is_very_long() {
        let redactor = Redactor::new([TOKEN]);
        for text in ["", "connection refused", "Error {\n    kind: 企业\n}", &"x".repeat(LONGEST_KEPT)] {
            assert!(!redactor.must_replace(text), "{text}");
        }
        let form = TOKEN.to_ascii_lowercase();
        for text in [TOKEN, &form, "a\u{202e}b", "a\u{1b}[0m", "a\rb", &"x".repeat(LONGEST_KEPT + 1)] {
            assert!(redactor.must_replace(text), "{text}");
        }
    }

    fn redactor(token: &str) -> Redactor {
        Redactor::new([token])
    }

    #[test]
    fn a_token_is_replaced_whether_plain_percent_encoded_or_json_escaped() {
        let redactor = redactor("ca/na\"ry");
        assert_eq!(redactor.text("ca/na\"ry ca%2fna%22ry ca/na\\\"ry ca\\/na\\\"ry"), "*** *** *** ***");
    }

    #[test]
    fn json_is_redacted_at_any_depth_and_in_fields_with_secret_names() {
        let value = json!({
            "a": [{"b": "x canary-1 y"}, "canary%2D2"], "canary-1": 1, "session_key": "canary-3", "accessToken": ["canary-4"],
        });
        assert_eq!(
            Redactor::new(["canary-1", "canary-2"]).json(&value),
            json!({"a": [{"b": "x *** y"}, "***"], "***": 1, "session_key": "***", "accessToken": "***"}),
        );
    }

    #[test]
    fn json_without_a_secret_is_unchanged() {
        let value = json!({"chain_id": "start", "limit": 10, "next": null, "path": "a\\u0062c"});
        assert_eq!(redactor("t").json(&value), value);
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let shown = redactor("canary").json_text(&Value::from("企业".repeat(1000)));
        assert!(shown.ends_with('…') && shown.chars().count() == SHOWN + 1, "{shown}");
    }

    #[test]
    fn an_added_secret_is_known() {
        let mut redactor = redactor("canary");
        assert!(redactor.knows("canary") && redactor.knows("abc") && !redactor.knows("canary-2"));
        redactor.add("canary-2");
        assert!(redactor.knows("canary-2") && redactor.finds_secret("canary-2"));
    }

    #[test]
    fn a_secret_of_four_bytes_is_replaced_and_a_shorter_one_is_not() {
        assert_eq!(redactor("kqzx").text("a kqzx b"), "a *** b");
        assert_eq!(redactor("kqz").text("a kqz b"), "a kqz b");
    }

    #[test]
    fn the_debug_text_shows_no_secret() {
        assert_eq!(format!("{:?}", redactor("canary")), "Redactor { .. }");
    }

    #[test]
    fn a_token_is_replaced_in_json_with_needless_escapes() {
        let redactor = redactor("canary");
        assert_eq!(redactor.text("\\u0063anary c\\u0061n\\u0061ry"), "*** ***");
        let whole: String = "canary".bytes().map(|byte| format!("\\u{byte:04X}")).collect();
        for before in 0..400 {
            let shown = redactor.text(&format!("{}{whole}", "-".repeat(before)));
            assert!(!shown.contains("00") && !shown.contains('c'), "{before}: {shown}");
        }
    }

    #[test]
    fn a_token_across_a_bound_leaves_no_piece() {
        for before in (0..1300).step_by(3).chain(EXAMINED - 13..EXAMINED + 1) {
            let shown = redactor("canarycanary").text(&format!("{}canarycanary", "-".repeat(before)));
            assert!(!shown.contains('c'), "{before}: {shown}");
        }
    }

    #[test]
    fn a_token_after_many_others_leaves_no_piece() {
        for filling in 0..20 {
            let shown =
                redactor("canarycanary").text(&format!("{}{}", "-".repeat(filling), "canarycanary".repeat(1000)));
            assert!(!shown.contains('c') && shown.ends_with('…'), "{shown}");
        }
    }

    #[test]
    fn a_long_text_with_line_breaks_becomes_one_short_line() {
        let shown = redactor("canary").text(&"x\n".repeat(1_000_000));
        assert!(shown.starts_with("x x") && shown.ends_with('…') && shown.len() < 1000, "{shown}");
    }
}
