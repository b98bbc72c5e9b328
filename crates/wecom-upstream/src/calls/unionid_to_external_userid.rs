//! `POST corpgroup/unionid_to_external_userid`: 通过unionid和openid查询external_userid
//! ([95818](https://developer.work.weixin.qq.com/document/path/95818)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{CorpId, ExternalUserId, OpenId, UnionId};
use wecom_core::{ApiCall, Endpoint, Safety, Secret};

use crate::calls::{UNIONID_QUOTA, USUAL_QUOTA};
use crate::{serde_helpers, validation};

/// The descriptor of [`UnionidToExternalUserid`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/unionid_to_external_userid` |
/// | document | 通过unionid和openid查询external_userid ([95818](https://developer.work.weixin.qq.com/document/path/95818)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 100,000 an hour, 480,000 a day, 7,500,000 a month |
/// | quota with a ticket | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const UNIONID_TO_EXTERNAL_USERID: Endpoint =
    Endpoint::post("unionid_to_external_userid", "corpgroup/unionid_to_external_userid")
        .with_title("通过unionid和openid查询external_userid")
        .with_documents(&[95818])
        .with_safety(Safety::Safe)
        .with_quota(UNIONID_QUOTA)
        .with_ticketed_quota(USUAL_QUOTA);

/// Looks up a WeChat user among the downstream corps' customers: 通过unionid和openid查询external_userid
/// ([95818](https://developer.work.weixin.qq.com/document/path/95818)).
///
/// `unionid` and `openid` must come from the same mini-program or service account, and its principal (主体) must be that
/// of the upstream corp. An upstream corp may make 10,000 calls a minute, 100,000 an hour, 480,000 a day and 7,500,000
/// a month. With a [mass call ticket](UnionidToExternalUserid::mass_call_ticket) it may make 10,000 calls a minute and
/// 150,000 an hour.
///
/// Error codes: [`INVALID_OPEN_ID`](wecom_core::ErrCode::INVALID_OPEN_ID),
/// [`OPEN_ID_OF_WRONG_ACCOUNT`](wecom_core::ErrCode::OPEN_ID_OF_WRONG_ACCOUNT),
/// [`OPEN_ID_OF_ANOTHER_PRINCIPAL`](wecom_core::ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL),
/// [`UNION_ID_OF_ANOTHER_PRINCIPAL`](wecom_core::ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL),
/// [`NOT_AN_EXTERNAL_CONTACT`](wecom_core::ErrCode::NOT_AN_EXTERNAL_CONTACT).
///
/// ```
/// use wecom_upstream::calls::UnionidToExternalUserid;
/// use wecom_upstream::{OpenId, UnionId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let call = UnionidToExternalUserid::new(UnionId::new("oUnion"), OpenId::new("oOpen"));
/// for customer in upstream.unionid_to_external_userid(call).await?.external_userid_info {
///     println!("{} in the corp {}", customer.external_userid, customer.corpid);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct UnionidToExternalUserid {
    /// The user's id in the open platform account.
    pub unionid: UnionId,
    /// The user's id in the mini-program or service account.
    pub openid: OpenId,
    /// The one downstream corp to search; by default all downstream corps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpid: Option<CorpId>,
    /// The ticket that lifts this call's frequency limits for a limited time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_helpers::optional_secret")]
    pub mass_call_ticket: Option<Secret>,
}

impl UnionidToExternalUserid {
    /// Creates a call that searches all downstream corps for a WeChat user.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), corpid: None, mass_call_ticket: None }
    }

    /// Limits the search to one downstream corp.
    pub fn corpid(mut self, corpid: impl Into<CorpId>) -> Self {
        self.corpid = Some(corpid.into());
        self
    }

    /// Sets the ticket that lifts this call's frequency limits for a limited time, such as a
    /// [`MassCallTicket`](crate::values::MassCallTicket). The client's quotas then apply only the lifted limits to the
    /// call, so do not set a ticket that has expired.
    pub fn mass_call_ticket(mut self, ticket: impl Into<Secret>) -> Self {
        self.mass_call_ticket = Some(ticket.into());
        self
    }
}

