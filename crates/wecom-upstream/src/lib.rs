//! The WeCom (企业微信) upstream/downstream (上下游) API, typed, over whatever transport the caller brings.
//!
//! [`Upstream`] has one method for each call. It is made of a [`wecom_core::Client`], which is made of a transport
//! (`wecom-hyper` has one, a closure is one, any HTTP library can be) and a source of tokens.
//!
//! ```
//! use wecom_upstream::wecom_core::{Response, from_fn};
//! use wecom_upstream::{AccessToken, Client, Error, GetChainGroup, Upstream};
//!
//! # fn main() -> Result<(), Error> {
//! # pollster::block_on(async {
//! let transport = from_fn(|request| async move {
//!     Ok(Response::new(200, match request.endpoint().name() {
//!         "get_chain_list" => r#"{"errcode":0,"chains":[{"chain_id":"Ch1","chain_name":"能源供应链"}]}"#,
//!         _ => r#"{"errcode":0,"groups":[{"groupid":2,"group_name":"一级经销商","parentid":1,"order":1}]}"#,
//!     }))
//! });
//! let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build());
//!
//! for chain in upstream.get_chain_list().await?.chains {
//!     let groups = upstream.get_chain_group(GetChainGroup::new(&chain.chain_id)).await?.groups;
//!     assert_eq!((chain.chain_name.as_str(), groups[0].group_name.as_str()), ("能源供应链", "一级经销商"));
//! }
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Calls
//!
//! | method of [`Upstream`] | request | vendor's title |
//! |---|---|---|
//! | [`list_app_share_info`](Upstream::list_app_share_info) | [`ListAppShareInfo`] | 获取应用共享信息 |
//! | [`unionid_to_external_userid`](Upstream::unionid_to_external_userid) | [`UnionidToExternalUserid`] | 通过unionid和openid查询external_userid |
//! | [`unionid_to_pending_id`](Upstream::unionid_to_pending_id) | [`UnionidToPendingId`] | unionid查询pending_id |
//! | [`external_userid_to_pending_id`](Upstream::external_userid_to_pending_id) | [`ExternalUseridToPendingId`] | external_userid查询pending_id |
//! | [`get_chain_list`](Upstream::get_chain_list) | [`GetChainList`] | 获取上下游列表 |
//! | [`get_chain_group`](Upstream::get_chain_group) | [`GetChainGroup`] | 获取上下游通讯录分组 |
//! | [`get_chain_corpinfo_list`](Upstream::get_chain_corpinfo_list) | [`GetChainCorpinfoList`] | 获取企业上下游通讯录分组下的企业详情列表 |
//! | [`get_chain_corpinfo`](Upstream::get_chain_corpinfo) | [`GetChainCorpinfo`] | 获取企业上下游通讯录下的企业信息 |
//! | [`import_chain_contact`](Upstream::import_chain_contact) | [`ImportChainContact`] | 批量导入上下游联系人 |
//! | [`get_result`](Upstream::get_result) | [`GetResult`] | 获取异步任务结果 |
//! | [`remove_corp`](Upstream::remove_corp) | [`RemoveCorp`] | 移除企业 |
//! | [`get_chain_user_custom_id`](Upstream::get_chain_user_custom_id) | [`GetChainUserCustomId`] | 查询成员自定义id |
//! | [`get_corp_shared_chain_list`](Upstream::get_corp_shared_chain_list) | [`GetCorpSharedChainList`] | 获取下级企业加入的上下游 |
//! | [`list_rule_ids`](Upstream::list_rule_ids) | [`ListRuleIds`] | 获取对接规则id列表 |
//! | [`delete_rule`](Upstream::delete_rule) | [`DeleteRule`] | 删除对接规则 |
//! | [`get_rule_info`](Upstream::get_rule_info) | [`GetRuleInfo`] | 获取对接规则详情 |
//! | [`add_rule`](Upstream::add_rule) | [`AddRule`] | 新增对接规则 |
//! | [`modify_rule`](Upstream::modify_rule) | [`ModifyRule`] | 更新对接规则 |
//!
//! One more call, [`TransferSession`] (获取下级/下游企业小程序session), is made with a downstream corp's token and so is
//! no method of [`Upstream`], but of [`Downstream`].
//!
//! WeCom takes 10,000 calls a minute and 150,000 an hour of each from one corp, unless the request says otherwise; the
//! numbers are in the descriptors, which [`ENDPOINTS`] and [`DOWNSTREAM_ENDPOINTS`] list.
//!
//! Requests are checked against the documented rules before anything is sent. Replies are read leniently: what is
//! missing is empty or `None` unless nothing makes sense without it, what is unknown is ignored, and a number that has
//! no name here is kept.
//!
//! # Whole jobs
//!
//! | to | there is |
//! |---|---|
//! | read a list that comes in pages | [`Upstream::pages`], [`Pager`] |
//! | read the whole directory of a chain, and see what has changed | [`Upstream::walk`], [`Walk`], [`ChainTree`] |
//! | import any number of corps, and know what became of each | [`Upstream::import`], [`Import`], [`ImportReport`] |
//! | ask for the `pending_id` of any number of customers | [`Upstream::pending_ids`], [`PendingIds`] |
//! | know which customer is which WeChat user | [`Upstream::map_customers`], [`CustomerMap`] |
//! | call with a downstream corp's token | [`Upstream::share`], [`Share`], [`Downstream`] |
//!
//! # Ids
//!
//! Each kind of id is a type. A call takes it owned or borrowed:
//!
//! ```
//! use wecom_upstream::{ChainId, GetChainGroup};
//!
//! let chain_id = ChainId::new("Ch1234");
//! let call = GetChainGroup::new(&chain_id);
//! # let _ = call;
//! ```
//!
//! and the wrong one does not compile:
//!
//! ```compile_fail,E0277
//! use wecom_upstream::{CorpId, GetChainGroup};
//!
//! let corp_id = CorpId::new("ww1234");
//! let call = GetChainGroup::new(&corp_id);
//! # let _ = call;
//! ```

