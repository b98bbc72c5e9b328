//! `POST corpgroup/corp/list_app_share_info`: 获取应用共享信息
//! ([93403](https://developer.work.weixin.qq.com/document/path/93403),
//! [95813](https://developer.work.weixin.qq.com/document/path/95813)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{AgentId, CorpId, Cursor};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::paged_call::{Page, PagedCall};
use crate::values::BusinessType;
use crate::{serde_helpers, validation};

/// The descriptor of [`ListAppShareInfo`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/list_app_share_info` |
/// | document | 获取应用共享信息 ([93403](https://developer.work.weixin.qq.com/document/path/93403), [95813](https://developer.work.weixin.qq.com/document/path/95813)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const LIST_APP_SHARE_INFO: Endpoint = Endpoint::post("list_app_share_info", "corpgroup/corp/list_app_share_info")
    .with_title("获取应用共享信息")
    .with_documents(&[93403, 95813])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA);

/// Lists the corps that an app is shared with, and the app's id in each corp: 获取应用共享信息
/// ([93403](https://developer.work.weixin.qq.com/document/path/93403),
/// [95813](https://developer.work.weixin.qq.com/document/path/95813)).
///
/// The list covers sharing along chains (上下游), unless [`business_type`](Self::business_type) selects another way of
/// sharing. One reply lists all corps, unless a `limit` from 1 to 100 requests pages; then use
/// [`Upstream::pages`](crate::Upstream::pages).
///
/// Error codes: [`INVALID_AGENT_ID`](wecom_core::ErrCode::INVALID_AGENT_ID);
/// [`APP_FORBIDDEN`](wecom_core::ErrCode::APP_FORBIDDEN) if the token belongs to another app;
/// [`APP_NOT_SHARED`](wecom_core::ErrCode::APP_NOT_SHARED).
///
/// ```
/// use wecom_upstream::calls::ListAppShareInfo;
/// use wecom_upstream::AgentId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let call = ListAppShareInfo::new(AgentId::new(1000002));
/// for corp in upstream.list_app_share_info(call).await?.corp_list {
///     println!("{} {}: {}", corp.corpid, corp.corp_name, corp.agentid);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ListAppShareInfo {
    /// The upstream corp's app.
    pub agentid: AgentId,
    /// The way in which the app is shared. It is always sent, because WeCom's default is [`BusinessType::CorpGroup`].
    #[serde(default = "default_of_wecom")]
    pub business_type: BusinessType,
    /// The one downstream corp to list; by default all corps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpid: Option<CorpId>,
    /// The maximum number of corps on a page, 0 to 100; one reply lists all corps if it is absent or 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The start of the page: the `next_cursor` of the previous page; absent or empty for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

fn default_of_wecom() -> BusinessType {
    BusinessType::CorpGroup
}

impl ListAppShareInfo {
    /// Creates a call for an app that is shared along chains (上下游).
    pub fn new(agentid: impl Into<AgentId>) -> Self {
        Self { agentid: agentid.into(), business_type: BusinessType::Chain, corpid: None, limit: None, cursor: None }
    }

    /// Sets the way in which the app is shared.
    pub fn business_type(mut self, business_type: BusinessType) -> Self {
        self.business_type = business_type;
        self
    }

    /// Limits the list to one downstream corp.
    pub fn corpid(mut self, corpid: impl Into<CorpId>) -> Self {
        self.corpid = Some(corpid.into());
        self
    }

    /// Sets the maximum number of corps on a page, 0 to 100.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the start of the page.
    pub fn cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

impl ApiCall for ListAppShareInfo {
    const ENDPOINT: &'static Endpoint = &LIST_APP_SHARE_INFO;
    type Reply = ListAppShareInfoReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        validation::not_empty(&mut violations, "corpid", self.corpid.as_ref().map(CorpId::as_str));
        if let Some(limit) = self.limit.filter(|&limit| limit > 100) {
            violations.add("limit", format!("is {limit}"), "0 to 100");
        }
        violations.into_result()
    }
}

impl PagedCall for ListAppShareInfo {
    type Item = SharedCorp;

    fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    fn set_cursor(&mut self, cursor: Option<Cursor>) {
        self.cursor = cursor;
    }

    fn page_size(&self) -> Option<u32> {
        self.limit
    }

    fn set_page_size(&mut self, size: u32) {
        self.limit = Some(size);
    }

    fn into_page(reply: ListAppShareInfoReply) -> Page<SharedCorp> {
        Page::new(reply.corp_list, reply.next_cursor.filter(|_| !reply.ending))
    }
}

