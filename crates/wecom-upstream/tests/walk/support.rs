//! Generated directories with the expected events of their walks, and a counting transport.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use wecom_core::{
    AccessToken, Client, Request, Response, Secret, Timer, Transport, TransportError, async_trait, from_fn,
};
use wecom_mock::ManualTimer;
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::Group;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::jobs::walk::{Walk, WalkEvent};
use wecom_upstream::{AgentId, ChainId, CorpId, Error, GroupId, Threading, Upstream};

pub(crate) const LATENCY: Duration = Duration::from_millis(20);

pub(crate) fn chain() -> ChainId {
    ChainId::new("Ch1")
}

/// The description of a directory, from which a simulator and the expected events are built.
pub(crate) struct Directory {
    /// The id, parent id and order of each group except the root.
    groups: Vec<(i64, i64, i64)>,
    corps: usize,
}

impl Directory {
    /// A directory with a number of groups besides the root and a number of corps, spread evenly. Every eighth corp is
    /// pending.
    pub(crate) fn new(groups: i64, corps: usize) -> Self {
        let groups = (2..groups + 2).map(|groupid| (groupid, (groupid / 3).max(1), groupid * 7 % 11)).collect();
        Self { groups, corps }
    }

    fn group_of(&self, corp: usize) -> i64 {
        i64::try_from((corp * 7919) % (self.groups.len() + 1)).unwrap() + 1
    }

    pub(crate) fn simulator(&self) -> Simulator {
        let mut chain = WorldChain::new(chain(), "chain");
        for &(groupid, parentid, order) in &self.groups {
            let group = Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::new(parentid));
            chain = chain.group(group.order(order));
        }
        for at in 0..self.corps {
            let groupid = GroupId::new(self.group_of(at));
            chain = chain.corp(match is_pending(at) {
                true => WorldCorp::pending(groupid, PendingCorpId::new(format!("wp{at}")), format!("corp {at}")),
                false => WorldCorp::joined(groupid, CorpId::new(format!("ww{at}")), format!("corp {at}")),
            });
        }
        let app = WorldApp::new(AgentId::new(1), Secret::new("a-secret"));
        Simulator::new(World::new(CorpId::new("wwupstream")).app(app).chain(chain))
    }

    /// The expected events of a walk, one line each.
    pub(crate) fn expected(&self, need_pending: bool) -> Vec<String> {
        let mut corps: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for at in (0..self.corps).filter(|&at| need_pending || !is_pending(at)) {
            corps.entry(self.group_of(at)).or_default().push(at);
        }
        let mut lines = Vec::new();
        self.expect_group(1, 0, &corps, &mut lines);
        lines
    }

    fn expect_group(&self, groupid: i64, depth: u32, corps: &BTreeMap<i64, Vec<usize>>, lines: &mut Vec<String>) {
        lines.push(format!("group {groupid} at {depth}"));
        lines.extend(corps.get(&groupid).into_iter().flatten().map(|at| format!("corp {at}")));
        let mut children: Vec<_> = self.groups.iter().filter(|group| group.1 == groupid).collect();
        children.sort_by_key(|group| (-group.2, group.0));
        children.into_iter().for_each(|group| self.expect_group(group.0, depth + 1, corps, lines));
    }
}

fn is_pending(at: usize) -> bool {
    at % 8 == 3
}

/// An event as a line of text.
pub(crate) fn line(event: WalkEvent) -> String {
    match event {
        WalkEvent::Group { group, depth } => format!("group {} at {depth}", group.groupid),
        WalkEvent::Corp(corp) => corp.corp_name,
        WalkEvent::GroupDeferred { groupid, .. } => format!("group {groupid} deferred"),
        WalkEvent::GroupResumed { groupid } => format!("group {groupid} resumed"),
        WalkEvent::GroupFailed { groupid, error } => format!("group {groupid} failed: {error}"),
        WalkEvent::Finding(finding) => finding.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The remaining events of a walk, one line each.
pub(crate) async fn rest<M: Threading>(walk: &mut Walk<M>) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    while let Some(event) = walk.next().await? {
        lines.push(line(event));
    }
    Ok(lines)
}

/// A transport with latency that counts calls, calls in flight, and the corps in replies.
#[derive(Clone)]
pub(crate) struct Counting<T> {
    inner: T,
    timer: ManualTimer,
    pub(crate) counts: Arc<Counts>,
}

#[derive(Default)]
pub(crate) struct Counts {
    in_flight: AtomicUsize,
    pub(crate) max_in_flight: AtomicUsize,
    pub(crate) calls: AtomicUsize,
    pub(crate) corps: AtomicUsize,
}

impl<T> Counting<T> {
    pub(crate) fn new(inner: T, timer: &ManualTimer) -> Self {
        Self { inner, timer: timer.clone(), counts: Arc::default() }
    }
}

struct InFlight<'a>(&'a Counts);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl<T: Transport> Transport for Counting<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let in_flight = self.counts.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.counts.max_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        self.counts.calls.fetch_add(1, Ordering::SeqCst);
        let _in_flight = InFlight(&self.counts);
        Timer::sleep(&self.timer, LATENCY).await;
        let response = self.inner.send(request).await?;
        let corps = String::from_utf8_lossy(response.body()).matches("\"corp_name\"").count();
        self.counts.corps.fetch_add(corps, Ordering::SeqCst);
        Ok(response)
    }
}

/// An upstream over a counting transport over a simulator.
pub(crate) fn counted(simulator: Simulator, timer: &ManualTimer) -> (Upstream, Arc<Counts>) {
    let credentials = simulator.credentials();
    let transport = Counting::new(simulator, timer);
    let counts = Arc::clone(&transport.counts);
    (Upstream::new(Client::builder(transport).credentials(credentials).build()), counts)
}

/// An upstream whose transport replies through a closure that takes the endpoint's name and the body of the request.
pub(crate) fn upstream_with(reply: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Upstream {
    let transport = from_fn(move |request: Request| {
        let body: Value = serde_json::from_slice(request.body().unwrap()).unwrap();
        let reply = reply(request.endpoint().name(), &body).to_string();
        async move { Ok::<_, TransportError>(Response::new(200, reply)) }
    });
    Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build())
}
