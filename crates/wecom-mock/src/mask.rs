//! What may be shown: the secrets of all requests are taken out of every value before it gets into a text or the journal.

use serde_json::{Map, Value};
use wecom_core::{AccessToken, QueryValue, Request, Secret};

use crate::secret_kind::SecretKind;

/// How much of a value is shown, in characters.
const SHOWN: usize = 300;

/// Shorter texts are nobody's secret: hiding each place where one occurs would only garble what is shown.
const SHORTEST_SECRET: usize = 4;

/// The secrets that a mock has seen: a token that one request carries must not be shown where another repeats it.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    /// The secrets of a request that are new.
    pub(crate) fn unknown<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = &'a str> {
        let in_query = request.query().iter().filter_map(|(_, value)| match value {
            QueryValue::Secret(secret) => Some(secret),
            _ => None,
        });
        let secrets = request.token().map(AccessToken::expose).into_iter().chain(in_query.map(Secret::expose));
        secrets.filter(|&secret| secret.len() >= SHORTEST_SECRET && !self.secrets.iter().any(|known| known == secret))
    }

    /// Hides these from now on.
    pub(crate) fn learn(&mut self, secrets: Vec<String>) {
        self.secrets.extend(secrets);
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

    /// A field's value as a bounded piece of JSON.
    pub(crate) fn field(&self, name: &str, value: &Value) -> String {
        if SecretKind::of_field(name).is_some() { "***".to_owned() } else { brief(&self.value(value)) }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let shown = |(name, value): (&String, &Value)| {
            let value = if SecretKind::of_field(name).is_some() { Value::from("***") } else { self.value(value) };
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_core::{Endpoint, Query};

    use super::*;

    const ENDPOINT: Endpoint = Endpoint::post("a", "a");

    fn mask(request: &Request) -> Mask {
        let mut mask = Mask::default();
        let secrets = mask.unknown(request).map(str::to_owned).collect();
        mask.learn(secrets);
        assert_eq!(mask.unknown(request).count(), 0);
        mask
    }

    #[test]
    fn token_and_secret_are_hidden_at_any_depth_and_so_are_fields_named_for_a_secret() {
        let mut query = Query::new();
        query.push_secret("corpsecret", Secret::new("canary-1"));
        let mask = mask(&Request::new(&ENDPOINT).with_query(query).with_token(AccessToken::new("canary-2")));
        let value = json!({
            "a": [{"b": "x canary-1 y"}, "canary-2"], "canary-1": 1, "session_key": "canary-3", "access_token": ["canary-4"],
        });
        assert_eq!(
            mask.value(&value),
            json!({"a": [{"b": "x *** y"}, "***"], "***": 1, "session_key": "***", "access_token": "***"}),
        );
    }

    #[test]
    fn what_holds_no_secret_is_shown_as_it_is() {
        let value = json!({"chain_id": "start", "limit": 10, "next": null});
        assert_eq!(mask(&Request::new(&ENDPOINT).with_token(AccessToken::new("t"))).value(&value), value);
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let shown = brief(&Value::from("企业".repeat(1000)));
        assert!(shown.ends_with('…') && shown.chars().count() == SHOWN + 1, "{shown}");
    }
}
