//! A model of a chain that answers calls, counts them and fails on purpose, and a table that is kept by changes alone.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use wecom_core::{AccessToken, Client, Request, Response, Timer, Transport, TransportError, async_trait};
use wecom_mock::ManualTimer;
use wecom_upstream::calls::{Group, GroupCorp};
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::jobs::chain_tree::{ChainDiff, ChainTree};
use wecom_upstream::jobs::directory::{Directory, DirectoryEvent};
use wecom_upstream::{ChainId, CorpId, Error, GroupId, Threading, Upstream};

pub(crate) fn chain() -> ChainId {
    ChainId::new("Ch1")
}

pub(crate) fn corps_event<'a>(ids: impl IntoIterator<Item = &'a str>) -> DirectoryEvent {
    DirectoryEvent::Corps { chain_id: chain(), corps: ids.into_iter().map(CorpId::new).collect() }
}

pub(crate) fn groups_event() -> DirectoryEvent {
    DirectoryEvent::Groups { chain_id: chain() }
}

/// A chain as WeCom knows it.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) groups: Vec<Group>,
    pub(crate) corps: Vec<GroupCorp>,
    /// The position of each corp, which stays when others leave. Cursors contain it.
    positions: Vec<u64>,
    next_position: u64,
    /// The endpoints that were called, with the group or corp.
    pub(crate) calls: Vec<String>,
    /// The replies of the next calls; `None` answers from the model.
    pub(crate) replies: VecDeque<Option<Value>>,
    /// The codes of all calls about a group.
    pub(crate) group_codes: BTreeMap<i64, i64>,
    /// The codes of all lists of a group.
    pub(crate) list_codes: BTreeMap<i64, i64>,
    /// The codes of all lookups of a corp.
    pub(crate) corp_codes: BTreeMap<String, i64>,
}

impl Model {
    pub(crate) fn group(&mut self, groupid: i64, parentid: i64) {
        self.groups.push(Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::new(parentid)));
    }

    pub(crate) fn join(&mut self, id: &str, groupid: i64) {
        self.push(GroupCorp::joined(GroupId::new(groupid), CorpId::new(id), format!("name of {id}")));
    }

    pub(crate) fn invite(&mut self, id: &str, groupid: i64) {
        self.push(GroupCorp::pending(GroupId::new(groupid), PendingCorpId::new(id), format!("name of {id}")));
    }

    fn push(&mut self, corp: GroupCorp) {
        self.next_position += 1;
        self.corps.push(corp);
        self.positions.push(self.next_position);
    }

    /// A pending corp joins with a new id, in its place.
    pub(crate) fn accept(&mut self, pending: &str, id: &str) {
        for corp in &mut self.corps {
            if !corp.is_joined && corp.pending_corpid.as_ref().is_some_and(|corp| corp.as_str() == pending) {
                (corp.corpid, corp.pending_corpid, corp.is_joined) = (Some(CorpId::new(id)), None, true);
            }
        }
    }

    pub(crate) fn corp_mut(&mut self, id: &str) -> &mut GroupCorp {
        self.corps.iter_mut().find(|corp| id_of(corp) == id).unwrap()
    }

    pub(crate) fn move_corp(&mut self, id: &str, groupid: i64) {
        self.corp_mut(id).groupid = GroupId::new(groupid);
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let at = self.corps.iter().position(|corp| id_of(corp) == id).unwrap();
        self.corps.remove(at);
        self.positions.remove(at);
    }

    fn answer(&mut self, endpoint: &str, body: &Value) -> Value {
        match endpoint {
            "get_chain_group" => {
                self.calls.push("groups".to_owned());
                json!({"errcode": 0, "groups": self.groups})
            }
            "get_chain_corpinfo" => {
                let id = body["corpid"].as_str().or(body["pending_corpid"].as_str()).unwrap();
                self.calls.push(format!("corp {id}"));
                if let Some(code) = self.corp_codes.get(id) {
                    return json!({"errcode": code, "errmsg": "refused"});
                }
                let Some(corp) = self.corps.iter().find(|corp| id_of(corp) == id) else {
                    return json!({"errcode": 670_004, "errmsg": "corp not in chain"});
                };
                if let Some(code) = self.group_codes.get(&corp.groupid.get()) {
                    return json!({"errcode": code, "errmsg": "refused"});
                }
                json!({
                    "errcode": 0, "corp_name": corp.corp_name, "groupid": corp.groupid, "is_joined": corp.is_joined,
                })
            }
            "get_chain_corpinfo_list" => {
                let groupid = body["groupid"].as_i64().unwrap();
                self.calls.push(format!("list {groupid}"));
                self.list(groupid, body)
            }
            other => panic!("{other}"),
        }
    }

    fn list(&self, groupid: i64, body: &Value) -> Value {
        if let Some(code) = self.group_codes.get(&groupid).or(self.list_codes.get(&groupid)) {
            return json!({"errcode": code, "errmsg": "refused"});
        }
        if groupid != 1 && self.groups.iter().all(|group| group.groupid.get() != groupid) {
            return json!({"errcode": 670_003, "errmsg": "invalid chain groupid"});
        }
        let need_pending = body["need_pending"].as_bool().unwrap_or(false);
        let after: u64 = body["cursor"].as_str().unwrap_or("").parse().unwrap_or(0);
        let limit = match body["limit"].as_u64().unwrap_or(0) {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap(),
        };
        let corps = self.positions.iter().zip(&self.corps).filter(|(position, corp)| {
            **position > after && corp.groupid.get() == groupid && (corp.is_joined || need_pending)
        });
        let corps: Vec<_> = corps.collect();
        let page: Vec<_> = corps.iter().take(limit).map(|(_, corp)| corp).collect();
        let next = match page.len() < corps.len() {
            true => corps[page.len() - 1].0.to_string(),
            false => String::new(),
        };
        json!({"errcode": 0, "has_more": !next.is_empty(), "next_cursor": next, "group_corps": page})
    }
}

