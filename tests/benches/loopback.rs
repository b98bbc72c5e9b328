//! Calls over loopback sockets, 1 and 64 in flight, compared with two other clients in the same run: one written by hand on
//! hyper-util, and reqwest. Each builds the URL with the token, serializes the request, applies a time limit and a size limit,
//! decodes the reply and checks its errcode.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use criterion::Criterion;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use wecom_core::{AccessToken, Client};
use wecom_hyper::HyperTransport;
use wecom_tests::bench_server::{BenchServer, Replies};
use wecom_tests::comparison::{Comparison, bench_client};
use wecom_upstream::calls::{GetChainGroup, Group};
use wecom_upstream::{ChainId, Upstream};

const REPLY: &str = include_str!("../../crates/wecom-upstream/samples/get_chain_group.reply.json");
const TOKEN: &str = "accesstoken000001-of-a-length-that-real-ones-have-0123456789-0123456789-0123456789";
const TIME_LIMIT: Duration = Duration::from_secs(30);
const SIZE_LIMIT: usize = 8 << 20;

/// The reply as a hand-written client declares it.
#[derive(Deserialize)]
struct ByHand {
    errcode: i64,
    groups: Vec<Group>,
}

fn call() -> GetChainGroup {
    GetChainGroup::new(ChainId::new("Chxxxxxx"))
}

fn assert_ok(reply: ByHand) {
    assert_eq!(reply.errcode, 0);
    assert_two(&reply.groups);
}

fn assert_two(groups: &[Group]) {
    assert_eq!(groups.len(), 2);
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

    async fn get_chain_group(&self) -> ByHand {
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
            Limited::new(reply.into_body(), SIZE_LIMIT).collect().await.unwrap().to_bytes()
        });
        serde_json::from_slice(&body.await.unwrap()).unwrap()
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

    async fn get_chain_group(&self) -> ByHand {
        let url = format!("{}corpgroup/corp/get_chain_group?access_token={TOKEN}", self.base_url);
        let reply = self.client.post(url).header("accept", "application/json").json(&call()).send().await.unwrap();
        reply.error_for_status().unwrap().json().await.unwrap()
    }
}

fn ours(base_url: &str) -> Upstream {
    let transport = HyperTransport::builder().build().unwrap();
    let client = Client::builder(transport).base_url(base_url.parse().unwrap()).token(AccessToken::new(TOKEN)).build();
    Upstream::new(client)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(60);
    let server = BenchServer::start(Replies::from([("corpgroup/corp/get_chain_group", REPLY)]));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Rc::new(runtime);
    for in_flight in [1, 64] {
        let base_url = server.base_url();
        let by_hand = |client: HandWritten| async move { assert_ok(client.get_chain_group().await) };
        let wecom = |client: Upstream| async move { assert_two(&client.get_chain_group(call()).await.unwrap().groups) };
        let reqwest = |client: Reqwest| async move { assert_ok(client.get_chain_group().await) };
        let comparison = Comparison::new(vec![
            ("hyper-util by hand", bench_client(&runtime, in_flight, HandWritten::new(base_url.clone()), by_hand)),
            ("wecom", bench_client(&runtime, in_flight, ours(&base_url), wecom)),
            ("reqwest", bench_client(&runtime, in_flight, Reqwest::new(base_url), reqwest)),
        ]);
        comparison.measure(&mut criterion, &format!("loopback {in_flight} in flight"));
    }
    criterion.final_summary();
}
