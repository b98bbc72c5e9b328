//! `GET corpgroup/corp/get_chain_list`: 获取上下游列表
//! ([95820](https://developer.work.weixin.qq.com/document/path/95820)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::values::Chain;

/// The descriptor of [`GetChainList`].
///
/// | setting | value |
/// |---|---|
/// | request | `GET corpgroup/corp/get_chain_list` |
/// | document | 获取上下游列表 ([95820](https://developer.work.weixin.qq.com/document/path/95820)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CHAIN_LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list")
    .with_title("获取上下游列表")
    .with_documents(&[95820])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Lists the chains that the app can access: 获取上下游列表
/// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
///
/// The call has no parameters. One reply lists all chains.
///
/// Error codes: [`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN) if the admin console does not list the app under
/// 上下游 → 可调用接口的应用.
///
/// ```
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// for chain in upstream.get_chain_list().await?.chains {
///     println!("{} {}", chain.chain_id, chain.chain_name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetChainList {}

impl GetChainList {
    /// Creates the call.
    pub fn new() -> Self {
        Self {}
    }
}

impl ApiCall for GetChainList {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_LIST;
    type Reply = GetChainListReply;
}

/// The reply to [`GetChainList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainListReply {
    /// The chains.
    #[serde(default, deserialize_with = "wire::list")]
    pub chains: Vec<Chain>,
}

impl GetChainListReply {
    /// Creates a reply with these chains.
    pub fn new(chains: impl IntoIterator<Item = Chain>) -> Self {
        Self { chains: chains.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::ChainId;

    use super::*;
    use crate::samples::{assert_reply, facts, failing_path, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_CHAIN_LIST), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_request_is_a_get_without_query_or_body() {
        assert_eq!(target(&GetChainList::new()), "GET corpgroup/corp/get_chain_list");
        assert_eq!(GetChainList::new().body(), Ok(None));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetChainList>(
            sample!("get_chain_list.reply.json"),
            &GetChainListReply::new([
                Chain::new(ChainId::new("chainid1"), "能源供应链"),
                Chain::new(ChainId::new("chainid2"), "原材料供应链"),
            ]),
        );
    }

    #[test]
    fn an_absent_null_or_empty_list_has_no_chains() {
        for json in [r#"{"errcode":0}"#, r#"{"errcode":0,"chains":null}"#, r#"{"chains":[]}"#] {
            assert!(reply::<GetChainList>(json).unwrap().chains.is_empty(), "{json}");
        }
    }

    #[test]
    fn a_name_is_optional_and_an_id_is_required() {
        let reply = reply::<GetChainList>(r#"{"chains":[{"chain_id":7},{"chain_id":"a","chain_name":null,"new":{}}]}"#);
        assert_eq!(reply.unwrap().chains, [Chain::new(ChainId::new("7"), ""), Chain::new(ChainId::new("a"), "")]);
        assert_eq!(failing_path::<GetChainList>(r#"{"chains":[{"chain_id":"a"},{"chain_name":"b"}]}"#), "chains[1]");
        assert_eq!(failing_path::<GetChainList>(r#"{"chains":[{"chain_id":null}]}"#), "chains[0].chain_id");
    }
}
