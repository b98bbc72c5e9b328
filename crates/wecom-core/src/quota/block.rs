//! An endpoint that WeCom has blocked for being called too often.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How long the vendor blocks: for about the window that was exceeded. Which one that was, he doesn't say.
const SPANS: [Duration; 3] = [MINUTE, MINUTE.saturating_mul(60), MINUTE.saturating_mul(60 * 24)];

/// Closed for a minute; for an hour, then a day, when the block turns out to last.
#[derive(Debug, Default)]
pub(super) struct Closure {
    last: Option<Closed>,
}

#[derive(Clone, Copy, Debug)]
struct Closed {
    until: Duration,
    step: usize,
}

impl Closed {
    fn span(self) -> Duration {
        SPANS.get(self.step).copied().unwrap_or(MINUTE)
    }
}

impl Closure {
    /// WeCom answered 45009 to a call that was let through at a moment. Those that were under way together are one
    /// refusal.
    pub(super) fn close(&mut self, entered: Duration, now: Duration) {
        let step = match self.last {
            Some(last) if entered < last.until => return,
            Some(last) if now < last.until.saturating_add(last.span()) => (last.step + 1).min(SPANS.len() - 1),
            _ => 0,
        };
        let mut closed = Closed { until: now, step };
        closed.until = now.saturating_add(closed.span());
        self.last = Some(closed);
    }

    /// How much longer it is closed; `None` when it is open.
    pub(super) fn closed_for(&mut self, now: Duration) -> Option<Duration> {
        let last = self.last.as_mut()?;
        // A clock that was set back must not make it longer.
        last.until = last.until.min(now.saturating_add(last.span()));
        Some(last.until.saturating_sub(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = SPANS[1];
    const DAY: Duration = SPANS[2];

    #[test]
    fn a_block_that_lasts_closes_for_an_hour_and_then_for_a_day() {
        let (mut closure, mut now) = (Closure::default(), Duration::ZERO);
        for span in [MINUTE, HOUR, DAY, DAY] {
            closure.close(now, now);
            assert_eq!(closure.closed_for(now), Some(span));
            now += span;
            assert_eq!(closure.closed_for(now), None);
        }
    }

    #[test]
    fn a_later_refusal_begins_with_a_minute_again() {
        let mut closure = Closure::default();
        closure.close(Duration::ZERO, Duration::ZERO);
        closure.close(MINUTE * 2, MINUTE * 2);
        assert_eq!(closure.closed_for(MINUTE * 2), Some(MINUTE));
    }

    #[test]
    fn calls_that_were_under_way_together_close_once() {
        let (mut closure, second) = (Closure::default(), Duration::from_secs(1));
        closure.close(Duration::ZERO, second);
        closure.close(Duration::ZERO, second * 2);
        closure.close(second, second * 70);
        assert_eq!(closure.closed_for(second * 2), Some(MINUTE - second));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_close_for_longer() {
        let mut closure = Closure::default();
        closure.close(HOUR, HOUR);
        assert_eq!(closure.closed_for(Duration::ZERO), Some(MINUTE));
        assert_eq!(closure.closed_for(MINUTE), None);
    }
}
