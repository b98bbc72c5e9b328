//! `POST corpgroup/get_corp_shared_chain_list`: 获取下级企业加入的上下游
//! ([97442](https://developer.work.weixin.qq.com/document/path/97442)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::CorpId;
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::values::Chain;

/// The descriptor of [`GetCorpSharedChainList`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/get_corp_shared_chain_list` |
/// | document | 获取下级企业加入的上下游 ([97442](https://developer.work.weixin.qq.com/document/path/97442)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CORP_SHARED_CHAIN_LIST: Endpoint =
    Endpoint::post("get_corp_shared_chain_list", "corpgroup/get_corp_shared_chain_list")
        .with_title("获取下级企业加入的上下游")
        .with_documents(&[97442])
        .with_safety(Safety::Safe)
        .with_quota(USUAL_QUOTA);

/// Lists the chains that a downstream corp has joined: 获取下级企业加入的上下游
/// ([97442](https://developer.work.weixin.qq.com/document/path/97442)).
///
/// One reply lists all chains.
///
/// Error codes: [`INVALID_CORP_ID`](wecom_core::ErrCode::INVALID_CORP_ID),
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN).
///
/// ```
/// use wecom_upstream::CorpId;
/// use wecom_upstream::calls::GetCorpSharedChainList;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let corp_id = CorpId::new("ww1234");
/// for chain in upstream
///     .get_corp_shared_chain_list(GetCorpSharedChainList::new(&corp_id))
///     .await?
///     .chains
/// {
///     println!("{corp_id} is in {}", chain.chain_name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetCorpSharedChainList {
    /// The downstream corp.
    pub corpid: CorpId,
}

impl GetCorpSharedChainList {
    /// Creates a call for a downstream corp.
    pub fn new(corpid: impl Into<CorpId>) -> Self {
        Self { corpid: corpid.into() }
    }
}

impl ApiCall for GetCorpSharedChainList {
    const ENDPOINT: &'static Endpoint = &GET_CORP_SHARED_CHAIN_LIST;
    type Reply = GetCorpSharedChainListReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("corpid", self.corpid.as_str());
        violations.into_result()
    }
}

/// The reply to [`GetCorpSharedChainList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetCorpSharedChainListReply {
    /// The chains that the corp has joined.
    #[serde(default, deserialize_with = "wire::list")]
    pub chains: Vec<Chain>,
}

impl GetCorpSharedChainListReply {
    /// Creates a reply with these chains.
    pub fn new(chains: impl IntoIterator<Item = Chain>) -> Self {
        Self { chains: chains.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::ChainId;

    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_CORP_SHARED_CHAIN_LIST), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = GetCorpSharedChainList::new(CorpId::new("xxxxx"));
        assert_request(sample!("get_corp_shared_chain_list.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/get_corp_shared_chain_list");
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetCorpSharedChainList>(
            sample!("get_corp_shared_chain_list.reply.json"),
            &GetCorpSharedChainListReply::new([Chain::new(ChainId::new("xxx"), "xxx")]),
        );
    }

    #[test]
    fn an_absent_or_null_list_has_no_chains() {
        for json in [r#"{"errcode":0}"#, r#"{"errcode":0,"chains":null}"#] {
            assert!(reply::<GetCorpSharedChainList>(json).unwrap().chains.is_empty(), "{json}");
        }
    }

    #[test]
    fn an_empty_corp_id_is_rejected() {
        assert_eq!(rejected_fields(&GetCorpSharedChainList::new(CorpId::new(""))), ["corpid"]);
    }
}
