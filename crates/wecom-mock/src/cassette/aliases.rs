//! Secrets and the names that stand for them: `token-1`, `secret-1`.

use serde_json::{Map, Value};
use wecom_core::secret::{forms, names};

use crate::cassette::secret_kind::SecretKind;

/// A shorter text is no secret that a service gives: it has an alias where it stands by itself, but is not looked for in
/// other texts, which that would only garble.
const SHORTEST_SECRET: usize = 4;

/// The secrets that are known, each with its alias.
#[derive(Clone, Default)]
pub(crate) struct Aliases {
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    secret: String,
    alias: String,
    /// What the secret looks like where it may come back; none when it is too short to be looked for.
    forms: Vec<String>,
}

impl Aliases {
    /// The alias of a secret: always the same. What has the form of an alias already is its own.
    pub(crate) fn learn(&mut self, kind: SecretKind, secret: &str) -> String {
        if let Some(alias) = self.alias_of(secret) {
            return alias.to_owned();
        }
        let prefix = kind.prefix();
        let free = |alias: &String| self.secret_of(alias).is_none();
        let numbered = || (1u64..).map(|number| format!("{prefix}-{number}")).find(free);
        let alias = if is_alias(secret) { secret.to_owned() } else { numbered().unwrap_or_default() };
        if free(&alias) {
            self.bind(&alias, secret);
        }
        alias
    }

    /// Learns what a text names as a secret, be it whole or broken off: `"access_token":"…` or `access_token=…`.
    pub(crate) fn learn_named(&mut self, text: &str) {
        // What is known already has its alias then, and is not taken for another secret because of its form.
        for (kind, secret) in named_secrets(&self.text(text)) {
            if secret.len() >= SHORTEST_SECRET {
                self.learn(kind, &secret);
            }
        }
    }

    /// Lets an alias stand for a secret.
    pub(crate) fn bind(&mut self, alias: &str, secret: &str) {
        let (secret, alias) = (secret.to_owned(), alias.to_owned());
        let forms = if secret.len() < SHORTEST_SECRET { Vec::new() } else { forms::of(&secret) };
        self.known.push(Known { secret, alias, forms });
    }

    pub(crate) fn alias_of(&self, secret: &str) -> Option<&str> {
        self.known.iter().find(|known| known.secret == secret).map(|known| known.alias.as_str())
    }

    pub(crate) fn secret_of(&self, alias: &str) -> Option<&str> {
        self.known.iter().find(|known| known.alias == alias).map(|known| known.secret.as_str())
    }

    /// The bytes with an alias for each secret, the longest first where one is part of another.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&first, behind)) = rest.split_first() {
            match self.secret_at(rest) {
                Some((alias, behind)) => {
                    clean.extend_from_slice(alias.as_bytes());
                    rest = behind;
                }
                None => {
                    clean.push(first);
                    rest = behind;
                }
            }
        }
        clean
    }

    pub(crate) fn text(&self, text: &str) -> String {
        // Whole characters are replaced by whole characters.
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// The JSON with an alias for each secret, in the names of fields too, and in each field that is named for one.
    pub(crate) fn json(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                self.learn_named(text);
                *text = self.text(text);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => {
                let named = std::mem::take(fields).into_iter();
                let clean = named.map(|(name, mut value)| {
                    match SecretKind::of_field(&name) {
                        Some(kind) => self.secret_field(kind, &mut value),
                        None => self.json(&mut value),
                    }
                    (self.text(&name), value)
                });
                *fields = clean.collect::<Map<_, _>>();
            }
            _ => {}
        }
    }

    /// Which secret these bytes still hold, by its alias.
    pub(crate) fn leak(&self, bytes: &[u8]) -> Option<&str> {
        let looked_for = self.known.iter().filter(|known| !is_alias(&known.secret));
        let holds = |form: &String| bytes.windows(form.len()).any(|window| window == form.as_bytes());
        looked_for.filter(|known| known.forms.iter().any(holds)).map(|known| known.alias.as_str()).next()
    }

    fn secret_field(&mut self, kind: SecretKind, value: &mut Value) {
        match value {
            Value::String(secret) if !secret.is_empty() => *secret = self.learn(kind, secret),
            // A number is not looked for elsewhere: there are too many that only look the same.
            Value::Number(_) => *value = Value::from(format!("{}-0", kind.prefix())),
            Value::Array(items) => items.iter_mut().for_each(|item| self.secret_field(kind, item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.secret_field(kind, field)),
            _ => {}
        }
    }

    fn secret_at<'a, 'b>(&'a self, bytes: &'b [u8]) -> Option<(&'a str, &'b [u8])> {
        let forms = self.known.iter().flat_map(|known| known.forms.iter().map(move |form| (known, form)));
        let here = forms.filter_map(|(known, form)| Some((known, form, bytes.strip_prefix(form.as_bytes())?)));
        here.max_by_key(|(_, form, _)| form.len()).map(|(known, _, behind)| (known.alias.as_str(), behind))
    }
}

