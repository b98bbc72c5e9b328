//! `POST corpgroup/corp/get_chain_corpinfo_list`: 获取企业上下游通讯录分组下的企业详情列表
//! ([95820](https://developer.work.weixin.qq.com/document/path/95820)).

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, CorpId, Cursor, CustomId, GroupId, PendingCorpId, UserId};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls::USUAL_QUOTA;
use crate::paged_call::{Page, PagedCall};
use crate::serde_helpers;
use crate::values::CorpRef;

/// The descriptor of [`GetChainCorpinfoList`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/corp/get_chain_corpinfo_list` |
/// | document | 获取企业上下游通讯录分组下的企业详情列表 ([95820](https://developer.work.weixin.qq.com/document/path/95820)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const GET_CHAIN_CORPINFO_LIST: Endpoint =
    Endpoint::post("get_chain_corpinfo_list", "corpgroup/corp/get_chain_corpinfo_list")
        .with_title("获取企业上下游通讯录分组下的企业详情列表")
        .with_documents(&[95820])
        .with_safety(Safety::Safe)
        .with_quota(USUAL_QUOTA);

/// Lists the corps of one group of a chain: 获取企业上下游通讯录分组下的企业详情列表
/// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
///
/// The reply lists only the direct members of the group, not those of the groups below it. To read a whole chain, use
/// [`Upstream::walk`](crate::Upstream::walk). One reply lists all corps, unless a `limit` above 0 requests pages; then
/// use [`Upstream::pages`](crate::Upstream::pages).
///
/// Error codes: [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP), [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN).
///
/// ```
/// use wecom_upstream::calls::GetChainCorpinfoList;
/// use wecom_upstream::{ChainId, GroupId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let chain_id = ChainId::new("Ch1234");
/// let call =
///     GetChainCorpinfoList::new(&chain_id).groupid(GroupId::new(2)).need_pending(true);
/// for corp in upstream.get_chain_corpinfo_list(call).await?.group_corps {
///     println!(
///         "{} {}",
///         corp.corp_name,
///         if corp.is_joined { "has joined" } else { "was invited" }
///     );
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetChainCorpinfoList {
    /// The chain.
    pub chain_id: ChainId,
    /// The group; by default the root group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groupid: Option<GroupId>,
    /// Whether the list includes corps that have not joined yet; not by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need_pending: Option<bool>,
    /// The start of the page: the `next_cursor` of the previous page; absent or empty for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// The maximum number of corps on a page; one reply lists all corps if it is absent or 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl GetChainCorpinfoList {
    /// Creates a call for the corps of a chain's root group that have joined.
    pub fn new(chain_id: impl Into<ChainId>) -> Self {
        Self { chain_id: chain_id.into(), groupid: None, need_pending: None, cursor: None, limit: None }
    }

    /// Sets the group.
    pub fn groupid(mut self, groupid: impl Into<GroupId>) -> Self {
        self.groupid = Some(groupid.into());
        self
    }

    /// Sets whether the list includes corps that have not joined yet.
    pub fn need_pending(mut self, need_pending: bool) -> Self {
        self.need_pending = Some(need_pending);
        self
    }

    /// Sets the start of the page.
    pub fn cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Sets the maximum number of corps on a page.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl ApiCall for GetChainCorpinfoList {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_CORPINFO_LIST;
    type Reply = GetChainCorpinfoListReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        violations.into_result()
    }
}

impl PagedCall for GetChainCorpinfoList {
    type Item = GroupCorp;

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

    fn into_page(reply: GetChainCorpinfoListReply) -> Page<GroupCorp> {
        Page::new(reply.group_corps, reply.next_cursor.filter(|_| reply.has_more))
    }
}

/// The reply to [`GetChainCorpinfoList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainCorpinfoListReply {
    /// Whether another page follows.
    #[serde(default, deserialize_with = "wire::flag")]
    pub has_more: bool,
    /// The start of the next page. It may be present on the last page: check `has_more` too.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
    /// The corps.
    #[serde(default, deserialize_with = "wire::list")]
    pub group_corps: Vec<GroupCorp>,
}

impl GetChainCorpinfoListReply {
    /// Creates a reply with these corps as the last page.
    pub fn new(group_corps: impl IntoIterator<Item = GroupCorp>) -> Self {
        Self { has_more: false, next_cursor: None, group_corps: group_corps.into_iter().collect() }
    }

