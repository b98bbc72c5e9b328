//! The known deviations of replies from the documentation.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// A reply that the service sends although the documentation says otherwise, or that is documented in two ways.
///
/// A client should work the same with every variant. A test selects variants with [`Simulator::wire_variants`].
///
/// ```
/// use wecom_simulator::{Simulator, WireVariant};
/// use wecom_upstream::Upstream;
///
/// let plain = Upstream::new(Simulator::demo().client());
/// let odd = Upstream::new(Simulator::demo().wire_variants(WireVariant::ALL).client());
/// # pollster::block_on(async {
/// assert_eq!(odd.get_chain_list().await?, plain.get_chain_list().await?);
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// [`Simulator::wire_variants`]: crate::Simulator::wire_variants
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireVariant {
    /// Numeric ids are strings: `agentid`, `groupid`, `parentid`, `order`, `rule_id`, `rule_ids`.
    NumbersAsTexts,
    /// Ids that are strings of digits are numbers: `user_custom_id`, and `groupids` and `departmentids` of a rule.
    TextsAsNumbers,
    /// `is_joined` is a boolean where the documentation has 0 or 1, and 0 or 1 where it has a boolean.
    IsJoinedSwapped,
    /// `ending` is `"0"` or `"1"`.
    EndingAsText,
    /// The contacts of a failed import have `user_mobile` instead of `mobile`.
    UserMobile,
    /// Empty lists and strings are `null`.
    EmptyAsNull,
    /// Empty lists and strings are absent. Together with [`EmptyAsNull`](Self::EmptyAsNull), `null` is absent too.
    EmptyAbsent,
    /// A successful reply has no `errcode` and `errmsg`, unless it would be empty.
    NoErrcode,
    /// Every object has an undocumented field.
    UnknownFields,
    /// The reply starts with a byte order mark.
    ByteOrderMark,
    /// Control characters in strings, such as line breaks and tabs, are not escaped, which JSON does not allow.
    RawControlCharacters,
    /// `get_chain_group` with a `groupid` lists that group alone, as its table of parameters says. Otherwise it lists the
    /// descendants of the group, as its sample shows. The root group has no entry, so its descendants are listed in both cases.
    GroupItself,
    /// `get_corp_shared_chain_list` without a `corpid` lists all chains. Otherwise it is refused. The documentation states
    /// both that the parameter is optional and that it is required, and does not state the reply without it.
    CorpidOptional,
}

/// The name of the undocumented field.
pub(crate) const UNKNOWN_FIELD: &str = "ext_attr";

impl WireVariant {
    /// All variants.
    pub const ALL: [Self; 13] = [
        Self::NumbersAsTexts,
        Self::TextsAsNumbers,
        Self::IsJoinedSwapped,
        Self::EndingAsText,
        Self::UserMobile,
        Self::EmptyAsNull,
        Self::EmptyAbsent,
        Self::NoErrcode,
        Self::UnknownFields,
        Self::ByteOrderMark,
        Self::RawControlCharacters,
        Self::GroupItself,
        Self::CorpidOptional,
    ];

