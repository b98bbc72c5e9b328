//! How fields of replies are read and written where `wire` has no function for it.

use serde::{Deserializer, Serializer};
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
