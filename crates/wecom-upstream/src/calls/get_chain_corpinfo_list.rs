//! `POST corpgroup/corp/get_chain_corpinfo_list`: 获取企业上下游通讯录分组下的企业详情列表
//! ([95820](https://developer.work.weixin.qq.com/document/path/95820)).

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, CorpId, Cursor, CustomId, GroupId, PendingCorpId, UserId};
use wecom_core::{ApiCall, Endpoint, InvalidRequest, Safety, Violations, wire};

use crate::calls::USUAL_QUOTA;
use crate::paged_call::{Page, PagedCall};
use crate::serde_helpers;
use crate::values::CorpRef;

/// The descriptor of [`GetChainCorpinfoList`].
pub const GET_CHAIN_CORPINFO_LIST: Endpoint =
    Endpoint::post("get_chain_corpinfo_list", "corpgroup/corp/get_chain_corpinfo_list")
        .with_title("获取企业上下游通讯录分组下的企业详情列表")
        .with_documents(&[95820])
        .with_safety(Safety::Safe)
        .with_quota(USUAL_QUOTA);

/// Lists the corps of one group of a chain: 获取企业上下游通讯录分组下的企业详情列表
/// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
///
/// Only the corps that lie directly in the group are answered: for a whole chain, list each group of
/// [`GetChainGroup`](crate::calls::GetChainGroup). All come at once, unless a `limit` above 0 asks for pages.
///
/// It may be refused with [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN),
/// [`UNKNOWN_GROUP`](wecom_core::ErrCode::UNKNOWN_GROUP) or
/// [`GROUP_FORBIDDEN`](wecom_core::ErrCode::GROUP_FORBIDDEN).
///
/// ```
/// use wecom_upstream::calls::GetChainCorpinfoList;
/// use wecom_upstream::{ChainId, GroupId};
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let chain_id = ChainId::new("Ch1234");
/// let call = GetChainCorpinfoList::new(&chain_id).groupid(GroupId::new(2)).need_pending(true);
/// for corp in upstream.get_chain_corpinfo_list(call).await?.group_corps {
///     println!("{} {}", corp.corp_name, if corp.is_joined { "has joined" } else { "was invited" });
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client is given it"]
#[non_exhaustive]
pub struct GetChainCorpinfoList {
    /// The chain.
    pub chain_id: ChainId,
    /// The group; the root group when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groupid: Option<GroupId>,
    /// Whether corps that have not joined yet are listed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need_pending: Option<bool>,
    /// Where the page begins: the `next_cursor` of the page before; absent or empty for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many corps a page may have; everything comes at once when it is absent or 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl GetChainCorpinfoList {
    /// The call for the joined corps in the root group of a chain.
    pub fn new(chain_id: impl Into<ChainId>) -> Self {
        Self { chain_id: chain_id.into(), groupid: None, need_pending: None, cursor: None, limit: None }
    }

    /// Sets the group.
    pub fn groupid(mut self, groupid: impl Into<GroupId>) -> Self {
        self.groupid = Some(groupid.into());
        self
    }

    /// Sets whether corps that have not joined yet are listed too.
    pub fn need_pending(mut self, need_pending: bool) -> Self {
        self.need_pending = Some(need_pending);
        self
    }

    /// Sets where the page begins.
    pub fn cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Sets how many corps a page may have.
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

/// What [`GetChainCorpinfoList`] answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetChainCorpinfoListReply {
    /// Whether there are more pages.
    #[serde(default, deserialize_with = "wire::flag")]
    pub has_more: bool,
    /// Where the next page begins. It may be there although there is none: go by `has_more` too.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
    /// The corps.
    #[serde(default, deserialize_with = "wire::list")]
    pub group_corps: Vec<GroupCorp>,
}

impl GetChainCorpinfoListReply {
    /// A reply with these corps, and no further page.
    pub fn new(group_corps: impl IntoIterator<Item = GroupCorp>) -> Self {
        Self { has_more: false, next_cursor: None, group_corps: group_corps.into_iter().collect() }
    }