pub(crate) fn is_alias(text: &str) -> bool {
    let number = text.strip_prefix("token-").or_else(|| text.strip_prefix("secret-"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The text itself where it is not what percent-encoding gives.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// What stands behind a secret's name in a text that need not be JSON: in quotes, or behind an equals sign.
fn named_secrets(text: &str) -> Vec<(SecretKind, String)> {
    let mut found = Vec::new();
    for ending in names::ENDINGS {
        let kind = SecretKind::of_field(ending).unwrap_or(SecretKind::Other);
        for (at, _) in text.match_indices(ending) {
            let behind = text.get(at + ending.len()..).unwrap_or_default();
            found.extend(value_behind(behind).map(|secret| (kind, secret)));
        }
    }
    found
}

fn value_behind(text: &str) -> Option<String> {
    let text = text.trim_start_matches(['"', '\\']).trim_start();
    let in_query = text.starts_with('=');
    let text = text.strip_prefix([':', '='])?.trim_start();
    let after_backslashes = text.trim_start_matches('\\');
    let depth = text.len() - after_backslashes.len();
    match after_backslashes.strip_prefix('"') {
        Some(text) => Some(quoted(text, depth)),
        None if in_query => {
            let ends = |character: char| character.is_whitespace() || "&#\"'<>,;)]}\\".contains(character);
            text.split(ends).next().map(percent_decoded)
        }
        None => None,
    }
}

/// What stands between quotes, the first of them taken off: JSON inside a string of JSON has backslashes before them.
fn quoted(text: &str, depth: usize) -> String {
    let mut backslashes = 0;
    let end = text.find(|character| {
        let ends = character == '"' && if depth == 0 { backslashes % 2 == 0 } else { backslashes == depth };
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        ends
    });
    let raw = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let raw = if depth == 0 { raw } else { raw.trim_end_matches('\\') };
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.trim_end_matches('\\').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn aliases(secrets: &[&str]) -> Aliases {
        let mut aliases = Aliases::default();
        for secret in secrets {
            aliases.learn(SecretKind::Token, secret);
        }
        aliases
    }

    #[test]
    fn a_secret_has_the_same_alias_in_each_of_its_forms() {
        let aliases = aliases(&["ca/na\"ry"]);
        let clean = aliases.text(r#"ca/na"ry ca%2Fna%22ry ca%2fna%22ry ca/na\"ry ca\/na\"ry"#);
        assert_eq!(clean, "token-1 token-1 token-1 token-1 token-1");
        assert_eq!(aliases.leak(clean.as_bytes()), None);
        assert_eq!(aliases.leak(b"...ca%2fna%22ry..."), Some("token-1"));
    }

    #[test]
    fn of_two_secrets_the_longer_one_is_taken_where_one_begins_the_other() {
        assert_eq!(aliases(&["canary", "canary-long"]).text("canary-long canary"), "token-2 token-1");
    }

    #[test]
    fn fields_named_for_a_secret_are_replaced_at_any_depth_and_a_second_time_changes_nothing() {
        let mut aliases = Aliases::default();
        let mut value = json!({
            "access_token": "canary-1", "a": [{"session_key": ["canary-2"], "note": "is canary-1"}], "ticket": 12345,
            "b": "access_token=canary-3&x=1", "canary-1": null, "empty_token": "",
        });
        aliases.json(&mut value);
        let once = json!({
            "access_token": "token-1", "a": [{"session_key": ["secret-1"], "note": "is token-1"}], "ticket": "secret-0",
            "b": "access_token=token-2&x=1", "token-1": null, "empty_token": "",
        });
        aliases.json(&mut value);
        assert_eq!(value, once);
    }

    #[test]
    fn a_text_names_its_secrets_even_where_it_breaks_off() {
        for (text, secret) in [
            (r#"{"access_token":"canary"}"#, Some("canary")),
            (r#"{"errcode":0,"access_token" : "canar"#, Some("canar")),
            (r#"{"a":"{\"access_token\":\"canary\"}"}"#, Some("canary")),
            (r#"{"session_key":"can\/ary","x":1}"#, Some("can/ary")),
            ("<a href='/?access_token=canary&a=1'>", Some("canary")),
            ("corpsecret=canary", Some("canary")),
            ("?access_token=can%2Fary%", Some("can/ary%")),
            ("invalid access_token, hint: [17]", None),
            ("the token: it is missing", None),
        ] {
            let found = named_secrets(text);
            assert_eq!(found.first().map(|(_, found)| found.as_str()), secret, "{text}");
        }
    }

    #[test]
    fn the_beginning_of_a_known_secret_is_not_taken_for_another_one() {
        let mut aliases = aliases(&["canary;one"]);
        aliases.learn_named("?access_token=canary;one");
        assert_eq!(aliases.alias_of("canary"), None);
    }

    #[test]
    fn a_text_of_three_letters_is_looked_for_nowhere() {
        let aliases = aliases(&["abc"]);
        assert_eq!((aliases.text("abc abc"), aliases.alias_of("abc")), ("abc abc".to_owned(), Some("token-1")));
    }

    #[test]
    fn what_looks_like_an_alias_is_its_own() {
        let mut aliases = aliases(&["token-2", "canary-1", "canary-2"]);
        let names = ["token-2", "canary-1", "canary-2"].map(|secret| aliases.learn(SecretKind::Token, secret));
        assert_eq!(names, ["token-2", "token-1", "token-3"]);
        assert_eq!(aliases.leak(b"token-1 token-2 token-3"), None);
    }
}
