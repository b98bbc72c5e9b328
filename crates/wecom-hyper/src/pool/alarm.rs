//! One timer for all that a connection's task has to watch.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is moved as rarely as possible: a later moment leaves it where it is, and is looked at again when it
/// fires. So a call whose limit lies behind that of the one before costs nothing.
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// When `sleep` fires, once it has been armed.
    armed: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(Instant::now())), armed: None }
    }

    /// Whether the moment has come. If not, the task is woken then, or earlier.
    pub(crate) fn is_due(&mut self, context: &mut Context<'_>, moment: Instant) -> bool {
        if self.armed.is_some_and(|armed| armed <= moment) && !self.sleep.is_elapsed() {
            return false;
        }
        if self.sleep.is_elapsed() && self.armed.is_some_and(|armed| armed >= moment) {
            return true;
        }
        self.sleep.as_mut().reset(moment);
        self.armed = Some(moment);
        // The task's budget must not keep the timer from being registered.
        pin!(unconstrained(self.sleep.as_mut())).poll(context).is_ready()
    }
}
