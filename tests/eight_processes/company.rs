//! The service that the processes call, and what it has seen of them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use tokio::net::TcpListener;
use tokio::time::sleep;
use wecom_callback::CallbackKeys;
use wecom_hyper::TokioTimer;
use wecom_redis::RedisStore;
use wecom_simulator::{CallbackAttempt, CallbackOutcome, CallbackUrl, ServedCall, Simulator, SimulatorServer};
use wecom_tests::redis_server::RedisServer;
use wecom_upstream::jobs::import::{ImportOutcome, ImportState};
use wecom_upstream::{ChainId, GroupId, Upstream};

use crate::process::state_name;

/// The divisor of the quotas of the simulator.
const DIVISOR: u32 = 4;
/// The number of calls that the simulator admits in a minute.
pub(crate) const QUOTA: usize = 2_500;
/// The part of the documented quotas that the processes use together: 96 % of those of the simulator.
pub(crate) const PERCENT: u32 = 24;

/// The number of files that the processes import, and of rows in each of them.
pub(crate) const FILES: usize = 6;
pub(crate) const ROWS: usize = 25;

/// The last of the three attempts to send an event begins after the mark of a killed process has expired.
const SENT_AGAIN_AFTER: Duration = Duration::from_secs(3);
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn chain_id() -> ChainId {
    ChainId::new("ChDealers")
}

pub(crate) fn corp_name(file: usize, row: usize) -> String {
    format!("经销商{file}之{row}")
}

pub(crate) fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

pub(crate) struct Company {
    simulator: Simulator,
    base_url: String,
    events_file: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

/// What the simulator has seen and the supervisor has done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// When each admitted call of the endpoint with the busiest quota was made.
    calls: Vec<Instant>,
    counts: Counts,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// The calls that were refused because of a quota (45009).
    refusals: usize,
    /// Calls of gettoken.
    fetches: usize,
    revocations: usize,
    /// Imports that the simulator has accepted.
    jobs: usize,
    events: usize,
    events_accepted: usize,
    /// Events that were given up although a process refused an attempt.
    events_refused: usize,
    /// Events of which every attempt reached a process that was stopped or killed, so WeCom gives them up too.
    events_unanswered: usize,
    /// Whether a process has refused an attempt to send the current event.
    is_refused: bool,
    attempts: HashMap<String, usize>,
    kills: usize,
    stops: usize,
}

impl Company {
    /// Starts the service. Returns the listener to which it sends its events too.
    pub(crate) async fn start(simulator: Simulator) -> (Self, TcpListener) {
        let simulator = simulator.on_timer(TokioTimer::new()).divide_quotas(DIVISOR);
        let seen = Arc::<Mutex<Seen>>::default();
        let balancer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", balancer.local_addr().unwrap());
        let url = CallbackUrl::new(&url, keys()).unwrap().check_interval(Duration::from_millis(300));
        let url = url.pause(SENT_AGAIN_AFTER).time_limit(ANSWERED_WITHIN);
        let server = SimulatorServer::bind("127.0.0.1:0".parse().unwrap(), simulator.clone()).await.unwrap();
        let base_url = server.base_url();
        let (calls, attempts) = (Arc::clone(&seen), Arc::clone(&seen));
        let server = server
            .on_call(move |call| calls.lock().unwrap().note_call(call))
            .callback(url)
            .on_callback(move |attempt| attempts.lock().unwrap().counts.note_attempt(attempt));
        tokio::spawn(server.run(std::future::pending()));
        let events_file = env::temp_dir().join(format!("wecom-eight-processes-{}", process::id()));
        fs::write(&events_file, "").unwrap();
        (Self { simulator, base_url, events_file, seen }, balancer)
    }

    pub(crate) fn base_url(&self) -> String {
        self.base_url.clone()
    }

    pub(crate) fn events_file(&self) -> PathBuf {
        self.events_file.clone()
    }

    pub(crate) fn note_kill(&self) {
        self.seen().counts.kills += 1;
    }

    pub(crate) fn note_stop(&self) {
        self.seen().counts.stops += 1;
    }

    pub(crate) fn revoke_tokens(&self) {
        self.simulator.revoke_tokens();
        self.seen().counts.revocations += 1;
    }

    pub(crate) fn send_event(&self) {
        let name = format!("分组{}", self.seen().counts.events);
        self.simulator.admin().create_group(&chain_id(), GroupId::new(1), name).unwrap();
        self.seen().counts.events += 1;
    }

