//! How much of the documented limits a client uses, and whether its calls wait.

use std::time::Duration;

/// How a client stays within the [documented limits](crate::Quota) of each endpoint:
/// [`ClientBuilder::quotas`](crate::ClientBuilder::quotas).
///
/// For each endpoint the client counts its calls in every window of a minute, an hour, a day and a month that the
/// vendor documents a limit for, and the calls under way where he limits those; 80 % of each are used, so that other
/// programs of the same corp find room. A call that is too many waits, or is refused before it is sent, as the caller
/// chooses.
///
/// What the service says is heard as well:
///
/// - 45009 closes that endpoint for a minute, while the others go on. If it is the answer again right afterwards, for
///   an hour, and then for a day: these are the windows that the vendor blocks for.
/// - 45033 halves the number of calls that may be under way at that endpoint; it grows again by one each time that so
///   many have gone well.
///
/// The counts are those of one client and its clones. They are not shared with other processes.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Quotas;
///
/// let patient = Quotas::wait_at_most(Duration::from_secs(90));
/// let alone_at_this_corp = Quotas::refuse().percent(100);
/// # let _ = (patient, alone_at_this_corp);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a client keeps to no quota until its builder is given this"]
pub struct Quotas {
    max_wait: Option<Duration>,
    percent: u32,
}

impl Quotas {
    /// A call that is too many waits for its turn, but no longer than this and no longer than its deadline. When it is
    /// known at once that the turn comes later, the call is refused at once.
    pub fn wait_at_most(max_wait: Duration) -> Self {
        Self { max_wait: Some(max_wait), percent: 80 }
    }

    /// A call that is too many is refused at once.
    pub fn refuse() -> Self {
        Self { max_wait: None, percent: 80 }
    }

    /// How much of the documented limits is used: 80 % by default. At least one call is always let through.
    pub fn percent(mut self, percent: u32) -> Self {
        self.percent = percent;
        self
    }

    pub(crate) fn max_wait(&self) -> Option<Duration> {
        self.max_wait
    }

    pub(crate) fn share_of(&self, documented: u32) -> u32 {
        let share = u64::from(documented) * u64::from(self.percent) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}
