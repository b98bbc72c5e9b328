//! The facade: one method for each call.

use std::fmt;
use std::time::Duration;

use wecom_core::{Client, Error, Shared, Threading};

use crate::calls::{
    AddRule, AddRuleReply, DeleteRule, DeleteRuleReply, ExternalUseridToPendingId, ExternalUseridToPendingIdReply,
    GetChainCorpinfo, GetChainCorpinfoList, GetChainCorpinfoListReply, GetChainCorpinfoReply, GetChainGroup,
    GetChainGroupReply, GetChainList, GetChainListReply, GetChainUserCustomId, GetChainUserCustomIdReply,
    GetCorpSharedChainList, GetCorpSharedChainListReply, GetResult, GetResultReply, GetRuleInfo, GetRuleInfoReply,
    ImportChainContact, ImportChainContactReply, ListAppShareInfo, ListAppShareInfoReply, ListRuleIds,
    ListRuleIdsReply, ModifyRule, ModifyRuleReply, RemoveCorp, RemoveCorpReply, UnionidToExternalUserid,
    UnionidToExternalUseridReply, UnionidToPendingId, UnionidToPendingIdReply,
};

/// The upstream corp's side of the API: one method for each call, named as the vendor names it.
///
/// Cheap to clone; all clones share the client's transport and token. The parameter is the [threading
/// family](Threading) and can be left out.
///
/// Each method takes its request by value. To keep a request, give a reference to the [client](Upstream::client):
///
/// ```
/// use wecom_upstream::{ChainId, GetChainGroup, Upstream};
///
/// # async fn example(upstream: Upstream) -> Result<(), wecom_core::Error> {
/// let call = GetChainGroup::new(ChainId::new("Ch1234"));
/// let before = upstream.client().call(&call).await?;
/// let after = upstream.get_chain_group(call).await?;
/// # assert_eq!(before, after);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Every method fails as [`Client::call`] does, with an [`Error`] that says what happened and what to do. The codes
/// that WeCom typically refuses a call with are listed at its request.
pub struct Upstream<M: Threading = Shared> {
    client: Client<M>,
}

impl<M: Threading> Upstream<M> {
    /// The API over a client that has the tokens of the upstream corp's app.
    #[must_use]
    pub fn new(client: Client<M>) -> Self {
        Self { client }
    }

    /// The client below, for calls that have no method here.
    #[must_use]
    pub fn client(&self) -> &Client<M> {
        &self.client
    }

