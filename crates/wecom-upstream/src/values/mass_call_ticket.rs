//! The ticket that lifts frequency limits.

use std::time::{Duration, SystemTime};

use wecom_core::Secret;

/// The validity of a ticket.
const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A ticket that lifts frequency limits of [`UnionidToExternalUserid`](crate::calls::UnionidToExternalUserid) for seven
/// days: 接口高频调用凭据.
///
/// A corp gets only one ticket, from [`apply_mass_call_ticket`](crate::Upstream::apply_mass_call_ticket). Store its text
/// and its time of expiry, so that a restart does not lose it.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use wecom_upstream::Secret;
/// use wecom_upstream::values::MassCallTicket;
///
/// let now = SystemTime::now();
/// let ticket = MassCallTicket::issued_at(Secret::new("the-ticket"), now);
/// assert_eq!(ticket.expires_at(), now + Duration::from_secs(7 * 24 * 60 * 60));
/// assert!(ticket.is_valid(now));
/// // Neither text shows the ticket.
/// assert!(!format!("{ticket:?}").contains("the-ticket"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MassCallTicket {
    ticket: Secret,
    expires_at: SystemTime,
}

impl MassCallTicket {
    /// Creates a ticket that is valid until this time, such as a stored one.
    #[must_use]
    pub fn new(ticket: Secret, expires_at: SystemTime) -> Self {
        Self { ticket, expires_at }
    }

    /// Creates a ticket that WeCom issued at this time. It is valid for seven days.
    #[must_use]
    pub fn issued_at(ticket: Secret, time: SystemTime) -> Self {
        // If the system cannot represent the time of expiry, the ticket expires immediately.
        Self::new(ticket, time.checked_add(VALIDITY).unwrap_or(time))
    }

    /// Returns the text of the ticket.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.ticket
    }

    /// Returns the time at which the ticket expires.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Returns whether the ticket has not expired.
    #[must_use]
    pub fn is_valid(&self, now: SystemTime) -> bool {
        now < self.expires_at
    }
}

impl From<&MassCallTicket> for Secret {
    fn from(ticket: &MassCallTicket) -> Self {
        ticket.ticket.clone()
    }
}