    /// The name of the variant on the command line of `wecom-sim`, such as `numbers-as-texts`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NumbersAsTexts => "numbers-as-texts",
            Self::TextsAsNumbers => "texts-as-numbers",
            Self::IsJoinedSwapped => "is-joined-swapped",
            Self::EndingAsText => "ending-as-text",
            Self::UserMobile => "user-mobile",
            Self::EmptyAsNull => "empty-as-null",
            Self::EmptyAbsent => "empty-absent",
            Self::NoErrcode => "no-errcode",
            Self::UnknownFields => "unknown-fields",
            Self::ByteOrderMark => "byte-order-mark",
            Self::RawControlCharacters => "raw-control-characters",
            Self::GroupItself => "group-itself",
            Self::CorpidOptional => "corpid-optional",
        }
    }

    /// Rewrites the fields of a reply, except `errcode` and `errmsg`.
    pub(crate) fn rewrite(self, fields: &mut Map<String, Value>) {
        fields.values_mut().for_each(|value| self.rewrite_below(value));
        match self {
            Self::NumbersAsTexts => {
                for name in ["agentid", "groupid", "parentid", "order", "rule_id", "rule_ids"] {
                    change(fields, name, number_as_text);
                }
            }
            Self::TextsAsNumbers => {
                for name in ["user_custom_id", "groupids", "departmentids"] {
                    change(fields, name, text_as_number);
                }
            }
            Self::IsJoinedSwapped => change(fields, "is_joined", swap_flag),
            Self::EndingAsText => change(fields, "ending", number_as_text),
            Self::UserMobile => {
                if let Some(mobile) = fields.remove("mobile") {
                    fields.insert("user_mobile".to_owned(), mobile);
                }
            }
            Self::EmptyAsNull => {
                fields.values_mut().filter(|value| is_empty(value)).for_each(|value| *value = Value::Null);
            }
            Self::EmptyAbsent => fields.retain(|_, value| !is_empty(value) && !value.is_null()),
            Self::UnknownFields => {
                fields.insert(UNKNOWN_FIELD.to_owned(), serde_json::json!({"list": [1, "2", null], "open": true}));
            }
            // These do not change the payload, or the handler of the call applies them.
            Self::NoErrcode
            | Self::ByteOrderMark
            | Self::RawControlCharacters
            | Self::GroupItself
            | Self::CorpidOptional => {}
        }
    }

    /// Rewrites a serialized reply.
    pub(crate) fn rewrite_bytes(self, body: Vec<u8>) -> Vec<u8> {
        match self {
            Self::ByteOrderMark => [b"\xEF\xBB\xBF", body.as_slice()].concat(),
            Self::RawControlCharacters => unescape_control_characters(&body),
            _ => body,
        }
    }

    fn rewrite_below(self, value: &mut Value) {
        match value {
            Value::Object(fields) => self.rewrite(fields),
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite_below(item)),
            _ => {}
        }
    }
}

impl fmt::Display for WireVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WireVariant {
    type Err = UnknownWireVariant;

    fn from_str(name: &str) -> Result<Self, UnknownWireVariant> {
        Self::ALL.into_iter().find(|variant| variant.name() == name).ok_or(UnknownWireVariant)
    }
}

/// No [`WireVariant`] has the parsed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownWireVariant;

impl fmt::Display for UnknownWireVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = WireVariant::ALL.map(WireVariant::name);
        write!(f, "unknown wire variant; known names: {}", names.join(", "))
    }
}

impl std::error::Error for UnknownWireVariant {}

fn change(fields: &mut Map<String, Value>, name: &str, change: impl Fn(&Value) -> Option<Value>) {
    match fields.get_mut(name) {
        Some(Value::Array(items)) => {
            items.iter_mut().for_each(|item| *item = change(item).unwrap_or_else(|| item.take()));
        }
        Some(value) => *value = change(value).unwrap_or_else(|| value.take()),
        None => {}
    }
}

fn number_as_text(value: &Value) -> Option<Value> {
    value.as_i64().map(|number| number.to_string().into())
}

/// A string of digits as a number of up to 64 bits. Other strings are kept.
fn text_as_number(value: &Value) -> Option<Value> {
    value.as_str()?.parse::<u64>().ok().map(Value::from)
}

