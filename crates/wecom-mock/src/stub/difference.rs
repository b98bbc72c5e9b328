//! What differs between the request that a stub expects and the one that came, field by field.

use std::fmt;

use serde_json::Value;
use wecom_core::secret::{Redactor, names};

/// How many differences are named; of the others only the number is.
const NAMED: usize = 5;

/// The differences between two JSON values; at least one.
#[derive(Debug)]
pub(crate) struct Differences {
    named: Vec<String>,
    all: usize,
}

impl Differences {
    /// `None` when the values are equal.
    pub(crate) fn between(expected: &Value, came: &Value, redactor: &Redactor) -> Option<Self> {
        let mut found = Self { named: Vec::new(), all: 0 };
        Walk { found: &mut found, redactor }.values(Place { path: "", name: "" }, expected, came);
        (found.all > 0).then_some(found)
    }

    pub(crate) fn count(&self) -> usize {
        self.all
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named.join("; "))?;
        match self.all - self.named.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

struct Walk<'a> {
    found: &'a mut Differences,
    redactor: &'a Redactor,
}

/// Where in the JSON a value stands; the innermost name tells whether it may be shown.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    name: &'a str,
}

impl Walk<'_> {
    fn values(&mut self, place: Place<'_>, expected: &Value, came: &Value) {
        match (expected, came) {
            (Value::Object(expected), Value::Object(came)) => {
                let unexpected = came.keys().filter(|name| !expected.contains_key(*name));
                for name in expected.keys().chain(unexpected) {
                    let dot = if place.path.is_empty() { "" } else { "." };
                    let path = format!("{}{dot}{name}", place.path);
                    self.entries(Place { path: &path, name }, expected.get(name), came.get(name));
                }
            }
            (Value::Array(expected), Value::Array(came)) => {
                for at in 0..expected.len().max(came.len()) {
                    let path = format!("{}[{at}]", place.path);
                    self.entries(Place { path: &path, ..place }, expected.get(at), came.get(at));
                }
            }
            _ if expected == came => {}
            _ => self.add(place, Some(expected), Some(came)),
        }
    }

    fn entries(&mut self, place: Place<'_>, expected: Option<&Value>, came: Option<&Value>) {
        match (expected, came) {
            (Some(expected), Some(came)) => self.values(place, expected, came),
            _ => self.add(place, expected, came),
        }
    }

    fn add(&mut self, Place { path, name }: Place<'_>, expected: Option<&Value>, came: Option<&Value>) {
        self.found.all += 1;
        if self.found.named.len() == NAMED {
            return;
        }
        let path = if path.is_empty() { "the request".to_owned() } else { self.redactor.text(path) };
        let shown = |value: Option<&Value>| match value {
            None => "absent".to_owned(),
            Some(_) if names::is_secret(name) => "***".to_owned(),
            Some(value) => self.redactor.json_text(value),
        };
        self.found.named.push(format!("{path} is {}, expected {}", shown(came), shown(expected)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(expected: &Value, came: &Value) -> String {
        Differences::between(expected, came, &Redactor::default()).map(|found| found.to_string()).unwrap_or_default()
    }

    #[test]
    fn each_difference_names_its_place_and_both_values() {
        let expected = json!({"a": 1, "b": [{"c": "x"}, {"c": "y"}], "gone": true, "same": 0});
        let came = json!({"a": 2, "b": [{"c": "x"}, {"c": "z"}, {"c": "w"}], "new": null, "same": 0});
        assert_eq!(
            text(&expected, &came),
            r#"a is 2, expected 1; b[1].c is "z", expected "y"; b[2] is {"c":"w"}, expected absent; "#.to_owned()
                + "gone is absent, expected true; new is null, expected absent",
        );
    }

    #[test]
    fn equal_values_have_none_in_whatever_order_the_fields_are() {
        let came: Value = serde_json::from_str(r#"{"b":2,"a":1}"#).unwrap();
        assert_eq!(text(&json!({"a": 1, "b": 2}), &came), "");
    }

    #[test]
    fn of_many_differences_five_are_named_and_the_rest_counted() {
        let shown = text(&Value::from(vec![0; 1000]), &Value::from(vec![1; 1000]));
        assert!(shown.starts_with("[0] is 1, expected 0; [1]") && shown.ends_with("; and 995 more"), "{shown}");
    }

    #[test]
    fn a_field_named_for_a_secret_is_named_without_its_values() {
        let shown = text(&json!({"session_key": "canary-1"}), &json!({"session_key": ["canary-2"]}));
        assert_eq!(shown, "session_key is ***, expected ***");
    }
}