    /// Sets the start of the next page, and `has_more`.
    #[must_use]
    pub fn next_cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.has_more = true;
        self.next_cursor = Some(cursor.into());
        self
    }
}

/// A corp of a group of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Unchecked")]
#[non_exhaustive]
pub struct GroupCorp {
    /// The group that the corp belongs to.
    pub groupid: GroupId,
    /// The corp's id; present once it has joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corpid: Option<CorpId>,
    /// The corp's name; empty if the reply has none.
    pub corp_name: String,
    /// The custom id that the upstream corp assigned to the corp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// The upstream corp's member who invited the corp. Present only for apps under 上下游 → 可调用接口的应用.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_userid: Option<UserId>,
    /// The corp's id from before it joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_corpid: Option<PendingCorpId>,
    /// Whether the corp has joined the chain. If the reply does not say so, a corp with a `corpid` has joined.
    #[serde(serialize_with = "serde_helpers::flag_as_number")]
    pub is_joined: bool,
}

/// The fields of a [`GroupCorp`] as a reply has them.
#[derive(Deserialize)]
struct Unchecked {
    groupid: GroupId,
    #[serde(default, deserialize_with = "wire::optional")]
    corpid: Option<CorpId>,
    #[serde(default, deserialize_with = "wire::text")]
    corp_name: String,
    #[serde(default, deserialize_with = "wire::optional")]
    custom_id: Option<CustomId>,
    #[serde(default, deserialize_with = "wire::optional")]
    invite_userid: Option<UserId>,
    #[serde(default, deserialize_with = "wire::optional")]
    pending_corpid: Option<PendingCorpId>,
    #[serde(default, deserialize_with = "serde_helpers::optional_flag")]
    is_joined: Option<bool>,
}

impl From<Unchecked> for GroupCorp {
    fn from(fields: Unchecked) -> Self {
        let Unchecked { groupid, corpid, corp_name, custom_id, invite_userid, pending_corpid, is_joined } = fields;
        let is_joined = is_joined.unwrap_or(corpid.is_some());
        Self { groupid, corpid, corp_name, custom_id, invite_userid, pending_corpid, is_joined }
    }
}

impl GroupCorp {
    /// Creates a corp that has joined.
    pub fn joined(groupid: impl Into<GroupId>, corpid: impl Into<CorpId>, corp_name: impl Into<String>) -> Self {
        Self { corpid: Some(corpid.into()), is_joined: true, ..Self::without_ids(groupid.into(), corp_name.into()) }
    }

    /// Creates a corp that was invited and has not joined yet.
    pub fn pending(
        groupid: impl Into<GroupId>,
        pending_corpid: impl Into<PendingCorpId>,
        corp_name: impl Into<String>,
    ) -> Self {
        Self { pending_corpid: Some(pending_corpid.into()), ..Self::without_ids(groupid.into(), corp_name.into()) }
    }

    fn without_ids(groupid: GroupId, corp_name: String) -> Self {
        Self {
            groupid,
            corpid: None,
            corp_name,
            custom_id: None,
            invite_userid: None,
            pending_corpid: None,
            is_joined: false,
        }
    }

    /// Sets the custom id that the upstream corp assigned to the corp.
    #[must_use]
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Sets the member who invited the corp.
    #[must_use]
    pub fn invite_userid(mut self, invite_userid: impl Into<UserId>) -> Self {
        self.invite_userid = Some(invite_userid.into());
        self
    }

