//! Tracks when a job is polled. A long gap between two polls is a pause, during which the job's calls make no progress.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use wecom_core::Threading;
use wecom_core::timer::Clock;

use crate::jobs::exclusive::Exclusive;

/// The time after which a job with a call in flight wakes its task, so that the task polls the job again.
const BEAT: Duration = Duration::from_millis(250);
/// The longest time between two polls that is not a pause. After a longer one, the consumer has dropped the future of the
/// job, or has kept it without polling it.
const LONGEST_GAP: Duration = Duration::from_millis(500);

/// Tracks the polls of a job. Without a clock, it counts one pause for each await, and measures no time.
pub(crate) struct Attention<M: Threading> {
    clock: Option<Clock<M>>,
    polled_at: Option<Duration>,
    /// The time during which the job was polled. A pause counts as `LONGEST_GAP`.
    awaited: Duration,
    /// The number of pauses so far.
    pauses: u64,
    /// A sleep of `BEAT`, which wakes the task so that it polls the job again.
    beat: Option<Exclusive<M::Future<'static, ()>>>,
}

impl<M: Threading> Attention<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, polled_at: None, awaited: Duration::ZERO, pauses: 0, beat: None }
    }

    /// Notes that the consumer awaits the job.
    pub(crate) fn begin_await(&mut self) {
        self.pauses += u64::from(self.clock.is_none());
    }

    /// Notes a poll of the job.
    pub(crate) fn begin_poll(&mut self) {
        let now = self.clock.as_ref().map(Clock::now);
        let gap = now.zip(self.polled_at).map(|(now, polled_at)| now.saturating_sub(polled_at)).unwrap_or_default();
        self.polled_at = now;
        self.pauses += u64::from(gap > LONGEST_GAP);
        self.awaited = self.awaited.saturating_add(gap.min(LONGEST_GAP));
    }

    /// Notes that the poll has ended while a call is in flight.
    pub(crate) fn end_poll(&mut self, context: &mut Context<'_>) {
        let Some(clock) = &self.clock else { return };
        if self.beat.as_mut().is_some_and(|beat| Pin::new(beat).poll(context).is_pending()) {
            return;
        }
        let mut beat = Exclusive::new(clock.sleep_boxed(BEAT));
        // The timer of a test may complete at once. The job then does not wake its task.
        let is_pending = Pin::new(&mut beat).poll(context).is_pending();
        self.beat = is_pending.then_some(beat);
    }

    /// Returns the time during which the job was polled.
    pub(crate) fn awaited(&self) -> Duration {
        self.awaited
    }

    /// Returns the number of pauses so far.
    pub(crate) fn pauses(&self) -> u64 {
        self.pauses
    }
}
