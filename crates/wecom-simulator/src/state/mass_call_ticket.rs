//! The ticket that lifts frequency limits, which a corp gets once.

use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::CorpId;

use crate::hash::fnv1a;
use crate::refusal::Refusal;

const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The ticket of the upstream corp.
#[derive(Default)]
pub(crate) struct MassCallTicket {
    issued: Option<Issued>,
}

struct Issued {
    ticket: String,
    expires_at: Duration,
}

impl MassCallTicket {
    /// Issues the ticket. The vendor does not document the answer to a second call; this one refuses it.
    pub(crate) fn issue(&mut self, corp_id: &CorpId, now: Duration) -> Result<&str, Refusal> {
        if self.issued.is_some() {
            return Err(Refusal::about(ErrCode::API_FORBIDDEN, "mass_call_ticket was issued before"));
        }
        let hash = fnv1a(fnv1a(0, corp_id.as_str().as_bytes()), b"mass_call_ticket");
        let issued = Issued { ticket: format!("MCT{hash:016x}"), expires_at: now.saturating_add(VALIDITY) };
        Ok(&self.issued.insert(issued).ticket)
    }

    /// Returns whether a text is the ticket, and has not expired.
    pub(crate) fn is_valid(&self, ticket: &str, now: Duration) -> bool {
        self.issued.as_ref().is_some_and(|issued| issued.ticket == ticket && now < issued.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_valid_for_less_than_seven_days() {
        let mut tickets = MassCallTicket::default();
        let issued_at = Duration::from_secs(5);
        let ticket = tickets.issue(&CorpId::new("ww"), issued_at).unwrap().to_owned();
        let expires_at = issued_at + Duration::from_secs(7 * 24 * 60 * 60);
        assert!(tickets.is_valid(&ticket, expires_at - Duration::from_nanos(1)));
        assert!(!tickets.is_valid(&ticket, expires_at));
    }
}