    /// Makes it a reply that another page follows.
    #[must_use]
    pub fn next_cursor(mut self, cursor: impl Into<Cursor>) -> Self {
        self.has_more = true;
        self.next_cursor = Some(cursor.into());
        self
    }
}

/// A corp in a group of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupCorp {
    /// The group that it lies in.
    pub groupid: GroupId,
    /// Its id since it joined.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub corpid: Option<CorpId>,
    /// Its name; empty when the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub corp_name: String,
    /// What the upstream corp calls it in its own books.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// The upstream corp's member who invited it; only apps under 上下游 → 可调用接口的应用 are told.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub invite_userid: Option<UserId>,
    /// Its id before it joined.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub pending_corpid: Option<PendingCorpId>,
    /// Whether it has joined.
    #[serde(default, deserialize_with = "wire::flag", serialize_with = "serde_helpers::flag_as_number")]
    pub is_joined: bool,
}

impl GroupCorp {
    /// A corp that has joined.
    pub fn joined(groupid: impl Into<GroupId>, corpid: impl Into<CorpId>, corp_name: impl Into<String>) -> Self {
        Self { corpid: Some(corpid.into()), is_joined: true, ..Self::without_ids(groupid.into(), corp_name.into()) }
    }

    /// A corp that was invited and has not joined yet.
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

    /// Sets what the upstream corp calls it.
    #[must_use]
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Sets who invited it.
    #[must_use]
    pub fn invite_userid(mut self, invite_userid: impl Into<UserId>) -> Self {
        self.invite_userid = Some(invite_userid.into());
        self
    }

    /// The corp, as the calls about one corp take it: by the id that fits `is_joined`, or by the one that is there;
    /// `None` when neither is.
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
    use crate::samples::{assert_reply, assert_request, body, failing_path, refused_fields, reply, sample, target};

    #[test]
    fn the_documented_request_is_written() {
        let call = GetChainCorpinfoList::new(ChainId::new("Chxxxxxx"))
            .groupid(GroupId::ROOT)
            .need_pending(false)
            .cursor(Cursor::new(""))
            .limit(0);
        assert_request(sample!("get_chain_corpinfo_list.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/corp/get_chain_corpinfo_list");
    }

    #[test]
    fn what_is_not_given_is_absent() {
        assert_eq!(body(&GetChainCorpinfoList::new(ChainId::new("Ch1"))), json!({"chain_id": "Ch1"}));
    }

    #[test]
    fn the_documented_reply_is_read() {
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
    fn whether_a_corp_has_joined_is_read_in_all_its_forms_and_written_as_a_number() {
        for (flag, expected) in [("1", 1), ("0", 0), ("\"1\"", 1), ("\"0\"", 0), ("true", 1), ("false", 0), ("null", 0)]
        {
            let json = format!(r#"{{"has_more":{flag},"group_corps":[{{"groupid":"2","is_joined":{flag}}}]}}"#);
            let reply = reply::<GetChainCorpinfoList>(&json).unwrap();
            assert_eq!(reply.has_more, expected == 1, "{flag}");
            assert_eq!(serde_json::to_value(&reply.group_corps[0]).unwrap()["is_joined"], expected, "{flag}");
        }
    }

    #[test]
    fn what_is_empty_null_or_absent_is_none() {
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
    fn no_corps_may_be_absent_or_null() {
        for json in [r#"{"errcode":0}"#, r#"{"has_more":false,"group_corps":null}"#] {
            assert!(reply::<GetChainCorpinfoList>(json).unwrap().group_corps.is_empty(), "{json}");
        }
    }

    #[test]
    fn a_corp_without_group_is_an_error_that_says_where() {
        let json = r#"{"group_corps":[{"groupid":1},{"groupid":null}]}"#;
        assert_eq!(failing_path::<GetChainCorpinfoList>(json), "group_corps[1].groupid");
    }

    #[test]
    fn a_corp_is_named_by_the_id_that_fits_or_by_the_one_that_is_there() {
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
    fn an_empty_chain_is_refused() {
        assert_eq!(refused_fields(&GetChainCorpinfoList::new(ChainId::new(""))), ["chain_id"]);
    }
}
