//! Replaces the secrets of recorded exchanges by aliases: `token-1`, `secret-1`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use wecom_core::Request;
use wecom_core::http::QueryValue;
use wecom_core::secret::{Redactor, forms, names};

/// Replaces what must not be kept and has no alias.
pub(crate) const MASK: &str = "***";

/// A shorter secret of letters only may be an ordinary word. It is replaced where a secret is expected, and nowhere else.
const MIN_DISTINCTIVE_LETTERS: usize = 16;

/// The secrets of some exchanges, in the order of their first occurrence.
#[derive(Default)]
pub(crate) struct Secrets {
    known: HashSet<String>,
    found: Vec<(&'static str, String)>,
    searched: Vec<String>,
}

impl Secrets {
    /// Adds a text that is searched for everywhere, even if it is an ordinary word.
    pub(crate) fn hide(&mut self, text: &str) {
        self.add("secret", text);
        self.searched.push(text.to_owned());
    }

    pub(crate) fn add_request(&mut self, request: &Request) {
        request.token().into_iter().for_each(|token| self.add("token", token.expose()));
        for (name, value) in request.query().iter() {
            if let QueryValue::Secret(secret) = value {
                self.add(prefix(name), secret.expose());
            }
        }
        request.expose_secrets().for_each(|secret| self.add("secret", secret));
        request.body().into_iter().for_each(|body| self.add_body(body));
    }

    /// Adds the strings of all fields with a secret's name.
    pub(crate) fn add_body(&mut self, body: &[u8]) {
        serde_json::from_slice(body).iter().for_each(|value| self.add_json(value, None));
    }

    fn add_json(&mut self, value: &Value, secret: Option<&'static str>) {
        match (value, secret) {
            (Value::String(text), Some(prefix)) => self.add(prefix, text),
            (Value::Array(items), _) => items.iter().for_each(|item| self.add_json(item, secret)),
            (Value::Object(fields), _) => fields.iter().for_each(|(name, field)| {
                self.add_json(field, secret.or_else(|| names::is_secret(name).then(|| prefix(name))));
            }),
            _ => {}
        }
    }

    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.known.iter().map(String::as_str))
    }

    fn add(&mut self, prefix: &'static str, secret: &str) {
        if !secret.is_empty() && self.known.insert(secret.to_owned()) {
            self.found.push((prefix, secret.to_owned()));
            let plain = forms::decoded(secret);
            let is_word = plain.len() < MIN_DISTINCTIVE_LETTERS && plain.chars().all(char::is_alphabetic);
            self.searched.extend((!is_word).then(|| secret.to_owned()));
        }
    }
}

fn prefix(name: &str) -> &'static str {
    if name.to_ascii_lowercase().ends_with("token") { "token" } else { "secret" }
}

/// Whether a text has the form of an alias.
pub(crate) fn is_alias(text: &str) -> bool {
    let number = text.split_once('-').filter(|(prefix, _)| ["token", "secret", "alias", "a"].contains(prefix));
    number.is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Replaces secrets.
pub(crate) struct Masking {
    aliases: HashMap<String, String>,
    searched: Vec<String>,
    redactor: Redactor,
}

impl Masking {
    pub(crate) fn new(Secrets { found, searched, .. }: Secrets) -> Self {
        let redactor = Redactor::new(searched.iter().map(String::as_str));
        let mut numbers = HashMap::new();
        let mut alias = |prefix| {
            // An alias must not contain a secret. `a-1` is too short to contain one.
            [prefix, "alias", "a"].into_iter().find_map(|prefix| {
                let number: &mut u32 = numbers.entry(prefix).or_default();
                let next =
                    (*number + 1..*number + 1000).find(|next| !redactor.finds_secret(&format!("{prefix}-{next}")));
                next.map(|next| {
                    *number = next;
                    format!("{prefix}-{next}")
                })
            })
        };
        let aliases = found.into_iter().filter_map(|(prefix, secret)| Some((secret, alias(prefix)?))).collect();
        Self { aliases, searched, redactor }
    }

    pub(crate) fn alias(&self, secret: &str) -> String {
        self.aliases.get(secret).map_or(MASK, String::as_str).to_owned()
    }

    /// Masks a text of a request. If it contains a secret, the whole text becomes `***`, which matches any text in a replay.
    pub(crate) fn request_text(&self, text: &str) -> String {
        let masked = self.text(text);
        if masked == text { masked } else { MASK.to_owned() }
    }

    /// Masks a text. It is also truncated where an unknown secret may begin: `access_token=…`, `"session_key":"…`.
    pub(crate) fn text(&self, text: &str) -> String {
        let plain = forms::decoded(text);
        let cut = end_of_secret_name(&plain).and_then(|end| plain.get(..end));
        let text = cut.map_or_else(|| text.to_owned(), |start| format!("{start}{MASK}"));
        match self.redactor.finds_secret(&text) {
            false => text,
            true if self.aliases.contains_key(&text) => self.alias(&text),
            true => self.redactor.json(&Value::String(text)).as_str().unwrap_or(MASK).to_owned(),
        }
    }

    pub(crate) fn json(&self, value: &mut Value, is_secret: bool, is_request: bool) {
        match value {
            Value::String(secret) if is_secret && !secret.is_empty() => *secret = self.alias(secret),
            Value::String(text) if is_request => *text = self.request_text(text),
            Value::String(text) => *text = self.text(text),
            Value::Number(_) if is_secret => *value = Value::from(0),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item, is_secret, is_request)),
            Value::Object(fields) => {
                let masked = std::mem::take(fields).into_iter().map(|(name, mut field)| {
                    self.json(&mut field, is_secret || names::is_secret(&name), is_request);
                    (if self.is_secret_in_name(&name) { MASK.to_owned() } else { name }, field)
                });
                *fields = masked.collect::<Map<_, _>>();
            }
            _ => {}
        }
    }

    /// Whether a masked value still contains a secret, for example as a number.
    pub(crate) fn finds_secret(&self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| self.finds_secret(item)),
            Value::Object(fields) => {
                fields.iter().any(|(name, field)| self.is_secret_in_name(name) || self.finds_secret(field))
            }
            Value::String(text) => self.redactor.finds_secret(text),
            other => self.redactor.finds_secret(&other.to_string()),
        }
    }

    /// Whether a field's name contains a whole secret. A piece of one may be a word.
    fn is_secret_in_name(&self, name: &str) -> bool {
        let letters = |text: &str| forms::decoded(text).to_lowercase();
        self.redactor.finds_secret(name) && self.searched.iter().any(|secret| letters(name).contains(&letters(secret)))
    }
}

/// Returns the end of the first name of a secret that is followed by a value.
fn end_of_secret_name(text: &str) -> Option<usize> {
    let is_in_name = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let mut start = 0;
    text.split_inclusive(|character| !is_in_name(character)).find_map(|word| {
        let end = start + word.trim_end_matches(|character| !is_in_name(character)).len();
        start += word.len();
        let rest = text.get(end..).filter(|_| names::is_secret(word))?;
        rest.trim_start_matches(['"', '\'', '\\', ' ']).starts_with([':', '=']).then_some(end)
    })
}
