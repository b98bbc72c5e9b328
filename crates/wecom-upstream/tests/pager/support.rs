//! Services with paged lists.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wecom_core::{AccessToken, Client, Request, Response, Secret, TransportError, from_fn};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{GetChainCorpinfoList, GroupCorp, ListAppShareInfo, SharedCorp};
use wecom_upstream::jobs::pager::{PageError, Pager};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

/// The bodies of the received requests.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<Vec<Value>>>);

impl Requests {
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }

    /// The cursors of the requests; empty for a first page.
    pub(crate) fn cursors(&self) -> Vec<String> {
        self.bodies().iter().map(cursor).collect()
    }
}

/// The cursor in the body of a request.
pub(crate) fn cursor(body: &Value) -> String {
    body["cursor"].as_str().unwrap_or_default().to_owned()
}

/// An upstream whose transport replies through a closure that takes the body of the request.
pub(crate) fn upstream_with(reply: impl Fn(&Value) -> Value + Send + Sync + 'static) -> (Upstream, Requests) {
    let requests = Requests::default();
    let journal = requests.clone();
    let transport = from_fn(move |request: Request| {
        let body: Value = serde_json::from_slice(request.body().unwrap()).unwrap();
        {
            let mut requests = journal.0.lock().unwrap();
            requests.push(body.clone());
            assert!(requests.len() < 1_000, "the pager sends requests without end");
        }
        let reply = reply(&body).to_string();
        async move { Ok::<_, TransportError>(Response::new(200, reply)) }
    });
    (Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build()), requests)
}

/// A reply of `get_chain_corpinfo_list` with one corp.
pub(crate) fn page(name: &str, has_more: Value, next_cursor: Value) -> Value {
    json!({"errcode": 0, "has_more": has_more, "next_cursor": next_cursor,
        "group_corps": [{"groupid": 1, "corpid": format!("ww{name}"), "corp_name": name, "is_joined": 1}]})
}

/// A simulator with a number of corps in the root group, all of which the app is shared with.
pub(crate) fn simulator(corps: usize) -> Simulator {
    let mut app = WorldApp::new(AgentId::new(1), Secret::new("a-secret"));
    let mut chain = WorldChain::new(ChainId::new("Ch1"), "chain");
    for at in 0..corps {
        let corpid = CorpId::new(format!("ww{at}"));
        app = app.shared_with(SharedCorp::new(&corpid, format!("corp {at}"), AgentId::new(100)));
        chain = chain.corp(WorldCorp::joined(GroupId::ROOT, &corpid, format!("corp {at}")));
    }
    Simulator::new(World::new(CorpId::new("wwupstream")).app(app).chain(chain))
}

pub(crate) fn corps_of_root() -> GetChainCorpinfoList {
    GetChainCorpinfoList::new(ChainId::new("Ch1"))
}

pub(crate) fn shares() -> ListAppShareInfo {
    ListAppShareInfo::new(AgentId::new(1))
}

/// An item with a name.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

impl Named for GroupCorp {
    fn name(&self) -> &str {
        &self.corp_name
    }
}

impl Named for SharedCorp {
    fn name(&self) -> &str {
        &self.corp_name
    }
}

pub(crate) fn expected(corps: usize) -> Vec<String> {
    (0..corps).map(|at| format!("corp {at}")).collect()
}

/// The names of the remaining items.
pub(crate) async fn rest<C>(pager: &mut Pager<C>) -> Result<Vec<String>, PageError>
where
    C: wecom_upstream::jobs::pager::PagedCall<Item: Named>,
{
    let mut names = Vec::new();
    while let Some(item) = pager.next_item().await? {
        names.push(item.name().to_owned());
    }
    Ok(names)
}