    /// The same with a limit for each request; see [`Client::with_time_limit`].
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self::new(self.client.with_time_limit(limit))
    }

    /// The same with a limit for each whole call; see [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self::new(self.client.with_deadline(limit))
    }

    /// Lists the corps that an app is shared with, and the app's id in each: 获取应用共享信息
    /// ([93403](https://developer.work.weixin.qq.com/document/path/93403),
    /// [95813](https://developer.work.weixin.qq.com/document/path/95813)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ListAppShareInfo`].
    pub async fn list_app_share_info(&self, call: ListAppShareInfo) -> Result<ListAppShareInfoReply, Error> {
        self.client.call(call).await
    }

    /// Finds a WeChat user among the downstream corps' customers: 通过unionid和openid查询external_userid
    /// ([95818](https://developer.work.weixin.qq.com/document/path/95818)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`UnionidToExternalUserid`].
    pub async fn unionid_to_external_userid(
        &self,
        call: UnionidToExternalUserid,
    ) -> Result<UnionidToExternalUseridReply, Error> {
        self.client.call(call).await
    }

    /// Gives a WeChat user who need not be a customer yet an id to know him by later: unionid查询pending_id
    /// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`UnionidToPendingId`].
    pub async fn unionid_to_pending_id(&self, call: UnionidToPendingId) -> Result<UnionidToPendingIdReply, Error> {
        self.client.call(call).await
    }

    /// Finds out which customers were known by a `pending_id` before they were added: external_userid查询pending_id
    /// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ExternalUseridToPendingId`].
    pub async fn external_userid_to_pending_id(
        &self,
        call: ExternalUseridToPendingId,
    ) -> Result<ExternalUseridToPendingIdReply, Error> {
        self.client.call(call).await
    }

    /// Lists the chains that the app may see: 获取上下游列表
    /// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetChainList`].
    pub async fn get_chain_list(&self) -> Result<GetChainListReply, Error> {
        self.client.call(GetChainList::new()).await
    }

    /// Lists the groups of a chain's address book: 获取上下游通讯录分组
    /// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetChainGroup`].
    pub async fn get_chain_group(&self, call: GetChainGroup) -> Result<GetChainGroupReply, Error> {
        self.client.call(call).await
    }

    /// Lists the corps of one group of a chain: 获取企业上下游通讯录分组下的企业详情列表
    /// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetChainCorpinfoList`].
    pub async fn get_chain_corpinfo_list(
        &self,
        call: GetChainCorpinfoList,
    ) -> Result<GetChainCorpinfoListReply, Error> {
        self.client.call(call).await
    }

    /// Tells about one corp of a chain: 获取企业上下游通讯录下的企业信息
    /// ([95820](https://developer.work.weixin.qq.com/document/path/95820)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetChainCorpinfo`].
    pub async fn get_chain_corpinfo(&self, call: GetChainCorpinfo) -> Result<GetChainCorpinfoReply, Error> {
        self.client.call(call).await
    }

    /// Starts to import corps and their contacts into a chain: 批量导入上下游联系人
    /// ([95821](https://developer.work.weixin.qq.com/document/path/95821)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ImportChainContact`].
    pub async fn import_chain_contact(&self, call: ImportChainContact) -> Result<ImportChainContactReply, Error> {
        self.client.call(call).await
    }

    /// Tells how far an import is, and what became of it: 获取异步任务结果
    /// ([95823](https://developer.work.weixin.qq.com/document/path/95823)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetResult`].
    pub async fn get_result(&self, call: GetResult) -> Result<GetResultReply, Error> {
        self.client.call(call).await
    }

    /// Removes a corp from a chain: 移除企业
    /// ([95822](https://developer.work.weixin.qq.com/document/path/95822)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`RemoveCorp`].
    pub async fn remove_corp(&self, call: RemoveCorp) -> Result<RemoveCorpReply, Error> {
        self.client.call(call).await
    }

    /// Tells what the upstream corp calls a member of a downstream corp in its own books: 查询成员自定义id
    /// ([97441](https://developer.work.weixin.qq.com/document/path/97441)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetChainUserCustomId`].
    pub async fn get_chain_user_custom_id(
        &self,
        call: GetChainUserCustomId,
    ) -> Result<GetChainUserCustomIdReply, Error> {
        self.client.call(call).await
    }

    /// Lists the chains that a downstream corp has joined: 获取下级企业加入的上下游
    /// ([97442](https://developer.work.weixin.qq.com/document/path/97442)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetCorpSharedChainList`].
    pub async fn get_corp_shared_chain_list(
        &self,
        call: GetCorpSharedChainList,
    ) -> Result<GetCorpSharedChainListReply, Error> {
        self.client.call(call).await
    }

    /// Lists the rules between upstream and downstream of a chain, by their ids: 获取对接规则id列表
    /// ([95631](https://developer.work.weixin.qq.com/document/path/95631)).
    ///
    /// The vendor's path is `rule/list_ids`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ListRuleIds`].
    pub async fn list_rule_ids(&self, call: ListRuleIds) -> Result<ListRuleIdsReply, Error> {
        self.client.call(call).await
    }

    /// Deletes a rule between upstream and downstream: 删除对接规则
    /// ([95632](https://developer.work.weixin.qq.com/document/path/95632)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`DeleteRule`].
    pub async fn delete_rule(&self, call: DeleteRule) -> Result<DeleteRuleReply, Error> {
        self.client.call(call).await
    }

    /// Tells what a rule between upstream and downstream says: 获取对接规则详情
    /// ([95633](https://developer.work.weixin.qq.com/document/path/95633)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`GetRuleInfo`].
    pub async fn get_rule_info(&self, call: GetRuleInfo) -> Result<GetRuleInfoReply, Error> {
        self.client.call(call).await
    }

    /// Adds a rule between upstream and downstream: 新增对接规则
    /// ([95634](https://developer.work.weixin.qq.com/document/path/95634)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`AddRule`].
    pub async fn add_rule(&self, call: AddRule) -> Result<AddRuleReply, Error> {
        self.client.call(call).await
    }

    /// Replaces what a rule between upstream and downstream says: 更新对接规则
    /// ([95635](https://developer.work.weixin.qq.com/document/path/95635)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ModifyRule`].
    pub async fn modify_rule(&self, call: ModifyRule) -> Result<ModifyRuleReply, Error> {
        self.client.call(call).await
    }
}

impl<M: Threading> Clone for Upstream<M> {
    fn clone(&self) -> Self {
        Self::new(self.client.clone())
    }
}

