//! How fields of replies are read and written where `wire` has no function for it.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serializer};
use wecom_core::wire;

/// A number; 0 where there is none.
pub(crate) fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    wire::optional_integer(deserializer).map(Option::unwrap_or_default)
}

/// A flag that the vendor documents as 1 or 0.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn flag_as_number<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

/// Numbers that the vendor documents as strings.
pub(crate) fn numbers_as_texts<S: Serializer, T: Display>(numbers: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(numbers.iter().map(T::to_string))
}

/// An object; one without fields where there is none.
pub(crate) fn object_or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A [`Secret`](wecom_core::Secret), which has no JSON of its own lest it be written by accident; never an empty one.
pub(crate) mod secret {
    use serde::de::Error;
    use serde::{Deserializer, Serializer};
    use wecom_core::{Secret, wire};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let text = wire::text(deserializer)?;
        if text.is_empty() {
            return Err(D::Error::custom("the secret is empty"));
        }
        Ok(Secret::new(text))
    }

    pub(crate) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }
}

/// An [`ErrCode`](wecom_core::ErrCode) as its number; 0 where there is none.
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
