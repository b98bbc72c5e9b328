//! Lenient deserializers for the fields of replies, to be used with `#[serde(deserialize_with = "…")]`.
//!
//! WeCom sends JSON that differs from its documentation: numbers as strings and strings as numbers, flags as `true`, `1` or
//! `"1"`, empty values as `null`, as `""` or not at all. The functions accept all of these forms. Any other value is an error.
//!
//! ```
//! use serde::Deserialize;
//! use wecom_core::codec::wire;
//!
//! #[derive(Deserialize)]
//! struct Corp {
//!     #[serde(default, deserialize_with = "wire::text")]
//!     corp_name: String,
//!     #[serde(default, deserialize_with = "wire::flag")]
//!     is_joined: bool,
//!     #[serde(deserialize_with = "wire::integer")]
//!     groupid: i64,
//!     #[serde(default, deserialize_with = "wire::list")]
//!     custom_ids: Vec<String>,
//! }
//!
//! let corp: Corp =
//!     serde_json::from_str(r#"{"corp_name":null,"is_joined":"1","groupid":"7"}"#)?;
//! assert_eq!(
//!     (corp.corp_name.as_str(), corp.is_joined, corp.groupid, corp.custom_ids.len()),
//!     ("", true, 7, 0)
//! );
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};

/// Deserializes a 64-bit integer from a number or a string of digits.
///
/// # Errors
///
/// If it is anything else, including `null`.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let scalar = Scalar::read(deserializer, INTEGER)?;
    scalar.integer()?.ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &INTEGER))
}

/// Deserializes a 64-bit integer from a number or a string of digits. `null` and an empty string are `None`.
///
/// # Errors
///
/// If it is anything else.
pub fn optional_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Scalar::read(deserializer, INTEGER)?.integer()
}

/// Deserializes a flag from `true`, `false`, `1` or `0`, or a string of one of these. `null` and an empty string are `false`.
///
/// # Errors
///
/// If it is anything else.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    const FLAG: &str = "true, false, 1 or 0";
    match Scalar::read(deserializer, FLAG)? {
        Scalar::Flag(flag) => Ok(flag),
        Scalar::Integer(flag @ (0 | 1)) => Ok(flag == 1),
        Scalar::Text(flag) if matches!(&*flag, "true" | "1") => Ok(true),
        Scalar::Text(flag) if matches!(&*flag, "false" | "0" | "") => Ok(false),
        Scalar::Null => Ok(false),
        other => Err(D::Error::invalid_value(other.unexpected(), &FLAG)),
    }
}

/// Deserializes a string from a string or a number. `null` is an empty string.
///
/// # Errors
///
/// If it is anything else.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Scalar::read(deserializer, TEXT)?.text()?.map(Cow::into_owned).unwrap_or_default())
}

/// Deserializes a list. `null` and an empty string are an empty list.
///
/// # Errors
///
/// If it is no list, or an item cannot be deserialized.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(EmptyIsNoItems(PhantomData))
}

/// Deserializes a list of `T`.
struct EmptyIsNoItems<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EmptyIsNoItems<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_none<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
        if text.is_empty() { Ok(Vec::new()) } else { Err(E::invalid_type(Unexpected::Str(text), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items))
    }
}

/// Deserializes an optional number or string. `null` and an empty string are `None`.
///
/// # Errors
///
/// If there is a value that cannot be deserialized.
pub fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(EmptyIsNone(PhantomData))
}

/// Deserializes a `T` without an intermediate copy.
struct EmptyIsNone<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EmptyIsNone<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Option<T>, E> {
        T::deserialize(flag.into_deserializer()).map(Some)
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Option<T>, E> {
        T::deserialize(integer.into_deserializer()).map(Some)
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Option<T>, E> {
        T::deserialize(integer.into_deserializer()).map(Some)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Option<T>, E> {
        if text.is_empty() { Ok(None) } else { T::deserialize(BorrowedStrDeserializer::new(text)).map(Some) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

/// Reads `errcode`.
pub(crate) struct OptionalInteger;

impl<'de> DeserializeSeed<'de> for OptionalInteger {
    type Value = Option<i64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<i64>, D::Error> {
        optional_integer(deserializer)
    }
}

const INTEGER: &str = "a 64-bit integer";
const TEXT: &str = "a text";

/// A JSON value that is neither an array nor an object.
enum Scalar<'de> {
    Null,
    Flag(bool),
    Integer(i64),
    /// An integer above the range of `i64`.
    Unsigned(u64),
    Text(Cow<'de, str>),
}

impl<'de> Scalar<'de> {
    fn read<D: Deserializer<'de>>(deserializer: D, expected: &'static str) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor { expected })
    }

    fn integer<E: Error>(self) -> Result<Option<i64>, E> {
        match self {
            Self::Null => Ok(None),
            Self::Integer(integer) => Ok(Some(integer)),
            Self::Text(text) if text.is_empty() => Ok(None),
            Self::Text(text) => match text.trim().parse() {
                Ok(integer) => Ok(Some(integer)),
                Err(_) => Err(E::invalid_value(Unexpected::Str(&text), &INTEGER)),
            },
            other => Err(E::invalid_value(other.unexpected(), &INTEGER)),
        }
    }

    fn text<E: Error>(self) -> Result<Option<Cow<'de, str>>, E> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Integer(integer) => Ok(Some(integer.to_string().into())),
            Self::Unsigned(integer) => Ok(Some(integer.to_string().into())),
            Self::Flag(_) => Err(E::invalid_type(self.unexpected(), &TEXT)),
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Flag(flag) => Unexpected::Bool(*flag),
            Self::Integer(integer) => Unexpected::Signed(*integer),
            Self::Unsigned(integer) => Unexpected::Unsigned(*integer),
            Self::Text(text) => Unexpected::Str(text),
        }
    }
}

