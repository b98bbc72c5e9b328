//! The last calls, for a person to look at: which they were and how they ended, and nothing of what they carried.

use std::collections::VecDeque;

use wecom_core::ErrCode;

/// How many are kept.
const KEPT: usize = 20;

#[derive(Default)]
pub(crate) struct RecentCalls {
    calls: VecDeque<RecentCall>,
}

/// A call by its endpoint's name, and the code that it was answered with.
#[derive(Clone, Copy)]
pub(crate) struct RecentCall {
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "shown by the server's page alone"))]
    pub(crate) name: &'static str,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "shown by the server's page alone"))]
    pub(crate) code: ErrCode,
}

impl RecentCalls {
    pub(crate) fn add(&mut self, name: &'static str, code: ErrCode) {
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(RecentCall { name, code });
    }

    /// The latest first.
    #[cfg(feature = "server")]
    pub(crate) fn latest(&self) -> impl Iterator<Item = RecentCall> {
        self.calls.iter().rev().copied()
    }
}
