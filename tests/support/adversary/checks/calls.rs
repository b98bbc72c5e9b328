//! Checks of calls: they end in time, are admitted in order, and do not wait while the quota admits them.

use std::time::Duration;

use wecom_core::Endpoint;

use super::super::checker::{Rules, Scope, Violation};
use super::super::executor::TaskId;
use super::quotas::QuotaCheck;
use super::shared_quotas::{ASK_AGAIN, MAX_ANSWER, VALIDITY};

/// The maximum number of times at which later calls may be admitted before a waiting call. Several permits may become free
/// at once, and a repeated call counts from its first attempt.
const MAX_OVERTAKEN: u32 = 16;

/// The maximum total time that a call may wait while the quota admits it.
const MAX_IDLE: Duration = Duration::from_millis(150);

/// The additional time for each call of the same endpoint that may be unpolled, because each may hold up the others.
const MAX_IDLE_FOR_EACH_OTHER: Duration = Duration::from_millis(400);

/// The additional time if the quota is in a store: until unused admissions are given back, until the client asks again, and
/// until the store answers.
const MAX_IDLE_FOR_STORE: Duration = VALIDITY.saturating_add(ASK_AGAIN).saturating_add(MAX_ANSWER);

/// The maximum time that a call may wait beyond its maximum wait for the answer of a store, while its task is polled.
const MAX_ANSWER_WAIT: Duration = Duration::from_secs(2);

/// A task that is not polled for longer than this is not polled regularly.
const MAX_POLL_GAP: Duration = Duration::from_millis(200);

/// The number of a call in a run.
pub type CallId = u64;

/// A call from the view of its caller.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The task that makes the call.
    pub task: TaskId,
    /// The endpoint.
    pub endpoint: &'static Endpoint,
    /// The owner of the token.
    pub scope: Scope,
    /// The start time.
    pub began: Duration,
    /// The deadline, relative to the start.
    pub deadline: Option<Duration>,
    /// Whether the call is polled whenever it is woken, and never dropped.
    pub is_always_polled: bool,
}

/// Checks the calls of a run.
#[derive(Debug)]
pub struct CallCheck {
    rules: Rules,
    begun: CallId,
    in_flight: Vec<InFlight>,
    /// The number of started calls of each endpoint that may be unpolled.
    maybe_unpolled: Vec<(&'static Endpoint, u32)>,
    polls: Vec<Polls>,
    /// The endpoints that were called.
    endpoints: Vec<Admitting>,
}

/// Since when the quota of an endpoint certainly admits calls.
#[derive(Debug)]
struct Admitting {
    scope: Scope,
    endpoint: &'static Endpoint,
    since: Option<Duration>,
}

/// The polls of a task.
#[derive(Debug)]
struct Polls {
    task: TaskId,
    last: Duration,
    /// The time since which it is polled regularly.
    since: Duration,
}

#[derive(Debug)]
struct InFlight {
    id: CallId,
    call: Call,
    is_kept: bool,
    /// When it began, or was last kept or polled again.
    polled_since: Duration,
    is_sent: bool,
    overtaken: u32,
    overtaken_at: Option<Duration>,
    /// The time that it has waited while the quota admitted it: in all, or since a shared quota last had no room.
    idle: Duration,
}

impl InFlight {
    /// Whether the call waits for its first attempt, and is polled whenever it is woken.
    fn waits_and_is_polled(&self) -> bool {
        self.call.is_always_polled && !self.is_kept && !self.is_sent
    }

