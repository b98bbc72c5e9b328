//! Both threading families: futures that are `Send` in `Shared`, and the same calls in `Local` over a transport that
//! holds an `Rc`, on a runtime that is not tokio and on no runtime at all.

use std::cell::Cell;
use std::rc::Rc;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::{
    AccessToken, Client, Credentials, Local, LocalTransport, Request, Response, Secret, TransportError, async_trait,
    from_fn,
};
use wecom_upstream::calls::{
    ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId,
    GetCorpSharedChainList, GetResult, ImportChainContact, ListAppShareInfo, RemoveCorp, UnionidToExternalUserid,
    UnionidToPendingId,
};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, OpenId, UnionId, Upstream, UserId};

const CHAINS: &str = r#"{"errcode":0,"errmsg":"ok","chains":[{"chain_id":"ch1","chain_name":"能源供应链"}]}"#;
const TOKEN: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"token","expires_in":7200}"#;

assert_impl_all!(Client: Send, Sync, Clone);
assert_impl_all!(Upstream: Send, Sync, Clone);
assert_not_impl_any!(Client<Local>: Send, Sync);
assert_impl_all!(wecom_core::Error: Send, Sync, std::error::Error);

fn is_send<T: Send>(future: T) -> T {
    future
}

#[test]
fn the_future_of_every_call_is_send() {
    let transport = from_fn(|_request| async { Ok(Response::new(200, CHAINS)) });
    let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("token")).build());
    let (chain_id, corpid) = (ChainId::new("ch1"), CorpId::new("ww1"));
    let (unionid, openid) = (UnionId::new("u"), OpenId::new("o"));
    drop(is_send(upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1)))));
    drop(is_send(upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&unionid, &openid))));
    drop(is_send(upstream.unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid))));
    drop(is_send(upstream.external_userid_to_pending_id(ExternalUseridToPendingId::new([ExternalUserId::new("e")]))));
    drop(is_send(upstream.get_chain_list()));
    drop(is_send(upstream.get_chain_group(GetChainGroup::new(&chain_id))));
    drop(is_send(upstream.get_chain_corpinfo_list(GetChainCorpinfoList::new(&chain_id))));
    drop(is_send(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain_id, &corpid))));
    drop(is_send(upstream.import_chain_contact(ImportChainContact::new(&chain_id, []))));
    drop(is_send(upstream.get_result(GetResult::new(JobId::new("j")))));
    drop(is_send(upstream.remove_corp(RemoveCorp::new(&chain_id, &corpid))));
    drop(is_send(upstream.get_chain_user_custom_id(GetChainUserCustomId::new(&chain_id, &corpid, UserId::new("u")))));
    drop(is_send(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(&corpid))));
}

#[tokio::test]
async fn a_call_can_be_spawned_on_tokio() {
    let transport = from_fn(|request: Request| async move {
        Ok(Response::new(200, if request.token().is_some() { CHAINS } else { TOKEN }))
    });
    let credentials = Credentials::new("ww1", Secret::new("secret"));
    let upstream = Upstream::new(Client::builder(transport).credentials(credentials).build());
    let spawned = tokio::spawn(async move { upstream.get_chain_list().await });
    assert_eq!(spawned.await.unwrap().unwrap().chains[0].chain_name, "能源供应链");
}

/// Can't leave its thread.
struct OneThread {
    sent: Rc<Cell<u32>>,
}

#[async_trait(?Send)]
impl LocalTransport for OneThread {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.sent.set(self.sent.get() + 1);
        Ok(Response::new(200, if request.token().is_some() { CHAINS } else { TOKEN }))
    }
}

fn local() -> (Upstream<Local>, Rc<Cell<u32>>) {
    let sent = Rc::new(Cell::new(0));
    let credentials = Credentials::new("ww1", Secret::new("secret"));
    let client = Client::local(OneThread { sent: Rc::clone(&sent) }).credentials(credentials).build();
    (Upstream::new(client), sent)
}

#[test]
fn a_local_client_works_on_a_single_threaded_runtime_that_is_not_tokio() {
    let (upstream, sent) = local();
    let executor = smol::LocalExecutor::new();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let upstream = upstream.clone();
            executor.spawn(async move { upstream.get_chain_list().await.map(|reply| reply.chains.len()) })
        })
        .collect();
    smol::block_on(executor.run(async {
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1);
        }
    }));
    assert_eq!(sent.get(), 11, "one token and ten calls");
}

#[test]
fn a_local_client_works_on_a_bare_block_on() {
    let (upstream, sent) = local();
    assert_eq!(pollster::block_on(upstream.get_chain_list()).unwrap().chains.len(), 1);
    assert_eq!(sent.get(), 2, "one token and one call");
}
