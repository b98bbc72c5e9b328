//! The wild places of a recorded request: those that match more than one value, because they hold an alias or `***`.

use serde_json::Value;

use crate::cassette::masking::{MASK, is_alias};

/// JSON pointers to the places of a recorded request that match more than one value.
pub(crate) fn wild_places(recorded: &Value) -> Vec<String> {
    let mut places = Vec::new();
    add_places(recorded, String::new(), &mut places);
    places
}

fn add_places(recorded: &Value, place: String, places: &mut Vec<String>) {
    let within = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match recorded {
        Value::String(text) if text == MASK || is_alias(text) => places.push(place),
        Value::Object(fields) if fields.contains_key(MASK) => places.push(place),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| add_places(field, within(name), places)),
        Value::Array(items) => {
            (0..).zip(items).for_each(|(at, item): (usize, _)| add_places(item, within(&at.to_string()), places));
        }
        _ => {}
    }
}

/// Returns a request with `***` in these places. Requests that match the same recorded requests become equal.
pub(crate) fn masked(request: &Value, places: &[String]) -> Value {
    let mut masked = request.clone();
    for place in places {
        if let Some(value) = masked.pointer_mut(place) {
            *value = MASK.into();
        }
    }
    masked
}

/// Returns a recorded request with `***` in all its wild places.
pub(crate) fn content(recorded: &Value) -> Value {
    masked(recorded, &wild_places(recorded))
}

/// Whether each alias that a request has in these places is the recorded one.
pub(crate) fn has_no_other_alias(recorded: &Value, request: &Value, places: &[String]) -> bool {
    places.iter().all(|place| {
        let (recorded, request) = (recorded.pointer(place), request.pointer(place));
        let alias = request.and_then(Value::as_str).filter(|text| is_alias(text));
        alias.is_none() || recorded == request || recorded == Some(&MASK.into())
    })
}
