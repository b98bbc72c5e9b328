//! Observes all events of a run, and records the first broken promise.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::quota::{QuotaGrant, QuotaKey};
use wecom_core::{Endpoint, Error, Timer};
use wecom_mock::ManualTimer;

use super::checks::calls::{Call, CallCheck, CallId};
use super::checks::fetches::FetchCheck;
use super::checks::quotas::QuotaCheck;
use super::checks::shared_quotas::{OperationId, StoreOperation};
use super::executor::TaskId;

/// A part of every secret in a run. No text may contain it.
pub const CANARY: &str = "canary";

/// The app's secret in a run.
pub const SECRET: &str = "canary+9zKq27Xv/84LmTrw0Yp6Bn=";

/// A part of every mobile number in a run. No text may contain it.
pub const NUMBER: &str = "13099990";

/// The maximum number of clock reads in one poll. A poll that reaches it is in an endless loop.
const MAX_CLOCK_READS: u32 = 10_000;

/// The maximum number of requests in one poll.
const MAX_REQUESTS: u32 = 100;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise. The text is the same for every violation of it.
    pub promise: &'static str,
    /// What happened instead.
    pub facts: String,
}

impl Violation {
    /// Creates a violation from the promise and what happened instead.
    pub fn new(promise: &'static str, facts: impl Into<String>) -> Self {
        Self { promise, facts: facts.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken promise: {}: {}", self.promise, self.facts)
    }
}

/// The owner of a token: 0 for the upstream corp, otherwise the number of a downstream corp.
pub type Scope = u32;

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The number of the request in the run.
    pub id: u32,
    /// The endpoint.
    pub endpoint: &'static Endpoint,
    /// The owner of the token that it carries.
    pub scope: Scope,
    /// The owner of the token that it fetches, if it is a token fetch.
    pub fetches: Option<Scope>,
    /// The time of sending.
    pub sent: Duration,
    /// The time at which the service has finished it.
    pub over: Duration,
    /// The time from which the client may regard it as ended, even if the reply was not read.
    pub limit: Duration,
}

/// The reply to a request, as far as the checks need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The correct reply.
    Reply,
    /// An `errcode`.
    Code(i64),
    /// Anything else.
    Other,
}

/// The settings of the client that the checks need.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The part of a quota that the client may use, in percent; `None` for a client without quotas.
    pub percent: Option<u32>,
    /// The additional part that the client may use while the store of a shared quota fails, in percent; `None` without such a
    /// store.
    pub own_share: Option<u32>,
    /// The maximum time that a call may wait for a quota.
    pub max_wait: Option<Duration>,
    /// The time limit of a token fetch.
    pub fetch_limit: Duration,
    /// Whether calls never wait for a token.
    pub has_fixed_token: bool,
}

/// Observes all events of a run. Cheap to clone. It is also the clock of the run, so that it can detect a poll that never
/// returns.
#[derive(Clone)]
pub struct Checker {
    timer: ManualTimer,
    record: Arc<Mutex<Record>>,
}

struct Record {
    violation: Option<Violation>,
    calls: CallCheck,
    quotas: QuotaCheck,
    fetches: FetchCheck,
    /// The time of the last fault.
    last_fault: Option<Duration>,
    clock_reads: u32,
    requests: u32,
    has_ended: bool,
    journal: Option<Vec<String>>,
}

impl Checker {
    /// Creates a checker for a client with these settings.
    #[must_use]
    pub fn new(timer: ManualTimer, rules: Rules, keeps_journal: bool) -> Self {
        let record = Record {
            violation: None,
            calls: CallCheck::new(rules),
            quotas: QuotaCheck::new(rules.percent, rules.own_share),
            fetches: FetchCheck::new(rules.fetch_limit),
            last_fault: None,
            clock_reads: 0,
            requests: 0,
            has_ended: false,
            journal: keeps_journal.then(Vec::new),
        };
        Self { timer, record: Arc::new(Mutex::new(record)) }
    }

    /// Returns an error if a promise was broken.
    ///
    /// # Errors
    ///
    /// Returns the first broken promise.
    pub fn verdict(&self) -> Result<(), Violation> {
        self.lock().violation.clone().map_or(Ok(()), Err)
    }

