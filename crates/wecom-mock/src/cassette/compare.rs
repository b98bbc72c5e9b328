//! Whether a request is the recorded one, and what differs.

use serde_json::{Map, Value};
use wecom_core::Request;
use wecom_core::http::QueryValue;
use wecom_core::secret::Redactor;

use crate::cassette::aliases::{Aliases, is_alias};
use crate::cassette::entry::{Body, RecordedRequest};
use crate::cassette::secret_kind::SecretKind;
use crate::stub::difference::Differences;

/// A request that came, with the recorded aliases in place of its secrets, as far as these fit.
pub(crate) struct Comparison {
    /// Which secret stands for which alias, if the request is the recorded one.
    pub(crate) bound: Aliases,
    /// What differs; empty when the request is the recorded one.
    pub(crate) differences: Vec<String>,
}

impl Comparison {
    /// The secrets of a replay need not be those of the recording: the first that comes in the place of an alias is the
    /// one for which it stands from then on.
    pub(crate) fn new(recorded: &RecordedRequest, request: &Request, bound: &Aliases) -> Self {
        let mut comparison = Self { bound: bound.clone(), differences: Vec::new() };
        let endpoint = request.endpoint();
        if recorded.method != endpoint.method().as_str() || recorded.path != endpoint.path() {
            comparison.differences.push(format!(
                "it is {} {}, expected {} {}",
                endpoint.method(),
                endpoint.path(),
                recorded.method,
                recorded.path
            ));
            return comparison;
        }
        comparison.token(recorded, request);
        comparison.content(recorded, request);
        comparison
    }

    fn token(&mut self, recorded: &RecordedRequest, request: &Request) {
        let difference = match (&recorded.token, request.token()) {
            (None, None) => return,
            (Some(alias), Some(token)) if self.fits(alias, token.expose()) => return,
            (Some(alias), Some(_)) => format!("its access token is another one than {alias}"),
            (Some(alias), None) => format!("it has no access token, expected {alias}"),
            (None, Some(_)) => "it has an access token, expected none".to_owned(),
        };
        self.differences.push(difference);
    }

    fn content(&mut self, recorded: &RecordedRequest, request: &Request) {
        let expected = recorded.body.as_ref().map(Body::comparable);
        let mut came = request.body().map(|body| Body::record(body).comparable());
        let mut secrets: Vec<_> = request.expose_secrets().map(str::to_owned).collect();
        let expected_query = recorded.query.iter().filter_map(|pair| pair.split_once('='));
        let expected_query: Vec<_> = expected_query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let came_query = request.query().iter().enumerate().map(|(at, (name, value))| {
            let recorded = expected_query.get(at).filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
            (name.to_owned(), self.query_value(recorded, value))
        });
        let mut came_query: Vec<_> = came_query.collect();
        if let Some(came) = &mut came {
            self.aliases_into(expected.as_ref(), came, None, &mut secrets);
        }
        for (_, value) in &mut came_query {
            *value = self.bound.text(value);
        }
        if let Some(came) = &mut came {
            known_into(&self.bound, came);
        }
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        let (expected, came) = (object(&expected_query, expected), object(&came_query, came));
        if let Some(differences) = Differences::between(&expected, &came, &redactor) {
            self.differences.push(differences.to_string());
        }
    }

    fn query_value(&mut self, recorded: Option<&str>, value: &QueryValue) -> String {
        match (value, recorded) {
            (QueryValue::Public(value), _) => value.clone(),
            (QueryValue::Secret(secret), Some(alias)) if self.fits(alias, secret.expose()) => alias.to_owned(),
            _ => "***".to_owned(),
        }
    }

    /// Puts the recorded alias for each secret of a body that stands in its place.
    fn aliases_into(
        &mut self,
        recorded: Option<&Value>,
        came: &mut Value,
        secret: Option<SecretKind>,
        others: &mut Vec<String>,
    ) {
        match came {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let recorded = recorded.and_then(|recorded| recorded.get(name));
                    self.aliases_into(recorded, field, secret.or(SecretKind::of_field(name)), others);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.aliases_into(recorded.and_then(|recorded| recorded.get(at)), item, secret, others);
                }
            }
            Value::String(text) if secret.is_some() => {
                match recorded.and_then(Value::as_str).filter(|alias| self.fits(alias, text)) {
                    Some(alias) => *text = alias.to_owned(),
                    None => others.push(text.clone()),
                }
            }
            Value::Number(_) if secret.is_some() => {
                if let Some(alias) = recorded.filter(|recorded| recorded.as_str().is_some_and(is_alias)) {
                    *came = alias.clone();
                }
            }
            _ => {}
        }
    }

    /// Whether a secret can be the one for which an alias stands, and then it is.
    fn fits(&mut self, alias: &str, secret: &str) -> bool {
        if alias == secret {
            return true;
        }
        if !is_alias(alias) {
            return false;
        }
        match (self.bound.secret_of(alias), self.bound.alias_of(secret)) {
            (Some(bound), _) => bound == secret,
            (None, Some(_)) => false,
            (None, None) => {
                self.bound.bind(alias, secret);
                true
            }
        }
    }
}

/// Puts the alias for each known secret, wherever it stands.
fn known_into(bound: &Aliases, value: &mut Value) {
    match value {
        Value::String(text) => *text = bound.text(text),
        Value::Array(items) => items.iter_mut().for_each(|item| known_into(bound, item)),
        Value::Object(fields) => {
            let named = std::mem::take(fields).into_iter();
            let clean = named.map(|(name, mut value)| {
                known_into(bound, &mut value);
                (bound.text(&name), value)
            });
            *fields = clean.collect();
        }
        _ => {}
    }
}

/// Query and body in one object, in which each value has a path.
fn object(query: &[(String, String)], body: Option<Value>) -> Value {
    let mut pairs = Map::new();
    for (name, value) in query {
        let again = (2..).map(|count| format!("{name} ({count})"));
        let name = std::iter::once(name.clone()).chain(again).find(|name| !pairs.contains_key(name));
        pairs.insert(name.unwrap_or_default(), Value::from(value.as_str()));
    }
    let mut whole = Map::new();
    whole.insert("query".to_owned(), Value::Object(pairs));
    whole.extend(body.map(|body| ("body".to_owned(), body)));
    Value::Object(whole)
}

/// A recorded request on one line: it holds aliases, no secrets.
pub(crate) fn recorded_line(recorded: &RecordedRequest) -> String {
    let mut line = recorded.endpoint.clone();
    if !recorded.query.is_empty() {
        line = format!("{line} {}", recorded.query.join("&"));
    }
    match &recorded.body {
        Some(body) => format!("{line} {}", Redactor::default().json_text(&body.comparable())),
        None => line,
    }
}
