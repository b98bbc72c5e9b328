//! A whole call without a network: encoding, token, transport, decoding.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BatchSize, Criterion, Throughput};
use pollster::block_on;
use wecom_core::{AccessToken, Client, Response, from_fn};
use wecom_mock::Mock;
use wecom_upstream::calls::{GetChainGroup, GetChainGroupReply};
use wecom_upstream::{ChainId, Upstream};

/// The number of calls in one measurement.
const CALLS: u64 = 100;

const REPLY: &str =
    r#"{"errcode":0,"errmsg":"ok","groups":[{"groupid":2,"group_name":"一级经销商","parentid":1,"order":1}]}"#;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("calls without a network");
    group.throughput(Throughput::Elements(CALLS));
    let call = || GetChainGroup::new(ChainId::new("Chxxxxxx"));

    // The journal keeps every call, so each batch has its own mock.
    group.bench_function("over the mock", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mock = Mock::new();
                mock.on::<GetChainGroup>().reply(GetChainGroupReply::new([])).optional();
                Upstream::new(mock.client())
            },
            |upstream| (0..CALLS).for_each(|_| drop(block_on(upstream.get_chain_group(call())).unwrap())),
            BatchSize::SmallInput,
        );
    });

    let transport = from_fn(|_request| async { Ok(Response::new(200, REPLY)) });
    let upstream = Upstream::new(Client::builder(transport).token(AccessToken::new("token")).build());
    group.bench_function("over a closure", |bencher| {
        bencher.iter(|| (0..CALLS).for_each(|_| drop(block_on(upstream.get_chain_group(call())).unwrap())));
    });
    group.finish();
    criterion.final_summary();
}