impl<M: Threading> fmt::Debug for Upstream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("client", &self.client).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use wecom_core::{AccessToken, Endpoint, Local, Response, from_fn};

    use super::*;
    use crate::ENDPOINTS;
    use crate::samples::sample;

    /// An upstream that answers each call with its sample, and the calls that it saw.
    fn upstream() -> (Upstream<Local>, Rc<RefCell<Vec<&'static Endpoint>>>) {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let journal = Rc::clone(&seen);
        let transport = from_fn(move |request| {
            journal.borrow_mut().push(request.endpoint());
            let limit = request.time_limit();
            async move {
                assert_eq!(limit, Some(Duration::from_secs(7)));
                Ok(Response::new(200, reply_to(request.endpoint())))
            }
        });
        let client = Client::local(transport).token(AccessToken::new("a-token")).build();
        (Upstream::new(client).with_time_limit(Duration::from_secs(7)), seen)
    }

    fn reply_to(endpoint: &Endpoint) -> &'static str {
        match endpoint.name() {
            "list_app_share_info" => sample!("list_app_share_info.reply.json"),
            "unionid_to_external_userid" => sample!("unionid_to_external_userid.reply.json"),
            "unionid_to_pending_id" => sample!("unionid_to_pending_id.reply.json"),
            "external_userid_to_pending_id" => sample!("external_userid_to_pending_id.reply.json"),
            "get_chain_list" => sample!("get_chain_list.reply.json"),
            "get_chain_group" => sample!("get_chain_group.reply.json"),
            "get_chain_corpinfo_list" => sample!("get_chain_corpinfo_list.reply.json"),
            "get_chain_corpinfo" => sample!("get_chain_corpinfo.reply.json"),
            "import_chain_contact" => sample!("import_chain_contact.reply.json"),
            "get_result" => sample!("get_result.reply.json"),
            "remove_corp" => sample!("remove_corp.reply.json"),
            "get_chain_user_custom_id" => sample!("get_chain_user_custom_id.reply.json"),
            "get_corp_shared_chain_list" => sample!("get_corp_shared_chain_list.reply.json"),
            "list_rule_ids" => sample!("list_rule_ids.reply.json"),
            "delete_rule" => sample!("delete_rule.reply.json"),
            "get_rule_info" => sample!("get_rule_info.reply.json"),
            "add_rule" => sample!("add_rule.reply.json"),
            "modify_rule" => sample!("modify_rule.reply.json"),
            other => panic!("{other} has no sample"),
        }
    }

    /// The request of a sample.
    fn request<C: serde::de::DeserializeOwned>(sample: &str) -> C {
        serde_json::from_str(sample).unwrap()
    }

    #[test]
    fn every_endpoint_has_a_method_and_every_method_calls_its_own_endpoint() {
        let (upstream, seen) = upstream();
        let outcome: Result<(), Error> = pollster::block_on(async {
            upstream.list_app_share_info(request(sample!("list_app_share_info.request.json"))).await?;
            upstream.unionid_to_external_userid(request(sample!("unionid_to_external_userid.request.json"))).await?;
            upstream.unionid_to_pending_id(request(sample!("unionid_to_pending_id.request.json"))).await?;
            upstream
                .external_userid_to_pending_id(request(sample!("external_userid_to_pending_id.request.json")))
                .await?;
            upstream.get_chain_list().await?;
            upstream.get_chain_group(request(sample!("get_chain_group.request.json"))).await?;
            upstream.get_chain_corpinfo_list(request(sample!("get_chain_corpinfo_list.request.json"))).await?;
            upstream.get_chain_corpinfo(request(sample!("get_chain_corpinfo.request.json"))).await?;
            upstream.import_chain_contact(request(sample!("import_chain_contact.request.json"))).await?;
            upstream.get_result(GetResult::new(crate::JobId::new("job"))).await?;
            upstream.remove_corp(request(sample!("remove_corp.request.json"))).await?;
            upstream.get_chain_user_custom_id(request(sample!("get_chain_user_custom_id.request.json"))).await?;
            upstream.get_corp_shared_chain_list(request(sample!("get_corp_shared_chain_list.request.json"))).await?;
            upstream.list_rule_ids(request(sample!("list_rule_ids.request.json"))).await?;
            upstream.delete_rule(request(sample!("delete_rule.request.json"))).await?;
            upstream.get_rule_info(request(sample!("get_rule_info.request.json"))).await?;
            upstream.add_rule(request(sample!("add_rule.request.json"))).await?;
            upstream.modify_rule(request(sample!("modify_rule.request.json"))).await?;
            Ok(())
        });
        outcome.unwrap();
        assert_eq!(*seen.borrow(), ENDPOINTS);
    }

    #[test]
    fn futures_of_a_shared_upstream_may_move_between_threads() {
        fn assert_send<T: Send>(_: &T) {}
        let transport = from_fn(|_request| async { Ok(Response::new(200, "{}")) });
        let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build());
        assert_send(&upstream);
        assert_send(&upstream.get_chain_list());
        assert_send(&upstream.get_result(GetResult::new(crate::JobId::new("job"))));
    }

    #[test]
    fn debug_shows_no_token() {
        let (upstream, _) = upstream();
        assert!(!format!("{upstream:?}").contains("a-token"), "{upstream:?}");
    }
}
