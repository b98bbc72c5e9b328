//! What of a received request may be shown: its secrets are taken out of every value.

use serde_json::{Map, Value};

/// How much of a value is shown, in characters.
const SHOWN: usize = 300;

/// How the vendor's names for a secret end: `access_token`, `corpsecret`, `session_key` and the like.
const SECRET_ENDINGS: [&str; 4] = ["token", "secret", "session_key", "ticket"];

/// Whether a field of this name holds a secret.
pub(crate) fn names_a_secret(name: &str) -> bool {
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The secrets of one request.
pub(crate) struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    pub(crate) fn new(secrets: impl Iterator<Item = String>) -> Self {
        Self { secrets: secrets.collect() }
    }

    /// The value with `***` for whatever must not be shown.
    pub(crate) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields)),
            plain => plain.clone(),
        }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let shown = |(name, value): (&String, &Value)| {
            let value = if names_a_secret(name) { Value::from("***") } else { self.value(value) };
            (self.text(name), value)
        };
        fields.iter().map(shown).collect()
    }
}

/// A value that may be shown, as JSON on one line and of bounded length.
pub(crate) fn brief(value: &Value) -> String {
    let json = value.to_string();
    match json.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", json.get(..end).unwrap_or_default()),
        None => json,
    }
}
