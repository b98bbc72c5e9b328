//! What a call of one endpoint passes through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_listener::{Event, EventListener};

use super::block::Closure;
use super::concurrency::Flow;
use super::window::Window;
use super::{QuotaLimit, Quotas};
use crate::endpoint::descriptor::Endpoint;
use crate::error::{ErrCode, Error, ErrorKind};

#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    freed: Event,
}

#[derive(Debug)]
struct State {
    windows: Vec<Window>,
    closure: Closure,
    flow: Flow,
}

/// Whether a call may go.
#[derive(Debug)]
pub(crate) enum Admission {
    Granted(Permit),
    /// Not before this long.
    After(Duration, QuotaLimit),
    /// Not before one of those under way has ended.
    Crowded,
}

/// One call under way; dropped at its end.
#[derive(Debug)]
#[must_use = "the call is over when this is dropped"]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    entered: Duration,
    generation: u64,
}

impl Gate {
    pub(super) fn new(endpoint: &Endpoint, policy: &Quotas) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(60 * 60 * 24);
        let quota = endpoint.quota();
        let spans = [
            (MINUTE, quota.per_minute()),
            (MINUTE * 60, quota.per_hour()),
            (DAY, quota.per_day()),
            (DAY * 30, quota.per_month()),
        ];
        let windows = spans
            .into_iter()
            .filter_map(|(span, documented)| Some(Window::new(span, policy.share_of(documented?))))
            .collect();
        let ceiling = endpoint.concurrency().map(|documented| policy.share_of(documented));
        let state = State { windows, closure: Closure::default(), flow: Flow::new(ceiling) };
        Self { state: Mutex::new(state), freed: Event::new() }
    }

    pub(crate) fn try_enter(self: &Arc<Self>, now: Duration) -> Admission {
        let mut state = self.lock();
        if let Some(left) = state.closure.closed_for(now) {
            return Admission::After(left, QuotaLimit::Blocked);
        }
        if let Some(wait) = state.windows.iter_mut().filter_map(|window| window.full_for(now)).max() {
            return Admission::After(wait, QuotaLimit::Frequency);
        }
        if !state.flow.has_room() {
            return Admission::Crowded;
        }
        state.windows.iter_mut().for_each(Window::count);
        let generation = state.flow.enter();
        drop(state);
        Admission::Granted(Permit { gate: Arc::clone(self), entered: now, generation })
    }

    /// Hears when a call has ended.
    pub(crate) fn listen(&self) -> EventListener {
        self.freed.listen()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Tells the gate how the call ended.
    pub(crate) fn report<T>(&self, outcome: &Result<T, Error>, now: Duration) {
        // What fetching the token met is not this endpoint's affair.
        let code = match outcome.as_ref().map_err(Error::kind) {
            Ok(_) => return self.gate.lock().flow.went_well(),
            Err(ErrorKind::Api(api)) => api.code,
            Err(_) => return,
        };
        match code {
            ErrCode::FREQUENCY_EXCEEDED => self.gate.lock().closure.close(self.entered, now),
            ErrCode::CONCURRENCY_EXCEEDED => self.gate.lock().flow.was_crowded(self.generation),
            _ => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.lock().flow.leave();
        // One that is told and then dropped passes it on, so no place is lost.
        self.gate.freed.notify_additional(1);
    }
}