impl ApiCall for UnionidToExternalUserid {
    const ENDPOINT: &'static Endpoint = &UNIONID_TO_EXTERNAL_USERID;
    type Reply = UnionidToExternalUseridReply;

    fn body_secrets(&self) -> Vec<Secret> {
        self.mass_call_ticket.iter().cloned().collect()
    }

    fn has_ticket(&self) -> bool {
        self.mass_call_ticket.is_some()
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("unionid", self.unionid.as_str());
        violations.require("openid", self.openid.as_str());
        validation::not_empty(&mut violations, "corpid", self.corpid.as_ref().map(CorpId::as_str));
        let ticket = self.mass_call_ticket.as_ref().map(Secret::expose);
        validation::not_empty(&mut violations, "mass_call_ticket", ticket);
        violations.into_result()
    }
}

/// The reply to [`UnionidToExternalUserid`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnionidToExternalUseridReply {
    /// The user's id in each corp that has the user as a customer.
    #[serde(default, deserialize_with = "wire::list")]
    pub external_userid_info: Vec<ExternalUserInfo>,
}

impl UnionidToExternalUseridReply {
    /// Creates a reply with these customers.
    pub fn new(external_userid_info: impl IntoIterator<Item = ExternalUserInfo>) -> Self {
        Self { external_userid_info: external_userid_info.into_iter().collect() }
    }
}

/// The id of a customer in one corp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalUserInfo {
    /// The downstream corp.
    pub corpid: CorpId,
    /// The customer's id in the corp.
    pub external_userid: ExternalUserId,
}

impl ExternalUserInfo {
    /// Creates the id of a customer in a corp.
    pub fn new(corpid: impl Into<CorpId>, external_userid: impl Into<ExternalUserId>) -> Self {
        Self { corpid: corpid.into(), external_userid: external_userid.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(
            facts(&UNIONID_TO_EXTERNAL_USERID),
            "Upstream, Safe, 10000 a minute, 100000 an hour, 480000 a day, 7500000 a month"
        );
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = UnionidToExternalUserid::new(UnionId::new("xxxxx"), OpenId::new("xxxxx"))
            .corpid(CorpId::new("xxxxx"))
            .mass_call_ticket(Secret::new("xxxxx"));
        assert_request(sample!("unionid_to_external_userid.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/unionid_to_external_userid");
    }

    #[test]
    fn omitted_parameters_are_not_sent() {
        let call = UnionidToExternalUserid::new(UnionId::new("u"), OpenId::new("o"));
        assert_eq!(body(&call), json!({"unionid": "u", "openid": "o"}));
        assert!(!call.has_ticket() && call.mass_call_ticket(Secret::new("t")).has_ticket());
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<UnionidToExternalUserid>(
            sample!("unionid_to_external_userid.reply.json"),
            &UnionidToExternalUseridReply::new([
                ExternalUserInfo::new(CorpId::new("AAAAA"), ExternalUserId::new("BBBB")),
                ExternalUserInfo::new(CorpId::new("CCCCC"), ExternalUserId::new("DDDDD")),
            ]),
        );
    }

    #[test]
    fn an_absent_or_null_list_has_no_customers() {
        for json in [r#"{"errcode":0}"#, r#"{"external_userid_info":null,"new":0}"#] {
            assert!(reply::<UnionidToExternalUserid>(json).unwrap().external_userid_info.is_empty(), "{json}");
        }
    }

    #[test]
    fn a_customer_without_an_id_is_an_error_with_its_path() {
        let json = r#"{"external_userid_info":[{"corpid":"ww1","external_userid":null}]}"#;
        assert_eq!(failing_path::<UnionidToExternalUserid>(json), "external_userid_info[0].external_userid");
    }

    #[test]
    fn every_empty_id_is_rejected() {
        let call = UnionidToExternalUserid::new(UnionId::new(""), OpenId::new(""))
            .corpid(CorpId::new(""))
            .mass_call_ticket(Secret::new(""));
        assert_eq!(rejected_fields(&call), ["unionid", "openid", "corpid", "mass_call_ticket"]);
    }
}
