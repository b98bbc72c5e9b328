//! Finds the possible secrets in a reply that contains a credential.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The maximum number of strings in a reply.
const MOST: usize = 64;

/// The maximum length of a string, in bytes. A token has at most 512.
const LONGEST: usize = 2048;

/// The minimum length of a credential. Shorter strings are words.
const SHORTEST: usize = 8;

/// Returns all strings of a reply that may be credentials: all except the errmsg. Returns `None` if the reply is not valid
/// JSON or exceeds a limit.
pub(crate) fn reply_secrets(body: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    Strings(&mut texts).deserialize(&mut json).ok()?;
    json.end().ok()?;
    (texts.len() <= MOST && texts.iter().all(|text| text.len() <= LONGEST)).then_some(texts)
}

/// Collects the strings of a JSON value.
struct Strings<'a>(&'a mut Vec<String>);

impl Strings<'_> {
    fn add(self, text: &str) {
        if text.len() >= SHORTEST && self.0.len() <= MOST {
            self.0.push(text.to_owned());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.add(&number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.add(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.add(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Strings(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            if key == "errmsg" {
                entries.next_value::<serde::de::IgnoredAny>()?;
            } else {
                entries.next_value_seed(Strings(self.0))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_but_the_errmsg_may_be_a_credential() {
        let body = br#"{"errcode":1,"errmsg":"some long words","a":{"b":["12345678",{"c":"x"}]},"d":123456789,"e":[1.5,true,null,-1234567]}"#;
        let found = ["12345678", "123456789", "-1234567"].map(str::to_owned);
        assert_eq!(reply_secrets(body), Some(found.to_vec()));
    }

    #[test]
    fn a_truncated_reply_or_one_with_too_many_strings_is_not_searched() {
        assert_eq!(reply_secrets(br#"{"errmsg":"x","access_token":"abcdefgh"#), None);
        assert_eq!(reply_secrets(br#"{}{}"#), None);
        let many = |count: usize| format!("[{}]", vec!["\"abcdefgh\""; count].join(","));
        assert_eq!(reply_secrets(many(64).as_bytes()).map(|texts| texts.len()), Some(64));
        assert_eq!(reply_secrets(many(65).as_bytes()), None);
        assert_eq!(reply_secrets(format!("\"{}\"", "x".repeat(2049)).as_bytes()), None);
    }
}
