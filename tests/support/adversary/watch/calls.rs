//! Calls of a run: in time, in turn, and not waiting while there is room.

use std::time::Duration;

use wecom_core::Endpoint;

use super::super::executor::TaskId;
use super::super::referee::{Rules, Scope, Violation};
use super::quotas::QuotaWatch;

/// At how many moments a call may see others admitted that came later. More than one place may become free at once, and a
/// call that is repeated counts by its first attempt.
const MOST_OVERTAKEN: u32 = 16;

/// How long room may stay unused because a call is not polled that comes first: for each call that waits, because they may
/// be left unpolled one after another.
const LONGEST_IDLE: Duration = Duration::from_millis(400);

/// Counts the calls of a run.
pub type CallId = u64;

/// A call, as its caller sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The task that makes it.
    pub task: TaskId,
    /// What is called.
    pub endpoint: &'static Endpoint,
    /// With whose token.
    pub scope: Scope,
    /// When it began.
    pub began: Duration,
    /// Its deadline, from its beginning on.
    pub deadline: Option<Duration>,
    /// Whether it is polled whenever it is woken, and never dropped.
    pub is_attentive: bool,
}

/// Watches the calls of a run.
#[derive(Debug)]
pub struct CallWatch {
    rules: Rules,
    begun: CallId,
    under_way: Vec<UnderWay>,
    /// For how long calls of an endpoint have waited although there is room.
    idle: Vec<(Scope, &'static Endpoint, Duration)>,
}

#[derive(Debug)]
struct UnderWay {
    id: CallId,
    call: Call,
    is_kept: bool,
    is_sent: bool,
    overtaken: u32,
    overtaken_at: Option<Duration>,
}

impl UnderWay {
    /// Whether it waits for its first attempt, and is polled when it is woken.
    fn waits_attentively(&self) -> bool {
        self.call.is_attentive && !self.is_kept && !self.is_sent
    }

    fn is_of(&self, scope: Scope, endpoint: &Endpoint) -> bool {
        self.call.scope == scope && self.call.endpoint.path() == endpoint.path()
    }
}

impl CallWatch {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, begun: 0, under_way: Vec::new(), idle: Vec::new() }
    }

    pub(crate) fn begin(&mut self, call: Call) -> CallId {
        self.begun += 1;
        self.under_way.push(UnderWay {
            id: self.begun,
            call,
            is_kept: false,
            is_sent: false,
            overtaken: 0,
            overtaken_at: None,
        });
        self.begun
    }

    pub(crate) fn keep(&mut self, id: CallId, is_kept: bool) {
        if let Some(call) = self.under_way.iter_mut().find(|call| call.id == id) {
            call.is_kept = is_kept;
        }
    }

    pub(crate) fn end(&mut self, id: CallId) {
        self.under_way.retain(|call| call.id != id);
    }

    /// A call is admitted before those that wait for the same and began earlier.
    pub(crate) fn sent(&mut self, id: CallId, now: Duration) -> Result<(), Violation> {
        let Some(sent) = self.under_way.iter_mut().find(|call| call.id == id) else { return Ok(()) };
        // A call that waits for its token as well may be repeated for that.
        if std::mem::replace(&mut sent.is_sent, true) || !self.rules.has_fixed_token {
            return Ok(());
        }
        let Call { scope, endpoint, .. } = sent.call;
        self.idle.retain(|idle| idle.0 != scope || idle.1.path() != endpoint.path());
        let earlier = |call: &&mut UnderWay| call.id < id && call.is_of(scope, endpoint) && call.waits_attentively();
        for call in self.under_way.iter_mut().filter(earlier) {
            // A task that never has to wait makes many calls in one poll.
            if call.overtaken_at.replace(now) != Some(now) {
                call.overtaken += 1;
            }
            if call.overtaken > MOST_OVERTAKEN {
                let waited = now - call.call.began;
                let facts = format!(
                    "{}: call {} waited {waited:?} while {MOST_OVERTAKEN} later calls were admitted",
                    endpoint.name(),
                    call.id
                );
                return Err(Violation::new("no call is overtaken for ever", facts));
            }
        }
        Ok(())
    }

    /// The calls of a task that is still waiting are within their limits.
    pub(crate) fn end_poll(&self, task: TaskId, now: Duration) -> Result<(), Violation> {
        for UnderWay { id, call, is_sent, .. } in self.under_way.iter().filter(|of| of.call.task == task && !of.is_kept)
        {
            let waited = now - call.began;
            let name = call.endpoint.name();
            if call.deadline.is_some_and(|deadline| waited >= deadline) {
                let facts = format!("{name}: call {id} waits for {waited:?} and goes on waiting");
                return Err(Violation::new("a call ends by its deadline", facts));
            }
            let may_be_impatient = self.rules.has_fixed_token && !is_sent;
            if may_be_impatient && self.rules.patience.is_some_and(|patience| waited >= patience) {
                let facts = format!("{name}: call {id} waits for {waited:?} and goes on waiting");
                return Err(Violation::new("a call waits for its turn no longer than its patience", facts));
            }
        }
        Ok(())
    }

    /// Time passes while nothing is ready: no call waits although there is room for it.
    pub(crate) fn time_passes(&mut self, quotas: &QuotaWatch, from: Duration, to: Duration) -> Result<(), Violation> {
        if !self.rules.has_fixed_token {
            return Ok(());
        }
        let Self { under_way, idle, .. } = self;
        let waits_in_vain = |scope, endpoint: &Endpoint| {
            let waits = |call: &UnderWay| call.is_of(scope, endpoint) && call.waits_attentively();
            under_way.iter().any(waits) && quotas.has_room(scope, endpoint, from)
        };
        idle.retain(|&(scope, endpoint, _)| waits_in_vain(scope, endpoint));
        for waiting in under_way.iter().filter(|call| call.waits_attentively()) {
            let Call { scope, endpoint, .. } = waiting.call;
            if !idle.iter().any(|idle| idle.0 == scope && idle.1.path() == endpoint.path())
                && waits_in_vain(scope, endpoint)
            {
                idle.push((scope, endpoint, Duration::ZERO));
            }
        }
        for (scope, endpoint, time) in idle {
            *time += to - from;
            let waiting = under_way.iter().filter(|call| call.is_of(*scope, endpoint) && !call.is_sent).count();
            if *time > LONGEST_IDLE * u32::try_from(waiting).unwrap_or(u32::MAX) {
                let facts = format!("{}: {waiting} calls waited {time:?} while there was room", endpoint.name());
                return Err(Violation::new("no call waits while there is room for it", facts));
            }
        }
        Ok(())
    }
}
