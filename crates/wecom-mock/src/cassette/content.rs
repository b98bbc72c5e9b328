//! Compares requests with recorded ones. The secrets of both are masked.

use serde_json::Value;

use crate::cassette::masking::{MASK, is_alias};

/// The value of a request with `***` in the place of each alias.
pub(crate) fn without_aliases(request: &Value) -> Value {
    match request {
        Value::String(text) if is_alias(text) => MASK.into(),
        Value::Array(items) => items.iter().map(without_aliases).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), without_aliases(field))).collect(),
        other => other.clone(),
    }
}

/// Whether a request matches a recorded one.
pub(crate) fn matches(recorded: &Value, request: &Value) -> bool {
    *recorded == align(recorded, request)
}

/// Returns the value of a request, with the recorded value in each place that matches it: `***` matches any value, and an
/// alias matches a secret that is not another alias.
pub(crate) fn align(recorded: &Value, request: &Value) -> Value {
    match (recorded, request) {
        (Value::String(text), _) if text == MASK || is_alias(text) && request == MASK => recorded.clone(),
        (Value::Object(fields), Value::Object(_)) if fields.contains_key(MASK) => recorded.clone(),
        (Value::Array(recorded), Value::Array(items)) => {
            items.iter().enumerate().map(|(at, item)| align(recorded.get(at).unwrap_or(item), item)).collect()
        }
        (Value::Object(recorded), Value::Object(fields)) => {
            let align = |(name, field)| (String::clone(name), align(recorded.get(name).unwrap_or(field), field));
            fields.iter().map(align).collect()
        }
        _ => request.clone(),
    }
}
