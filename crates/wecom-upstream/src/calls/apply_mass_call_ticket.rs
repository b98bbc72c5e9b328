//! `GET corp/apply_mass_call_ticket`: 获取接口高频调用凭据
//! ([96168](https://developer.work.weixin.qq.com/document/path/96168),
//! [96250](https://developer.work.weixin.qq.com/document/path/96250)).

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use wecom_core::{ApiCall, Endpoint, Safety, Secret};

use crate::calls::USUAL_QUOTA;
use crate::serde_helpers;
use crate::values::MassCallTicket;

/// The descriptor of [`ApplyMassCallTicket`].
///
/// | setting | value |
/// |---|---|
/// | request | `GET corp/apply_mass_call_ticket` |
/// | document | 获取接口高频调用凭据 ([96168](https://developer.work.weixin.qq.com/document/path/96168), [96250](https://developer.work.weixin.qq.com/document/path/96250)) |
/// | token | the upstream corp's |
/// | safety | not idempotent: never repeated if it may have been carried out |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
/// | reply | contains a secret, so no error quotes it |
pub const APPLY_MASS_CALL_TICKET: Endpoint = Endpoint::get("apply_mass_call_ticket", "corp/apply_mass_call_ticket")
    .with_title("获取接口高频调用凭据")
    .with_documents(&[96168, 96250])
    .with_safety(Safety::NotIdempotent)
    .with_quota(USUAL_QUOTA)
    .with_secret_reply();

/// Returns the ticket that lifts frequency limits for seven days: 获取接口高频调用凭据
/// ([96168](https://developer.work.weixin.qq.com/document/path/96168),
/// [96250](https://developer.work.weixin.qq.com/document/path/96250)).
///
/// A corp gets only one ticket, in the first three months after it authorized the app. So the client never repeats the
/// call: an error with an [unknown delivery](wecom_core::Error::delivery) can mean that the ticket was issued. The ticket
/// is only for [`UnionidToExternalUserid`](crate::calls::UnionidToExternalUserid). It lifts the limits of that call to
/// 10,000 calls a minute and 150,000 an hour.
///
/// The call has no parameters. Error codes: the vendor documents none for a second call.
///
/// ```
/// use std::time::SystemTime;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let now = SystemTime::now();
/// let ticket = upstream.apply_mass_call_ticket().await?.ticket(now);
/// // ... store ticket.secret().expose() and ticket.expires_at() ...
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ApplyMassCallTicket {}

impl ApplyMassCallTicket {
    /// Creates the call.
    pub fn new() -> Self {
        Self {}
    }
}

impl ApiCall for ApplyMassCallTicket {
    const ENDPOINT: &'static Endpoint = &APPLY_MASS_CALL_TICKET;
    type Reply = ApplyMassCallTicketReply;
}

/// The reply to [`ApplyMassCallTicket`].
///
/// The `Debug` output does not contain the ticket. The JSON does, for test doubles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplyMassCallTicketReply {
    /// The text of the ticket.
    #[serde(with = "serde_helpers::secret")]
    pub mass_call_ticket: Secret,
}

impl ApplyMassCallTicketReply {
    /// Creates a reply with this ticket.
    #[must_use]
    pub fn new(mass_call_ticket: Secret) -> Self {
        Self { mass_call_ticket }
    }

    /// Returns the ticket with its time of expiry, seven days after the time of the call.
    #[must_use]
    pub fn ticket(&self, issued_at: SystemTime) -> MassCallTicket {
        MassCallTicket::issued_at(self.mass_call_ticket.clone(), issued_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, facts, failing_path, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(
            facts(&APPLY_MASS_CALL_TICKET),
            "Upstream, NotIdempotent, 10000 a minute, 150000 an hour, secret reply"
        );
    }

    #[test]
    fn the_request_is_a_get_without_query_or_body() {
        assert_eq!(target(&ApplyMassCallTicket::new()), "GET corp/apply_mass_call_ticket");
        assert_eq!(ApplyMassCallTicket::new().body(), Ok(None));
    }

    #[test]
    fn the_documented_reply_decodes() {
        assert_reply::<ApplyMassCallTicket>(
            sample!("apply_mass_call_ticket.reply.json"),
            &ApplyMassCallTicketReply::new(Secret::new("AAAAAA")),
        );
    }

    #[test]
    fn a_reply_without_a_ticket_is_an_error_that_shows_no_part_of_it() {
        assert_eq!(failing_path::<ApplyMassCallTicket>(r#"{"mass_call_ticket":""}"#), "mass_call_ticket");
        let error = reply::<ApplyMassCallTicket>(r#"{"errcode":0,"mass_call_ticket":{"x":"AAAAAA"}}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("AAAAAA"), "{error}");
    }
}
