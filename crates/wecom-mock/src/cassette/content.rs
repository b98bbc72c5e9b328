//! The content of a request, by which a replay finds its entry.

use serde_json::{Map, Value, json};
use wecom_core::Request;
use wecom_core::http::QueryValue;
use wecom_core::secret::names;

use crate::cassette::entry::{Body, RecordedRequest};
use crate::cassette::masking::{MASK, is_alias};

/// A request in which `***` takes the place of each secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) endpoint: String,
    pub(crate) value: Value,
}

impl Content {
    pub(crate) fn recorded(request: &RecordedRequest) -> Self {
        let query = request.query.iter().filter_map(|pair| pair.split_once('='));
        let query = query.map(|(name, value)| (name, if is_alias(value) { MASK } else { value }));
        let endpoint = format!("{} {}", request.method, request.path);
        Self::new(endpoint, request.token.is_some(), query, request.body.as_ref())
    }

    pub(crate) fn of(request: &Request) -> Self {
        let query = request.query().iter().map(|(name, value)| match value {
            QueryValue::Public(value) if !is_alias(value) => (name, value.as_str()),
            _ => (name, MASK),
        });
        let endpoint = format!("{} {}", request.method(), request.endpoint().path());
        Self::new(endpoint, request.token().is_some(), query, request.body().map(Body::new).as_ref())
    }

    fn new<'a>(
        endpoint: String,
        has_token: bool,
        query: impl Iterator<Item = (&'a str, &'a str)>,
        body: Option<&Body>,
    ) -> Self {
        let mut pairs = Map::<String, Value>::new();
        for (name, value) in query {
            // A repeated name has an array of its values.
            match pairs.get_mut(name) {
                Some(Value::Array(values)) => values.push(json!(value)),
                Some(first) => *first = json!([first, value]),
                None => drop(pairs.insert(name.to_owned(), json!(value))),
            }
        }
        let body = body.map(|body| without_secrets(body.value()));
        Self { endpoint, value: json!({"token": has_token.then_some(MASK), "query": pairs, "body": body}) }
    }

    pub(crate) fn matches(&self, content: &Self) -> bool {
        self.endpoint == content.endpoint && self.value == align(&self.value, &content.value)
    }

    /// Returns the value of another content, with `***` in the places where this content has `***`.
    pub(crate) fn align(&self, content: &Self) -> Value {
        align(&self.value, &content.value)
    }
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::String(text) if is_alias(&text) => json!(MASK),
        Value::Array(items) => items.into_iter().map(without_secrets).collect(),
        Value::Object(fields) => {
            let secret = |name: &str, field| if names::is_secret(name) { json!(MASK) } else { without_secrets(field) };
            fields.into_iter().map(|(name, field)| (name.clone(), secret(&name, field))).collect()
        }
        other => other,
    }
}

fn align(pattern: &Value, value: &Value) -> Value {
    match (pattern, value) {
        (Value::String(mask), _) if mask == MASK => json!(MASK),
        (Value::Array(patterns), Value::Array(items)) => {
            items.iter().enumerate().map(|(at, item)| align(patterns.get(at).unwrap_or(item), item)).collect()
        }
        (Value::Object(patterns), Value::Object(fields)) => {
            let aligned = fields.iter().map(|(name, field)| {
                let name = if patterns.contains_key(name) || !patterns.contains_key(MASK) { name } else { MASK };
                (name.to_owned(), align(patterns.get(name).unwrap_or(field), field))
            });
            aligned.collect()
        }
        _ => value.clone(),
    }
}
