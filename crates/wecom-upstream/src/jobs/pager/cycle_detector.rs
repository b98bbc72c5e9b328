//! Finds out that cursors go in a circle, in constant memory.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::ids::Cursor;

/// How many cursors are remembered: a circle of so many pages is found before any page is given twice.
const REMEMBERED: usize = 32;

/// Remembers the last cursors, and for larger circles one of the earlier ones, which is replaced ever more rarely: Brent's
/// way. It keeps fingerprints of 64 bits, not the cursors, which may be long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CycleDetector {
    recent: VecDeque<u64>,
    /// The earlier one that is kept.
    kept: Option<u64>,
    /// How many came after it, and at how many the next takes its place.
    since_kept: u64,
    keep_for: u64,
}

impl CycleDetector {
    /// Whether this cursor is new, as far as is remembered. One that isn't changes nothing.
    pub(crate) fn admit(&mut self, cursor: &Cursor) -> bool {
        let print = fingerprint(cursor.as_str());
        if self.kept == Some(print) || self.recent.contains(&print) {
            return false;
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(print);
        self.since_kept += 1;
        if self.since_kept >= self.keep_for {
            self.kept = Some(print);
            self.since_kept = 0;
            self.keep_for = self.keep_for.saturating_mul(2).max(1);
        }
        true
    }
}

/// The hash FNV-1a: the same in every build, because positions are stored.
fn fingerprint(text: &str) -> u64 {
    const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many cursors are admitted of a list that has `before` of its own and then a circle.
    fn admitted(before: u64, circle: u64) -> u64 {
        let mut guard = CycleDetector::default();
        let numbers = (0..before).chain((before..before + circle).cycle());
        numbers.take_while(|number| guard.admit(&Cursor::new(format!("cursor-{number}")))).count() as u64
    }

    #[test]
    fn a_circle_that_is_remembered_is_found_at_once() {
        for before in [0, 1, 5, 1000] {
            for circle in [1, 2, 3, 31, 32] {
                assert_eq!(admitted(before, circle), before + circle, "{before} {circle}");
            }
        }
    }

    #[test]
    fn a_larger_circle_is_found_before_three_times_the_list_has_been_read() {
        for before in [0, 1, 100, 1000] {
            for circle in [33, 64, 65, 1000] {
                let admitted = admitted(before, circle);
                assert!(admitted <= 3 * (before + circle), "{before} {circle}: {admitted}");
            }
        }
    }

    #[test]
    fn a_long_list_without_a_circle_passes_in_constant_memory() {
        let mut guard = CycleDetector::default();
        assert!((0..100_000).all(|number| guard.admit(&Cursor::new(format!("cursor-{number}")))));
        assert_eq!(guard.recent.len(), REMEMBERED);
    }

    #[test]
    fn the_fingerprint_is_the_published_one() {
        assert_eq!([fingerprint(""), fingerprint("a")], [0xCBF2_9CE4_8422_2325, 0xAF63_DC4C_8601_EC8C]);
    }
}
