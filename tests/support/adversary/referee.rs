//! Sees everything that happens in a run, and notes the first broken promise.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::{Endpoint, Error, Timer};
use wecom_mock::ManualTimer;

use super::executor::TaskId;
use super::watch::calls::{Call, CallId, CallWatch};
use super::watch::fetches::FetchWatch;
use super::watch::quotas::QuotaWatch;

/// A part of every secret in a run. No text may show it.
pub const CANARY: &str = "canary";

/// The app's secret in a run.
pub const SECRET: &str = "canary+9zKq27Xv/84LmTrw0Yp6Bn=";

/// A part of every person's number in a run. No text may show it.
pub const NUMBER: &str = "13099990";

/// How often one poll may read the clock: more often, and it goes in a circle.
const MOST_READINGS: u32 = 10_000;

/// How many requests one poll may send.
const MOST_REQUESTS: u32 = 100;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise, the same for every way to break it.
    pub promise: &'static str,
    /// What happened instead.
    pub facts: String,
}

impl Violation {
    /// A broken promise and what happened instead.
    pub fn new(promise: &'static str, facts: impl Into<String>) -> Self {
        Self { promise, facts: facts.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}: {}", self.promise, self.facts)
    }
}

/// Whose token a request carries: 0 for the upstream corp, and the number of a downstream corp.
pub type Scope = u32;

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Counts the requests of a run.
    pub id: u32,
    /// What is called.
    pub endpoint: &'static Endpoint,
    /// Whose token it carries.
    pub scope: Scope,
    /// Whose token it fetches, if it fetches one.
    pub fetches: Option<Scope>,
    /// When it was sent.
    pub sent: Duration,
    /// When the service is done with it.
    pub over: Duration,
    /// When the client may know that, even if nothing reads the answer.
    pub limit: Duration,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The honest reply.
    Reply,
    /// An `errcode`.
    Code(i64),
    /// Anything else.
    Nothing,
}

/// What a client was told, as far as it matters to the promises.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How much of a quota the client may use, in percent; `None` if it keeps to none.
    pub percent: Option<u32>,
    /// How long a call may wait for its turn.
    pub patience: Option<Duration>,
    /// How long the service may take for a token.
    pub fetch_limit: Duration,
    /// Whether calls never wait for a token.
    pub has_fixed_token: bool,
}

/// Sees everything that happens in a run. Cheap to clone. It is the clock of the run as well, so that it notices a poll
/// that never ends.
#[derive(Clone)]
pub struct Referee {
    timer: ManualTimer,
    record: Arc<Mutex<Record>>,
}

struct Record {
    violation: Option<Violation>,
    calls: CallWatch,
    quotas: QuotaWatch,
    fetches: FetchWatch,
    /// When trouble was last seen.
    last_trouble: Option<Duration>,
    readings: u32,
    requests: u32,
    has_ended: bool,
    notes: Option<Vec<String>>,
}

impl Referee {
    /// A referee for a client that was told these rules. It keeps a journal only if it is to be read.
    #[must_use]
    pub fn new(timer: ManualTimer, rules: Rules, keeps_journal: bool) -> Self {
        let record = Record {
            violation: None,
            calls: CallWatch::new(rules),
            quotas: QuotaWatch::new(rules.percent),
            fetches: FetchWatch::new(rules.fetch_limit),
            last_trouble: None,
            readings: 0,
            requests: 0,
            has_ended: false,
            notes: keeps_journal.then(Vec::new),
        };
        Self { timer, record: Arc::new(Mutex::new(record)) }
    }

    /// The first broken promise, if there is one.
    ///
    /// # Errors
    ///
    /// That promise.
    pub fn verdict(&self) -> Result<(), Violation> {
        self.lock().violation.clone().map_or(Ok(()), Err)
    }

    /// Notes a broken promise.
    pub fn broken(&self, promise: &'static str, facts: impl Into<String>) {
        self.lock().violation.get_or_insert_with(|| Violation::new(promise, facts));
    }

