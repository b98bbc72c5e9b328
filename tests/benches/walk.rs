//! A directory of 100,000 corps in 2,000 groups, in memory: the cost of a walk compared with its calls alone, of the diff of two
//! trees, and of reading a tree from JSON.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BatchSize, Criterion, Throughput};
use pollster::block_on;
use wecom_core::Secret;
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{GetChainCorpinfoList, GetChainGroup, Group, RemoveCorp};
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkEvent;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

const GROUPS: i64 = 2_000;
const CORPS: u64 = 100_000;

fn chain_id() -> ChainId {
    ChainId::new("Ch1")
}

fn simulator() -> Simulator {
    let mut chain = WorldChain::new(chain_id(), "chain");
    for groupid in 2..=GROUPS {
        chain = chain.group(Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::new(groupid / 2)));
    }
    for at in 0..CORPS {
        let groupid = GroupId::new(i64::try_from(at).unwrap() % GROUPS + 1);
        chain = chain.corp(WorldCorp::joined(groupid, CorpId::new(format!("ww{at}")), format!("corp {at}")));
    }
    let app = WorldApp::new(AgentId::new(1), Secret::new("a-secret"));
    Simulator::new(World::new(CorpId::new("wwupstream")).app(app).chain(chain))
}

/// Makes the calls of a walk one after another.
async fn list_by_hand(upstream: &Upstream) -> usize {
    let mut corps = 0;
    let groups = upstream.get_chain_group(GetChainGroup::new(chain_id())).await.unwrap().groups;
    for groupid in groups.iter().map(|group| group.groupid).chain([GroupId::ROOT]) {
        let call = GetChainCorpinfoList::new(chain_id()).groupid(groupid).limit(100);
        corps += upstream.get_chain_corpinfo_list(call).await.unwrap().group_corps.len();
    }
    corps
}

async fn walk(upstream: &Upstream, concurrency: usize) -> usize {
    let mut walk = upstream.walk(chain_id()).concurrency(concurrency);
    let mut corps = 0;
    while let Some(event) = walk.next().await.unwrap() {
        corps += usize::from(matches!(event, WalkEvent::Corp(_)));
    }
    corps
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let upstream = Upstream::new(simulator().client());
    let expected = usize::try_from(CORPS).unwrap();

    let mut group = criterion.benchmark_group("a directory of 100,000 corps");
    group.throughput(Throughput::Elements(CORPS)).sample_size(10);
    group.bench_function("calls by hand", |bencher| {
        bencher.iter(|| assert_eq!(block_on(list_by_hand(&upstream)), expected));
    });
    for concurrency in [1, 8, 64] {
        group.bench_function(format!("walk, {concurrency} at once"), |bencher| {
            bencher.iter(|| assert_eq!(block_on(walk(&upstream, concurrency)), expected));
        });
    }

    let older = block_on(upstream.walk(chain_id()).collect()).unwrap();
    block_on(upstream.remove_corp(RemoveCorp::new(chain_id(), CorpId::new("ww7")))).unwrap();
    let newer = block_on(upstream.walk(chain_id()).collect()).unwrap();
    group.bench_function("diff", |bencher| bencher.iter(|| assert_eq!(newer.diff(&older).left.len(), 1)));
    let json = serde_json::to_vec(&older).unwrap();
    group.bench_function("tree from JSON", |bencher| {
        bencher.iter_batched(|| (), |()| serde_json::from_slice::<ChainTree>(&json).unwrap(), BatchSize::LargeInput);
    });
    group.finish();
    criterion.final_summary();
}
