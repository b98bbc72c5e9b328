//! The table of the calls: the one place that lists them.

/// Expands a macro with the table of the calls.
///
/// Each row is one call:
///
/// - the documentation of its facade method;
/// - the method's name, which is also the name of the call's file, endpoint and samples, with the types of the request
///   and the reply. `Request::new()` marks a request without parameters, whose method takes none;
/// - the vendor's Chinese title and document numbers.
///
/// The section says which corp's token the call takes. Code that treats every call alike expands the table: the facade,
/// the simulator's dispatch, tests over all calls.
///
/// ```
/// use wecom_upstream::wecom_core::ApiCall;
/// use wecom_upstream::{ENDPOINTS, calls};
///
/// macro_rules! names {
///     ($($section:ident {$(
///         $(#[$doc:meta])+
///         fn $method:ident($request:ident $($new:tt)*) -> $reply:ident:
///             $title:literal $documents:tt;
///     )+})+) => {
///         [$($((stringify!($method), <calls::$request as ApiCall>::ENDPOINT),)+)+]
///     };
/// }
///
/// let names = wecom_upstream::for_each_call!(names);
/// assert!(names.iter().all(|(method, endpoint)| *method == endpoint.name()));
/// assert!(ENDPOINTS.iter().all(|endpoint| names.contains(&(endpoint.name(), endpoint))));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_call {
    ($expand:ident) => {
        $expand! {
            upstream {
                /// Lists the corps that an app is shared with, and the app's id in each corp.
                fn list_app_share_info(ListAppShareInfo) -> ListAppShareInfoReply:
                    "获取应用共享信息" [93403, 95813];

                /// Looks up a WeChat user among the downstream corps' customers.
                fn unionid_to_external_userid(UnionidToExternalUserid) -> UnionidToExternalUseridReply:
                    "通过unionid和openid查询external_userid" [95818];

                /// Returns the ticket that lifts frequency limits of `unionid_to_external_userid` for seven days.
                ///
                /// A corp gets only one ticket. The client never repeats the call.
                fn apply_mass_call_ticket(ApplyMassCallTicket::new()) -> ApplyMassCallTicketReply:
                    "获取接口高频调用凭据" [96168, 96250];

                /// Returns a temporary id for a WeChat user who is not a customer yet.
                ///
                /// The id stays valid for 90 days and identifies the user once a corp adds the user as a customer.
                fn unionid_to_pending_id(UnionidToPendingId) -> UnionidToPendingIdReply:
                    "unionid查询pending_id" [97357];

                /// Lists the chains that the app can access.
                fn get_chain_list(GetChainList::new()) -> GetChainListReply:
                    "获取上下游列表" [95820];

                /// Lists the groups of a chain's directory.
                fn get_chain_group(GetChainGroup) -> GetChainGroupReply:
                    "获取上下游通讯录分组" [95820];

                /// Lists the corps of one group of a chain.
                ///
                /// [`pages`](crate::Upstream::pages) reads a long list page by page, and
                /// [`walk`](crate::Upstream::walk) reads every group of a chain.
                fn get_chain_corpinfo_list(GetChainCorpinfoList) -> GetChainCorpinfoListReply:
                    "获取企业上下游通讯录分组下的企业详情列表" [95820];

                /// Returns the details of one corp of a chain.
                fn get_chain_corpinfo(GetChainCorpinfo) -> GetChainCorpinfoReply:
                    "获取企业上下游通讯录下的企业信息" [95820];

                /// Starts a job that imports corps and their contacts into a chain.
                ///
                /// [`import`](crate::Upstream::import) imports any number of corps and waits for the results.
                fn import_chain_contact(ImportChainContact) -> ImportChainContactReply:
                    "批量导入上下游联系人" [95821];

                /// Returns the status of an import job, and its result once the job is finished.
                #[doc(alias = "getresult")]
                fn get_result(GetResult) -> GetResultReply:
                    "获取异步任务结果" [95823];

                /// Removes a corp from a chain.
                fn remove_corp(RemoveCorp) -> RemoveCorpReply:
                    "移除企业" [95822];

                /// Returns the custom id that the upstream corp assigned to a member of a downstream corp.
                fn get_chain_user_custom_id(GetChainUserCustomId) -> GetChainUserCustomIdReply:
                    "查询成员自定义id" [97441];

                /// Lists the chains that a downstream corp has joined.
                fn get_corp_shared_chain_list(GetCorpSharedChainList) -> GetCorpSharedChainListReply:
                    "获取下级企业加入的上下游" [97442];

                /// Lists the ids of a chain's rules.
                ///
                /// The vendor's path is `rule/list_ids`.
                #[doc(alias = "list_ids")]
                fn list_rule_ids(ListRuleIds) -> ListRuleIdsReply:
                    "获取对接规则id列表" [95631];

                /// Deletes a rule of a chain.
                fn delete_rule(DeleteRule) -> DeleteRuleReply:
                    "删除对接规则" [95632];

                /// Returns the contents of a rule of a chain.
                fn get_rule_info(GetRuleInfo) -> GetRuleInfoReply:
                    "获取对接规则详情" [95633];

                /// Adds a rule to a chain.
                fn add_rule(AddRule) -> AddRuleReply:
                    "新增对接规则" [95634];

                /// Replaces the contents of a rule of a chain.
                fn modify_rule(ModifyRule) -> ModifyRuleReply:
                    "更新对接规则" [95635];
            }
            upstream_or_downstream {
                /// Looks up which customers had a `pending_id` before a corp added them.
                ///
                /// A call takes at most 100 customers. `pending_ids` takes any number.
                fn external_userid_to_pending_id(ExternalUseridToPendingId) -> ExternalUseridToPendingIdReply:
                    "external_userid查询pending_id" [97357];
            }
            downstream {
                /// Converts a mini-program session of the upstream corp into one of this downstream corp.
                fn transfer_session(TransferSession) -> TransferSessionReply:
                    "获取下级/下游企业小程序session" [95817, 93355];
            }
        }
    };
}

