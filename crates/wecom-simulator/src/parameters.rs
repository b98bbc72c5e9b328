//! The parameters of a request, by name and type. A missing parameter is a different error from an empty one.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wecom_core::ErrCode;
use wecom_core::endpoint::Method;

use crate::refusal::Refusal;

/// The parameters of a call, from the query of a `GET` or the body of a `POST`.
pub(crate) struct Parameters {
    fields: Map<String, Value>,
    /// Whether the body is not a JSON object. All parameters are then missing.
    pub(crate) malformed: bool,
}

impl Parameters {
    pub(crate) fn read(method: Method, query: &[(&str, &str)], body: &[u8]) -> Self {
        if method == Method::Get {
            let pairs = query.iter().map(|&(name, value)| (name.to_owned(), Value::from(value)));
            return Self { fields: pairs.collect(), malformed: false };
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Self { fields, malformed: false },
            _ => Self { fields: Map::new(), malformed: true },
        }
    }

    /// Returns a required, non-empty text.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Refusal> {
        match self.fields.get(name) {
            Some(Value::String(text)) if text.is_empty() => Err(Refusal::about(ErrCode::EMPTY_PARAMETER, name)),
            Some(Value::String(text)) => Ok(text),
            _ => Err(invalid(name)),
        }
    }

    /// Returns a text, or `None` if it is missing, `null` or empty.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(invalid(name)),
        }
    }

    /// Returns a required integer.
    pub(crate) fn integer(&self, name: &str) -> Result<i64, Refusal> {
        self.optional_integer(name)?.ok_or_else(|| invalid(name))
    }

    /// Returns an integer, or `None` if it is missing or `null`.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| invalid(name)),
        }
    }

    /// Returns a boolean, `false` if it is missing.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| invalid(name)),
        }
    }

    /// Returns a required, non-empty list.
    pub(crate) fn list<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, Refusal> {
        let list: Vec<T> = self.object(name)?;
        if list.is_empty() { Err(Refusal::about(ErrCode::EMPTY_PARAMETER, name)) } else { Ok(list) }
    }

    /// Returns a required parameter of any type.
    pub(crate) fn object<T: DeserializeOwned>(&self, name: &str) -> Result<T, Refusal> {
        self.fields.get(name).and_then(|value| T::deserialize(value).ok()).ok_or_else(|| invalid(name))
    }
}

/// The refusal of an invalid parameter.
pub(crate) fn invalid(name: &str) -> Refusal {
    Refusal::about(ErrCode::INVALID_PARAMETER, name)
}
