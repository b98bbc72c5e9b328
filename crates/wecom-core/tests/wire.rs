//! The lenient deserializers of [`wecom_core::codec::wire`]: the forms that each accepts, and its error for any other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::value::{Error as PlainError, StrDeserializer, StringDeserializer, U64Deserializer};
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use wecom_core::codec::wire;

type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;
type Read<T> = fn(&mut Json<'_>) -> serde_json::Result<T>;

/// Deserializes each JSON text and compares it with the expected value. `Err` has a part of the expected error.
fn check<T: PartialEq + Debug>(read: Read<T>, table: &[(&str, Result<T, &str>)]) {
    for (json, expected) in table {
        let found = read(&mut serde_json::Deserializer::from_str(json)).map_err(|error| error.to_string());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, *expected, "{json}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "no {part:?} for {json} in {error}"),
            (found, _) => panic!("{json}: {found:?} instead of {expected:?}"),
        }
    }
}

const NO_INTEGER: &str = "a 64-bit integer";

#[test]
fn an_integer_is_read_from_a_number_or_digits() {
    check(
        |json| wire::integer(json),
        &[
            ("0", Ok(0)),
            ("42", Ok(42)),
            ("-42", Ok(-42)),
            ("\"42\"", Ok(42)),
            ("\" -42 \"", Ok(-42)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(NO_INTEGER)),
            ("\"9223372036854775808\"", Err(NO_INTEGER)),
            ("null", Err("invalid type: null, expected a 64-bit integer")),
            ("\"\"", Err(NO_INTEGER)),
            ("\"x\"", Err("invalid value: string \"x\", expected a 64-bit integer")),
            ("true", Err("invalid value: boolean `true`, expected a 64-bit integer")),
            ("1.5", Err(NO_INTEGER)),
            ("[]", Err(NO_INTEGER)),
            ("{}", Err(NO_INTEGER)),
            ("{\"a\":1}", Err(NO_INTEGER)),
        ],
    );
}

#[test]
fn an_optional_integer_is_none_if_it_is_null_or_empty() {
    check(
        |json| wire::optional_integer(json),
        &[
            ("0", Ok(Some(0))),
            ("42", Ok(Some(42))),
            ("\"-42\"", Ok(Some(-42))),
            ("null", Ok(None)),
            ("\"\"", Ok(None)),
            ("18446744073709551615", Err("integer `18446744073709551615`, expected a 64-bit integer")),
            ("false", Err(NO_INTEGER)),
            ("{}", Err(NO_INTEGER)),
        ],
    );
}

#[test]
fn the_error_for_any_other_flag_names_its_kind() {
    let expected = "expected true, false, 1 or 0";
    check(
        |json| wire::flag(json),
        &[
            ("true", Ok(true)),
            ("\"1\"", Ok(true)),
            ("false", Ok(false)),
            ("\"0\"", Ok(false)),
            ("null", Ok(false)),
            ("2", Err("integer `2`, expected true")),
            ("\"yes\"", Err("string \"yes\", expected true")),
            ("18446744073709551615", Err(expected)),
            ("[]", Err(expected)),
        ],
    );
}

#[test]
fn a_string_is_read_from_a_string_or_a_number_and_is_empty_if_null() {
    check(
        |json| wire::text(json),
        &[
            ("\"a\"", Ok("a".to_owned())),
            ("\"\\u4f01\"", Ok("企".to_owned())),
            ("\"\"", Ok(String::new())),
            ("null", Ok(String::new())),
            ("-7", Ok("-7".to_owned())),
            ("18446744073709551615", Ok(u64::MAX.to_string())),
            ("true", Err("boolean `true`, expected a text")),
            ("[]", Err("expected a text")),
        ],
    );
}

#[test]
fn a_list_is_read_from_an_array_null_or_an_empty_string() {
    check(
        |json| wire::list::<_, i64>(json),
        &[
            ("[]", Ok(vec![])),
            ("[1,2]", Ok(vec![1, 2])),
            ("null", Ok(vec![])),
            ("\"\"", Ok(vec![])),
            ("[\"x\"]", Err("expected i64")),
            ("\"x\"", Err("expected a list")),
            ("{}", Err("expected a list")),
        ],
    );
}

#[test]
fn an_optional_value_is_read_as_its_own_type() {
    check(
        |json| wire::optional::<_, i64>(json),
        &[("-7", Ok(Some(-7))), ("7", Ok(Some(7))), ("null", Ok(None)), ("\"\"", Ok(None)), ("\"x\"", Err("i64"))],
    );
    check(
        |json| wire::optional::<_, String>(json),
        &[
            ("\"a\"", Ok(Some("a".to_owned()))),
            ("\"\\u4f01\"", Ok(Some("企".to_owned()))),
            ("\"\\u004a\"", Ok(Some("J".to_owned()))),
            ("\"\"", Ok(None)),
            ("7", Err("expected a string")),
            ("[]", Err("expected a number or a text")),
        ],
    );
    check(|json| wire::optional::<_, bool>(json), &[("true", Ok(Some(true))), ("false", Ok(Some(false)))]);
    check(
        |json| wire::optional::<_, BTreeMap<String, i64>>(json),
        &[("{\"a\":1}", Ok(Some(BTreeMap::from([("a".to_owned(), 1)])))), ("{}", Ok(Some(BTreeMap::new())))],
    );
}

#[test]
fn a_number_of_arbitrary_precision_is_read_as_a_number() {
    let number = |text: &str| format!("{{\"$serde_json::private::Number\":\"{text}\"}}");
    let (small, large, fraction) = (number("-42"), number("18446744073709551615"), number("1.5"));
    check(
        |json| wire::integer(json),
        &[(small.as_str(), Ok(-42)), (&large, Err(NO_INTEGER)), (&fraction, Err(NO_INTEGER))],
    );
    check(|json| wire::text(json), &[(&large, Ok(u64::MAX.to_string())), ("{\"a\":\"1\"}", Err("expected a text"))]);
}

/// A format with explicit options, unlike JSON.
struct Marked<'a>(Option<&'a str>);

impl<'de> Deserializer<'de> for Marked<'_> {
    type Error = PlainError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlainError> {
        match self.0 {
            Some(text) => visitor.visit_some(StringDeserializer::new(text.to_owned())),
            None => visitor.visit_none(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn a_format_with_explicit_options_is_read() {
    assert_eq!(wire::list::<_, i64>(Marked(None)), Ok(vec![]));
    assert_eq!(wire::list::<_, i64>(Marked(Some(""))), Ok(vec![]));
    assert_eq!(wire::optional_integer(Marked(None)), Ok(None));
    assert_eq!(wire::optional_integer(Marked(Some("42"))), Ok(Some(42)));
    assert_eq!(wire::text(Marked(Some("a"))), Ok("a".to_owned()));
    assert_eq!(wire::optional::<_, String>(Marked(None)), Ok(None));
    assert_eq!(wire::optional::<_, String>(Marked(Some("a"))), Ok(Some("a".to_owned())));
    assert_eq!(wire::optional::<_, String>(Marked(Some(""))), Ok(None));
}

#[test]
fn a_format_without_borrowed_strings_is_read() {
    assert_eq!(wire::text(StrDeserializer::<PlainError>::new("a")), Ok("a".to_owned()));
    assert_eq!(wire::flag(StrDeserializer::<PlainError>::new("true")), Ok(true));
    assert_eq!(wire::integer(U64Deserializer::<PlainError>::new(7)), Ok(7));
    assert_eq!(wire::optional::<_, String>(StrDeserializer::<PlainError>::new("a")), Ok(Some("a".to_owned())));
}
