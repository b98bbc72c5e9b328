//! Identifiers: one type for each kind of id, so that an id of the wrong kind does not compile.
//!
//! Only `new` and `parse` turn a text into an id; there is no implicit conversion. Creating an id does not validate it. A
//! call with an empty id is rejected before it is sent.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::codec::wire;

/// Implements the traits that text ids and number ids share.
macro_rules! id {
    ($id:ident, $read:path, $error:ty, $parse:expr) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $id {
            type Err = $error;

            fn from_str(id: &str) -> Result<Self, $error> {
                $parse(id).map(Self)
            }
        }

        impl From<&$id> for $id {
            fn from(id: &$id) -> Self {
                id.clone()
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $read(deserializer).map(Self)
            }
        }
    };
}

macro_rules! text_ids {
    ($($(#[$doc:meta])+ $id:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $id(String);

        impl $id {
            /// Creates an id from a text.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        id!($id, text, Infallible, |id: &str| Ok(id.to_owned()));

        impl AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// A map whose keys are ids can be searched by the text of an id.
        impl Borrow<str> for $id {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $id {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $id {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.0
            }
        }
    )+};
}

macro_rules! number_ids {
    ($($(#[$doc:meta])+ $id:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $id(i64);

        impl $id {
            /// Creates an id from a number.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        id!($id, wire::integer, ParseIntError, str::parse);

        impl PartialEq<i64> for $id {
            fn eq(&self, number: &i64) -> bool {
                self.0 == *number
            }
        }

        impl From<$id> for i64 {
            fn from(id: $id) -> Self {
                id.0
            }
        }
    )+};
}

text_ids! {
    /// The id of a chain (上下游): `chain_id`. Returned by `GetChainList`.
    ChainId;
    /// The id of a corp (企业) that has joined: `corpid`. Returned by `ListAppShareInfo` and `GetChainCorpinfoList`.
    CorpId;
    /// The id of a corp that was invited and has not joined yet: `pending_corpid`. Returned by `GetChainCorpinfoList`.
    PendingCorpId;
    /// The id of a member (成员) of one corp: `userid`. It has no meaning in another corp.
    UserId;
    /// The id of a department (部门) of the upstream corp: `departmentids`, a number written as a string.
    DepartmentId;
    /// The id of a customer (外部联系人) for one upstream corp: `external_userid`. Other upstream corps have other ids for
    /// the same customer.
    ExternalUserId;
    /// The temporary id of a WeChat user who may not be a customer yet: `pending_id`. It is valid for 90 days, and
    /// unique within the shared app.
    PendingId;
    /// The id of a WeChat user in one open platform account (微信开放平台): `unionid`.
    UnionId;
    /// The id of a WeChat user in one mini-program (小程序) or service account (服务号): `openid`.
    OpenId;
    /// The id of an import job (异步任务): `jobid`. Returned by `ImportChainContact`.
    JobId;
    /// The id that the upstream corp assigned to a corp (自定义企业id): `custom_id`.
    CustomId;
    /// The id that the upstream corp assigned to a member (自定义成员id): `user_custom_id`, an unsigned 64-bit number
    /// written as a string.
    UserCustomId;
    /// The id of a group chat with customers (客户群): `chat_id`.
    ChatId;
    /// The id of a provider's suite (第三方应用) or template of apps developed for other corps (代开发应用模板): `SuiteId`.
    SuiteId;
    /// The start of a page of a list: `next_cursor` in a reply, `cursor` in the next request.
    Cursor;
}

number_ids! {
    /// The id of an app (应用) in one corp: `agentid`. A shared app has a different id in every downstream corp.
    AgentId;
    /// The id of a group (分组) of a chain's directory: `groupid`. Returned by `GetChainGroup`.
    GroupId;
    /// The id of a rule (对接规则) of a chain: `rule_id`. Returned by `ListRuleIds`.
    RuleId;
}

impl GroupId {
    /// The root group (根分组), which all other groups of a chain are below.
    pub const ROOT: Self = Self::new(1);
}

/// Deserializes a text id from a string or a number. Unlike `wire::text` it rejects `null`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;

    impl<'de> Visitor<'de> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id, as a string or a number")
        }

        fn visit_str<E>(self, id: &str) -> Result<String, E> {
            Ok(id.to_owned())
        }

        fn visit_string<E>(self, id: String) -> Result<String, E> {
            Ok(id)
        }

        fn visit_i64<E>(self, id: i64) -> Result<String, E> {
            Ok(id.to_string())
        }

        fn visit_u64<E>(self, id: u64) -> Result<String, E> {
            Ok(id.to_string())
        }

        /// A number under `serde_json/arbitrary_precision`, which `wire` decodes.
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
            wire::text(MapAccessDeserializer::new(map)).map_err(A::Error::custom)
        }
    }

    deserializer.deserialize_any(Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_id_deserializes_from_a_string_or_a_number_and_serializes_as_a_string() {
        for (json, expected) in
            [("\"Ch1\"", "Ch1"), ("7", "7"), ("-7", "-7"), ("18446744073709551614", "18446744073709551614")]
        {
            let id: ChainId = serde_json::from_str(json).unwrap();
            assert_eq!(id, ChainId::new(expected));
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("{expected:?}"));
        }
        for json in ["null", "true", "1.5", "[]", "{}"] {
            let error = serde_json::from_str::<ChainId>(json).unwrap_err();
            assert!(json == "{}" || error.to_string().contains("expected an id, as a string or a number"), "{error}");
        }
    }

    #[test]
    fn a_number_id_deserializes_from_a_number_or_a_string_and_serializes_as_a_number() {
        for json in ["7", "\"7\""] {
            let id: GroupId = serde_json::from_str(json).unwrap();
            assert_eq!(id, GroupId::new(7));
            assert_eq!(serde_json::to_string(&id).unwrap(), "7");
        }
        for json in ["null", "\"\"", "\"x\"", "1.5", "true"] {
            assert!(serde_json::from_str::<GroupId>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_id_deserializes_from_a_number_of_arbitrary_precision() {
        let number = serde_json::json!({"$serde_json::private::Number": "42"});
        assert_eq!(serde_json::from_value::<ChainId>(number.clone()).unwrap(), ChainId::new("42"));
        assert_eq!(serde_json::from_value::<GroupId>(number).unwrap(), GroupId::new(42));
    }

    #[test]
    fn an_id_parses_from_and_displays_as_its_value() {
        let Ok(id) = "Ch1".parse::<ChainId>();
        assert_eq!((id.to_string(), id.as_str()), ("Ch1".to_owned(), "Ch1"));
        assert_eq!("1".parse(), Ok(GroupId::ROOT));
        assert_eq!(GroupId::ROOT.to_string(), "1");
        assert!("one".parse::<GroupId>().is_err());
    }

    #[test]
    fn an_id_is_compared_looked_up_and_converted_as_its_value() {
        let id = ChainId::new("Ch1");
        assert!(id == "Ch1" && id == *"Ch1" && id.as_ref() == "Ch1" && GroupId::ROOT == 1);
        let names = std::collections::HashMap::from([(id.clone(), "dealers")]);
        assert_eq!(names.get("Ch1"), Some(&"dealers"));
        assert_eq!((String::from(id), i64::from(GroupId::ROOT)), ("Ch1".to_owned(), 1));
    }
}