pub(crate) fn id_of(corp: &GroupCorp) -> &str {
    let joined = corp.corpid.as_ref().map(CorpId::as_str);
    joined.or(corp.pending_corpid.as_ref().map(PendingCorpId::as_str)).unwrap()
}

/// The time between a request and its reply.
const LATENCY: Duration = Duration::from_millis(1);

/// A transport over the model. Each reply takes one more poll.
#[derive(Clone, Default)]
pub(crate) struct Service {
    model: Arc<Mutex<Model>>,
    pub(crate) timer: ManualTimer,
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let body: Value = serde_json::from_slice(request.body().unwrap()).unwrap();
        let reply = {
            let mut model = self.model();
            let answer = model.answer(request.endpoint().name(), &body);
            model.replies.pop_front().flatten().unwrap_or(answer)
        };
        Timer::sleep(&self.timer, LATENCY).await;
        Ok(Response::new(200, reply.to_string()))
    }
}

impl Service {
    /// The groups 1 to 4, group 3 below group 2, and two corps in each: `ww10` and `ww11` in group 1, and so on. One more
    /// corp in each group is pending: `wp1` to `wp4`.
    pub(crate) fn new() -> Self {
        let service = Self::default();
        service.change(|model| {
            [(2, 1), (3, 2), (4, 1)].into_iter().for_each(|(groupid, parentid)| model.group(groupid, parentid));
            for groupid in 1..=4 {
                model.join(&format!("ww{groupid}0"), groupid);
                model.join(&format!("ww{groupid}1"), groupid);
                model.invite(&format!("wp{groupid}"), groupid);
            }
        });
        service
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Model)) {
        change(&mut self.model());
    }

    /// The calls since the last call of this method.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.model().calls)
    }

    pub(crate) fn upstream(&self) -> Upstream {
        let client = Client::builder(self.clone()).token(AccessToken::new("a-token"));
        Upstream::new(client.timer(self.timer.clone()).build())
    }

    /// A directory that has read the chain.
    pub(crate) fn directory(&self) -> Directory {
        let mut directory = self.upstream().directory(chain()).need_pending(true);
        self.run(directory.refresh()).unwrap();
        self.calls();
        directory
    }

    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.timer.run(future)
    }

    /// A fresh walk, which is not counted.
    pub(crate) fn walk(&self) -> ChainTree {
        let calls = self.calls();
        let tree = self.run(self.upstream().walk(chain()).need_pending(true).collect()).unwrap();
        self.model().calls = calls;
        tree
    }

    #[track_caller]
    pub(crate) fn assert_current<M: Threading>(&self, directory: &Directory<M>) {
        assert_eq!(directory.tree().to_string(), self.walk().to_string());
        assert_eq!(*directory.tree(), self.walk());
    }

    /// Polls a refresh this many times, and drops it unless it is over.
    pub(crate) fn poll_refresh(&self, directory: &mut Directory, polls: usize) -> Option<Result<ChainDiff, Error>> {
        let mut refresh = pin!(directory.refresh());
        for _ in 0..polls {
            if let Poll::Ready(outcome) = refresh.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(outcome);
            }
            self.timer.advance(LATENCY);
        }
        None
    }
}

/// A refusal that may pass.
pub(crate) fn busy() -> Option<Value> {
    Some(json!({"errcode": -1, "errmsg": "system busy"}))
}

/// A refusal that does not pass.
pub(crate) fn untrusted() -> Option<Value> {
    Some(json!({"errcode": 60_020, "errmsg": "not allow to access from your ip"}))
}

/// A user's own table: the group of each corp, kept by changes alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) corps: BTreeMap<String, i64>,
}

impl Table {
    pub(crate) fn apply(&mut self, changes: &ChainDiff) {
        assert!(changes.not_seen.is_empty(), "{changes}");
        for change in changes.accepted.iter().chain(&changes.moved) {
            self.corps.remove(id_of(&change.before.corp));
        }
        for gone in &changes.left {
            self.corps.remove(id_of(&gone.corp));
        }
        let changed = changes.accepted.iter().chain(&changes.moved).map(|change| &change.after);
        let new = changes.joined.iter().chain(&changes.invited).chain(&changes.first_seen);
        for placed in new.chain(changed) {
            self.corps.insert(id_of(&placed.corp).to_owned(), placed.groupid.get());
        }
    }

    pub(crate) fn of(tree: &ChainTree) -> Self {
        let groups = tree.groups().iter();
        let corps = groups.flat_map(|group| {
            let groupid = group.group.groupid.get();
            group.corps.iter().map(move |corp| (id_of(corp).to_owned(), groupid))
        });
        Self { corps: corps.collect() }
    }
}

/// A seeded source of random numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
