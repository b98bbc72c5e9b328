//! The events of a suite: 推送suite_ticket and 授权通知事件.

use std::fmt;

use wecom_core::ids::{CorpId, SuiteId};

use super::fields::Fields;
use super::header::Header;
use crate::secret::{AuthCode, Ticket};
use crate::xml::writer::Writer;

/// The provider's next ticket (推送suite_ticket). A new one is sent every 10 minutes and is valid for 30 minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuiteTicket {
    /// The suite: `SuiteId`.
    pub suite_id: SuiteId,
    /// The ticket, at most 512 bytes: `SuiteTicket`.
    pub ticket: Ticket,
}

/// A code to exchange for a corp's permanent code (永久授权码), valid for 10 minutes.
///
/// Acknowledge within one second, because the corp's administrator is waiting.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authorization {
    /// The suite: `SuiteId`.
    pub suite_id: SuiteId,
    /// The code, at most 512 bytes: `AuthCode`.
    pub auth_code: AuthCode,
    /// The state in the provider's authorization link: `State`. `Debug` does not show it.
    pub state: Option<String>,
}

/// A corp whose authorization has changed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizedCorp {
    /// The suite: `SuiteId`.
    pub suite_id: SuiteId,
    /// The corp: `AuthCorpId`.
    pub auth_corp_id: CorpId,
    /// The state in the provider's authorization link: `State`. `Debug` does not show it.
    pub state: Option<String>,
}

impl SuiteTicket {
    /// Creates a ticket of a suite.
    pub fn new(suite_id: impl Into<SuiteId>, ticket: Ticket) -> Self {
        Self { suite_id: suite_id.into(), ticket }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self { suite_id: fields.value("SuiteId")?, ticket: Ticket::new(fields.value::<String>("SuiteTicket")?) })
    }

    pub(super) fn write(&self, header: &Header<'_>, kind: &str, xml: &mut Writer) {
        let xml = header.suite(self.suite_id.as_str(), kind, xml);
        xml.text("SuiteTicket", self.ticket.expose());
    }
}

impl Authorization {
    /// Creates an authorization of a suite.
    pub fn new(suite_id: impl Into<SuiteId>, auth_code: AuthCode) -> Self {
        Self { suite_id: suite_id.into(), auth_code, state: None }
    }

    /// Sets the state of the link.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            suite_id: fields.value("SuiteId")?,
            auth_code: AuthCode::new(fields.value::<String>("AuthCode")?),
            state: fields.value("State"),
        })
    }

    pub(super) fn write(&self, header: &Header<'_>, kind: &str, xml: &mut Writer) {
        let xml = header.suite(self.suite_id.as_str(), kind, xml);
        xml.text("AuthCode", self.auth_code.expose());
        write_state(self.state.as_deref(), xml);
    }
}

impl AuthorizedCorp {
    /// Creates a change of a corp's authorization.
    pub fn new(suite_id: impl Into<SuiteId>, auth_corp_id: impl Into<CorpId>) -> Self {
        Self { suite_id: suite_id.into(), auth_corp_id: auth_corp_id.into(), state: None }
    }

    /// Sets the state of the link.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            suite_id: fields.value("SuiteId")?,
            auth_corp_id: fields.value("AuthCorpId")?,
            state: fields.value("State"),
        })
    }

    pub(super) fn write(&self, header: &Header<'_>, kind: &str, xml: &mut Writer) {
        let xml = header.suite(self.suite_id.as_str(), kind, xml);
        xml.text("AuthCorpId", &self.auth_corp_id);
        write_state(self.state.as_deref(), xml);
    }
}

fn write_state(state: Option<&str>, xml: &mut Writer) {
    if let Some(state) = state {
        xml.text("State", state);
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("suite_id", &self.suite_id)
            .field("auth_code", &self.auth_code)
            .field("state", &hidden(self.state.as_deref()))
            .finish()
    }
}

impl fmt::Debug for AuthorizedCorp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizedCorp")
            .field("suite_id", &self.suite_id)
            .field("auth_corp_id", &self.auth_corp_id)
            .field("state", &hidden(self.state.as_deref()))
            .finish()
    }
}

/// Shows only whether there is a state, because providers put tokens of their sessions into it.
fn hidden(state: Option<&str>) -> Option<&'static str> {
    state.map(|_| "***")
}
