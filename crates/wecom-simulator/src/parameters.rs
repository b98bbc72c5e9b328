//! The parameters of a request, by name and type. A missing parameter is a different error from an empty one.

mod documented_types;
mod lenient_json;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wecom_core::ErrCode;
use wecom_core::endpoint::Method;

use crate::parameters::documented_types::convert;
use crate::refusal::Refusal;

/// The parameters of a call, from the query of a `GET` or the body of a `POST`.
#[derive(Default)]
pub(crate) struct Parameters {
    fields: Map<String, Value>,
    format: Format,
    /// How the body differs from the documentation, for a strict simulator.
    slip: Option<String>,
}

/// How a body compares with the documentation.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Documented,
    /// The service accepts it with a warning.
    Lenient,
    /// It is not a JSON object. All parameters are missing.
    Unreadable,
}

impl Parameters {
    /// Reads the parameters of a call that the simulator implements.
    ///
    /// Unless `is_strict` is set, values of a type other than the documented one are converted.
    pub(crate) fn read(method: Method, query: &[(&str, &str)], body: &[u8], is_strict: bool) -> Self {
        let mut this = Self::read_unconverted(method, query, body, is_strict);
        if method == Method::Get {
            return this;
        }
        if is_strict {
            this.slip = this.slip.or_else(|| Some(convert(&mut this.fields.clone())?.to_string()));
        } else if convert(&mut this.fields).is_some() {
            this.format = Format::Lenient;
        }
        this
    }

    /// Returns an error if a strict simulator has read a body that differs from the documentation.
    pub(crate) fn check_strictly(&self) -> Result<(), Refusal> {
        self.slip.as_ref().map_or(Ok(()), |slip| Err(invalid(slip)))
    }

    /// Reads the parameters of a call whose types are not known.
    pub(crate) fn read_unconverted(method: Method, query: &[(&str, &str)], body: &[u8], is_strict: bool) -> Self {
        if method == Method::Get {
            let public = query.iter().filter(|(name, _)| *name != "access_token");
            let fields = public.map(|&(name, value)| (name.to_owned(), Value::from(value)));
            return Self { fields: fields.collect(), ..Self::default() };
        }
        let documented = serde_json::from_slice(body).map(|fields| (fields, Format::Documented)).ok();
        let lenient = || Some((lenient_json::read(body)?, Format::Lenient));
        let read = documented.or_else(lenient);
        let slip = (is_strict && !body.is_empty()).then(|| slip(body, read.as_ref().map(|(_, format)| *format)));
        let (fields, format) = read.unwrap_or_else(|| (Map::new(), Format::Unreadable));
        Self { fields, format, slip: slip.flatten() }
    }

    /// Returns whether the service adds a warning because of the body.
    pub(crate) fn has_wrong_format(&self) -> bool {
        self.format != Format::Documented
    }

    /// Deserializes a call.
    pub(crate) fn deserialize<C: DeserializeOwned>(&self) -> Result<C, Refusal> {
        let fields = Value::Object(self.fields.clone());
        serde_path_to_error::deserialize(fields).or_else(|error| {
            // A call without fields may be a unit struct, which serde deserializes from null.
            let unit = || C::deserialize(Value::Null).ok().filter(|_| self.fields.is_empty());
            unit().ok_or_else(|| invalid(&error.to_string()))
        })
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

/// How a body differs from a JSON object as documented.
fn slip(body: &[u8], format: Option<Format>) -> Option<String> {
    let slip = match format {
        Some(Format::Documented) => return None,
        Some(_) if body.starts_with(b"\xEF\xBB\xBF") => "starts with a byte order mark; send JSON without it",
        Some(_) => "has a comma after the last item of a list or object; remove the comma",
        None => "is not a JSON object; send one, even for a call without parameters",
    };
    Some(format!("strict mode: the body {slip}"))
}

/// The refusal of an invalid parameter.
pub(crate) fn invalid(name: &str) -> Refusal {
    Refusal::about(ErrCode::INVALID_PARAMETER, name)
}