#[macro_use]
pub mod calls;
pub mod downstream;
mod job_threading;
pub mod jobs;
mod paged_call;
#[cfg(test)]
mod samples;
mod serde_helpers;
mod upstream;
mod validation;
pub mod values;

pub use wecom_core;
pub use wecom_core::ids;
pub use wecom_core::ids::{
    AgentId, ChainId, ChatId, CorpId, Cursor, CustomId, DepartmentId, ExternalUserId, GroupId, JobId, MassCallTicket,
    OpenId, PendingCorpId, PendingId, RuleId, UnionId, UserCustomId, UserId,
};
pub use wecom_core::{
    AccessToken, BaseUrl, Client, Credentials, DownstreamApp, ErrCode, Error, ErrorKind, Local, Quotas, Retry, Secret,
    Shared,
};

pub use crate::calls::{
    ADD_RULE, AddRule, AddRuleReply, DELETE_RULE, DOWNSTREAM_ENDPOINTS, DeleteRule, DeleteRuleReply, ENDPOINTS,
    EXTERNAL_USERID_TO_PENDING_ID, ExternalUserInfo, ExternalUseridToPendingId, ExternalUseridToPendingIdReply,
    FailedContact, FailedCorp, GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, GET_CHAIN_LIST,
    GET_CHAIN_USER_CUSTOM_ID, GET_CORP_SHARED_CHAIN_LIST, GET_RESULT, GET_RULE_INFO, GetChainCorpinfo,
    GetChainCorpinfoList, GetChainCorpinfoListReply, GetChainCorpinfoReply, GetChainGroup, GetChainGroupReply,
    GetChainList, GetChainListReply, GetChainUserCustomId, GetChainUserCustomIdReply, GetCorpSharedChainList,
    GetCorpSharedChainListReply, GetResult, GetResultReply, GetRuleInfo, GetRuleInfoReply, Group, GroupCorp,
    IMPORT_CHAIN_CONTACT, ImportChainContact, ImportChainContactReply, ImportContact, ImportCorp, ImportResult,
    LIST_APP_SHARE_INFO, LIST_RULE_IDS, ListAppShareInfo, ListAppShareInfoReply, ListRuleIds, ListRuleIdsReply,
    MODIFY_RULE, ModifyRule, ModifyRuleReply, PendingUser, REMOVE_CORP, RemoveCorp, RemoveCorpReply, SharedCorp,
    TRANSFER_SESSION, TransferSession, TransferSessionReply, UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID,
    UnionidToExternalUserid, UnionidToExternalUseridReply, UnionidToPendingId, UnionidToPendingIdReply,
};
pub use crate::calls::{IdentityType, ImportStatus, JobStatus, QualificationStatus};
pub use crate::downstream::{Downstream, Share, ShareError};
pub use crate::job_threading::JobThreading;
pub use crate::jobs::chain_tree::{
    ChainDiff, ChainTree, CorpChange, GroupChange, GroupFailure, PlacedCorp, PlacedGroup, TreeGroup,
};
pub use crate::jobs::customers::{
    CustomerMap, CustomerRecord, CustomerStore, MapError, PendingIdAnswer, PendingIds, Recognised, Recognition,
    RememberedPendingId,
};
pub use crate::jobs::import::{
    Import, ImportEvent, ImportFailure, ImportOutcome, ImportProgress, ImportReport, ImportRow, ImportState,
    ImportStop, InvalidImport, InvalidRow, RowProblem,
};
pub use crate::jobs::pager::{Page, PageError, PagePosition, PagedCall, Pager, RepeatedCursor};
#[cfg(feature = "stream")]
pub use crate::jobs::walk::WalkStream;
pub use crate::jobs::walk::{GroupFinding, Walk, WalkEvent, WalkState};
pub use crate::upstream::Upstream;
pub use crate::values::{
    BusinessType, Chain, CorpRef, MemberCorpRange, OwnerCorpRange, RuleInfo, StoredMemberRange, StoredOwnerRange,
    StoredRuleInfo,
};
