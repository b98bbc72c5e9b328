//! Identifiers: a type for each, so that the wrong one does not compile.
//!
//! An id is not checked when it is made; a call with an empty one is refused before it is sent.

use std::convert::Infallible;
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::codec::wire;

/// What the two kinds of ids have in common.
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
            /// Takes the text as it is.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The text, as WeCom writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        id!($id, text, Infallible, |id: &str| Ok(id.to_owned()));
    )+};
}

macro_rules! number_ids {
    ($($(#[$doc:meta])+ $id:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $id(i64);

        impl $id {
            /// Takes the number as it is.
            #[must_use]
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        id!($id, wire::integer, ParseIntError, str::parse);
    )+};
}

text_ids! {
    /// A chain (上下游): `chain_id`. From `GetChainList`.
    ChainId;
    /// A corp (企业) that has joined: `corpid`. From `ListAppShareInfo` or
    /// `GetChainCorpinfoList`.
    CorpId;
    /// A corp that was invited and has not joined yet: `pending_corpid`. From
    /// `GetChainCorpinfoList`.
    PendingCorpId;
    /// A member (成员) of one corp: `userid`. It means nothing in another corp.
    UserId;
    /// A department (部门) of the upstream corp: `departmentids`. The vendor numbers them, and writes the number as a
    /// string.
    DepartmentId;
    /// A customer (外部联系人), as one upstream corp knows him: `external_userid`. It differs in every upstream corp.
    ExternalUserId;
    /// A customer who need not have been added yet: `pending_id`. It is valid for 90 days, and unique within the shared
    /// app.
    PendingId;
    /// A WeChat user within one open platform account (微信开放平台): `unionid`.
    UnionId;
    /// A WeChat user within one mini-program (小程序) or service account (服务号): `openid`.
    OpenId;
    /// An import that was started (异步任务): `jobid`. From `ImportChainContact`.
    JobId;
    /// What the upstream corp calls a corp in its own books (自定义企业id): `custom_id`.
    CustomId;
    /// What the upstream corp calls a member in its own books (自定义成员id): `user_custom_id`, an unsigned 64-bit number
    /// written as a string.
    UserCustomId;
    /// A group chat with customers (客户群): `chat_id`.
    ChatId;
    /// A provider's suite (第三方应用), or its template for apps that are developed for others (代开发应用模板): `SuiteId`.
    SuiteId;
    /// A ticket that lifts the frequency limits of some calls for a while (接口高频调用凭据): `mass_call_ticket`.
    MassCallTicket;
    /// Where the next page of a list begins: `next_cursor` of a reply, `cursor` of the next request.
    Cursor;
}

number_ids! {
    /// An app (应用) in one corp: `agentid`. The shared app has another one in every downstream corp.
    AgentId;
    /// A group (分组) of a chain's address book: `groupid`. From `GetChainGroup`.
    GroupId;
    /// A rule (对接规则) between upstream and downstream of a chain: `rule_id`. From
    /// `ListRuleIds`.
    RuleId;
}

impl GroupId {
    /// The group that all others of a chain lie below (根分组).
    pub const ROOT: Self = Self::new(1);
}

/// A text, as a string or a number. Unlike `wire::text` it refuses `null`: an id that is not there is none.
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

        /// A number under `serde_json/arbitrary_precision`, which `wire` knows.
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
    fn a_text_id_is_read_from_a_string_or_a_number_and_written_as_a_string() {
        for (json, expected) in
            [("\"Ch1\"", "Ch1"), ("7", "7"), ("-7", "-7"), ("18446744073709551614", "18446744073709551614")]
        {
            let id: ChainId = serde_json::from_str(json).unwrap();
            assert_eq!(id, ChainId::new(expected));
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("{expected:?}"));
        }
        for json in ["null", "true", "1.5", "[]", "{}"] {
            assert!(serde_json::from_str::<ChainId>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_number_id_is_read_from_a_number_or_a_string_and_written_as_a_number() {
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
    fn a_number_of_arbitrary_precision_is_still_an_id() {
        let number = serde_json::json!({"$serde_json::private::Number": "42"});
        assert_eq!(serde_json::from_value::<ChainId>(number.clone()).unwrap(), ChainId::new("42"));
        assert_eq!(serde_json::from_value::<GroupId>(number).unwrap(), GroupId::new(42));
    }

    #[test]
    fn an_id_is_parsed_and_displayed_as_its_plain_value() {
        let Ok(id) = "Ch1".parse::<ChainId>();
        assert_eq!((id.to_string(), id.as_str()), ("Ch1".to_owned(), "Ch1"));
        assert_eq!("1".parse(), Ok(GroupId::ROOT));
        assert_eq!(GroupId::ROOT.to_string(), "1");
        assert!("one".parse::<GroupId>().is_err());
    }
}
