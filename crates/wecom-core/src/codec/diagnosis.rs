//! Finds out why a reply could not be decoded: WeCom refused the call, or the reply is not what the endpoint returns.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Segment, Track};

use crate::codec::envelope::{Envelope, Head, read_envelope};
use crate::error::decode_error::DecodeProblem;
use crate::secret::message::shown_field_name;
use crate::secret::redactor::Redactor;

/// Why a reply could not be decoded.
pub(crate) enum Failure {
    /// WeCom refused the call.
    Refusal { code: i64, message: String },
    /// The reply is not what the endpoint returns.
    NoReply { problem: DecodeProblem, path: Vec<Segment>, detail: String },
}

impl Failure {
    pub(crate) fn refusal(code: i64, head: &Head<'_>) -> Self {
        Self::Refusal { code, message: head.message.as_deref().unwrap_or_default().to_owned() }
    }

    /// The more informative of two failures: a refusal with an errmsg, then a refusal, then any other.
    pub(crate) fn or_better(self, other: Self) -> Self {
        let rank = |failure: &Self| match failure {
            Self::Refusal { message, .. } => 1 + u8::from(!message.is_empty()),
            Self::NoReply { .. } => 0,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }

    pub(crate) fn foreign() -> Self {
        Self::NoReply { problem: DecodeProblem::Foreign, path: Vec::new(), detail: String::new() }
    }
}

/// Finds out why a body could not be decoded. A refusal takes precedence, because its payload need not fit.
pub(crate) fn diagnose<T: DeserializeOwned>(body: &[u8], head: &Head<'_>, error: &serde_json::Error) -> Failure {
    let mut whole = Head::default();
    let _ = read_envelope::<IgnoredAny>(body, &mut whole);
    for head in [&whole, head] {
        if let Some(code) = refusal_of(head) {
            return Failure::refusal(code, head);
        }
    }
    let problem = problem_of(body, error);
    match Some(problem).filter(|&problem| problem == DecodeProblem::Shape).and_then(|_| locate::<T>(body)) {
        Some((path, error)) => Failure::NoReply { problem, path, detail: describe(&error) },
        None => Failure::NoReply { problem, path: Vec::new(), detail: describe(error) },
    }
}

/// The `errcode` of a body, if it is a refusal.
pub(crate) fn refusal_code(body: &[u8]) -> Option<i64> {
    let mut head = Head::default();
    let _ = read_envelope::<IgnoredAny>(body, &mut head);
    refusal_of(&head)
}

/// The path in the JSON, such as `chains[3].chain_id`. Shows `*` for a key that cannot be a field name.
pub(crate) fn shown_path(path: &[Segment], redactor: &Redactor) -> String {
    const MOST: usize = 16;
    let mut shown = String::new();
    for segment in path.iter().take(MOST) {
        match segment {
            Segment::Seq { index } => shown.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                let dot = if shown.is_empty() { "" } else { "." };
                shown.extend([dot, shown_field_name(name, redactor).unwrap_or("*")]);
            }
            Segment::Unknown => shown.push('?'),
        }
    }
    if path.len() > MOST { shown + "…" } else { shown }
}

fn refusal_of(head: &Head<'_>) -> Option<i64> {
    head.code.filter(|&code| code != 0)
}

fn problem_of(body: &[u8], error: &serde_json::Error) -> DecodeProblem {
    match body.trim_ascii_start().first() {
        None => DecodeProblem::Empty,
        Some(b'<') => DecodeProblem::Html,
        Some(b'{') if error.is_eof() => DecodeProblem::Truncated,
        Some(_) if error.is_data() => DecodeProblem::Shape,
        Some(_) => DecodeProblem::NotJson,
    }
}

/// Decodes once more while tracking the path. Tracking is slow, so only failures pay for it.
fn locate<T: DeserializeOwned>(body: &[u8]) -> Option<(Vec<Segment>, serde_json::Error)> {
    let mut head = Head::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = Track::new();
    let envelope = Envelope::new(&mut json, &mut head);
    let error = T::deserialize(serde_path_to_error::Deserializer::new(envelope, &mut track)).err()?;
    Some((track.path().iter().cloned().collect(), error))
}

/// The message of the JSON reader without the value, which serde quotes.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    // Syntax errors have fixed messages.
    let text = if error.is_data() { without_value(text) } else { text.to_owned() };
    if line == 0 { text } else { format!("{text} (line {line}, column {column})") }
}

