//! Calls over real sockets on loopback, 1 and 64 in flight, against two peers that do the same work in the same run: a
//! client written by hand on hyper-util, and reqwest. Each builds the URL with the token, writes the JSON, keeps a time
//! limit and a size cap, reads the reply and checks its errcode.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark")]

use std::future::Future;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::runtime::Runtime;
use wecom_core::{AccessToken, Client};
use wecom_hyper::HyperTransport;
use wecom_tests::loopback::{Answers, Loopback};
use wecom_tests::ratios;
use wecom_upstream::{ChainId, GetChainGroup, Group, Upstream};

const REPLY: &str = include_str!("../../crates/wecom-upstream/samples/get_chain_group.reply.json");
const TOKEN: &str = "accesstoken000001-of-a-length-that-real-ones-have-0123456789-0123456789-0123456789";
const TIME_LIMIT: Duration = Duration::from_secs(30);
const CAP: usize = 8 << 20;

/// The reply as one writes it by hand.
#[derive(Deserialize)]
struct ByHand {
    errcode: i64,
    groups: Vec<Group>,
}

fn call() -> GetChainGroup {
    GetChainGroup::new(ChainId::new("Chxxxxxx"))
}

fn checked(reply: ByHand) -> Vec<Group> {
    assert_eq!(reply.errcode, 0);
    reply.groups
}

#[derive(Clone)]
struct HandWritten {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base_url: String,
}

impl HandWritten {
    fn new(base_url: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { pool: Pool::builder(TokioExecutor::new()).build(connector), base_url }
    }

    async fn get_chain_group(&self) -> Vec<Group> {
        let url = format!("{}corpgroup/corp/get_chain_group?access_token={TOKEN}", self.base_url);
        let request = hyper::Request::post(url)
            .header("accept", "application/json")
            .header("user-agent", "by-hand/1.0")
            .header("content-type", "application/json")
            .body(Full::from(serde_json::to_vec(&call()).unwrap()))
            .unwrap();
        let body = tokio::time::timeout(TIME_LIMIT, async {
            let reply = self.pool.request(request).await.unwrap();
            assert!(reply.status().is_success());
            Limited::new(reply.into_body(), CAP).collect().await.unwrap().to_bytes()
        });
        checked(serde_json::from_slice(&body.await.unwrap()).unwrap())
    }
}

#[derive(Clone)]
struct Reqwest {
    client: reqwest::Client,
    base_url: String,
}

impl Reqwest {
    fn new(base_url: String) -> Self {
        let client = reqwest::Client::builder().timeout(TIME_LIMIT).user_agent("reqwest/1.0");
        Self { client: client.redirect(reqwest::redirect::Policy::none()).build().unwrap(), base_url }
    }

    async fn get_chain_group(&self) -> Vec<Group> {
        let url = format!("{}corpgroup/corp/get_chain_group?access_token={TOKEN}", self.base_url);
        let reply = self.client.post(url).header("accept", "application/json").json(&call()).send().await.unwrap();
        checked(reply.error_for_status().unwrap().json().await.unwrap())
    }
}

fn ours(base_url: &str) -> Upstream {
    let transport = HyperTransport::builder().build().unwrap();
    let client = Client::builder(transport).base_url(base_url.parse().unwrap()).token(AccessToken::new(TOKEN)).build();
    Upstream::new(client)
}

/// Makes this many calls, `in_flight` of them at a time.
async fn run<F>(calls: u64, in_flight: u64, call: impl Fn() -> F + Clone + Send + 'static) -> Duration
where
    F: Future<Output = Vec<Group>> + Send + 'static,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|task| {
            let call = call.clone();
            let share = calls / in_flight + u64::from(task < calls % in_flight);
            tokio::spawn(async move {
                for _ in 0..share {
                    assert_eq!(call().await.len(), 2);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    start.elapsed()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(8));
    let server = Loopback::start_forgetful(Answers::new().with("corpgroup/corp/get_chain_group", REPLY));
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let upstream = ours(&server.base_url());
    let by_hand = HandWritten::new(server.base_url());
    let reqwest = Reqwest::new(server.base_url());

    for in_flight in [1, 64] {
        let mut group = criterion.benchmark_group(format!("loopback {in_flight} in flight"));
        group.throughput(Throughput::Elements(1));
        macro_rules! measure {
            ($name:literal, $client:expr, $call:expr) => {
                group.bench_function($name, |bencher| {
                    bencher.iter_custom(|calls| {
                        let client = $client.clone();
                        runtime.block_on(run(calls, in_flight, move || {
                            let client = client.clone();
                            #[allow(clippy::redundant_closure_call, reason = "one measurement for three clients")]
                            async move {
                                $call(client).await
                            }
                        }))
                    });
                });
            };
        }
        measure!("hyper-util by hand", by_hand, async |client: HandWritten| client.get_chain_group().await);
        measure!("wecom", upstream, async |client: Upstream| client.get_chain_group(call()).await.unwrap().groups);
        measure!("reqwest", reqwest, async |client: Reqwest| client.get_chain_group().await);
        group.finish();
    }
    criterion.final_summary();
    for in_flight in [1, 64] {
        ratios::print(&format!("loopback {in_flight} in flight"), "hyper-util by hand", &["wecom", "reqwest"]);
    }
}
