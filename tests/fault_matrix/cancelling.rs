//! A call that is dropped after any number of polls. It runs over the simulator in memory, where the number of polls is always
//! the same.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pollster::block_on;
use wecom_core::{Client, Error, Quotas, Request, Response, Transport, TransportError};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{AddRule, GetChainCorpinfoList, GetChainGroup, GroupCorp, ListRuleIds, RemoveCorp};
use wecom_upstream::values::{CorpRef, MemberCorpRange, OwnerCorpRange, RuleInfo};
use wecom_upstream::{ChainId, CorpId, Upstream, UserId};

use crate::harness::quick_retry;
use crate::service::{Record, Recording};

/// The number of polls before the service receives a request, and again before the client receives the reply.
const STEPS: usize = 3;

/// The simulator behind a transport that takes [`STEPS`] polls each way.
struct Stepwise(Simulator);

#[wecom_core::async_trait]
impl Transport for Stepwise {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        steps().await;
        let outcome = self.0.send(request).await;
        steps().await;
        outcome
    }
}

async fn steps() {
    for _ in 0..STEPS {
        let mut is_first = true;
        std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

/// A client whose calls hold every kind of resource: a token fetch, a permit of the quota, a deadline.
struct Fixture {
    upstream: Upstream,
    timer: ManualTimer,
    record: Record,
    transport: Arc<Recording<Stepwise>>,
}

impl Fixture {
    fn new(simulator: &Simulator) -> Self {
        let (timer, record) = (ManualTimer::new(), Record::default());
        let transport = Arc::new(Recording { inner: Stepwise(simulator.clone()), record: record.clone() });
        let client = Client::builder(Arc::clone(&transport))
            .credentials(simulator.credentials())
            .timer(timer.clone())
            .retry(quick_retry())
            .quotas(Quotas::wait_at_most(Duration::ZERO))
            .deadline(Duration::from_secs(60));
        Self { upstream: Upstream::new(client.build()), timer, record, transport }
    }
}

/// Polls a call this number of times and drops it. Returns whether the call had completed.
fn poll_and_drop(call: impl Future<Output = Result<(), Error>>, polls: usize) -> bool {
    let mut call = pin!(call);
    (0..polls).any(|_| match poll(call.as_mut()) {
        Poll::Ready(outcome) => {
            outcome.unwrap();
            true
        }
        Poll::Pending => false,
    })
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a call until it completes.
fn run<T>(call: impl Future<Output = Result<T, Error>>) -> T {
    let mut call = pin!(call);
    let mut outcomes = std::iter::repeat_with(|| poll(call.as_mut())).take(1000);
    match outcomes.find(Poll::is_ready) {
        Some(Poll::Ready(outcome)) => outcome.unwrap(),
        _ => panic!("the call does not complete"),
    }
}

/// For each number of polls: drops the call, compares the objects of the service with the expected ones, and makes the call
/// again. `change` is the number of objects that one call adds.
fn drop_at_every_poll<F>(has_token: bool, name: &str, change: isize, call: fn(Upstream, Objects) -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    for polls in 0.. {
        let simulator = Simulator::demo();
        let objects = Objects::of(&simulator);
        let before = objects.count(&simulator, name);
        let fixture = Fixture::new(&simulator);
        if has_token {
            run(fixture.upstream.get_chain_list());
        }
        let steps_until_done = if has_token { STEPS + 1 } else { 3 * STEPS + 1 };

        let is_complete = poll_and_drop(call(fixture.upstream.clone(), objects.clone()), polls);
        let is_done = polls >= steps_until_done;
        let expected = before + if is_done { change } else { 0 };
        assert_eq!(objects.count(&simulator, name), expected, "{name} after {polls} polls");
        assert!(fixture.record.count(name) <= 1, "{name} after {polls} polls");
        // A token fetch continues without the call that started it, and so does its time limit.
        assert!(fixture.timer.sleepers() <= usize::from(!has_token), "{name} after {polls} polls");
        // Only the client and the fixture hold the transport.
        assert_eq!(Arc::strong_count(&fixture.transport), 2, "{name} after {polls} polls");

        // The permit of the quota is free again, and so is the token fetch.
        run(call(fixture.upstream.clone(), objects.without_first()));
        assert_eq!(objects.count(&simulator, name), expected + change, "{name} after {polls} polls");
        assert_eq!(fixture.timer.sleepers(), 0, "{name} after {polls} polls");
        let Fixture { upstream, transport, .. } = fixture;
        drop(upstream);
        assert_eq!(Arc::strong_count(&transport), 1, "{name} after {polls} polls");
        if is_complete {
            assert!(polls > steps_until_done);
            return;
        }
    }
}

/// The objects that the calls add or remove.
#[derive(Clone)]
struct Objects {
    chain_id: ChainId,
    corps: Vec<CorpRef>,
}

impl Objects {
    fn of(simulator: &Simulator) -> Self {
        let upstream = Upstream::new(simulator.client());
        block_on(async {
            let chain_id = upstream.get_chain_list().await.unwrap().chains[0].chain_id.clone();
            let corps = Self::corps(&upstream, &chain_id).await;
            Self { chain_id, corps }
        })
    }

    /// The same without the first corp.
    fn without_first(&self) -> Self {
        Self { corps: self.corps[1..].to_vec(), ..self.clone() }
    }

    async fn corps(upstream: &Upstream, chain_id: &ChainId) -> Vec<CorpRef> {
        let mut corps = Vec::new();
        for group in upstream.get_chain_group(GetChainGroup::new(chain_id)).await.unwrap().groups {
            let list = GetChainCorpinfoList::new(chain_id).groupid(group.groupid).need_pending(true).limit(1000);
            let list = upstream.get_chain_corpinfo_list(list).await.unwrap();
            corps.extend(list.group_corps.iter().filter_map(GroupCorp::corp));
        }
        corps
    }

    /// The number of rules or corps in the chain.
    fn count(&self, simulator: &Simulator, name: &str) -> isize {
        let upstream = Upstream::new(simulator.client());
        let count = match name {
            "add_rule" => block_on(upstream.list_rule_ids(ListRuleIds::new(&self.chain_id))).unwrap().rule_ids.len(),
            _ => block_on(Self::corps(&upstream, &self.chain_id)).len(),
        };
        count.try_into().unwrap()
    }
}

async fn add_rule(upstream: Upstream, objects: Objects) -> Result<(), Error> {
    let corpid = objects.corps.iter().find_map(CorpRef::corpid).cloned().unwrap_or(CorpId::new("none"));
    let rule = RuleInfo::new(OwnerCorpRange::user(UserId::new("zhangsan")), MemberCorpRange::corp(corpid));
    upstream.add_rule(AddRule::new(&objects.chain_id, rule)).await.map(drop)
}

/// The vendor allows one of these at a time.
async fn remove_corp(upstream: Upstream, objects: Objects) -> Result<(), Error> {
    upstream.remove_corp(RemoveCorp::new(&objects.chain_id, &objects.corps[0])).await.map(drop)
}

#[test]
fn add_rule_dropped_at_every_poll() {
    drop_at_every_poll(true, "add_rule", 1, add_rule);
}

#[test]
fn add_rule_dropped_at_every_poll_while_the_token_is_fetched_too() {
    drop_at_every_poll(false, "add_rule", 1, add_rule);
}

#[test]
fn remove_corp_dropped_at_every_poll() {
    drop_at_every_poll(true, "remove_corp", -1, remove_corp);
}

#[test]
fn remove_corp_dropped_at_every_poll_while_the_token_is_fetched_too() {
    drop_at_every_poll(false, "remove_corp", -1, remove_corp);
}
