//! `POST corpgroup/corp/remove_corp`: 移除企业
//! ([95822](https://developer.work.weixin.qq.com/document/path/95822)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::ChainId;
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::values::CorpRef;

/// The descriptor of [`RemoveCorp`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/remove_corp` |
/// | document | 移除企业 ([95822](https://developer.work.weixin.qq.com/document/path/95822)) |
/// | token | the upstream corp's |
/// | safety | idempotent |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
/// | concurrency | at most 1 at the same time |
pub const REMOVE_CORP: Endpoint = Endpoint::post("remove_corp", "corpgroup/corp/remove_corp")
    .with_title("移除企业")
    .with_documents(&[95822])
    .with_safety(Safety::Idempotent)
    .with_quota(USUAL_QUOTA)
    .with_concurrency(1);

/// Removes a corp from a chain: 移除企业 ([95822](https://developer.work.weixin.qq.com/document/path/95822)).
///
/// The call removes a corp that has joined or was only invited.
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN);
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN), which after a retry means that an earlier attempt has
/// removed the corp; [`CREATOR_NOT_REMOVABLE`](wecom_core::ErrCode::CREATOR_NOT_REMOVABLE);
/// [`CONCURRENCY_EXCEEDED`](wecom_core::ErrCode::CONCURRENCY_EXCEEDED) while another call of this kind is in flight.
///
/// ```
/// use wecom_upstream::calls::RemoveCorp;
/// use wecom_upstream::{ChainId, CorpId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let (chain_id, corp_id) = (ChainId::new("Ch1234"), CorpId::new("ww1234"));
/// upstream.remove_corp(RemoveCorp::new(&chain_id, &corp_id)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct RemoveCorp {
    /// The chain.
    pub chain_id: ChainId,
    /// The corp: `corpid` or `pending_corpid` in JSON.
    #[serde(flatten)]
    pub corp: CorpRef,
}

impl RemoveCorp {
    /// Creates a call that removes a corp of a chain, named by a [`CorpId`](crate::CorpId), a
    /// [`PendingCorpId`](crate::ids::PendingCorpId) or a [`CorpRef`].
    pub fn new(chain_id: impl Into<ChainId>, corp: impl Into<CorpRef>) -> Self {
        Self { chain_id: chain_id.into(), corp: corp.into() }
    }
}

impl ApiCall for RemoveCorp {
    const ENDPOINT: &'static Endpoint = &REMOVE_CORP;
    type Reply = RemoveCorpReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        self.corp.check(&mut violations);
        violations.into_result()
    }
}

/// The reply to [`RemoveCorp`], which has no fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoveCorpReply {}

impl RemoveCorpReply {
    /// Creates the reply.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_core::ids::{CorpId, PendingCorpId};

    use super::*;
    use crate::samples::{assert_reply, assert_request, body, facts, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&REMOVE_CORP), "Upstream, Idempotent, 10000 a minute, 150000 an hour, 1 at once");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let corp = CorpRef::Both { corpid: CorpId::new("xxxxx"), pending_corpid: PendingCorpId::new("xxxx") };
        let call = RemoveCorp::new(ChainId::new("xxxx"), corp);
        assert_request(sample!("remove_corp.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/remove_corp");
    }

    #[test]
    fn an_omitted_id_is_not_sent() {
        let call = RemoveCorp::new(ChainId::new("Ch1"), PendingCorpId::new("pww1"));
        assert_eq!(body(&call), json!({"chain_id": "Ch1", "pending_corpid": "pww1"}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<RemoveCorp>(sample!("remove_corp.reply.json"), &RemoveCorpReply::new());
    }

    #[test]
    fn unknown_fields_of_the_reply_are_ignored() {
        assert_eq!(reply::<RemoveCorp>(r#"{"errcode":"0","new":[1]}"#).unwrap(), RemoveCorpReply::new());
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let call = RemoveCorp::new(ChainId::new(""), PendingCorpId::new(""));
        assert_eq!(rejected_fields(&call), ["chain_id", "pending_corpid"]);
    }
}