/// The message of serde about a wrong value, without the value.
fn without_value(message: &str) -> String {
    const KINDS: [&str; 17] = [
        "boolean",
        "integer",
        "floating point",
        "character",
        "string",
        "byte array",
        "unit value",
        "Option value",
        "newtype struct",
        "sequence",
        "map",
        "enum",
        "unit variant",
        "newtype variant",
        "tuple variant",
        "struct variant",
        "null",
    ];
    // The last one, because the value comes before it.
    let expected = || message.rsplit_once(", expected ").map_or("another value", |(_, expected)| expected);
    for problem in ["invalid type: ", "invalid value: "] {
        if let Some(value) = message.strip_prefix(problem) {
            let kind = KINDS.iter().find(|kind| value.starts_with(**kind)).unwrap_or(&"this value");
            return format!("{problem}{kind}, expected {}", expected());
        }
    }
    for problem in ["unknown variant", "unknown field"] {
        if message.starts_with(problem) {
            return format!("{problem}, expected {}", expected());
        }
    }
    // These contain names of the type, not of the reply.
    let names_the_type = ["missing field `", "duplicate field `", "invalid length "];
    match names_the_type.iter().any(|problem| message.starts_with(problem)) {
        true => message.to_owned(),
        false => "invalid value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_refusal_with_an_errmsg_is_better_than_one_without_which_is_better_than_any_other_failure() {
        let refusal = |message: &str| Failure::Refusal { code: 1, message: message.to_owned() };
        let is_refusal = |failure: &Failure| matches!(failure, Failure::Refusal { .. });
        assert!(is_refusal(&Failure::foreign().or_better(refusal(""))));
        assert!(is_refusal(&refusal("").or_better(Failure::foreign())));
        for better in [refusal("").or_better(refusal("words")), refusal("words").or_better(refusal(""))] {
            assert!(matches!(better, Failure::Refusal { message, .. } if message == "words"));
        }
    }

    fn description<T: DeserializeOwned>(json: &str) -> String {
        match serde_json::from_str::<T>(json) {
            Ok(_) => panic!("{json} was accepted"),
            Err(error) => describe(&error),
        }
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Person {
        mobile: u8,
    }

    #[derive(Deserialize)]
    enum Kind {
        Member,
    }

    #[test]
    fn the_message_of_serde_is_kept_without_the_value() {
        for (found, expected) in [
            (
                description::<Person>(r#"{"mobile":"13800000000"}"#),
                "invalid type: string, expected u8 (line 1, column 23)",
            ),
            (
                description::<Person>(r#"{"mobile":"1, expected 2"}"#),
                "invalid type: string, expected u8 (line 1, column 25)",
            ),
            (
                description::<Person>(r#"{"mobile":13800000000}"#),
                "invalid value: integer, expected u8 (line 1, column 21)",
            ),
            (description::<Person>(r#"{"mobile":[]}"#), "invalid type: sequence, expected u8 (line 1, column 10)"),
            (description::<Person>(r#"{"mobile":null}"#), "invalid type: null, expected u8 (line 1, column 14)"),
            (description::<Person>("{}"), "missing field `mobile` (line 1, column 2)"),
            (description::<Person>(r#"{"mobile":1,"mobile":2}"#), "duplicate field `mobile` (line 1, column 20)"),
            (description::<Person>(r#"{"13800000000":1}"#), "unknown field, expected `mobile` (line 1, column 14)"),
            (description::<Kind>(r#""13800000000""#), "unknown variant, expected `Member` (line 1, column 13)"),
            (description::<(u8, u8)>("[1]"), "invalid length 1, expected a tuple of size 2 (line 1, column 3)"),
            (
                description::<char>(r#""13800000000""#),
                "invalid value: string, expected a character (line 1, column 13)",
            ),
            (description::<std::net::Ipv4Addr>(r#""13800000000""#), "invalid value"),
            (description::<Person>(r#"{"mobile":12x"#), "expected `,` or `}` (line 1, column 13)"),
            (description::<Person>(r#"{"mobile":"#), "EOF while parsing a value (line 1, column 10)"),
        ] {
            assert!(found.starts_with(expected), "{found} is not {expected}");
            assert!(!found.contains("138"), "{found}");
        }
        let Kind::Member = serde_json::from_str(r#""Member""#).unwrap();
    }
}
