//! The most recent calls, for the server's page. A record contains no parameter of its call, except for the id of an
//! existing chain.
#![cfg_attr(not(any(feature = "server", test)), expect(dead_code, reason = "only the server's page reads the calls"))]

use std::collections::VecDeque;
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::ChainId;

/// The maximum number of records. Equal calls in a row share one.
const KEPT: usize = 20;

/// The most recent calls.
#[derive(Default)]
pub(crate) struct RecentCalls {
    calls: VecDeque<RecentCall>,
    so_far: u64,
}

/// Equal calls in a row.
#[derive(Clone)]
pub(crate) struct RecentCall {
    /// The name of the endpoint.
    pub(crate) name: &'static str,
    pub(crate) code: ErrCode,
    /// The chain of the call, if it exists.
    pub(crate) chain_id: Option<ChainId>,
    /// The time of the last of these calls, on the simulator's timer.
    pub(crate) at: Duration,
    pub(crate) count: u64,
}

impl RecentCalls {
    pub(crate) fn add(&mut self, name: &'static str, code: ErrCode, chain_id: Option<&ChainId>, at: Duration) {
        self.so_far += 1;
        if let Some(last) = self.calls.back_mut() {
            if last.name == name && last.code == code && last.chain_id.as_ref() == chain_id {
                last.at = at;
                last.count += 1;
                return;
            }
        }
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(RecentCall { name, code, chain_id: chain_id.cloned(), at, count: 1 });
    }

    /// The number of all calls.
    pub(crate) fn so_far(&self) -> u64 {
        self.so_far
    }

    /// The calls that are kept, latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &RecentCall> {
        self.calls.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_calls_in_a_row_are_one_record_with_their_number_and_the_time_of_the_last() {
        let mut calls = RecentCalls::default();
        let chain = ChainId::new("Ch1");
        for second in 0..3 {
            calls.add("list", ErrCode(0), Some(&chain), Duration::from_secs(second));
        }
        calls.add("list", ErrCode(0), None, Duration::from_secs(3));
        calls.add("list", ErrCode(-1), None, Duration::from_secs(4));
        let latest: Vec<_> = calls.latest().map(|call| (call.code.0, call.at.as_secs(), call.count)).collect();
        assert_eq!((latest, calls.so_far()), (vec![(-1, 4, 1), (0, 3, 1), (0, 2, 3)], 5));
    }
}