    fn is_of(&self, scope: Scope, endpoint: &Endpoint) -> bool {
        self.call.scope == scope && self.call.endpoint.path() == endpoint.path()
    }
}

impl CallCheck {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            begun: 0,
            in_flight: Vec::new(),
            maybe_unpolled: Vec::new(),
            polls: Vec::new(),
            endpoints: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, call: Call) -> CallId {
        self.begun += 1;
        if !call.is_always_polled {
            match self.maybe_unpolled.iter_mut().find(|(endpoint, _)| endpoint.path() == call.endpoint.path()) {
                Some((_, count)) => *count += 1,
                None => self.maybe_unpolled.push((call.endpoint, 1)),
            }
        }
        let (scope, endpoint) = (call.scope, call.endpoint);
        if !self.endpoints.iter().any(|known| known.scope == scope && known.endpoint.path() == endpoint.path()) {
            self.endpoints.push(Admitting { scope, endpoint, since: None });
        }
        let (overtaken, overtaken_at, idle) = (0, None, Duration::ZERO);
        self.in_flight.push(InFlight {
            id: self.begun,
            call,
            is_kept: false,
            polled_since: call.began,
            is_sent: false,
            overtaken,
            overtaken_at,
            idle,
        });
        self.begun
    }

    pub(crate) fn keep(&mut self, id: CallId, is_kept: bool, now: Duration) {
        if let Some(call) = self.in_flight.iter_mut().find(|call| call.id == id) {
            call.is_kept = is_kept;
            call.polled_since = now;
        }
    }

    pub(crate) fn end(&mut self, id: CallId) {
        self.in_flight.retain(|call| call.id != id);
    }

    /// Checks the calls of the same endpoint that started earlier and still wait.
    pub(crate) fn sent(&mut self, id: CallId, now: Duration) -> Result<(), Violation> {
        let Some(sent) = self.in_flight.iter_mut().find(|call| call.id == id) else { return Ok(()) };
        // A call that also waits for its token may be repeated because of it.
        if std::mem::replace(&mut sent.is_sent, true) || !self.rules.has_fixed_token {
            return Ok(());
        }
        let Call { scope, endpoint, .. } = sent.call;
        let earlier = |call: &&mut InFlight| call.id < id && call.is_of(scope, endpoint) && call.waits_and_is_polled();
        for call in self.in_flight.iter_mut().filter(earlier) {
            // A task that never waits makes many calls in one poll.
            if call.overtaken_at.replace(now) != Some(now) {
                call.overtaken += 1;
            }
            if call.overtaken > MAX_OVERTAKEN {
                let waited = now - call.call.began;
                let facts = format!(
                    "{}: call {} waited {waited:?} while {MAX_OVERTAKEN} later calls were admitted",
                    endpoint.name(),
                    call.id
                );
                return Err(Violation::new("no call is overtaken without limit", facts));
            }
        }
        Ok(())
    }

    /// Checks that the waiting calls of a task are within their limits.
    pub(crate) fn end_poll(&mut self, task: TaskId, now: Duration) -> Result<(), Violation> {
        let since = self.polled_since(task, now);
        let is_polled = |of: &&InFlight| of.call.task == task && !of.is_kept;
        for InFlight { id, call, is_sent, polled_since, .. } in self.in_flight.iter().filter(is_polled) {
            let polled_for = now - since.max(*polled_since);
            let waited = now - call.began;
            let name = call.endpoint.name();
            if call.deadline.is_some_and(|deadline| waited >= deadline) {
                let facts = format!("{name}: call {id} is still waiting after {waited:?}");
                return Err(Violation::new("a call ends by its deadline", facts));
            }
            // Only its store knows whether a shared quota has room.
            let awaits_answer = self.rules.own_share.is_some() && polled_for < MAX_ANSWER_WAIT;
            let waits_for_quota = self.rules.has_fixed_token && !is_sent && !awaits_answer;
            if waits_for_quota && self.rules.max_wait.is_some_and(|max_wait| waited >= max_wait) {
                let facts = format!("{name}: call {id} is still waiting after {waited:?}");
                return Err(Violation::new("a call waits for a quota no longer than its maximum wait", facts));
            }
        }
        Ok(())
    }

    /// Notes a poll of a task, and returns the time since which it is polled regularly.
    fn polled_since(&mut self, task: TaskId, now: Duration) -> Duration {
        let Some(polls) = self.polls.iter_mut().find(|polls| polls.task == task) else {
            self.polls.push(Polls { task, last: now, since: now });
            return now;
        };
        if now - polls.last > MAX_POLL_GAP {
            polls.since = now;
        }
        polls.last = now;
        polls.since
    }

