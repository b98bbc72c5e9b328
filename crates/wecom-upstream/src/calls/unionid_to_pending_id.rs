//! `POST corpgroup/unionid_to_pending_id`: unionid查询pending_id
//! ([97357](https://developer.work.weixin.qq.com/document/path/97357)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{OpenId, PendingId, UnionId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::UNIONID_QUOTA;

/// The descriptor of [`UnionidToPendingId`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/unionid_to_pending_id` |
/// | document | unionid查询pending_id ([97357](https://developer.work.weixin.qq.com/document/path/97357)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 100,000 an hour, 480,000 a day, 7,500,000 a month |
pub const UNIONID_TO_PENDING_ID: Endpoint = Endpoint::post("unionid_to_pending_id", "corpgroup/unionid_to_pending_id")
    .with_title("unionid查询pending_id")
    .with_documents(&[97357])
    .with_safety(Safety::Safe)
    .with_quota(UNIONID_QUOTA);

/// Returns a temporary id for a WeChat user who may not be a customer yet: unionid查询pending_id
/// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
///
/// Once a corp adds the user as a customer, [`ExternalUseridToPendingId`](crate::calls::ExternalUseridToPendingId)
/// returns the same id for the customer, which links the two. `unionid` and `openid` must come from the same
/// mini-program or service account, and its principal (主体) must be that of the upstream corp. An upstream corp may make
/// 10,000 calls a minute, 100,000 an hour, 480,000 a day and 7,500,000 a month.
///
/// Error codes: [`INVALID_OPEN_ID`](wecom_core::ErrCode::INVALID_OPEN_ID),
/// [`OPEN_ID_OF_WRONG_ACCOUNT`](wecom_core::ErrCode::OPEN_ID_OF_WRONG_ACCOUNT),
/// [`OPEN_ID_OF_ANOTHER_PRINCIPAL`](wecom_core::ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL),
/// [`UNION_ID_OF_ANOTHER_PRINCIPAL`](wecom_core::ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL).
///
/// ```
/// use wecom_upstream::calls::UnionidToPendingId;
/// use wecom_upstream::{OpenId, UnionId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let call = UnionidToPendingId::new(UnionId::new("oUnion"), OpenId::new("oOpen"));
/// println!("{}", upstream.unionid_to_pending_id(call).await?.pending_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct UnionidToPendingId {
    /// The user's id in the open platform account.
    pub unionid: UnionId,
    /// The user's id in the mini-program or service account.
    pub openid: OpenId,
}

impl UnionidToPendingId {
    /// Creates a call for a WeChat user.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into() }
    }
}

impl ApiCall for UnionidToPendingId {
    const ENDPOINT: &'static Endpoint = &UNIONID_TO_PENDING_ID;
    type Reply = UnionidToPendingIdReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("unionid", self.unionid.as_str());
        violations.require("openid", self.openid.as_str());
        violations.into_result()
    }
}

/// The reply to [`UnionidToPendingId`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnionidToPendingIdReply {
    /// The temporary id of the user, valid for 90 days.
    pub pending_id: PendingId,
}

impl UnionidToPendingIdReply {
    /// Creates a reply with this id.
    pub fn new(pending_id: impl Into<PendingId>) -> Self {
        Self { pending_id: pending_id.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, failing_path, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(
            facts(&UNIONID_TO_PENDING_ID),
            "Upstream, Safe, 10000 a minute, 100000 an hour, 480000 a day, 7500000 a month"
        );
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = UnionidToPendingId::new(UnionId::new("UNIONID"), OpenId::new("OPENID"));
        assert_request(sample!("unionid_to_pending_id.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/unionid_to_pending_id");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<UnionidToPendingId>(
            sample!("unionid_to_pending_id.reply.json"),
            &UnionidToPendingIdReply::new(PendingId::new("PENDINGID")),
        );
    }

    #[test]
    fn a_numeric_id_decodes_and_unknown_fields_are_ignored() {
        let reply = reply::<UnionidToPendingId>(r#"{"pending_id":7,"new":{"a":1}}"#).unwrap();
        assert_eq!(reply.pending_id, PendingId::new("7"));
    }

    #[test]
    fn a_reply_without_an_id_is_an_error_that_names_the_field() {
        assert_eq!(failing_path::<UnionidToPendingId>(r#"{"pending_id":null}"#), "pending_id");
        let error = reply::<UnionidToPendingId>(r#"{"errcode":0}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `pending_id`"), "{error}");
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let call = UnionidToPendingId::new(UnionId::new(""), OpenId::new(""));
        assert_eq!(rejected_fields(&call), ["unionid", "openid"]);
    }
}
