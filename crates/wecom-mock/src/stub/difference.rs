//! Compares JSON values field by field.

use std::fmt;

use serde_json::Value;
use wecom_core::secret::{Redactor, names};

/// The maximum number of differences in a text.
const NAMED: usize = 5;

/// The differences between two JSON values. At least one.
#[derive(Debug)]
pub(crate) struct Differences {
    described: Vec<String>,
    count: usize,
}

impl Differences {
    /// Returns `None` if the values are equal.
    pub(crate) fn between(expected: &Value, actual: &Value, redactor: &Redactor) -> Option<Self> {
        let mut found = Self { described: Vec::new(), count: 0 };
        Comparison { found: &mut found, redactor }.values(Location { path: "", name: "" }, expected, actual);
        (found.count > 0).then_some(found)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.described.join("; "))?;
        match self.count - self.described.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

struct Comparison<'a> {
    found: &'a mut Differences,
    redactor: &'a Redactor,
}

/// The location of a value in the JSON. The innermost name says whether the value is secret.
#[derive(Clone, Copy)]
struct Location<'a> {
    path: &'a str,
    name: &'a str,
}

impl Comparison<'_> {
    fn values(&mut self, location: Location<'_>, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                let unexpected = actual.keys().filter(|name| !expected.contains_key(*name));
                for name in expected.keys().chain(unexpected) {
                    let dot = if location.path.is_empty() { "" } else { "." };
                    let path = format!("{}{dot}{name}", location.path);
                    self.entries(Location { path: &path, name }, expected.get(name), actual.get(name));
                }
            }
            (Value::Array(expected), Value::Array(actual)) => {
                for at in 0..expected.len().max(actual.len()) {
                    let path = format!("{}[{at}]", location.path);
                    self.entries(Location { path: &path, ..location }, expected.get(at), actual.get(at));
                }
            }
            _ if expected == actual => {}
            _ => self.add(location, Some(expected), Some(actual)),
        }
    }

    fn entries(&mut self, location: Location<'_>, expected: Option<&Value>, actual: Option<&Value>) {
        match (expected, actual) {
            (Some(expected), Some(actual)) => self.values(location, expected, actual),
            _ => self.add(location, expected, actual),
        }
    }

    fn add(&mut self, Location { path, name }: Location<'_>, expected: Option<&Value>, actual: Option<&Value>) {
        self.found.count += 1;
        if self.found.described.len() == NAMED {
            return;
        }
        let path = if path.is_empty() { "the request".to_owned() } else { self.redactor.text(path) };
        let shown = |value: Option<&Value>| match value {
            None => "absent".to_owned(),
            Some(_) if names::is_secret(name) => "***".to_owned(),
            Some(value) => self.redactor.json_text(value),
        };
        self.found.described.push(format!("{path} is {}, expected {}", shown(actual), shown(expected)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(expected: &Value, actual: &Value) -> String {
        Differences::between(expected, actual, &Redactor::default()).map(|found| found.to_string()).unwrap_or_default()
    }

    #[test]
    fn each_difference_has_its_path_and_both_values() {
        let expected = json!({"a": 1, "b": [{"c": "x"}, {"c": "y"}], "gone": true, "same": 0});
        let actual = json!({"a": 2, "b": [{"c": "x"}, {"c": "z"}, {"c": "w"}], "new": null, "same": 0});
        assert_eq!(
            text(&expected, &actual),
            r#"a is 2, expected 1; b[1].c is "z", expected "y"; b[2] is {"c":"w"}, expected absent; "#.to_owned()
                + "gone is absent, expected true; new is null, expected absent",
        );
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let actual: Value = serde_json::from_str(r#"{"b":2,"a":1}"#).unwrap();
        assert_eq!(text(&json!({"a": 1, "b": 2}), &actual), "");
    }

    #[test]
    fn five_differences_are_described_and_the_others_counted() {
        let shown = text(&Value::from(vec![0; 1000]), &Value::from(vec![1; 1000]));
        assert!(shown.starts_with("[0] is 1, expected 0; [1]") && shown.ends_with("; and 995 more"), "{shown}");
    }

    #[test]
    fn the_values_of_a_secret_field_are_not_shown() {
        let shown = text(&json!({"session_key": "canary-1"}), &json!({"session_key": ["canary-2"]}));
        assert_eq!(shown, "session_key is ***, expected ***");
    }
}
