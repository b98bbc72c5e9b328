//! The block of an endpoint that WeCom refuses for too many calls (45009).

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How long the vendor blocks: for about the window that was exceeded. The refusal doesn't say which window it was.
const LENGTHS: [Duration; 3] = [MINUTE, MINUTE.saturating_mul(60), MINUTE.saturating_mul(60 * 24)];

/// Blocks for a minute, then for an hour, then for a day, as long as each block is followed by the next refusal.
#[derive(Debug, Default)]
pub(crate) struct Block {
    last: Option<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    until: Duration,
    step: usize,
}

impl Interval {
    fn length(self) -> Duration {
        LENGTHS.get(self.step).copied().unwrap_or(MINUTE)
    }
}

impl Block {
    /// Notes that WeCom answered 45009 to a call sent at a moment. Calls under way at the same time count as one
    /// refusal.
    pub(crate) fn close(&mut self, sent: Duration, now: Duration) {
        let step = match self.last {
            Some(last) if sent < last.until => return,
            Some(last) if now < last.until.saturating_add(last.length()) => (last.step + 1).min(LENGTHS.len() - 1),
            _ => 0,
        };
        let mut interval = Interval { until: now, step };
        interval.until = now.saturating_add(interval.length());
        self.last = Some(interval);
    }

    /// How much longer the block lasts; `None` without one.
    pub(crate) fn closed_for(&mut self, now: Duration) -> Option<Duration> {
        let last = self.last.as_mut()?;
        // A clock that was set back must not prolong it.
        last.until = last.until.min(now.saturating_add(last.length()));
        Some(last.until.saturating_sub(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = LENGTHS[1];
    const DAY: Duration = LENGTHS[2];

    #[test]
    fn a_block_that_lasts_closes_for_an_hour_and_then_for_a_day() {
        let (mut block, mut now) = (Block::default(), Duration::ZERO);
        for length in [MINUTE, HOUR, DAY, DAY] {
            block.close(now, now);
            assert_eq!(block.closed_for(now), Some(length));
            now += length;
            assert_eq!(block.closed_for(now), None);
        }
    }

    #[test]
    fn a_later_refusal_begins_with_a_minute_again() {
        let mut block = Block::default();
        block.close(Duration::ZERO, Duration::ZERO);
        block.close(MINUTE * 2, MINUTE * 2);
        assert_eq!(block.closed_for(MINUTE * 2), Some(MINUTE));
    }

    #[test]
    fn calls_that_were_under_way_together_close_once() {
        let (mut block, second) = (Block::default(), Duration::from_secs(1));
        block.close(Duration::ZERO, second);
        block.close(Duration::ZERO, second * 2);
        block.close(second, second * 70);
        assert_eq!(block.closed_for(second * 2), Some(MINUTE - second));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_close_for_longer() {
        let mut block = Block::default();
        block.close(HOUR, HOUR);
        assert_eq!(block.closed_for(Duration::ZERO), Some(MINUTE));
        assert_eq!(block.closed_for(MINUTE), None);
    }
}
