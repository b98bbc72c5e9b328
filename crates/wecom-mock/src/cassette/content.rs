//! Compares requests with recorded ones. The secrets of both are masked.

use serde_json::{Map, Value};

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

/// Returns the places of a recorded value that match more than one value. `None` if there are none.
///
/// [`align`] puts them into a request, which then equals each recorded request that it matches and that has the same places.
pub(crate) fn wildcards(recorded: &Value) -> Option<Value> {
    match recorded {
        Value::String(text) if text == MASK => Some(recorded.clone()),
        Value::Array(items) => {
            let places: Vec<_> = items.iter().map(wildcards).collect();
            let has_any = places.iter().any(Option::is_some);
            has_any.then(|| places.into_iter().map(Option::unwrap_or_default).collect())
        }
        Value::Object(fields) if fields.contains_key(MASK) => Some(recorded.clone()),
        Value::Object(fields) => {
            let places = fields.iter().filter_map(|(name, field)| Some((name.clone(), wildcards(field)?)));
            Some(places.collect::<Map<_, _>>()).filter(|places| !places.is_empty()).map(Value::Object)
        }
        _ => None,
    }
}

/// Returns the value of a request, with the recorded value in each place that matches it: `***` matches any value, and an
/// alias matches any text that is not another alias.
pub(crate) fn align(recorded: &Value, request: &Value) -> Value {
    let is_no_alias = |request: &Value| request.as_str().is_some_and(|text| !is_alias(text));
    match (recorded, request) {
        (Value::String(text), _) if text == MASK || is_alias(text) && is_no_alias(request) => recorded.clone(),
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
