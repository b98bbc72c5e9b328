//! The simulator with chains of 1,000, 100,000 and 1,000,000 corps: the time of a page of 100 corps, and the time to build the
//! world.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark")]

use criterion::{Criterion, Throughput};
use pollster::block_on;
use wecom_simulator::{Simulator, World};
use wecom_tests::ratios;
use wecom_upstream::calls::{GetChainCorpinfoList, GetChainGroup};
use wecom_upstream::{ChainId, GroupId, Upstream};

const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const SEED: u64 = 1;
/// The number of corps in a page.
const PAGE: u32 = 100;

fn page(group: GroupId) -> GetChainCorpinfoList {
    GetChainCorpinfoList::new(ChainId::new("ChGenerated")).groupid(group).need_pending(true).limit(PAGE)
}

/// A group whose first page is full.
fn full_group(upstream: &Upstream) -> GroupId {
    let groups = block_on(upstream.get_chain_group(GetChainGroup::new(ChainId::new("ChGenerated")))).unwrap().groups;
    let mut ids = groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]);
    let is_full = |group: &GroupId| {
        let corps = block_on(upstream.get_chain_corpinfo_list(page(*group))).unwrap().group_corps;
        corps.len() == PAGE as usize
    };
    ids.find(is_full).expect("a group of 100 corps")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let name = |corps: usize| format!("{corps} corps");

    let mut group = criterion.benchmark_group("simulator page of 100");
    group.throughput(Throughput::Elements(u64::from(PAGE)));
    for corps in SIZES {
        let upstream = Upstream::new(Simulator::new(World::generate(corps, SEED)).client());
        let full = full_group(&upstream);
        group.bench_function(name(corps), |bencher| {
            bencher.iter(|| block_on(upstream.get_chain_corpinfo_list(page(full))).unwrap());
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("simulator building");
    group.sample_size(10);
    for corps in SIZES {
        group.bench_function(name(corps), |bencher| {
            bencher.iter(|| Simulator::new(World::generate(corps, SEED)));
        });
    }
    group.finish();
    criterion.final_summary();
    ratios::print("simulator page of 100", &name(SIZES[0]), &[&name(SIZES[1]), &name(SIZES[2])]);
}
