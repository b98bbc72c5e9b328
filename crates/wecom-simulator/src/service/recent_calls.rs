//! The most recent calls, for the server's page. A record has no parameter of its call.

use std::collections::VecDeque;

use wecom_core::ErrCode;

/// The number of calls kept.
const KEPT: usize = 20;

/// The most recent calls.
#[derive(Default)]
pub(crate) struct RecentCalls {
    calls: VecDeque<RecentCall>,
}

/// The endpoint's name and the `errcode` of a call.
#[derive(Clone, Copy)]
pub(crate) struct RecentCall {
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only the server's page reads it"))]
    pub(crate) name: &'static str,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "only the server's page reads it"))]
    pub(crate) code: ErrCode,
}

impl RecentCalls {
    pub(crate) fn add(&mut self, name: &'static str, code: ErrCode) {
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(RecentCall { name, code });
    }

    /// All calls, latest first.
    #[cfg(feature = "server")]
    pub(crate) fn latest(&self) -> impl Iterator<Item = RecentCall> {
        self.calls.iter().rev().copied()
    }
}
