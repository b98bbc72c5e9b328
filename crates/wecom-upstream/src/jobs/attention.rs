//! The times in which the consumer of a job awaits it, and the pauses between them.

use std::time::Duration;

use wecom_core::Threading;
use wecom_core::timer::Clock;

/// The shortest pause that may make a call time out.
const PAUSE: Duration = Duration::from_millis(100);

/// The consumer's attention to a job. Without a clock, every pause counts and no awaited time.
pub(crate) struct Attention<M: Threading> {
    clock: Option<Clock<M>>,
    /// The start of the current await.
    begun_at: Option<Duration>,
    /// The end of the last await.
    ended_at: Option<Duration>,
    /// The time of the earlier awaits.
    earlier: Duration,
}

impl<M: Threading> Attention<M> {
    pub(crate) fn new(clock: Option<Clock<M>>) -> Self {
        Self { clock, begun_at: None, ended_at: None, earlier: Duration::ZERO }
    }

    /// Begins an await. Returns whether the pause before it may have made a call time out.
    pub(crate) fn begin(&mut self) -> bool {
        self.begun_at = self.now();
        let pause = self.begun_at.zip(self.ended_at).map(|(begun_at, ended_at)| begun_at.saturating_sub(ended_at));
        pause.is_none_or(|pause| pause >= PAUSE)
    }

    /// Ends the current await.
    pub(crate) fn end(&mut self) {
        self.ended_at = self.now();
        let awaited =
            self.begun_at.take().zip(self.ended_at).map(|(begun_at, ended_at)| ended_at.saturating_sub(begun_at));
        self.earlier = self.earlier.saturating_add(awaited.unwrap_or_default());
    }

    /// Returns the total time of all awaits.
    pub(crate) fn awaited(&self) -> Duration {
        let current = self.begun_at.and_then(|begun_at| Some(self.now()?.saturating_sub(begun_at)));
        self.earlier.saturating_add(current.unwrap_or_default())
    }

    fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(Clock::now)
    }
}

/// A job with calls that time out if its consumer pauses for too long.
pub(crate) trait Attended {
    type Family: Threading;

    fn attention(&mut self) -> &mut Attention<Self::Family>;

    /// Marks the calls in flight, which may time out although the service replied.
    fn mark_starved(&mut self);

    /// Notes that the consumer awaits the job.
    fn begin_await(&mut self) {
        if self.attention().begin() {
            self.mark_starved();
        }
    }

    /// Notes that the consumer no longer awaits the job.
    fn end_await(&mut self) {
        self.attention().end();
    }
}

/// One await of a job. Dropping it begins a pause of the consumer.
pub(crate) struct Visit<'a, J: Attended> {
    pub(crate) job: &'a mut J,
}

impl<'a, J: Attended> Visit<'a, J> {
    pub(crate) fn begin(job: &'a mut J) -> Self {
        job.begin_await();
        Self { job }
    }
}

impl<J: Attended> Drop for Visit<'_, J> {
    fn drop(&mut self) {
        self.job.end_await();
    }
}
