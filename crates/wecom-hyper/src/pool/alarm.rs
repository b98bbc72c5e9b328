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

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_moment_is_due_once_it_has_passed() {
        const STEP: Duration = Duration::from_secs(1);
        let mut context = Context::from_waker(Waker::noop());
        let mut alarm = Alarm::new();
        let start = Instant::now();
        assert!(!alarm.is_due(&mut context, start + STEP));
        tokio::time::advance(2 * STEP).await;
        assert!(!alarm.is_due(&mut context, start + 4 * STEP), "an earlier moment has passed");
        assert!(alarm.is_due(&mut context, start + STEP));
        tokio::time::advance(3 * STEP).await;
        assert!(alarm.is_due(&mut context, start + 4 * STEP));
        assert!(alarm.is_due(&mut context, start + 4 * STEP), "asked again");
    }
}
