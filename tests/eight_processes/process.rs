//! One process of the company: it calls, imports and handles events until its standard input ends.

use std::env;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::sleep;
use wecom_callback::{Callback, Channel, Once, Receiver, handle_once};
use wecom_core::lease::{Lease, LeaseKey};
use wecom_core::{Client, Quotas, Retry, Shared};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_redis::RedisStore;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportOutcome, ImportReport, ImportState};

use crate::company::{FILES, PERCENT, ROWS, chain_id, corp_name, keys};

/// The time between two calls of one process. Eight processes use the quota up in about 45 s.
const PACE: Duration = Duration::from_millis(130);

/// How long a process that was killed or stopped holds the lease of the imports.
const LEASE: Duration = Duration::from_secs(5);

/// How long an import searches for the rows of a lost job, which takes five seconds.
const SETTLES: Duration = Duration::from_secs(10);

/// What the supervisor passes to a process.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) base_url: String,
    pub(crate) redis: String,
    /// The file with a line for each event that was handled.
    pub(crate) events: PathBuf,
}

const BASE_URL: &str = "WECOM_TEST_BASE_URL";
const REDIS: &str = "WECOM_TEST_REDIS";
const EVENTS: &str = "WECOM_TEST_EVENTS";

impl Setup {
    pub(crate) fn from_environment() -> Option<Self> {
        let [base_url, redis] = [BASE_URL, REDIS].map(|name| env::var(name).ok());
        Some(Self { base_url: base_url?, redis: redis?, events: env::var_os(EVENTS)?.into() })
    }

    pub(crate) fn to_environment(&self) -> [(&'static str, &OsStr); 3] {
        [(BASE_URL, self.base_url.as_ref()), (REDIS, self.redis.as_ref()), (EVENTS, self.events.as_os_str())]
    }
}

pub(crate) async fn run(setup: Setup) {
    let store = RedisStore::open(&setup.redis).unwrap();
    let credentials = Simulator::demo().credentials();
    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(setup.base_url.parse().unwrap())
        .credentials(credentials.clone())
        .timer(TokioTimer::new())
        .retry(Retry::new())
        .token_store("app", store.clone())
        .quotas(Quotas::wait_at_most(Duration::from_secs(120)).percent(PERCENT).own_share(0))
        .quota_store(credentials.corp_id(), store.clone())
        .build();
    let upstream = Upstream::new(client.clone());
    let receiver = Receiver::new(Channel::app(keys(), credentials.corp_id()));
    let callbacks = Arc::new(Callbacks { receiver, seen: store.clone(), events: setup.events });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("port {}", listener.local_addr().unwrap().port());

    tokio::select! {
        () = make_calls(&upstream) => {}
        () = import_all(&upstream, &store, credentials.corp_id()) => {}
        () = serve(listener, callbacks) => {}
        () = stopped() => {}
    }
    client.give_back_quota().await;
}

/// Completes when the supervisor closes the standard input, or has ended itself.
async fn stopped() {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = stop.send(());
    });
    let _ = stopped.await;
}

async fn make_calls(upstream: &Upstream) {
    loop {
        // A call of a process that was stopped may time out.
        let _ = upstream.get_chain_list().await;
        sleep(PACE).await;
    }
}

/// Imports all files again and again, as a worker does for which new files may come.
async fn import_all(upstream: &Upstream, store: &RedisStore, corp_id: &str) {
    loop {
        for file in 0..FILES {
            let key = LeaseKey::new(corp_id, "import");
            let acquired = Lease::<Shared>::acquire(store.clone(), TokioTimer::new(), key, LEASE).await;
            if let Ok(Some(lease)) = acquired {
                // The next turn continues after an error.
                let _ = import(upstream, store, lease, file).await;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Imports a file, or continues its import.
async fn import(
    upstream: &Upstream,
    store: &RedisStore,
    lease: Lease,
    file: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let saved = store.saved_state(&state_name(file));
    let state = match saved.load().await? {
        Some(json) => serde_json::from_slice(&json)?,
        None => ImportState::new(chain_id(), (0..ROWS).map(|row| corp(&corp_name(file, row))))?,
    };
    let import = upstream.import(state).lease(lease).settle_limit(SETTLES);
    let saving = |state: &ImportState| {
        let (json, saved) = (serde_json::to_vec(state), &saved);
        async move { Ok(saved.save_within(&json?, LEASE).await?) }
    };
    let report =
        import.finish_with(|_, state| saving(state)).await.map_err(|error: Box<dyn std::error::Error>| error)?;
    let lost: Vec<ImportCorp> = lost(&report).cloned().collect();
    if !lost.is_empty() {
        saving(&ImportState::new(chain_id(), lost)?).await?;
    }
    Ok(())
}

/// The name of the saved state of a file.
pub(crate) fn state_name(file: usize) -> String {
    format!("import/{file}")
}

/// The rows that were announced and not submitted, because the process was killed in between.
fn lost(report: &ImportReport) -> impl Iterator<Item = &ImportCorp> {
    let is_lost = |outcome: &ImportOutcome| matches!(outcome, ImportOutcome::Unknown { in_chain: Some(false) });
    report.rows.iter().filter(move |row| is_lost(&row.outcome)).map(|row| &row.corp)
}

fn corp(name: &str) -> ImportCorp {
    ImportCorp::new(name, [ImportContact::head("张三", "13000000001")])
}

struct Callbacks {
    receiver: Receiver,
    seen: RedisStore,
    events: PathBuf,
}

impl Callbacks {
    /// Handles an event: it takes a while, and then has one effect.
    async fn handle(&self, callback: &Callback) -> std::io::Result<()> {
        sleep(Duration::from_millis(50)).await;
        let mut file = OpenOptions::new().append(true).open(&self.events)?;
        file.write_all(format!("{}\n", callback.digest()).as_bytes())
    }
}

async fn serve(listener: TcpListener, callbacks: Arc<Callbacks>) {
    let router = Router::new().route("/callback", get(check).post(receive)).with_state(callbacks);
    axum::serve(listener, router).await.unwrap();
}

async fn check(State(callbacks): State<Arc<Callbacks>>, RawQuery(query): RawQuery) -> Response {
    match callbacks.receiver.verify_url(&*query.unwrap_or_default(), SystemTime::now()) {
        Ok(answer) => answer.into_body().into_response(),
        Err(_) => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn receive(State(callbacks): State<Arc<Callbacks>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let Ok(callback) = callbacks.receiver.open(&*query.unwrap_or_default(), &body, SystemTime::now()) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    match handle_once(&callbacks.seen, &callback, callbacks.handle(&callback)).await {
        Ok(Once::Handled(()) | Once::Duplicate) => callback.acknowledge().into_body().into_response(),
        Ok(Once::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
