//! `POST corpgroup/corp/get_chain_user_custom_id`: 查询成员自定义id
//! ([97441](https://developer.work.weixin.qq.com/document/path/97441)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, CorpId, UserCustomId, UserId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;

/// The descriptor of [`GetChainUserCustomId`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/get_chain_user_custom_id` |
/// | document | 查询成员自定义id ([97441](https://developer.work.weixin.qq.com/document/path/97441)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CHAIN_USER_CUSTOM_ID: Endpoint =
    Endpoint::post("get_chain_user_custom_id", "corpgroup/corp/get_chain_user_custom_id")
        .with_title("查询成员自定义id")
        .with_documents(&[97441])
        .with_safety(Safety::Safe)
        .with_quota(USUAL_QUOTA);

/// Returns the custom id that the upstream corp assigned to a member of a downstream corp: 查询成员自定义id
/// ([97441](https://developer.work.weixin.qq.com/document/path/97441)).
///
/// The id is [assigned](crate::calls::ImportContact::user_custom_id) when the member is imported.
///
/// Error codes: [`USER_CUSTOM_ID_UNSET`](wecom_core::ErrCode::USER_CUSTOM_ID_UNSET) if the member has no custom id,
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN), [`UNKNOWN_USER`](wecom_core::ErrCode::UNKNOWN_USER).
///
/// ```
/// use wecom_core::ErrCode;
/// use wecom_upstream::calls::GetChainUserCustomId;
/// use wecom_upstream::{ChainId, CorpId, UserId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let (chain_id, corp_id, user_id) =
///     (ChainId::new("Ch1234"), CorpId::new("ww1234"), UserId::new("zhangsan"));
/// match upstream
///     .get_chain_user_custom_id(GetChainUserCustomId::new(&chain_id, &corp_id, &user_id))
///     .await
/// {
///     Ok(reply) => println!("{user_id} is {}", reply.user_custom_id),
///     Err(error) if error.code() == Some(ErrCode::USER_CUSTOM_ID_UNSET) => {
///         println!("{user_id} has no id")
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetChainUserCustomId {
    /// The chain.
    pub chain_id: ChainId,
    /// The downstream corp, which must have joined.
    pub corpid: CorpId,
    /// The downstream corp's member.
    pub userid: UserId,
}

impl GetChainUserCustomId {
    /// Creates a call for a member of a downstream corp.
    pub fn new(chain_id: impl Into<ChainId>, corpid: impl Into<CorpId>, userid: impl Into<UserId>) -> Self {
        Self { chain_id: chain_id.into(), corpid: corpid.into(), userid: userid.into() }
    }
}

impl ApiCall for GetChainUserCustomId {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_USER_CUSTOM_ID;
    type Reply = GetChainUserCustomIdReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.require("corpid", self.corpid.as_str());
        violations.require("userid", self.userid.as_str());
        violations.into_result()
    }
}

/// The reply to [`GetChainUserCustomId`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainUserCustomIdReply {
    /// The custom id that the upstream corp assigned to the member.
    pub user_custom_id: UserCustomId,
}

impl GetChainUserCustomIdReply {
    /// Creates a reply with this id.
    pub fn new(user_custom_id: impl Into<UserCustomId>) -> Self {
        Self { user_custom_id: user_custom_id.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, failing_path, rejected_fields, reply, sample, target};

    fn call(chain_id: &str, corpid: &str, userid: &str) -> GetChainUserCustomId {
        GetChainUserCustomId::new(ChainId::new(chain_id), CorpId::new(corpid), UserId::new(userid))
    }

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_CHAIN_USER_CUSTOM_ID), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = call("Chxxxxxx", "xxxxx", "xxxxx");
        assert_request(sample!("get_chain_user_custom_id.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/get_chain_user_custom_id");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetChainUserCustomId>(
            sample!("get_chain_user_custom_id.reply.json"),
            &GetChainUserCustomIdReply::new(UserCustomId::new("1234")),
        );
    }

    #[test]
    fn a_numeric_id_keeps_all_digits() {
        let reply = reply::<GetChainUserCustomId>(r#"{"user_custom_id":18446744073709551614}"#).unwrap();
        assert_eq!(reply.user_custom_id, UserCustomId::new("18446744073709551614"));
    }

    #[test]
    fn a_reply_without_an_id_is_an_error_that_names_the_field() {
        assert_eq!(failing_path::<GetChainUserCustomId>(r#"{"user_custom_id":null}"#), "user_custom_id");
        let error = reply::<GetChainUserCustomId>(r#"{"errcode":0}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `user_custom_id`"), "{error}");
    }

    #[test]
    fn every_empty_id_is_rejected() {
        assert_eq!(rejected_fields(&call("", "", "")), ["chain_id", "corpid", "userid"]);
    }
}
