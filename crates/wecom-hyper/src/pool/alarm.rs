//! One timer for all deadlines of a connection's task.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is reset as rarely as possible. A later deadline leaves it unchanged, and is checked again when it fires.
/// So a call whose deadline is later than that of the previous call costs nothing.
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// When `sleep` fires, once it has been armed.
    armed: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(Instant::now())), armed: None }
    }

    /// Whether the moment has passed. If not, the task is woken at that moment, or earlier.
    pub(crate) fn is_due(&mut self, context: &mut Context<'_>, moment: Instant) -> bool {
        if self.armed.is_some_and(|armed| armed <= moment) && !self.sleep.is_elapsed() {
            return false;
        }
        if self.sleep.is_elapsed() && self.armed.is_some_and(|armed| armed >= moment) {
            return true;
        }
        self.sleep.as_mut().reset(moment);
        self.armed = Some(moment);
        // An exhausted cooperative budget of the task must not prevent the timer from being registered.
        pin!(unconstrained(self.sleep.as_mut())).poll(context).is_ready()
    }
}
