//! Serde helpers for fields that `wecom_core::wire` has no function for.

use std::fmt::Display;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};
use wecom_core::codec::wire;

/// Deserializes a number; 0 for `null` or an empty string.
pub(crate) fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    wire::optional_integer(deserializer).map(Option::unwrap_or_default)
}

/// Deserializes a flag; `None` for `null` or an empty string.
pub(crate) fn optional_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Flag(bool);
    impl<'de> Deserialize<'de> for Flag {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            wire::flag(deserializer).map(Self)
        }
    }
    Ok(wire::optional::<D, Flag>(deserializer)?.map(|Flag(flag)| flag))
}

/// Serializes a flag as 1 or 0, as the vendor documents it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde requires this signature")]
pub(crate) fn flag_as_number<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

/// Serializes numbers as strings, as the vendor documents them.
pub(crate) fn numbers_as_texts<S: Serializer, T: Display>(numbers: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(T::to_string))
}

/// Deserializes an object; the default value for `null`.
pub(crate) fn object_or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Serializes a time in milliseconds.
pub(crate) fn milliseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Serde for a [`Secret`](wecom_core::Secret), which does not implement it itself so that no secret is serialized by
/// accident. An empty secret does not deserialize.
pub(crate) mod secret {
    use serde::de::{Error, Unexpected};
    use serde::{Deserializer, Serializer};
    use wecom_core::Secret;
    use wecom_core::codec::wire;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let text = wire::text(deserializer)?;
        if text.is_empty() {
            return Err(D::Error::invalid_value(Unexpected::Str(""), &"a secret"));
        }
        Ok(Secret::new(text))
    }

    pub(crate) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }
}

/// Serde for an optional secret; `None` for `null` or an empty string.
pub(crate) mod optional_secret {
    use serde::{Deserializer, Serialize, Serializer};
    use wecom_core::Secret;
    use wecom_core::codec::wire;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        let text: Option<String> = wire::optional(deserializer)?;
        Ok(text.map(Secret::new))
    }

    #[expect(clippy::ref_option, reason = "serde requires this signature")]
    pub(crate) fn serialize<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }
}

/// Serde for an [`ErrCode`](wecom_core::ErrCode) as its number; 0 for `null` or an empty string.
pub(crate) mod code {
    use serde::{Deserializer, Serializer};
    use wecom_core::ErrCode;

    pub(crate) fn none() -> ErrCode {
        ErrCode(0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ErrCode, D::Error> {
        super::number_or_zero(deserializer).map(ErrCode)
    }

    pub(crate) fn serialize<S: Serializer>(code: &ErrCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(code.0)
    }
}