/// The reply to [`ListAppShareInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListAppShareInfoReply {
    /// Whether this is the last page.
    #[serde(default, deserialize_with = "wire::flag", serialize_with = "serde_helpers::flag_as_number")]
    pub ending: bool,
    /// The corps that the app is shared with.
    #[serde(default, deserialize_with = "wire::list")]
    pub corp_list: Vec<SharedCorp>,
    /// The start of the next page; `None` on the last page.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

impl ListAppShareInfoReply {
    /// Creates a reply with these corps as the last page.
    pub fn new(corp_list: impl IntoIterator<Item = SharedCorp>) -> Self {
        Self { ending: true, corp_list: corp_list.into_iter().collect(), next_cursor: None }
    }

    /// Sets the start of the next page, and clears `ending`.
    #[must_use]
    pub fn next_cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.ending = false;
        self.next_cursor = Some(cursor.into());
        self
    }
}

/// A corp that an app is shared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SharedCorp {
    /// The corp.
    pub corpid: CorpId,
    /// The corp's name; empty if the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub corp_name: String,
    /// The app's id in this corp.
    pub agentid: AgentId,
}

impl SharedCorp {
    /// Creates a corp with the app's id in it.
    pub fn new(corpid: impl Into<CorpId>, corp_name: impl Into<String>, agentid: impl Into<AgentId>) -> Self {
        Self { corpid: corpid.into(), corp_name: corp_name.into(), agentid: agentid.into() }
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
        assert_eq!(facts(&LIST_APP_SHARE_INFO), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = ListAppShareInfo::new(AgentId::new(1111))
            .corpid(CorpId::new("wwcorp"))
            .limit(100)
            .cursor(Cursor::new("xxxxxx"));
        assert_request(sample!("list_app_share_info.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/list_app_share_info");
    }

    #[test]
    fn the_business_type_is_always_sent() {
        let call = ListAppShareInfo::new(AgentId::new(1));
        assert_eq!(body(&call), json!({"agentid": 1, "business_type": 1}));
        let call = call.business_type(BusinessType::CorpGroup);
        assert_eq!(body(&call), json!({"agentid": 1, "business_type": 0}));
    }

    #[test]
    fn a_request_without_a_business_type_deserializes_with_the_default_of_wecom() {
        let call: ListAppShareInfo = serde_json::from_str(r#"{"agentid":1}"#).unwrap();
        assert_eq!(call.business_type, BusinessType::CorpGroup);
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<ListAppShareInfo>(
            sample!("list_app_share_info.reply.json"),
            &ListAppShareInfoReply::new([
                SharedCorp::new(CorpId::new("wwcorpid1"), "测试企业1", AgentId::new(1111)),
                SharedCorp::new(CorpId::new("wwcorpid2"), "测试企业2", AgentId::new(1112)),
            ])
            .next_cursor(Cursor::new("next_cursor1111")),
        );
    }

    #[test]
    fn ending_decodes_from_every_form_and_serializes_as_a_number() {
        for (flag, expected) in [("1", 1), ("0", 0), ("\"1\"", 1), ("\"0\"", 0), ("true", 1), ("false", 0), ("null", 0)]
        {
            let reply = reply::<ListAppShareInfo>(&format!(r#"{{"ending":{flag},"next_cursor":""}}"#)).unwrap();
            assert_eq!(serde_json::to_value(&reply).unwrap(), json!({"ending": expected, "corp_list": []}), "{flag}");
        }
    }

    #[test]
    fn an_agentid_may_be_a_string_and_a_name_may_be_absent() {
        let json = r#"{"corp_list":[{"corpid":"ww1","agentid":"1111","new":true}],"next_cursor":null}"#;
        let expected = [SharedCorp::new(CorpId::new("ww1"), "", AgentId::new(1111))];
        assert_eq!(reply::<ListAppShareInfo>(json).unwrap().corp_list, expected);
    }

    #[test]
    fn a_corp_without_an_id_or_agentid_is_an_error_with_its_path() {
        let json = r#"{"corp_list":[{"corpid":null,"agentid":1}]}"#;
        assert_eq!(failing_path::<ListAppShareInfo>(json), "corp_list[0].corpid");
        let json = r#"{"corp_list":[{"corpid":"ww1","agentid":""}]}"#;
        assert_eq!(failing_path::<ListAppShareInfo>(json), "corp_list[0].agentid");
    }

    #[test]
    fn a_limit_over_100_and_an_empty_corp_id_are_rejected() {
        let call = ListAppShareInfo::new(AgentId::new(1));
        assert_eq!(call.clone().limit(0).validate(), Ok(()));
        assert_eq!(call.clone().limit(100).cursor(Cursor::new("")).validate(), Ok(()));
        assert_eq!(rejected_fields(&call.limit(101).corpid(CorpId::new(""))), ["corpid", "limit"]);
    }
}