    /// Adds a line to the journal.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.lock().notes {
            notes.push(format!("{:>10.3?}  {}", self.timer.now(), line()));
        }
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        self.lock().notes.clone().unwrap_or_default()
    }

    /// From here on futures are dropped because the run ends.
    pub fn end_run(&self) {
        self.lock().has_ended = true;
    }

    /// A poll begins.
    pub fn begin_poll(&self) {
        let mut record = self.lock();
        record.readings = 0;
        record.requests = 0;
    }

    /// The poll of a task has returned.
    pub fn end_poll(&self, task: TaskId, now: Duration) {
        self.watch(|record| record.calls.end_poll(task, now));
    }

    /// Nothing is ready, and time passes until the next event.
    pub fn time_passes(&self, from: Duration, to: Duration) {
        self.watch(|record| record.calls.time_passes(&record.quotas, from, to));
    }

    /// A call begins.
    #[must_use]
    pub fn call_begins(&self, call: Call) -> CallId {
        self.lock().calls.begin(call)
    }

    /// A call is kept and not polled, or polled again.
    pub fn call_is_kept(&self, id: CallId, is_kept: bool) {
        self.lock().calls.keep(id, is_kept);
    }

    /// A call has ended or was dropped.
    pub fn call_ends(&self, id: CallId) {
        self.lock().calls.end(id);
    }

    /// A request is sent, for this call if the service can tell.
    pub fn request_sent(&self, exchange: &Exchange, call: Option<CallId>) {
        self.note(|| {
            format!("request {}: {} is sent, scope {}", exchange.id, exchange.endpoint.name(), exchange.scope)
        });
        self.watch(|record| {
            record.requests += 1;
            if record.requests > MOST_REQUESTS {
                return Err(Violation::new("a poll returns", format!("one poll sent {MOST_REQUESTS} requests")));
            }
            record.quotas.sent(exchange)?;
            if let Some(scope) = exchange.fetches {
                record.fetches.sent(scope, exchange)?;
            }
            call.map_or(Ok(()), |call| record.calls.sent(call, exchange.sent))
        });
    }

    /// A request was answered, and the answer was read.
    pub fn request_answered(&self, exchange: &Exchange, answer: Answer) {
        let now = self.timer.now();
        self.note(|| format!("request {}: {answer:?}", exchange.id));
        let mut record = self.lock();
        record.quotas.answered(exchange, answer, now);
        record.quotas.ended(exchange);
        record.fetches.answered(exchange, answer, now);
    }

    /// A request was dropped before its answer was read.
    pub fn request_dropped(&self, exchange: &Exchange) {
        let now = self.timer.now();
        self.note(|| format!("request {}: dropped", exchange.id));
        self.watch(|record| {
            record.quotas.ended(exchange);
            let has_ended = record.has_ended;
            record.fetches.dropped(exchange, now).or_else(|violation| if has_ended { Ok(()) } else { Err(violation) })
        });
    }

    /// How many requests of an endpoint the service is busy with.
    #[must_use]
    pub fn under_way(&self, scope: Scope, endpoint: &Endpoint) -> u32 {
        let now = self.timer.now();
        self.lock().quotas.under_way(scope, endpoint, now)
    }

    /// The least number of calls of an endpoint that may be under way at once after all that was answered.
    #[must_use]
    pub fn least_limit(&self, scope: Scope, endpoint: &Endpoint) -> u32 {
        self.lock().quotas.least_limit(scope, endpoint)
    }

    /// Whether gettoken refused the credentials, so that no call can succeed any more.
    #[must_use]
    pub fn are_credentials_refused(&self) -> bool {
        self.lock().fetches.are_credentials_refused()
    }

    /// The service or the store makes trouble: calls may fail.
    pub fn trouble(&self) {
        let now = self.timer.now();
        self.lock().last_trouble = Some(now);
    }

    /// When there was trouble last, if there was any.
    #[must_use]
    pub fn last_trouble(&self) -> Option<Duration> {
        self.lock().last_trouble
    }

    /// A text that someone may read.
    pub fn text(&self, text: &str) {
        if text.contains(CANARY) || text.contains(NUMBER) {
            self.broken("no text shows a secret or a person's number", text);
        }
    }

    /// Every text of an error.
    pub fn error(&self, error: &Error) {
        self.text(&format!("{error} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            self.text(&format!("{error} {error:?}"));
            source = error.source();
        }
    }

    fn watch(&self, check: impl FnOnce(&mut Record) -> Result<(), Violation>) {
        let mut record = self.lock();
        if let Err(violation) = check(&mut record) {
            record.violation.get_or_insert(violation);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of the run.
#[async_trait]
impl Timer for Referee {
    fn now(&self) -> Duration {
        let mut record = self.lock();
        record.readings += 1;
        if record.readings > MOST_READINGS {
            let violation = Violation::new("a poll returns", format!("one poll read the clock {MOST_READINGS} times"));
            record.violation.get_or_insert(violation.clone());
            // Destructors may read the clock on the way out.
            record.readings = 0;
            drop(record);
            // The only way out of a poll that goes in a circle. Unlike a panic, it prints nothing.
            std::panic::resume_unwind(Box::new(violation));
        }
        drop(record);
        self.timer.now()
    }

    async fn sleep(&self, duration: Duration) {
        Timer::sleep(&self.timer, duration).await;
    }
}

impl fmt::Debug for Referee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referee").field("violation", &self.lock().violation).finish_non_exhaustive()
    }
}
