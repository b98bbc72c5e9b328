//! The ban of an address that keeps asking for a token with a wrong secret.

use std::time::Duration;

use wecom_core::ErrCode;

use crate::refusal::Refusal;

/// How many wrong secrets bring the ban. The vendor names no number.
const WRONG_SECRETS: u32 = 5;
/// How long it lasts, and how far apart the first and the last of them may be.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The wrong secrets with no right one between them, and what came of them.
#[derive(Default)]
pub(crate) struct SecretBan {
    wrong: u32,
    first: Duration,
    until: Duration,
}

impl SecretBan {
    pub(crate) fn check(&self, now: Duration) -> Result<(), Refusal> {
        if now < self.until { Err(ErrCode::FREQUENCY_EXCEEDED.into()) } else { Ok(()) }
    }

    pub(crate) fn wrong_secret(&mut self, now: Duration) {
        if self.wrong == 0 || now >= self.first.saturating_add(HOUR) {
            (self.wrong, self.first) = (0, now);
        }
        self.wrong += 1;
        if self.wrong == WRONG_SECRETS {
            (self.wrong, self.until) = (0, now.saturating_add(HOUR));
        }
    }

    pub(crate) fn right_secret(&mut self) {
        self.wrong = 0;
    }
}