    /// Checks that a call that is refused for its quota had no room.
    pub(crate) fn refused(&self, quotas: &QuotaCheck, id: CallId, now: Duration) -> Result<(), Violation> {
        let call = self.in_flight.iter().find(|call| call.id == id && call.call.is_always_polled && !call.is_kept);
        let Some(InFlight { call: Call { scope, endpoint, .. }, .. }) = call else { return Ok(()) };
        // The room may be for a call that began before and is not sent yet.
        let comes_first = |other: &InFlight| other.id < id && !other.is_sent && other.is_of(*scope, endpoint);
        if self.in_flight.iter().any(comes_first) || !self.rules.has_fixed_token {
            return Ok(());
        }
        let is_this = |known: &&Admitting| known.scope == *scope && known.endpoint.path() == endpoint.path();
        let since = self.endpoints.iter().find(is_this).and_then(|known| known.since);
        let max_idle = max_idle(&self.maybe_unpolled, endpoint, quotas.is_shared(endpoint));
        match since.map(|since| now - since) {
            Some(admitted) if admitted > max_idle && quotas.admits(*scope, endpoint, now) => {
                let facts = format!("{}: call {id} is refused, {admitted:?} after there was room", endpoint.name());
                Err(Violation::new("no call is refused while the quota admits it", facts))
            }
            _ => Ok(()),
        }
    }

    /// Checks that no call waits although the quota admits it, while no task is ready and the time advances.
    pub(crate) fn time_passes(&mut self, quotas: &QuotaCheck, from: Duration, to: Duration) -> Result<(), Violation> {
        if !self.rules.has_fixed_token {
            return Ok(());
        }
        let Self { in_flight, maybe_unpolled, endpoints, .. } = self;
        for Admitting { scope, endpoint, since } in endpoints {
            *since = quotas.admits(*scope, endpoint, from).then(|| since.unwrap_or(from));
        }
        let unpolled: Vec<_> = in_flight
            .iter()
            .filter(|call| !call.is_sent && !call.waits_and_is_polled())
            .map(|call| (call.id, call.call.endpoint))
            .collect();
        for waiting in in_flight.iter_mut().filter(|call| call.waits_and_is_polled()) {
            let Call { scope, endpoint, .. } = waiting.call;
            let is_shared = quotas.is_shared(endpoint);
            if !quotas.admits(scope, endpoint, from) {
                // Another process may take and give back admissions at any time.
                waiting.idle = if is_shared { Duration::ZERO } else { waiting.idle };
                continue;
            }
            waiting.idle += to - from;
            if waiting.idle > max_idle(maybe_unpolled, endpoint, is_shared) {
                let (name, id, idle) = (endpoint.name(), waiting.id, waiting.idle);
                let before = unpolled.iter().filter(|(of, other)| *of < id && other.path() == endpoint.path()).count();
                let unread = quotas.unread(scope, endpoint);
                let facts = format!(
                    "{name}: call {id} waited {idle:?} while the quota admitted it, with {before} unpolled calls before it \
                    and {unread} requests with unread replies"
                );
                return Err(Violation::new("no call waits while the quota admits it", facts));
            }
        }
        Ok(())
    }
}

/// Returns the maximum time that a call may wait while the quota admits it.
fn max_idle(maybe_unpolled: &[(&'static Endpoint, u32)], endpoint: &Endpoint, is_shared: bool) -> Duration {
    let others = maybe_unpolled.iter().find(|(of, _)| of.path() == endpoint.path()).map_or(0, |&(_, count)| count);
    if !is_shared {
        return MAX_IDLE + MAX_IDLE_FOR_EACH_OTHER * others;
    }
    // Each call that may be unpolled holds up the others until it should have asked again.
    MAX_IDLE + MAX_IDLE_FOR_STORE + (MAX_IDLE_FOR_EACH_OTHER + ASK_AGAIN) * others
}
