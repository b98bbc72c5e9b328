//! The format of saved states: each names its kind and its version.
//!
//! A state has its content in one field: `#[serde(transparent)]` on the state, `#[serde(with = "saved_format")]` on the
//! field.

use std::cmp::Ordering;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The content of a saved state.
///
/// Increase the version when older states can no longer be read, and store a state of each version in `tests/saved_states`.
pub(crate) trait SavedContent {
    /// The kind of the state, such as `walk state`.
    const KIND: &'static str;
    const VERSION: u32;
    /// The remedy if the state cannot be read, as a part of error texts.
    const WITHOUT: &'static str;
}

#[derive(Serialize)]
struct Written<'a, T> {
    format: String,
    // Its name sorts after `format`. So a document of another kind fails at its format, even if a program has sorted its
    // fields.
    payload: &'a T,
}

pub(crate) fn serialize<T: SavedContent + Serialize, S: Serializer>(
    content: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Written { format: name::<T>(), payload: content }.serialize(serializer)
}

#[derive(Deserialize)]
#[serde(bound = "T: SavedContent + Deserialize<'de>")]
struct Stored<T> {
    format: Option<Accepted<T>>,
    payload: Option<T>,
}

pub(crate) fn deserialize<'de, T: SavedContent + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let Stored { format, payload } = Stored::deserialize(deserializer)?;
    format.ok_or_else(|| de::Error::custom(foreign::<T>("the field `format` is missing")))?;
    payload.ok_or_else(|| de::Error::missing_field("payload"))
}

/// Returns the name of a format, as its documents have it.
pub(crate) fn name<T: SavedContent>() -> String {
    format!("wecom {}, version {}", T::KIND, T::VERSION)
}

/// Accepts the name of a format that this version of the library reads.
pub(crate) fn check<T: SavedContent>(format: &str) -> Result<(), String> {
    let Some((kind, version)) = parse(format) else {
        let facts = if format.is_empty() { "it names no format" } else { "it names another format" };
        return Err(foreign::<T>(facts));
    };
    if kind != T::KIND {
        return Err(foreign::<T>(&format!("it is {}", with_article(kind))));
    }
    let (kind, read, without) = (T::KIND, T::VERSION, T::WITHOUT);
    let remedy = match version.cmp(&read) {
        Ordering::Equal => return Ok(()),
        Ordering::Greater => "update wecom-upstream",
        Ordering::Less => "finish it with the version that saved it",
    };
    Err(format!(
        "unsupported version: the {kind} has version {version}, and this library reads version {read}; {remedy}, or \
         {without}"
    ))
}

/// The name of a format that this version of the library reads.
struct Accepted<T>(PhantomData<T>);

impl<'de, T: SavedContent> Deserialize<'de> for Accepted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let format = String::deserialize(deserializer)?;
        check::<T>(&format).map_err(de::Error::custom)?;
        Ok(Self(PhantomData))
    }
}

/// Returns the kind and the version that a name states. `None` if no state of this library has such a name.
fn parse(format: &str) -> Option<(&str, u32)> {
    let (kind, version) = format.strip_prefix("wecom ")?.split_once(", version ")?;
    // The kind becomes part of an error text.
    let is_kind = kind.len() <= 32 && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ');
    Some((kind, version.parse().ok()?)).filter(|_| is_kind)
}

fn foreign<T: SavedContent>(facts: &str) -> String {
    let (kind, without) = (with_article(T::KIND), T::WITHOUT);
    format!("not {kind}: {facts}; load the document that this job saved, or {without}")
}

/// Returns a kind with its indefinite article. A plural has none.
fn with_article(kind: &str) -> String {
    let article = match kind {
        _ if kind.ends_with('s') => "",
        _ if kind.starts_with(['a', 'e', 'i', 'o', 'u']) => "an ",
        _ => "a ",
    };
    format!("{article}{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct State {
        #[serde(with = "super")]
        content: Content,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Content {
        groups: u32,
    }

    impl SavedContent for Content {
        const KIND: &'static str = "example state";
        const VERSION: u32 = 2;
        const WITHOUT: &'static str = "start anew";
    }

    fn error_of(json: &str) -> String {
        serde_json::from_str::<State>(json).unwrap_err().to_string()
    }

    #[test]
    fn a_state_names_its_kind_and_its_version() {
        let state = State { content: Content { groups: 7 } };
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(json, r#"{"format":"wecom example state, version 2","payload":{"groups":7}}"#);
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
    }

    #[test]
    fn a_foreign_document_is_named_if_it_is_a_state_of_another_job() {
        for (json, facts) in [
            (r#"{"groups":7}"#, "the field `format` is missing"),
            (r#"{"format":"canary","payload":{}}"#, "it names another format"),
            (r#"{"format":"wecom 13000000001, version 1"}"#, "it names another format"),
            (r#"{"format":"wecom import state, version 9","payload":7}"#, "it is an import state"),
            (r#"{"format":"wecom walk state, version 1","payload":7}"#, "it is a walk state"),
        ] {
            let expected =
                format!("not an example state: {facts}; load the document that this job saved, or start anew");
            let error = error_of(json);
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn another_version_is_refused_with_what_to_do() {
        for (version, remedy) in [(1, "finish it with the version that saved it"), (3, "update wecom-upstream")] {
            let error = error_of(&format!(r#"{{"format":"wecom example state, version {version}","payload":{{}}}}"#));
            let expected = format!(
                "unsupported version: the example state has version {version}, and this library reads version 2; \
                 {remedy}, or start anew"
            );
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn a_state_without_content_is_refused() {
        assert!(error_of(r#"{"format":"wecom example state, version 2"}"#).starts_with("missing field `payload`"));
    }
}