/// Defines the methods of a facade: one for each row, in an `impl` block that begins with an overview of them.
macro_rules! facade {
    ($facade:ident: $(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal [$first:literal $(, $more:literal)*];
    )+) => {
        /// # Calls
        ///
        /// | method | request | vendor's title |
        /// |---|---|---|
        $(#[doc = concat!(
            "| [`", stringify!($method), "`](Self::", stringify!($method), ") | [`", stringify!($request),
            "`](crate::calls::", stringify!($request), ") | ", $title, " |"
        )])+
        impl<M: ::wecom_core::Threading> $facade<M> {$(
            facade! {
                @method $request [$($new)*]
                $(#[$doc])+
                #[doc = ""]
                #[doc = concat!(
                    $title, " (", facade!(@link $first), $(", ", facade!(@link $more),)* ")."
                )]
                #[doc(alias = $title)]
                #[doc = ""]
                #[doc = "# Errors"]
                #[doc = ""]
                #[doc = concat!(
                    "Fails as [`Client::call`](wecom_core::Client::call) does. [`", stringify!($request),
                    "`](crate::calls::", stringify!($request), ") names the error codes of this call."
                )]
                fn $method -> $reply
            }
        )+}
    };
    (@method $request:ident [] $(#[$doc:meta])+ fn $method:ident -> $reply:ident) => {
        $(#[$doc])+
        pub async fn $method(
            &self,
            call: $crate::calls::$request,
        ) -> Result<$crate::calls::$reply, ::wecom_core::Error> {
            self.client.call(call).await
        }
    };
    (@method $request:ident [:: new()] $(#[$doc:meta])+ fn $method:ident -> $reply:ident) => {
        $(#[$doc])+
        pub async fn $method(&self) -> Result<$crate::calls::$reply, ::wecom_core::Error> {
            self.client.call($crate::calls::$request::new()).await
        }
    };
    (@link $document:literal) => {
        concat!("[", $document, "](https://developer.work.weixin.qq.com/document/path/", $document, ")")
    };
}
