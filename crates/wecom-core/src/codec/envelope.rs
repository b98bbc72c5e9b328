//! The envelope `{"errcode":0,"errmsg":"ok", …payload…}`, decoded in one pass.
//!
//! A `MapAccess` between the JSON reader and the payload's visitor removes `errcode` and `errmsg` and passes every other key
//! on. Nothing is buffered, and no key is copied.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::codec::wire;

/// The fields of the envelope apart from the payload.
#[derive(Debug, Default)]
pub(crate) struct Head<'de> {
    /// The `errcode`; `None` if it is missing or `null`.
    pub(crate) code: Option<i64>,
    /// The `errmsg`.
    pub(crate) message: Option<Cow<'de, str>>,
    /// Whether the payload's type knows any of the keys.
    pub(crate) recognized: bool,
}

/// A deserializer that hides the two fields of the envelope from the payload's type.
pub(crate) struct Envelope<'h, 'de, D> {
    inner: D,
    head: &'h mut Head<'de>,
    /// The keys of the payload's type; `None` if it accepts any.
    fields: Option<&'static [&'static str]>,
}

impl<'h, 'de, D> Envelope<'h, 'de, D> {
    pub(crate) fn new(inner: D, head: &'h mut Head<'de>) -> Self {
        Self { inner, head, fields: None }
    }
}

/// Decodes a body. On an error, `head` has those fields that were read before it.
pub(crate) fn read_envelope<'de, T: Deserialize<'de>>(body: &'de [u8], head: &mut Head<'de>) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let payload = T::deserialize(Envelope::new(&mut json, head))?;
    json.end()?;
    Ok(payload)
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Envelope<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self { inner, head, fields } = self;
        inner.deserialize_map(Payload { visitor, head, fields })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.fields = Some(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    /// For a call whose reply is the envelope alone.
    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, D::Error> {
        self.fields = Some(&[]);
        self.deserialize_any(IgnoredAny)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_unit(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple tuple_struct map
        enum identifier ignored_any
    }
}

struct Payload<'h, 'de, V> {
    visitor: V,
    head: &'h mut Head<'de>,
    fields: Option<&'static [&'static str]>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Payload<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(WithoutHead { map, head: self.head, fields: self.fields })
    }
}

/// The entries of the object without `errcode` and `errmsg`.
struct WithoutHead<'h, 'de, A> {
    map: A,
    head: &'h mut Head<'de>,
    fields: Option<&'static [&'static str]>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutHead<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            let key = Key { seed: &mut seed, fields: self.fields };
            match self.map.next_key_seed(key)? {
                None => return Ok(None),
                Some(Found::Payload { key, known }) => {
                    self.head.recognized |= known;
                    return Ok(Some(key));
                }
                Some(Found::ErrCode) => self.head.code = self.map.next_value_seed(wire::OptionalInteger)?,
                Some(Found::ErrMsg) => self.head.message = self.map.next_value_seed(Message)?,
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Found<K> {
    ErrCode,
    ErrMsg,
    Payload { key: K, known: bool },
}

/// Reads one key: one of the envelope, or any other for the payload's seed.
struct Key<'s, K> {
    seed: &'s mut Option<K>,
    fields: Option<&'static [&'static str]>,
}

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, K> {
    type Value = Found<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for Key<'_, K> {
    type Value = Found<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of the reply")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        match key {
            "errcode" => Ok(Found::ErrCode),
            "errmsg" => Ok(Found::ErrMsg),
            _ => {
                let known = self.fields.is_none_or(|fields| fields.contains(&key));
                // The seed is used once, by the first key of the payload.
                let seed = self.seed.take().ok_or_else(|| E::custom("a key was requested twice"))?;
                let key = seed.deserialize(StrDeserializer::new(key))?;
                Ok(Found::Payload { key, known })
            }
        }
    }
}

/// Reads `errmsg`, borrowed if possible. Ignores a value that is no string, because it must not hide the `errcode`.
struct Message;

impl<'de> DeserializeSeed<'de> for Message {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Message {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(items).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(entries).map(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    type Map = std::collections::BTreeMap<String, i64>;

    #[test]
    fn a_key_that_is_no_string_is_an_error() {
        let mut head = Head::default();
        let map = MapDeserializer::<_, Error>::new([(1_u64, 2_u64)].into_iter());
        let error = IgnoredAny::deserialize(Envelope::new(map, &mut head)).unwrap_err();
        assert!(error.to_string().contains("expected a key of the reply"), "{error}");
    }

    #[test]
    fn the_error_for_a_reply_that_is_no_object_names_the_type_of_the_payload() {
        let mut head = Head::default();
        let mut json = serde_json::Deserializer::from_str("[]");
        let error = Map::deserialize(Envelope::new(&mut json, &mut head)).unwrap_err();
        assert!(error.to_string().contains("invalid type: sequence, expected a map"), "{error}");
    }
}
