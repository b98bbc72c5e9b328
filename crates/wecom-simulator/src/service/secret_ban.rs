//! The ban of an IP address after repeated wrong secrets.

use std::time::Duration;

use wecom_core::ErrCode;

use crate::refusal::Refusal;

/// The number of wrong secrets that causes the ban. The vendor documents no number.
const MAX_WRONG_SECRETS: u32 = 5;
/// The duration of the ban, and of the window in which wrong secrets are counted.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The consecutive wrong secrets of an address, and its ban.
#[derive(Default)]
pub(crate) struct SecretBan {
    wrong_secrets: u32,
    first_wrong: Duration,
    banned_until: Duration,
}

impl SecretBan {
    pub(crate) fn check(&self, now: Duration) -> Result<(), Refusal> {
        if now < self.banned_until { Err(ErrCode::FREQUENCY_EXCEEDED.into()) } else { Ok(()) }
    }

    pub(crate) fn record_wrong(&mut self, now: Duration) {
        if self.wrong_secrets == 0 || now >= self.first_wrong.saturating_add(HOUR) {
            (self.wrong_secrets, self.first_wrong) = (0, now);
        }
        self.wrong_secrets += 1;
        if self.wrong_secrets == MAX_WRONG_SECRETS {
            (self.wrong_secrets, self.banned_until) = (0, now.saturating_add(HOUR));
        }
    }

    pub(crate) fn record_correct(&mut self) {
        self.wrong_secrets = 0;
    }
}