    /// The number of calls within a time since the first one.
    pub(crate) fn calls_within(&self, time: Duration) -> usize {
        let seen = self.seen();
        seen.calls.iter().filter(|call| **call - seen.calls[0] < time).count()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.seen().counts.clone()
    }

    /// Waits until all rows are imported and all events are sent, two minutes at most.
    pub(crate) async fn until_all_is_done(&self, redis: &RedisServer) {
        let store = RedisStore::open(&redis.url()).unwrap();
        let done = async {
            while !(self.is_imported(&store).await && self.seen().counts.are_events_sent()) {
                sleep(Duration::from_millis(200)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(120), done).await;
        assert!(in_time.is_ok(), "not all is done: {:?}", self.counts());
    }

    async fn is_imported(&self, store: &RedisStore) -> bool {
        for file in 0..FILES {
            let Some(json) = store.saved_state(&state_name(file)).load().await.unwrap() else { return false };
            let state: ImportState = serde_json::from_slice(&json).unwrap();
            let report = Upstream::new(self.simulator.client()).import(state).into_report();
            if !report.rows.iter().all(|row| is_in_chain(&row.outcome)) {
                return false;
            }
        }
        true
    }

    pub(crate) fn assert_quota_kept_and_used(&self, calls: usize) {
        assert_eq!(self.seen().counts.refusals, 0, "calls were refused with 45009");
        assert!(calls * 10 >= QUOTA * 9, "{calls} calls of {QUOTA}");
    }

    pub(crate) fn assert_one_fetch_a_generation(&self) {
        let Counts { fetches, revocations, .. } = self.counts();
        assert!(fetches <= revocations + 1, "{fetches} fetches of {} generations", revocations + 1);
    }

    pub(crate) async fn assert_each_row_once(&self) {
        let tree = Upstream::new(self.simulator.client()).walk(chain_id()).need_pending(true).collect().await.unwrap();
        for file in 0..FILES {
            for row in 0..ROWS {
                let name = corp_name(file, row);
                let times = tree.corps().filter(|(_, corp)| corp.corp_name == name).count();
                assert_eq!(times, 1, "{name} was imported {times} times");
            }
        }
    }

    pub(crate) fn assert_each_event_once(&self) {
        let handled = fs::read_to_string(&self.events_file).unwrap();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for digest in handled.lines() {
            *times.entry(digest).or_default() += 1;
        }
        let Counts { events, jobs, events_refused, events_unanswered, .. } = self.counts();
        assert!(times.values().all(|times| *times == 1), "events were handled more than once: {times:?}");
        assert_eq!(events_refused, 0, "events were given up that a process has refused");
        // A process that continues may handle an event of which the attempts are over.
        let expected = events + jobs - events_unanswered..=events + jobs;
        assert!(expected.contains(&times.len()), "{} events were handled of {expected:?}", times.len());
        fs::remove_file(&self.events_file).unwrap();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

fn is_in_chain(outcome: &ImportOutcome) -> bool {
    matches!(outcome, ImportOutcome::Imported | ImportOutcome::Unknown { in_chain: Some(true) })
}

impl Seen {
    fn note_call(&mut self, call: &ServedCall) {
        let is_success = call.errcode == Some(0);
        match call.path.rsplit('/').next() {
            Some("get_chain_list") if is_success => self.calls.push(Instant::now()),
            Some("import_chain_contact") if is_success => self.counts.jobs += 1,
            Some("gettoken") => self.counts.fetches += 1,
            _ => {}
        }
        if call.errcode == Some(45009) {
            self.counts.refusals += 1;
        }
    }
}

impl Counts {
    fn note_attempt(&mut self, attempt: &CallbackAttempt) {
        if attempt.kind == "url check" {
            return;
        }
        *self.attempts.entry(attempt.outcome.to_string()).or_default() += 1;
        let is_refused = matches!(attempt.outcome, CallbackOutcome::Status(_));
        self.is_refused = is_refused || attempt.attempt > 1 && self.is_refused;
        match attempt.outcome {
            CallbackOutcome::Accepted => self.events_accepted += 1,
            _ if attempt.attempt < 3 => {}
            _ if self.is_refused => self.events_refused += 1,
            _ => self.events_unanswered += 1,
        }
    }

    fn are_events_sent(&self) -> bool {
        self.events_accepted + self.events_refused + self.events_unanswered == self.events + self.jobs
    }
}