    /// Returns a reference to the corp for the calls about one corp. It has the id that matches `is_joined`, or else
    /// the other id; `None` if the corp has neither.
    #[must_use]
    pub fn corp(&self) -> Option<CorpRef> {
        let joined = self.corpid.as_ref().map(CorpRef::from);
        let pending = self.pending_corpid.as_ref().map(CorpRef::from);
        if self.is_joined { joined.or(pending) } else { pending.or(joined) }
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
        assert_eq!(facts(&GET_CHAIN_CORPINFO_LIST), "Upstream, Safe, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = GetChainCorpinfoList::new(ChainId::new("Chxxxxxx"))
            .groupid(GroupId::ROOT)
            .need_pending(false)
            .cursor(Cursor::new(""))
            .limit(0);
        assert_request(sample!("get_chain_corpinfo_list.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/get_chain_corpinfo_list");
    }

    #[test]
    fn omitted_parameters_are_not_sent() {
        assert_eq!(body(&GetChainCorpinfoList::new(ChainId::new("Ch1"))), json!({"chain_id": "Ch1"}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        let corp = GroupCorp::joined(GroupId::new(2), CorpId::new("wwxxxx"), "美馨粮油公司")
            .custom_id(CustomId::new("custom_id"))
            .invite_userid(UserId::new("zhangsan"));
        let corp = GroupCorp { pending_corpid: Some(PendingCorpId::new("wwxxxx")), ..corp };
        let expected = GetChainCorpinfoListReply::new([corp]).next_cursor(Cursor::new("xxx"));
        assert_reply::<GetChainCorpinfoList>(
            sample!("get_chain_corpinfo_list.reply.json"),
            &GetChainCorpinfoListReply { has_more: false, ..expected },
        );
    }

    #[test]
    fn is_joined_decodes_from_every_form_and_serializes_as_a_number() {
        for (flag, expected) in [("1", 1), ("0", 0), ("\"1\"", 1), ("\"0\"", 0), ("true", 1), ("false", 0), ("null", 0)]
        {
            let json = format!(r#"{{"has_more":{flag},"group_corps":[{{"groupid":"2","is_joined":{flag}}}]}}"#);
            let reply = reply::<GetChainCorpinfoList>(&json).unwrap();
            assert_eq!(reply.has_more, expected == 1, "{flag}");
            assert_eq!(serde_json::to_value(&reply.group_corps[0]).unwrap()["is_joined"], expected, "{flag}");
        }
    }

    #[test]
    fn a_corp_with_a_corpid_and_without_is_joined_has_joined() {
        for (fields, is_joined) in [
            (r#""corpid":"ww1""#, true),
            (r#""corpid":"ww1","is_joined":null"#, true),
            (r#""corpid":"ww1","is_joined":"""#, true),
            (r#""corpid":"ww1","is_joined":0"#, false),
            (r#""pending_corpid":"wp1""#, false),
            (r#""corpid":"","pending_corpid":"wp1""#, false),
        ] {
            let reply = reply::<GetChainCorpinfoList>(&format!(r#"{{"group_corps":[{{"groupid":2,{fields}}}]}}"#));
            assert_eq!(reply.unwrap().group_corps[0].is_joined, is_joined, "{fields}");
        }
    }

    #[test]
    fn an_empty_null_or_absent_field_is_none() {
        let json = r#"{"next_cursor":"","group_corps":[
            {"groupid":2,"corpid":"","custom_id":null,"invite_userid":"","pending_corpid":"p","corp_name":null,"new":1}
        ]}"#;
        let reply = reply::<GetChainCorpinfoList>(json).unwrap();
        assert_eq!(
            reply,
            GetChainCorpinfoListReply::new([GroupCorp::pending(GroupId::new(2), PendingCorpId::new("p"), "")])
        );
    }

    #[test]
    fn an_absent_or_null_list_has_no_corps() {
        for json in [r#"{"errcode":0}"#, r#"{"has_more":false,"group_corps":null}"#] {
            assert!(reply::<GetChainCorpinfoList>(json).unwrap().group_corps.is_empty(), "{json}");
        }
    }

    #[test]
    fn a_corp_without_a_group_is_an_error_with_its_path() {
        let json = r#"{"group_corps":[{"groupid":1},{"groupid":null}]}"#;
        assert_eq!(failing_path::<GetChainCorpinfoList>(json), "group_corps[1].groupid");
    }

    #[test]
    fn corp_prefers_the_id_that_matches_is_joined() {
        let (corpid, pending_corpid) = (CorpId::new("ww1"), PendingCorpId::new("pww1"));
        let mut corp = GroupCorp::joined(GroupId::ROOT, &corpid, "");
        corp.pending_corpid = Some(pending_corpid.clone());
        assert_eq!(corp.corp(), Some(CorpRef::from(&corpid)));
        corp.is_joined = false;
        assert_eq!(corp.corp(), Some(CorpRef::from(&pending_corpid)));
        corp.pending_corpid = None;
        assert_eq!(corp.corp(), Some(CorpRef::from(&corpid)));
        corp.corpid = None;
        assert_eq!(corp.corp(), None);
    }

    #[test]
    fn an_empty_chain_id_is_rejected() {
        assert_eq!(rejected_fields(&GetChainCorpinfoList::new(ChainId::new(""))), ["chain_id"]);
    }
}