    /// Records a broken promise, unless there was an earlier one.
    pub fn report(&self, promise: &'static str, facts: impl Into<String>) {
        self.lock().violation.get_or_insert_with(|| Violation::new(promise, facts));
    }

    /// Adds a line to the journal.
    pub fn log(&self, line: impl FnOnce() -> String) {
        if let Some(journal) = &mut self.lock().journal {
            journal.push(format!("{:>10.3?}  {}", self.timer.now(), line()));
        }
    }

    /// Returns the journal. It is empty if none is kept.
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        self.lock().journal.clone().unwrap_or_default()
    }

    /// Records that the run has ended. Futures that are dropped from now on break no promise.
    pub fn end_run(&self) {
        self.lock().has_ended = true;
    }

    /// Records the start of a poll.
    pub fn begin_poll(&self) {
        let mut record = self.lock();
        record.clock_reads = 0;
        record.requests = 0;
    }

    /// Records that the poll of a task has returned.
    pub fn end_poll(&self, task: TaskId, now: Duration) {
        self.check(|record| record.calls.end_poll(task, now));
    }

    /// Records that no task is ready and the time advances to the next event.
    pub fn time_passes(&self, from: Duration, to: Duration) {
        self.check(|record| {
            record.quotas.shared.time_passes(from)?;
            record.calls.time_passes(&record.quotas, from, to)
        });
    }

    /// Records the start of a call.
    #[must_use]
    pub fn call_begins(&self, call: Call) -> CallId {
        self.lock().calls.begin(call)
    }

    /// Records whether the caller holds a call without polling it.
    pub fn call_is_kept(&self, id: CallId, is_kept: bool) {
        let now = self.timer.now();
        self.lock().calls.keep(id, is_kept, now);
    }

    /// Records that a call was refused, because its quota has no room.
    pub fn call_is_refused(&self, id: CallId) {
        let now = self.timer.now();
        self.check(|record| record.calls.refused(&record.quotas, id, now));
    }

    /// Records that a call has ended or was dropped.
    pub fn call_ends(&self, id: CallId) {
        self.lock().calls.end(id);
    }

    /// Records a sent request, with its call if it is known.
    pub fn request_sent(&self, exchange: &Exchange, call: Option<CallId>) {
        self.log(|| format!("request {}: {} is sent, scope {}", exchange.id, exchange.endpoint.name(), exchange.scope));
        self.check(|record| {
            record.requests += 1;
            if record.requests > MAX_REQUESTS {
                return Err(Violation::new("a poll returns", format!("one poll sent {MAX_REQUESTS} requests")));
            }
            record.quotas.sent(exchange)?;
            if let Some(scope) = exchange.fetches {
                record.fetches.sent(scope, exchange)?;
            }
            call.map_or(Ok(()), |call| record.calls.sent(call, exchange.sent))
        });
    }

    /// Records that the reply to a request was read.
    pub fn request_answered(&self, exchange: &Exchange, answer: Answer) {
        let now = self.timer.now();
        self.log(|| format!("request {}: {answer:?}", exchange.id));
        let mut record = self.lock();
        record.quotas.answered(exchange, answer, now);
        record.quotas.ended(exchange);
        record.fetches.answered(exchange, answer, now);
    }

    /// Records that a request was dropped before its reply was read.
    pub fn request_dropped(&self, exchange: &Exchange) {
        let now = self.timer.now();
        self.log(|| format!("request {}: dropped", exchange.id));
        self.check(|record| {
            record.quotas.ended(exchange);
            let has_ended = record.has_ended;
            record.fetches.dropped(exchange, now).or_else(|violation| if has_ended { Ok(()) } else { Err(violation) })
        });
    }

    /// Records that the client begins an operation of the store of a shared quota.
    #[must_use]
    pub fn quota_operation_begins(&self, key: &QuotaKey, operation: StoreOperation) -> OperationId {
        let now = self.timer.now();
        let mut id = 0;
        self.check(|record| record.quotas.shared.begins(key, operation, now).map(|begun| id = begun));
        id
    }

    /// Records that an operation of the store of a shared quota failed, or was dropped before it was carried out.
    pub fn quota_operation_fails(&self, key: &QuotaKey, id: OperationId, is_dropped: bool) {
        let now = self.timer.now();
        self.lock().quotas.shared.fails(key, id, is_dropped, now);
    }

    /// Records that the store of a shared quota gave admissions to the client, or nothing without a reason.
    pub fn quota_granted(&self, key: &QuotaKey, id: OperationId, grant: &QuotaGrant, is_withheld: bool) {
        let now = self.timer.now();
        self.log(|| format!("the quota store: {grant:?}"));
        self.lock().quotas.shared.granted(key, id, grant, is_withheld, now);
    }

    /// Records that the store of a shared quota gave admissions to another process, which gives them back at `until`.
    pub fn quota_granted_to_another(&self, key: &QuotaKey, grant: &QuotaGrant, until: Option<Duration>) {
        let now = self.timer.now();
        self.log(|| format!("the quota store, to another process until {until:?}: {grant:?}"));
        self.lock().quotas.shared.granted_to_another(key, grant.admitted, until, now);
    }

    /// Records that the store of a shared quota has carried out another operation.
    pub fn quota_operation_is_done(&self, key: &QuotaKey, id: OperationId) {
        let now = self.timer.now();
        self.lock().quotas.shared.is_done(key, id, now);
    }

    /// Records that the store of a shared quota knows of a block of this length.
    pub fn quota_is_blocked(&self, key: &QuotaKey, block: Duration) {
        let until = self.timer.now() + block;
        self.lock().quotas.shared.is_blocked(key, until);
    }

    /// Returns the number of requests of an endpoint that the service has not finished.
    #[must_use]
    pub fn in_flight(&self, scope: Scope, endpoint: &Endpoint) -> u32 {
        let now = self.timer.now();
        self.lock().quotas.in_flight(scope, endpoint, now)
    }

    /// Returns a lower bound of the current concurrency limit of an endpoint.
    #[must_use]
    pub fn min_limit(&self, scope: Scope, endpoint: &Endpoint) -> u32 {
        self.lock().quotas.min_limit(scope, endpoint)
    }

    /// Whether gettoken refused the credentials, so that no more calls can succeed.
    #[must_use]
    pub fn are_credentials_refused(&self) -> bool {
        self.lock().fetches.are_credentials_refused()
    }

    /// Records a fault of the service or the store: calls may fail.
    pub fn record_fault(&self) {
        let now = self.timer.now();
        self.lock().last_fault = Some(now);
    }

    /// Returns the time of the last fault, if there was one.
    #[must_use]
    pub fn last_fault(&self) -> Option<Duration> {
        self.lock().last_fault
    }

    /// Checks that a text contains no secret and no mobile number.
    pub fn check_text(&self, text: &str) {
        if text.contains(CANARY) || text.contains(NUMBER) {
            self.report("no text contains a secret or a mobile number", text);
        }
    }

    /// Checks every text of an error and its sources.
    pub fn check_error(&self, error: &Error) {
        self.check_text(&format!("{error} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            self.check_text(&format!("{error} {error:?}"));
            source = error.source();
        }
    }

    fn check(&self, check: impl FnOnce(&mut Record) -> Result<(), Violation>) {
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
impl Timer for Checker {
    fn now(&self) -> Duration {
        let mut record = self.lock();
        record.clock_reads += 1;
        if record.clock_reads > MAX_CLOCK_READS {
            let violation =
                Violation::new("a poll returns", format!("one poll read the clock {MAX_CLOCK_READS} times"));
            record.violation.get_or_insert(violation.clone());
            // Destructors may read the clock during unwinding.
            record.clock_reads = 0;
            drop(record);
            // Unwinding is the only way to end an endless poll. Unlike a panic, this prints nothing.
            std::panic::resume_unwind(Box::new(violation));
        }
        drop(record);
        self.timer.now()
    }

    fn unix_time(&self) -> Option<Duration> {
        Some(self.timer.unix_time())
    }

    async fn sleep(&self, duration: Duration) {
        Timer::sleep(&self.timer, duration).await;
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("violation", &self.lock().violation).finish_non_exhaustive()
    }
}
