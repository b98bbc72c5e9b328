//! `share_chain_change` (上下游共享应用事件回调) and `share_agent_change` (企业互联共享应用事件回调):
//! self-built apps ([90240](https://developer.work.weixin.qq.com/document/path/90240)),
//! suites ([93373](https://developer.work.weixin.qq.com/document/path/93373)).

use wecom_core::ids::{AgentId, CorpId};

use super::fields::Fields;
use super::header::Header;
use crate::xml::writer::Writer;

/// The sharing of an app with downstream corps changed: it was shared, or is no longer shared.
///
/// The event states neither which of the two nor the corps. To find out, call `list_app_share_info` of `wecom-upstream`
/// again. For a suite, make that call with the upstream corp's token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShareChange {
    /// The upstream corp's app: `AgentID`, or `AgentId` on a suite channel. Not every message has it.
    pub agent_id: Option<AgentId>,
    /// The upstream corp: `CorpId`. Present on a suite channel only.
    pub corp_id: Option<CorpId>,
}

impl ShareChange {
    /// Creates a change of the sharing of an app.
    #[must_use]
    pub fn new(agent_id: AgentId) -> Self {
        Self { agent_id: Some(agent_id), corp_id: None }
    }

    /// Sets the upstream corp, which an event on a suite channel contains.
    #[must_use]
    pub fn with_corp_id(mut self, corp_id: impl Into<CorpId>) -> Self {
        self.corp_id = Some(corp_id.into());
        self
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        let agent_id = fields.value("AgentID").or_else(|| fields.value("AgentId"));
        Some(Self { agent_id, corp_id: fields.value("CorpId") })
    }

    pub(super) fn write(&self, header: &Header<'_>, kind: &str, xml: &mut Writer) {
        let (xml, agent_id) = if header.is_suite {
            (header.suite(header.receive_id, kind, xml), "AgentId")
        } else {
            (header.app(kind, xml), "AgentID")
        };
        if let Some(corp) = &self.corp_id {
            xml.text("CorpId", corp);
        }
        if let Some(agent) = self.agent_id {
            xml.number(agent_id, agent);
        }
    }
}
