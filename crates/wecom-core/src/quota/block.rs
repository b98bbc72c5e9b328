//! The block of an endpoint after WeCom refused a call for its rate limit (45009).

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The lengths of the vendor's blocks: about the window that was exceeded. The refusal doesn't say which window it was.
const LENGTHS: [Duration; 3] = [MINUTE, MINUTE.saturating_mul(60), MINUTE.saturating_mul(60 * 24)];

/// Blocks for a minute. If the next call is refused too, blocks for an hour, then for a day.
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
    /// Records that WeCom refused a call with 45009, which was sent at `sent`. The refusals of concurrent calls count
    /// once.
    pub(crate) fn record_refusal(&mut self, sent: Duration, now: Duration) {
        let step = match self.last {
            Some(last) if sent < last.until => return,
            Some(last) if now < last.until.saturating_add(last.length()) => (last.step + 1).min(LENGTHS.len() - 1),
            _ => 0,
        };
        let mut interval = Interval { until: now, step };
        interval.until = now.saturating_add(interval.length());
        self.last = Some(interval);
    }

    /// The time until the block ends; `None` if the endpoint is not blocked.
    pub(crate) fn remaining(&mut self, now: Duration) -> Option<Duration> {
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
    fn repeated_refusals_block_for_a_minute_an_hour_and_a_day() {
        let (mut block, mut now) = (Block::default(), Duration::ZERO);
        for length in [MINUTE, HOUR, DAY, DAY] {
            block.record_refusal(now, now);
            assert_eq!(block.remaining(now), Some(length));
            now += length;
            assert_eq!(block.remaining(now), None);
        }
    }

    #[test]
    fn a_refusal_long_after_a_block_blocks_for_a_minute_again() {
        let mut block = Block::default();
        block.record_refusal(Duration::ZERO, Duration::ZERO);
        block.record_refusal(MINUTE * 2, MINUTE * 2);
        assert_eq!(block.remaining(MINUTE * 2), Some(MINUTE));
    }

    #[test]
    fn refusals_of_concurrent_calls_count_once() {
        let (mut block, second) = (Block::default(), Duration::from_secs(1));
        block.record_refusal(Duration::ZERO, second);
        block.record_refusal(Duration::ZERO, second * 2);
        block.record_refusal(second, second * 70);
        assert_eq!(block.remaining(second * 2), Some(MINUTE - second));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_prolong_a_block() {
        let mut block = Block::default();
        block.record_refusal(HOUR, HOUR);
        assert_eq!(block.remaining(Duration::ZERO), Some(MINUTE));
        assert_eq!(block.remaining(MINUTE), None);
    }
}
