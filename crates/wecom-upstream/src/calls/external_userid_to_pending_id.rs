//! `POST corpgroup/batch/external_userid_to_pending_id`: external_userid查询pending_id
//! ([97357](https://developer.work.weixin.qq.com/document/path/97357)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, TokenKind, Violations};
use wecom_core::ids::{ChatId, ExternalUserId, PendingId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::validation;

/// The descriptor of [`ExternalUseridToPendingId`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/batch/external_userid_to_pending_id` |
/// | document | external_userid查询pending_id ([97357](https://developer.work.weixin.qq.com/document/path/97357)) |
/// | token | the upstream corp's or a downstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const EXTERNAL_USERID_TO_PENDING_ID: Endpoint =
    Endpoint::post("external_userid_to_pending_id", "corpgroup/batch/external_userid_to_pending_id")
        .with_title("external_userid查询pending_id")
        .with_documents(&[97357])
        .with_token_kind(TokenKind::UpstreamOrDownstream)
        .with_safety(Safety::Safe)
        .with_quota(USUAL_QUOTA);

/// Looks up which customers had a `pending_id` before a corp added them: external_userid查询pending_id
/// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
///
/// The call takes 1 to 100 ids of customers of the upstream corp or a downstream corp, and accepts the token of either.
/// The reply leaves out customers without a `pending_id`. [`Upstream::pending_ids`](crate::Upstream::pending_ids) looks
/// up any number of customers.
///
/// Error codes: [`INVALID_EXTERNAL_USER_ID`](wecom_core::ErrCode::INVALID_EXTERNAL_USER_ID),
/// [`NOT_AN_EXTERNAL_CONTACT`](wecom_core::ErrCode::NOT_AN_EXTERNAL_CONTACT).
///
/// ```
/// use wecom_upstream::ExternalUserId;
/// use wecom_upstream::calls::ExternalUseridToPendingId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let call = ExternalUseridToPendingId::new([
///     ExternalUserId::new("wmAAAA"),
///     ExternalUserId::new("wmBBBB"),
/// ]);
/// for customer in upstream.external_userid_to_pending_id(call).await?.result {
///     println!("{} had the id {}", customer.external_userid, customer.pending_id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ExternalUseridToPendingId {
    /// The group chat of the customers. With it, only the chat's owner must be visible to the app, and WeCom ignores
    /// customers outside the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// The customers: 1 to 100.
    pub external_userid: Vec<ExternalUserId>,
}

impl ExternalUseridToPendingId {
    /// Creates a call for these customers.
    pub fn new(external_userid: impl IntoIterator<Item = impl Into<ExternalUserId>>) -> Self {
        Self { chat_id: None, external_userid: external_userid.into_iter().map(Into::into).collect() }
    }

    /// Sets the group chat of the customers.
    pub fn chat_id(mut self, chat_id: impl Into<ChatId>) -> Self {
        self.chat_id = Some(chat_id.into());
        self
    }
}

impl ApiCall for ExternalUseridToPendingId {
    const ENDPOINT: &'static Endpoint = &EXTERNAL_USERID_TO_PENDING_ID;
    type Reply = ExternalUseridToPendingIdReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        validation::not_empty(&mut violations, "chat_id", self.chat_id.as_ref().map(ChatId::as_str));
        validation::count(&mut violations, "external_userid", self.external_userid.len(), "ids", 1..=100);
        for (at, id) in self.external_userid.iter().enumerate().filter(|(_, id)| id.as_str().is_empty()) {
            violations.require(format!("external_userid[{at}]"), id.as_str());
        }
        violations.into_result()
    }
}

/// The reply to [`ExternalUseridToPendingId`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalUseridToPendingIdReply {
    /// The customers who have a `pending_id`.
    #[serde(default, deserialize_with = "wire::list")]
    pub result: Vec<PendingUser>,
}

impl ExternalUseridToPendingIdReply {
    /// Creates a reply with these customers.
    pub fn new(result: impl IntoIterator<Item = PendingUser>) -> Self {
        Self { result: result.into_iter().collect() }
    }
}

/// A customer and the customer's `pending_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PendingUser {
    /// The customer.
    pub external_userid: ExternalUserId,
    /// The id that [`UnionidToPendingId`](crate::calls::UnionidToPendingId) returned for the customer.
    pub pending_id: PendingId,
}

impl PendingUser {
    /// Creates a customer with a `pending_id`.
    pub fn new(external_userid: impl Into<ExternalUserId>, pending_id: impl Into<PendingId>) -> Self {
        Self { external_userid: external_userid.into(), pending_id: pending_id.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };

    fn ids(number: usize) -> Vec<ExternalUserId> {
        (0..number).map(|number| ExternalUserId::new(format!("wm{number}"))).collect()
    }

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&EXTERNAL_USERID_TO_PENDING_ID), "UpstreamOrDownstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let ids = [ExternalUserId::new("oAAAAAAA"), ExternalUserId::new("oBBBBB")];
        let call = ExternalUseridToPendingId::new(ids).chat_id(ChatId::new("xxxxxx"));
        assert_request(sample!("external_userid_to_pending_id.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/batch/external_userid_to_pending_id");
    }

    #[test]
    fn an_omitted_chat_is_not_sent() {
        let ids = ids(1);
        assert_eq!(body(&ExternalUseridToPendingId::new(&ids)), json!({"external_userid": ["wm0"]}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<ExternalUseridToPendingId>(
            sample!("external_userid_to_pending_id.reply.json"),
            &ExternalUseridToPendingIdReply::new([
                PendingUser::new(ExternalUserId::new("oAAAAAAA"), PendingId::new("pAAAAA")),
                PendingUser::new(ExternalUserId::new("oBBBBB"), PendingId::new("pBBBBB")),
            ]),
        );
    }

    #[test]
    fn an_absent_or_null_list_has_no_customers() {
        for json in [r#"{"errcode":0}"#, r#"{"result":null,"new":0}"#] {
            assert!(reply::<ExternalUseridToPendingId>(json).unwrap().result.is_empty(), "{json}");
        }
    }

    #[test]
    fn a_customer_without_an_id_is_an_error_with_its_path() {
        let json = r#"{"result":[{"external_userid":"wm1","pending_id":"p"},{"external_userid":"wm2"}]}"#;
        assert_eq!(failing_path::<ExternalUseridToPendingId>(json), "result[1]");
    }

    #[test]
    fn one_to_a_hundred_ids_are_valid() {
        assert_eq!(ExternalUseridToPendingId::new(ids(100)).validate(), Ok(()));
        assert_eq!(rejected_fields(&ExternalUseridToPendingId::new(ids(101))), ["external_userid"]);
        assert_eq!(rejected_fields(&ExternalUseridToPendingId::new(ids(0))), ["external_userid"]);
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let mut ids = ids(3);
        ids[1] = ExternalUserId::new("");
        let call = ExternalUseridToPendingId::new(ids).chat_id(ChatId::new(""));
        assert_eq!(rejected_fields(&call), ["chat_id", "external_userid[1]"]);
    }
}
