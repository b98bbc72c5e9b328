//! `POST corpgroup/corp/get_chain_corpinfo`: 获取企业上下游通讯录下的企业信息
//! ([95820](https://developer.work.weixin.qq.com/document/path/95820)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, CustomId, GroupId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::values::CorpRef;
use crate::values::open_enum::open_enum;

/// The descriptor of [`GetChainCorpinfo`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/get_chain_corpinfo` |
/// | document | 获取企业上下游通讯录下的企业信息 ([95820](https://developer.work.weixin.qq.com/document/path/95820)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CHAIN_CORPINFO: Endpoint = Endpoint::post("get_chain_corpinfo", "corpgroup/corp/get_chain_corpinfo")
    .with_title("获取企业上下游通讯录下的企业信息")
    .with_documents(&[95820])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Returns the details of one corp of a chain: 获取企业上下游通讯录下的企业信息
/// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`CORP_NOT_IN_CHAIN`](wecom_core::ErrCode::CORP_NOT_IN_CHAIN).
///
/// ```
/// use wecom_upstream::calls::GetChainCorpinfo;
/// use wecom_upstream::{ChainId, CorpId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let (chain_id, corp_id) = (ChainId::new("Ch1234"), CorpId::new("ww1234"));
/// let corp = upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain_id, &corp_id)).await?;
/// println!("{} is in group {}", corp.corp_name, corp.groupid);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetChainCorpinfo {
    /// The chain.
    pub chain_id: ChainId,
    /// The corp: `corpid` or `pending_corpid` in JSON.
    #[serde(flatten)]
    pub corp: CorpRef,
}

impl GetChainCorpinfo {
    /// Creates a call for a corp of a chain, named by a [`CorpId`](crate::CorpId), a
    /// [`PendingCorpId`](crate::ids::PendingCorpId) or a [`CorpRef`].
    pub fn new(chain_id: impl Into<ChainId>, corp: impl Into<CorpRef>) -> Self {
        Self { chain_id: chain_id.into(), corp: corp.into() }
    }
}

impl ApiCall for GetChainCorpinfo {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_CORPINFO;
    type Reply = GetChainCorpinfoReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        self.corp.check(&mut violations);
        violations.into_result()
    }
}

/// The reply to [`GetChainCorpinfo`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainCorpinfoReply {
    /// The corp's name; empty if the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub corp_name: String,
    /// The corp's verification status. Present only for corps that have joined.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub qualification_status: Option<QualificationStatus>,
    /// The custom id that the upstream corp assigned to the corp.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// The group that the corp belongs to.
    pub groupid: GroupId,
    /// Whether the corp has joined the chain.
    #[serde(default, deserialize_with = "wire::flag")]
    pub is_joined: bool,
}

impl GetChainCorpinfoReply {
    /// Creates a reply about a corp of a group.
    pub fn new(corp_name: impl Into<String>, groupid: impl Into<GroupId>, is_joined: bool) -> Self {
        Self {
            corp_name: corp_name.into(),
            qualification_status: None,
            custom_id: None,
            groupid: groupid.into(),
            is_joined,
        }
    }

    /// Sets the corp's verification status.
    #[must_use]
    pub fn qualification_status(mut self, status: QualificationStatus) -> Self {
        self.qualification_status = Some(status);
        self
    }

    /// Sets the custom id that the upstream corp assigned to the corp.
    #[must_use]
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }
}

open_enum! {
    /// The verification status of a corp that has joined: `qualification_status`.
    pub enum QualificationStatus {
        /// Unverified (未验证).
        Unverified = 1 => "unverified",
        /// Verified (已验证).
        Verified = 2 => "verified",
        /// Certified (已认证).
        Certified = 3 => "certified",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wecom_core::ids::{CorpId, PendingCorpId};

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_CHAIN_CORPINFO), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let corp = CorpRef::Both { corpid: CorpId::new("xxxxx"), pending_corpid: PendingCorpId::new("xxxxx") };
        let call = GetChainCorpinfo::new(ChainId::new("Chxxxxxx"), corp);
        assert_request(sample!("get_chain_corpinfo.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/get_chain_corpinfo");
    }

    #[test]
    fn an_omitted_id_is_not_sent() {
        let chain_id = ChainId::new("Ch1");
        let joined = GetChainCorpinfo::new(&chain_id, CorpId::new("ww1"));
        assert_eq!(body(&joined), json!({"chain_id": "Ch1", "corpid": "ww1"}));
        let pending = GetChainCorpinfo::new(&chain_id, PendingCorpId::new("pww1"));
        assert_eq!(body(&pending), json!({"chain_id": "Ch1", "pending_corpid": "pww1"}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<GetChainCorpinfo>(
            sample!("get_chain_corpinfo.reply.json"),
            &GetChainCorpinfoReply::new("美馨粮油公司", GroupId::ROOT, false)
                .qualification_status(QualificationStatus::Unverified)
                .custom_id(CustomId::new("xxxxx")),
        );
    }

    #[test]
    fn an_unknown_status_is_kept_and_a_missing_one_is_none() {
        for (status, expected) in [
            ("9", Some(QualificationStatus::Other(9))),
            ("\"3\"", Some(QualificationStatus::Certified)),
            ("\"\"", None),
            ("null", None),
        ] {
            let json = format!(r#"{{"qualification_status":{status},"groupid":"1","custom_id":"","is_joined":"1"}}"#);
            let reply = reply::<GetChainCorpinfo>(&json).unwrap();
            let plain = GetChainCorpinfoReply::new("", GroupId::ROOT, true);
            assert_eq!(reply, GetChainCorpinfoReply { qualification_status: expected, ..plain }, "{status}");
        }
    }

    #[test]
    fn a_reply_without_a_group_is_an_error_that_names_the_field() {
        assert_eq!(failing_path::<GetChainCorpinfo>(r#"{"corp_name":"a","groupid":null}"#), "groupid");
        let error = reply::<GetChainCorpinfo>(r#"{"corp_name":"a"}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `groupid`"), "{error}");
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let corp = CorpRef::Both { corpid: CorpId::new(""), pending_corpid: PendingCorpId::new("") };
        let call = GetChainCorpinfo::new(ChainId::new(""), corp);
        assert_eq!(rejected_fields(&call), ["chain_id", "corpid", "pending_corpid"]);
    }

    #[test]
    fn the_numbers_of_qualification_statuses_are_the_documented_ones() {
        use QualificationStatus::{Certified, Unverified, Verified};
        assert_eq!([Unverified, Verified, Certified].map(QualificationStatus::get), [1, 2, 3]);
    }
}
