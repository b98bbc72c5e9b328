//! Calls over real sockets on loopback, 1 and 64 in flight, against two peers that do the same work in the same run: a
//! client written by hand on hyper-util, and reqwest. Each builds the URL with the token, writes the JSON, keeps a time
//! limit and a size cap, reads the reply and checks its errcode.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
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

/// A client under measurement: makes this many calls, and says how long they took.
type Contestant = Box<dyn Fn(u64) -> Duration>;

/// The clients of one run. Each sample has all of them make the same calls in turn, so that what else the machine does
/// meets them alike; the ratios are the medians over these rounds.
struct Contest {
    clients: Vec<(&'static str, Contestant)>,
    rounds: RefCell<Vec<Vec<f64>>>,
}

impl Contest {
    fn new(clients: Vec<(&'static str, Contestant)>) -> Self {
        Self { clients, rounds: RefCell::default() }
    }

    /// One round, begun by another client each time; gives the time of the one that is measured.
    fn round(&self, calls: u64, measured: usize) -> Duration {
        let count = self.clients.len();
        let first = self.rounds.borrow().len();
        let mut times = vec![Duration::ZERO; count];
        for turn in 0..count {
            let index = (first + turn) % count;
            times[index] = self.clients[index].1(calls);
        }
        self.rounds.borrow_mut().push(times.iter().map(Duration::as_secs_f64).collect());
        times[measured]
    }

    #[allow(clippy::print_stdout, reason = "a benchmark's report")]
    fn report(&self, group: &str) {
        let rounds = self.rounds.borrow();
        // A filtered run has no rounds.
        if rounds.is_empty() {
            return;
        }
        for (index, (name, _)) in self.clients.iter().enumerate().skip(1) {
            let mut ratios: Vec<_> = rounds.iter().map(|times| times[0] / times[index]).collect();
            ratios.sort_by(f64::total_cmp);
            let (rounds, base) = (ratios.len(), self.clients[0].0);
            println!(
                "{group}: {name} has {:.2} x the throughput of {base} (median of {rounds} rounds)",
                ratios[rounds / 2]
            );
        }
    }
}

/// What makes calls over a client that is cloned for each task.
fn contestant<C, F>(runtime: &Rc<Runtime>, in_flight: u64, client: C, call: fn(C) -> F) -> Contestant
where
    C: Clone + Send + Sync + 'static,
    F: Future<Output = Vec<Group>> + Send + 'static,
{
    let runtime = Rc::clone(runtime);
    Box::new(move |calls| {
        let client = client.clone();
        runtime.block_on(run(calls, in_flight, move || call(client.clone())))
    })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(60);
    let server = Loopback::start_forgetful(Answers::new().with("corpgroup/corp/get_chain_group", REPLY));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Rc::new(runtime);
    for in_flight in [1, 64] {
        let base_url = server.base_url();
        let by_hand = |client: HandWritten| async move { client.get_chain_group().await };
        let wecom = |client: Upstream| async move { client.get_chain_group(call()).await.unwrap().groups };
        let reqwest = |client: Reqwest| async move { client.get_chain_group().await };
        let contest = Rc::new(Contest::new(vec![
            ("hyper-util by hand", contestant(&runtime, in_flight, HandWritten::new(base_url.clone()), by_hand)),
            ("wecom", contestant(&runtime, in_flight, ours(&base_url), wecom)),
            ("reqwest", contestant(&runtime, in_flight, Reqwest::new(base_url), reqwest)),
        ]));
        let name = format!("loopback {in_flight} in flight");
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Elements(1));
        for (index, (client, _)) in contest.clients.iter().enumerate() {
            group.bench_function(*client, |bencher| bencher.iter_custom(|calls| contest.round(calls, index)));
        }
        group.finish();
        contest.report(&name);
    }
    criterion.final_summary();
}
