//! Calls of a run: in time, in turn, and not waiting while there is room.

use std::time::Duration;

use wecom_core::Endpoint;

use super::super::executor::TaskId;
use super::super::referee::{Rules, Scope, Violation};
use super::quotas::QuotaWatch;

/// At how many moments a call may see others admitted that came later. More than one place may become free at once, and
/// a call that is repeated counts by its first attempt.
const MOST_OVERTAKEN: u32 = 16;

/// How long a call may wait in all while there is room for it.
const LONGEST_IDLE: Duration = Duration::from_millis(150);

/// How much longer for each call of the same endpoint that may be left unpolled: one after another may keep the room.
const LONGEST_IDLE_OF_OTHERS: Duration = Duration::from_millis(400);

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
    /// How many calls of each endpoint have begun that may be left unpolled.
    inattentive: Vec<(&'static Endpoint, u32)>,
}

#[derive(Debug)]
struct UnderWay {
    id: CallId,
    call: Call,
    is_kept: bool,
    is_sent: bool,
    overtaken: u32,
    overtaken_at: Option<Duration>,
    /// How long it has waited while there was room for it.
    idle: Duration,
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
        Self { rules, begun: 0, under_way: Vec::new(), inattentive: Vec::new() }
    }

    pub(crate) fn begin(&mut self, call: Call) -> CallId {
        self.begun += 1;
        if !call.is_attentive {
            match self.inattentive.iter_mut().find(|(endpoint, _)| endpoint.path() == call.endpoint.path()) {
                Some((_, count)) => *count += 1,
                None => self.inattentive.push((call.endpoint, 1)),
            }
        }
        let (overtaken, overtaken_at, idle) = (0, None, Duration::ZERO);
        self.under_way.push(UnderWay {
            id: self.begun,
            call,
            is_kept: false,
            is_sent: false,
            overtaken,
            overtaken_at,
            idle,
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
        let Self { under_way, inattentive, .. } = self;
        let unpolled: Vec<_> = under_way
            .iter()
            .filter(|call| !call.is_sent && !call.waits_attentively())
            .map(|call| (call.id, call.call.endpoint))
            .collect();
        for waiting in under_way.iter_mut().filter(|call| call.waits_attentively()) {
            let Call { scope, endpoint, .. } = waiting.call;
            if !quotas.has_room(scope, endpoint, from) {
                continue;
            }
            waiting.idle += to - from;
            let others = inattentive.iter().find(|(of, _)| of.path() == endpoint.path()).map_or(0, |&(_, count)| count);
            if waiting.idle > LONGEST_IDLE + LONGEST_IDLE_OF_OTHERS * others {
                let (name, id, idle) = (endpoint.name(), waiting.id, waiting.idle);
                let before = unpolled.iter().filter(|(of, other)| *of < id && other.path() == endpoint.path()).count();
                let unread = quotas.unread(scope, endpoint);
                let facts = format!(
                    "{name}: call {id} waited {idle:?} while there was room, with {before} unpolled calls before it \
                     and {unread} requests whose answers are not read"
                );
                return Err(Violation::new("no call waits while there is room for it", facts));
            }
        }
        Ok(())
    }
}