struct ScalarVisitor {
    expected: &'static str,
}

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(integer).map_or(Scalar::Unsigned(integer), Scalar::Integer))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text)))
    }

    /// Cargo features unify: if any crate of a program enables `serde_json/arbitrary_precision`, a number is an object with
    /// one entry, whose value is the text of the number.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        let entry: Option<(Cow<'de, str>, String)> = match map.next_key::<Cow<'de, str>>()? {
            Some(key) if key.ends_with("::private::Number") => Some((key, map.next_value()?)),
            _ => None,
        };
        let number = entry.and_then(|(_, number)| match (number.parse(), number.parse()) {
            (Ok(integer), _) => Some(Scalar::Integer(integer)),
            (_, Ok(integer)) => Some(Scalar::Unsigned(integer)),
            _ => None,
        });
        number.ok_or_else(|| A::Error::invalid_type(Unexpected::Map, &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "flag")]
        flag: bool,
        #[serde(default, deserialize_with = "optional_integer")]
        integer: Option<i64>,
        #[serde(default, deserialize_with = "text")]
        text: String,
        #[serde(default, deserialize_with = "optional")]
        optional: Option<String>,
        #[serde(default, deserialize_with = "list")]
        list: Vec<i64>,
    }

    fn read(json: &str) -> Result<Sample, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_flag_is_read_from_all_of_its_forms() {
        for (json, expected) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("\"true\"", true),
            ("false", false),
            ("0", false),
            ("\"0\"", false),
            ("\"false\"", false),
            ("null", false),
            ("\"\"", false),
        ] {
            assert_eq!(read(&format!("{{\"flag\":{json}}}")).unwrap().flag, expected, "{json}");
        }
    }

    #[test]
    fn any_other_flag_is_an_error() {
        for json in ["2", "-1", "\"yes\"", "[]", "{}", "1.5"] {
            assert!(read(&format!("{{\"flag\":{json}}}")).is_err(), "{json}");
        }
    }

    #[test]
    fn an_integer_is_read_from_a_number_or_a_string() {
        for (json, expected) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("-7", Some(-7)),
            ("\" 7 \"", Some(7)),
            ("null", None),
            ("\"\"", None),
            ("9223372036854775807", Some(i64::MAX)),
        ] {
            assert_eq!(read(&format!("{{\"integer\":{json}}}")).unwrap().integer, expected, "{json}");
        }
        for json in ["\"x\"", "1.5", "true", "9223372036854775808", "[1]"] {
            assert!(read(&format!("{{\"integer\":{json}}}")).is_err(), "{json}");
        }
    }

    #[test]
    fn a_string_is_read_from_a_string_or_a_number() {
        for (json, expected) in
            [("\"a\"", "a"), ("7", "7"), ("18446744073709551615", "18446744073709551615"), ("null", "")]
        {
            assert_eq!(read(&format!("{{\"text\":{json}}}")).unwrap().text, expected, "{json}");
        }
    }

    #[test]
    fn an_empty_string_is_none_and_a_list_may_be_absent_or_null() {
        let sample = read(r#"{"optional":"","list":null}"#).unwrap();
        assert_eq!((sample.optional, sample.list), (None, Vec::new()));
        assert!(read("{}").unwrap().list.is_empty());
        assert_eq!(read(r#"{"optional":"x"}"#).unwrap().optional.as_deref(), Some("x"));
    }

    #[test]
    fn a_number_of_arbitrary_precision_is_read_as_a_number() {
        let number = serde_json::json!({"integer": {"$serde_json::private::Number": "42"}});
        assert_eq!(read(&number.to_string()).unwrap().integer, Some(42));
    }
}
