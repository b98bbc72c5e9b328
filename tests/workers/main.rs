//! The example `worker` of `wecom-redis`: three processes with one configuration keep one table, import each file once, and end
//! cleanly, although one of them is killed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failing test panics, and prints what it has measured"
)]

#[path = "../eight_processes/balancer.rs"]
mod balancer;
#[path = "../../crates/wecom-redis/examples/worker/main.rs"]
#[allow(dead_code, reason = "an example")]
mod worker;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use wecom_callback::CallbackKeys;
use wecom_hyper::TokioTimer;
use wecom_simulator::{CallbackUrl, Simulator, SimulatorServer};
use wecom_tests::redis_server::RedisServer;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::{ChainId, CorpId, GroupId, Upstream};

use crate::balancer::Ports;

const FILE: &str = "WECOM_TEST_WORKER";
const TOKEN: &str = "QDG6eK";
const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const ROWS: usize = 30;

/// One of the workers. Does nothing in a normal run of the tests.
#[test]
fn is_one_of_the_workers() {
    let Ok(file) = env::var(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(worker::run(&file, worker::stop_signal())).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_act_as_one_although_one_is_killed() {
    let Some(redis) = RedisServer::start() else { return };
    let mut company = Company::start(&redis).await;
    for _ in 0..3 {
        company.start_worker().await;
    }
    let dealers = ChainId::new("ChDealers");
    company.simulator.admin().create_group(&dealers, GroupId::new(1), "西南区").unwrap();
    company.until("a worker keeps the directory", async |company| company.keeper().await.is_some()).await;

    let keeper = company.keeper().await.unwrap();
    company.kill(keeper);
    company.start_worker().await;
    company.simulator.join_corp(&dealers, &PendingCorpId::new("wptaihu"), CorpId::new("wwtaihu"));
    company.until("all files are imported", async |company| company.are_files_done()).await;
    company.until("the table is current", async |company| company.is_table_current().await).await;
    assert!(company.path("imports/-latin1.csv.unreadable").exists(), "a file that is not in UTF-8 is not set aside");
    assert!(company.path("imports/-folder.csv").is_dir(), "a folder is not left alone");

    for file in 0..2 {
        let failed = fs::read_to_string(company.path(&format!("imports/{file}.csv.failed"))).unwrap_or_default();
        assert_eq!(failed, "", "rows failed");
    }
    let tree = company.tree().await;
    for name in (0..2).flat_map(|file| (0..ROWS).map(move |row| corp_name(file, row))) {
        assert_eq!(tree.corps().filter(|(_, corp)| corp.corp_name == name).count(), 1, "{name}");
    }
    for at in 0..company.workers.len() {
        assert_eq!(company.get(at, "health").await, "ok\n");
    }
    let metrics = company.all_metrics().await;
    eprintln!("{metrics}");
    // Both jobs of the import, of workers that still run, unless the killed one has submitted one.
    assert!(metrics.contains("wecom_calls_total{endpoint=\"import_chain_contact\",outcome=\"ok\"}"), "{metrics}");
    company.stop();
}

struct Company {
    simulator: Simulator,
    base_url: String,
    redis: String,
    folder: PathBuf,
    workers: Vec<(Child, SocketAddr)>,
    ports: Ports,
}

fn corp_name(file: usize, row: usize) -> String {
    format!("经销商{file}之{row}")
}

impl Company {
    async fn start(redis: &RedisServer) -> Self {
        let simulator = Simulator::demo().on_timer(TokioTimer::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/wecom/callback", listener.local_addr().unwrap());
        let url = CallbackUrl::new(&url, CallbackKeys::new(TOKEN, AES_KEY).unwrap()).unwrap();
        let server = SimulatorServer::bind("127.0.0.1:0".parse().unwrap(), simulator.clone()).await.unwrap();
        let base_url = server.base_url();
        tokio::spawn(server.callback(url.check_interval(Duration::from_millis(300))).run(std::future::pending()));
        let ports = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(balancer::run(listener, Arc::clone(&ports)));

        let folder = env::temp_dir().join(format!("wecom-workers-{}", std::process::id()));
        fs::create_dir_all(folder.join("imports")).unwrap();
        let company = Self { simulator, base_url, redis: redis.url(), folder, workers: Vec::new(), ports };
        fs::write(company.path("worker.toml"), company.configuration()).unwrap();
        for file in 0..2 {
            let rows = (0..ROWS).map(|row| format!("{},D{file}x{row},华北区,张三,13000000001\n", corp_name(file, row)));
            let header = "corp_name,custom_id,group_path,head,mobile\n".to_owned();
            let text: String = [header].into_iter().chain(rows).collect();
            fs::write(company.path(&format!("imports/{file}.csv")), text).unwrap();
        }
        fs::create_dir(company.path("imports/-folder.csv")).unwrap();
        fs::write(company.path("imports/-latin1.csv"), b"corp_name,custom_id,group_path,head,mobile\ncaf\xe9,,,,\n")
            .unwrap();
        company
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn configuration(&self) -> String {
        let text = |path: &Path| toml::Value::from(path.to_str().unwrap());
        format!(
            "base_url = \"{}\"\ncorp_id = \"{}\"\napp = \"dealer-app\"\nchain_id = \"ChDealers\"\nlisten = \"127.0.0.1:0\"\n\
             imports = {}\ntable = {}\nlease_seconds = 3\n[quotas]\nmax_wait_seconds = 60\npercent = 40\n",
            self.base_url,
            self.simulator.credentials().corp_id(),
            text(&self.path("imports")),
            text(&self.path("dealers.csv")),
        )
    }

    async fn start_worker(&mut self) {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["is_one_of_the_workers", "--exact", "--nocapture"])
            .env(FILE, self.path("worker.toml"))
            .env("WECOM_SECRET", self.simulator.credentials().secret().expose())
            .env("WECOM_CALLBACK_TOKEN", TOKEN)
            .env("WECOM_CALLBACK_AES_KEY", AES_KEY)
            .env("REDIS_URL", &self.redis)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let address = tokio::task::spawn_blocking(|| {
            let mut lines = output.lines().map_while(Result::ok);
            let address = lines.find_map(|line| line.rsplit_once("listening on ")?.1.parse::<SocketAddr>().ok());
            std::thread::spawn(move || lines.for_each(drop));
            address
        });
        let address = address.await.unwrap().unwrap();
        self.ports.lock().unwrap().push(Some(address.port()));
        self.workers.push((child, address));
    }

    /// SIGKILL.
    fn kill(&mut self, at: usize) {
        self.ports.lock().unwrap().remove(at);
        let (mut child, _) = self.workers.remove(at);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, after which every worker ends by itself.
    fn stop(&mut self) {
        for (child, _) in &self.workers {
            assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        }
        for (mut child, _) in self.workers.drain(..) {
            assert!(child.wait().unwrap().success(), "a worker failed");
        }
    }

    /// The worker that keeps the directory, and has read it.
    async fn keeper(&self) -> Option<usize> {
        for at in 0..self.workers.len() {
            let metrics = self.get(at, "metrics").await;
            if metrics.contains("dealers_keeper 1") && !metrics.contains("dealers 0\n") {
                return Some(at);
            }
        }
        None
    }

    async fn get(&self, at: usize, path: &str) -> String {
        let url = format!("http://{}/{path}", self.workers[at].1);
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    async fn all_metrics(&self) -> String {
        let mut all = String::new();
        for at in 0..self.workers.len() {
            all += &self.get(at, "metrics").await;
        }
        all
    }

    fn are_files_done(&self) -> bool {
        (0..2).all(|file| self.path(&format!("imports/{file}.csv.done")).exists())
    }

    async fn tree(&self) -> ChainTree {
        let upstream = Upstream::new(self.simulator.client());
        upstream.walk(ChainId::new("ChDealers")).need_pending(true).collect().await.unwrap()
    }

    /// Whether the table has the corps of a new walk.
    async fn is_table_current(&self) -> bool {
        let expected = self.tree().await;
        let mut expected: Vec<String> = expected
            .corps()
            .map(|(path, corp)| format!("{},{path},{}", corp.corp_name, if corp.is_joined { "yes" } else { "no" }))
            .collect();
        let table = fs::read_to_string(self.path("dealers.csv")).unwrap_or_default();
        let mut table: Vec<String> = table.lines().skip(1).map(str::to_owned).collect();
        expected.sort();
        table.sort();
        table == expected
    }

    /// Waits until a condition holds, two minutes at most.
    async fn until(&self, what: &str, condition: impl AsyncFn(&Self) -> bool) {
        let holds = async {
            while !condition(self).await {
                sleep(Duration::from_millis(100)).await;
            }
        };
        assert!(timeout(Duration::from_secs(120), holds).await.is_ok(), "two minutes have passed before {what}");
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        for (child, _) in &mut self.workers {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
