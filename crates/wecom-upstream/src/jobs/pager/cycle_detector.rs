//! Detects a cycle of cursors in constant memory.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::ids::Cursor;

/// The number of recent cursors to remember. A cycle of at most this many pages is detected before any page repeats.
const REMEMBERED: usize = 32;

/// Remembers the most recent cursors and one earlier cursor, which it replaces at growing intervals (Brent's
/// algorithm). It keeps 64-bit fingerprints, because cursors may be long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CycleDetector {
    recent: VecDeque<u64>,
    /// The earlier cursor.
    kept: Option<u64>,
    /// The number of cursors since the earlier one, and the number at which a new one replaces it.
    since_kept: u64,
    keep_for: u64,
}

impl CycleDetector {
    /// Records a cursor and returns `true`, or returns `false` if it is a remembered one.
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

/// Returns the FNV-1a hash, which is the same in every build, because stored positions contain it.
fn fingerprint(text: &str) -> u64 {
    const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of cursors admitted from `before` distinct cursors followed by a cycle.
    fn admitted(before: u64, cycle: u64) -> u64 {
        let mut detector = CycleDetector::default();
        let numbers = (0..before).chain((before..before + cycle).cycle());
        numbers.take_while(|number| detector.admit(&Cursor::new(format!("cursor-{number}")))).count() as u64
    }

    #[test]
    fn a_cycle_of_remembered_cursors_is_detected_at_once() {
        for before in [0, 1, 5, 1000] {
            for cycle in [1, 2, 3, 31, 32] {
                assert_eq!(admitted(before, cycle), before + cycle, "{before} {cycle}");
            }
        }
    }

    #[test]
    fn a_longer_cycle_is_detected_within_three_times_the_distinct_cursors() {
        for before in [0, 1, 100, 1000] {
            for cycle in [33, 64, 65, 1000] {
                let admitted = admitted(before, cycle);
                assert!(admitted <= 3 * (before + cycle), "{before} {cycle}: {admitted}");
            }
        }
    }

    #[test]
    fn a_long_list_without_a_cycle_takes_constant_memory() {
        let mut detector = CycleDetector::default();
        assert!((0..100_000).all(|number| detector.admit(&Cursor::new(format!("cursor-{number}")))));
        assert_eq!(detector.recent.len(), REMEMBERED);
    }

    #[test]
    fn the_fingerprint_matches_the_published_fnv_1a_values() {
        assert_eq!([fingerprint(""), fingerprint("a")], [0xCBF2_9CE4_8422_2325, 0xAF63_DC4C_8601_EC8C]);
    }
}
