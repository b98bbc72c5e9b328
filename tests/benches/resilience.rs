//! The cost of resilience: the same calls over real sockets with a plain client, and with a client that has a timer, retries,
//! quotas, a deadline, fetched tokens and an observer. Reports the ratio of times and the allocations of a call.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::alloc::System;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::Criterion;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wecom_core::{AccessToken, CallEvent, Client, Credentials, Observer, Quotas, Retry, Secret};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_tests::bench_server::{BenchServer, Replies};
use wecom_tests::comparison::{Comparison, bench_client};
use wecom_tests::samples::TOKEN_REPLY;
use wecom_upstream::calls::GetChainGroup;
use wecom_upstream::{ChainId, Upstream};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REPLY: &str = include_str!("../../crates/wecom-upstream/samples/get_chain_group.reply.json");

#[derive(Default)]
struct Counter(AtomicU64);

impl Observer for Counter {
    fn on_event(&self, event: &CallEvent<'_>) {
        if let CallEvent::Ended { attempts, .. } = event {
            self.0.fetch_add((*attempts).into(), Ordering::Relaxed);
        }
    }
}

fn plain(base_url: &str) -> Upstream {
    let transport = HyperTransport::builder().build().unwrap();
    let token = AccessToken::new("accesstoken000001");
    Upstream::new(Client::builder(transport).base_url(base_url.parse().unwrap()).token(token).build())
}

fn resilient(base_url: &str) -> Upstream {
    let transport = HyperTransport::builder().build().unwrap();
    let client = Client::builder(transport)
        .base_url(base_url.parse().unwrap())
        .credentials(Credentials::new("ww1", Secret::new("secret")))
        .timer(TokioTimer::new())
        .retry(Retry::new())
        // Counted as usual, with limits that a benchmark does not reach.
        .quotas(Quotas::wait_at_most(Duration::from_secs(60)).percent(100_000_000))
        .deadline(Duration::from_secs(30))
        .observer(Counter::default());
    Upstream::new(client.build())
}

async fn call(upstream: Upstream) {
    let reply = upstream.get_chain_group(GetChainGroup::new(ChainId::new("Chxxxxxx"))).await.unwrap();
    assert_eq!(reply.groups.len(), 2);
}

#[allow(clippy::print_stdout, reason = "a benchmark's report")]
fn main() {
    const CALLS: usize = 1000;
    let mut criterion = Criterion::default().configure_from_args().sample_size(60);
    let replies = Replies::from([("corpgroup/corp/get_chain_group", REPLY), ("gettoken", TOKEN_REPLY)]);
    let server = BenchServer::start(replies);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Rc::new(runtime);
    let base_url = server.base_url();
    let (plain, resilient) = (plain(&base_url), resilient(&base_url));
    for in_flight in [1, 64] {
        let comparison = Comparison::new(vec![
            ("plain", bench_client(&runtime, in_flight, plain.clone(), call)),
            ("resilient", bench_client(&runtime, in_flight, resilient.clone(), call)),
        ]);
        comparison.measure(&mut criterion, &format!("resilience, {in_flight} in flight"));
    }
    // Includes the server's allocations, which are the same for both.
    for (name, upstream) in [("plain", plain), ("resilient", resilient)] {
        let region = Region::new(ALLOCATOR);
        runtime.block_on(async {
            for _ in 0..CALLS {
                call(upstream.clone()).await;
            }
        });
        let change = region.change();
        let each = change.allocations as f64 / CALLS as f64;
        println!("{name}: {each:.1} allocations a call, the server's included");
    }
    criterion.final_summary();
}