fn swap_flag(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(flag) => Some(i32::from(*flag).into()),
        number => number.as_i64().map(|number| (number == 1).into()),
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

/// Replaces the escapes of control characters in serialized JSON by the characters.
fn unescape_control_characters(body: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(body.len());
    let mut rest = body;
    while let [first, more @ ..] = rest {
        let (written, left): (&[u8], &[u8]) = match rest {
            [b'\\', b'n', left @ ..] => (b"\n", left),
            [b'\\', b'r', left @ ..] => (b"\r", left),
            [b'\\', b't', left @ ..] => (b"\t", left),
            [b'\\', b'b', left @ ..] => (b"\x08", left),
            [b'\\', b'f', left @ ..] => (b"\x0C", left),
            [b'\\', b'u', b'0', b'0', high @ (b'0' | b'1'), low, left @ ..] => {
                let low = char::from(*low).to_digit(16).and_then(|low| u8::try_from(low).ok()).unwrap_or_default();
                raw.push((high - b'0') * 16 + low);
                (b"", left)
            }
            [b'\\', escaped, left @ ..] => {
                raw.extend([b'\\', *escaped]);
                (b"", left)
            }
            _ => (std::slice::from_ref(first), more),
        };
        raw.extend(written);
        rest = left;
    }
    raw
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rewritten(variant: WireVariant, reply: &Value) -> Value {
        let Value::Object(mut fields) = reply.clone() else { panic!("{reply}") };
        variant.rewrite(&mut fields);
        Value::Object(fields)
    }

    #[test]
    fn each_variant_changes_only_its_own_fields() {
        let reply = json!({
            "rule_ids": [1, 2], "ending": 1, "next_cursor": "", "is_joined": false,
            "expires_in": 7200, "list": [{"groupid": 2, "mobile": "139", "user_custom_id": "7", "none": []}],
        });
        for (variant, pointer, expected) in [
            (WireVariant::NumbersAsTexts, "/rule_ids", json!(["1", "2"])),
            (WireVariant::NumbersAsTexts, "/list/0/groupid", json!("2")),
            (WireVariant::NumbersAsTexts, "/expires_in", json!(7200)),
            (WireVariant::TextsAsNumbers, "/list/0/user_custom_id", json!(7)),
            (WireVariant::TextsAsNumbers, "/list/0/mobile", json!("139")),
            (WireVariant::IsJoinedSwapped, "/is_joined", json!(0)),
            (WireVariant::EndingAsText, "/ending", json!("1")),
            (WireVariant::UserMobile, "/list/0/user_mobile", json!("139")),
            (WireVariant::EmptyAsNull, "/list/0/none", json!(null)),
            (WireVariant::EmptyAsNull, "/next_cursor", json!(null)),
        ] {
            assert_eq!(rewritten(variant, &reply).pointer(pointer), Some(&expected), "{variant:?}");
        }
        let absent = rewritten(WireVariant::EmptyAbsent, &reply);
        assert!(absent.get("next_cursor").is_none() && absent["list"][0].get("none").is_none());
        assert!(rewritten(WireVariant::UnknownFields, &reply)["list"][0].get("ext_attr").is_some());
    }

    #[test]
    fn every_variant_has_a_name_of_its_own() {
        for variant in WireVariant::ALL {
            assert_eq!(variant.to_string().parse(), Ok(variant));
        }
        let error = "numbers".parse::<WireVariant>().unwrap_err();
        assert!(error.to_string().contains("known names: numbers-as-texts, texts-as-numbers"), "{error}");
    }

    #[test]
    fn only_escapes_of_control_characters_are_replaced() {
        let body = json!({"name": "a\tb\u{1}c\\n\"d\u{1f}"}).to_string();
        let raw = WireVariant::RawControlCharacters.rewrite_bytes(body.into_bytes());
        assert_eq!(raw, b"{\"name\":\"a\tb\x01c\\\\n\\\"d\x1f\"}");
    }

    #[test]
    fn every_control_character_in_a_string_is_written_raw() {
        for control in (0..0x20_u8).map(char::from) {
            let body = serde_json::to_vec(&control).unwrap();
            let raw = WireVariant::RawControlCharacters.rewrite_bytes(body);
            assert_eq!(raw, [b'"', control as u8, b'"'], "{control:?}");
        }
    }
}
