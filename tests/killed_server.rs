//! A server that is killed in the middle of a job and started again, over sockets.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use wecom_core::{Client, Secret, Timer, async_trait};
use wecom_hyper::HyperTransport;
use wecom_simulator::{Simulator, SimulatorServer, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::Group;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkEvent;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

const GROUPS: i64 = 100;

fn chain_id() -> ChainId {
    ChainId::new("Ch1")
}

fn simulator() -> Simulator {
    let mut chain = WorldChain::new(chain_id(), "chain");
    for groupid in 2..=GROUPS {
        chain = chain.group(Group::new(GroupId::new(groupid), format!("g{groupid}"), GroupId::new(groupid / 2)));
    }
    for groupid in 1..=GROUPS {
        for at in 0..3 {
            let (corpid, name) = (CorpId::new(format!("ww{groupid}x{at}")), format!("corp {at} of {groupid}"));
            chain = chain.corp(WorldCorp::joined(GroupId::new(groupid), corpid, name));
        }
    }
    let app = WorldApp::new(AgentId::new(1), Secret::new("a-secret"));
    Simulator::new(World::new(CorpId::new("wwupstream")).app(app).chain(chain))
}

/// A server on a runtime of its own. Killing it resets its connections, as the end of a process does.
struct Server {
    simulator: Simulator,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    async fn start(simulator: Simulator) -> Self {
        let mut server = Self { simulator, address: (Ipv4Addr::LOCALHOST, 0).into(), runtime: None };
        server.restart().await;
        server
    }

    async fn restart(&mut self) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bound = runtime.spawn(SimulatorServer::bind(self.address, self.simulator.clone())).await.unwrap().unwrap();
        self.address = bound.address();
        runtime.spawn(bound.run(std::future::pending()));
        self.runtime = Some(runtime);
    }

    fn kill(&mut self) {
        let runtime = self.runtime.take();
        // A runtime cannot be dropped where blocking is not allowed.
        thread::spawn(move || drop(runtime)).join().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A timer whose waits pass at once after the server was killed, and never before. The third wait starts the server again.
#[derive(Clone)]
struct Outage {
    server: Arc<tokio::sync::Mutex<Server>>,
    clock: Arc<Mutex<Clock>>,
}

#[derive(Default)]
struct Clock {
    now: Duration,
    is_killed: bool,
    waits: u32,
}

impl Outage {
    async fn kill(&self) {
        self.server.lock().await.kill();
        self.clock.lock().unwrap().is_killed = true;
    }

    fn is_killed(&self) -> bool {
        self.clock.lock().unwrap().is_killed
    }

    /// Counts a wait and returns its number.
    fn wait(&self, duration: Duration) -> u32 {
        let mut clock = self.clock.lock().unwrap();
        clock.now += duration;
        clock.waits += 1;
        clock.waits
    }
}

#[async_trait]
impl Timer for Outage {
    fn now(&self) -> Duration {
        self.clock.lock().unwrap().now
    }

    async fn sleep(&self, duration: Duration) {
        if !self.is_killed() {
            std::future::pending::<()>().await;
        }
        if self.wait(duration) == 3 {
            self.server.lock().await.restart().await;
        }
    }
}

#[tokio::test]
async fn a_walk_over_a_server_that_is_killed_and_comes_back_reads_the_whole_tree() {
    let simulator = simulator();
    let complete = Upstream::new(simulator.client()).walk(chain_id()).collect().await.unwrap();
    let server = Server::start(simulator.clone()).await;
    let base_url = format!("http://{}/cgi-bin/", server.address);
    let outage = Outage { server: Arc::new(tokio::sync::Mutex::new(server)), clock: Arc::default() };
    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(base_url.parse().unwrap())
        .credentials(simulator.credentials())
        .timer(outage.clone())
        .build();

    let upstream = Upstream::new(client);
    let mut walk = upstream.walk(chain_id()).concurrency(8);
    let mut tree = ChainTree::new(chain_id(), false);
    let mut deferred = 0;
    while let Some(event) = walk.next().await.unwrap() {
        deferred += usize::from(matches!(event, WalkEvent::GroupDeferred { .. }));
        tree.add(event);
        if walk.progress().corps == 100 && !outage.is_killed() {
            outage.kill().await;
        }
    }
    assert!(outage.clock.lock().unwrap().waits >= 3);
    assert!((1..=8 + 3).contains(&deferred), "{deferred} groups were deferred");
    assert_eq!(tree, complete);
}
