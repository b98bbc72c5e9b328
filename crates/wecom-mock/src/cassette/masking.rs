//! Replaces the secrets of recorded exchanges: by an alias such as `#1` where the text is the secret, otherwise by `***`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use wecom_core::codec::read_json;
use wecom_core::secret::{Redactor, forms, names, values};

/// Replaces a text that contains a secret. In a recorded request it matches any value.
pub(crate) const MASK: &str = "***";

/// A shorter secret of letters only may be an ordinary word. It is replaced where a secret is expected, and nowhere else.
const MIN_DISTINCTIVE_LETTERS: usize = 16;

/// The minimum length of a secret that is searched in Base64 and in hexadecimal digits.
const MIN_ENCODED: usize = 8;

/// Whether a text has the form of an alias. Such a text is too short to contain a secret.
pub(crate) fn is_alias(text: &str) -> bool {
    let number = text.strip_prefix('#').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The secrets of some exchanges.
#[derive(Default)]
pub(crate) struct Masking {
    aliases: HashMap<String, String>,
    /// The letters and digits of the secrets that can't be ordinary words.
    searched: Vec<String>,
    redactor: Redactor,
}

impl Masking {
    /// Adds the secrets of a request: a [`request_value`](crate::cassette::entry::request_value).
    pub(crate) fn add_request(&mut self, request: &Value) {
        for (name, part) in request.as_object().into_iter().flatten() {
            self.add_json(part, name == "secrets");
        }
    }

    /// Adds the strings of all fields with a secret's name. If a reply that carries a credential has no such field, adds all
    /// of its strings.
    pub(crate) fn add_reply(&mut self, body: &[u8], is_credential: bool) {
        let Some(body) = read_json(body) else { return };
        let is_named = body.as_object().is_some_and(|fields| fields.keys().any(|name| names::is_secret(name)));
        self.add_json(&body, is_credential && !is_named);
    }

    fn add_json(&mut self, value: &Value, is_secret: bool) {
        match value {
            Value::String(text) if is_secret => self.add(text, false),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(item, is_secret)),
            Value::Object(fields) => fields.iter().for_each(|(name, field)| {
                self.add_json(field, is_secret && name != "errmsg" || names::is_secret(name));
            }),
            _ => {}
        }
    }

    /// Adds a secret. A secret that may be an ordinary word is replaced only where a secret is expected, unless it is
    /// hidden.
    pub(crate) fn add(&mut self, secret: &str, is_hidden: bool) {
        let plain = forms::decoded(secret).to_lowercase();
        let is_word = plain.len() < MIN_DISTINCTIVE_LETTERS && plain.chars().all(char::is_alphabetic);
        if (is_hidden || !is_word) && !self.redactor.knows(secret) {
            for form in [vec![secret.to_owned()], encoded(secret.as_bytes())].concat() {
                self.redactor.add(&form);
                self.searched.push(letters(&form));
            }
        }
        if !secret.is_empty() {
            let alias = format!("#{}", self.aliases.len() + 1);
            self.aliases.entry(secret.to_owned()).or_insert(alias);
        }
    }

    /// A request with its secrets masked.
    pub(crate) fn request(&self, mut request: Value) -> Value {
        let parts = request.as_object_mut().into_iter().flatten();
        for (name, part) in parts.filter(|(name, _)| *name != "call") {
            *part = self.json(part.take(), name == "secrets");
        }
        request
    }

    /// Masks a text.
    pub(crate) fn text(&self, text: &str) -> String {
        match self.aliases.get(text).filter(|_| self.redactor.finds_secret(text)) {
            Some(alias) => alias.clone(),
            None if self.has_secret(text) => MASK.to_owned(),
            None => text.to_owned(),
        }
    }

    /// Whether a text contains a known secret in any form, or a value after the name of a secret.
    pub(crate) fn has_secret(&self, text: &str) -> bool {
        self.redactor.finds_secret(text) || values::has_secret(text)
    }

    /// Masks a value: the whole value if it is a secret, otherwise each text in it.
    pub(crate) fn json(&self, value: Value, is_secret: bool) -> Value {
        match value {
            Value::String(text) if is_secret => self.aliases.get(&text).cloned().unwrap_or(text).into(),
            Value::String(text) => self.text(&text).into(),
            Value::Number(number) if is_secret || self.redactor.finds_secret(&number.to_string()) => MASK.into(),
            Value::Array(items) => items.into_iter().map(|item| self.json(item, is_secret)).collect(),
            Value::Object(fields) => {
                let masked = fields.into_iter().map(|(name, field)| {
                    let field = self.json(field, is_secret || names::is_secret(&name));
                    (if self.is_secret_in_name(&name) { MASK.to_owned() } else { name }, field)
                });
                Value::Object(masked.collect())
            }
            other => other,
        }
    }

    /// Whether a field's name contains a whole secret. A piece of one may be a word.
    fn is_secret_in_name(&self, name: &str) -> bool {
        let name_letters = self.redactor.finds_secret(name).then(|| letters(name));
        name_letters.is_some_and(|name| self.searched.iter().any(|secret| name.contains(secret)))
    }
}

/// The letters and digits of a text without escapes, in lower case.
fn letters(text: &str) -> String {
    forms::decoded(text).to_lowercase().chars().filter(|character| character.is_alphanumeric()).collect()
}

/// A secret in hexadecimal digits, and in Base64 at each position within a longer text. The redactor ignores case.
fn encoded(secret: &[u8]) -> Vec<String> {
    if secret.len() < MIN_ENCODED {
        return Vec::new();
    }
    let mut forms = vec![secret.iter().map(|byte| format!("{byte:02x}")).collect()];
    for start in 0..3 {
        let groups = secret.get(start..).unwrap_or_default().chunks_exact(3);
        let base64: String = groups.map(|group| BASE64.encode(group)).collect();
        forms.extend([base64.replace('+', "-").replace('/', "_"), base64]);
    }
    forms
}
