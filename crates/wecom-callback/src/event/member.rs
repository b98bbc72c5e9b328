//! Messages and events from an app's members: 消息格式 ([90239](https://developer.work.weixin.qq.com/document/path/90239)) and 事件格式
//! ([90240](https://developer.work.weixin.qq.com/document/path/90240)).

use std::fmt;

use wecom_core::ids::{AgentId, CorpId, UserId};

use super::fields::Fields;
use super::header::Header;
use crate::xml::writer::Writer;

/// The member who sent a message or caused an event.
///
/// Messages from members of downstream corps arrive at the upstream app's URL too. `corp_id` is then the downstream corp. To
/// answer such a member, use the token from `corp_get_token` for that corp, and the app's `agentid` there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The member's corp: `ToUserName`.
    pub corp_id: CorpId,
    /// The member: `FromUserName`.
    pub user_id: UserId,
    /// The app: `AgentID`. Not every message has it.
    pub agent_id: Option<AgentId>,
}

/// A text message (文本消息).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextMessage {
    /// The sender.
    pub member: Member,
    /// The message's id, 64 bits: `MsgId`.
    pub msg_id: u64,
    /// The text, at most 2048 bytes: `Content`. No `Debug` shows it.
    pub content: String,
}

/// A click on the app's menu.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MenuEvent {
    /// The member who clicked.
    pub member: Member,
    /// The item's key, or the URL of the link: `EventKey`. No `Debug` shows it.
    pub event_key: String,
}

impl Member {
    /// Creates a member of a corp.
    pub fn new(corp_id: impl Into<CorpId>, user_id: impl Into<UserId>, agent_id: AgentId) -> Self {
        Self { corp_id: corp_id.into(), user_id: user_id.into(), agent_id: Some(agent_id) }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            corp_id: fields.value("ToUserName")?,
            user_id: fields.value("FromUserName")?,
            agent_id: fields.value("AgentID"),
        })
    }

    pub(super) fn write(&self, header: &Header<'_>, event: &str, event_key: &str, xml: &mut Writer) {
        let xml = self.begin(header, "event", xml);
        self.write_agent(xml.text("Event", event).text("EventKey", event_key));
    }

    fn begin<'w>(&self, header: &Header<'_>, msg_type: &str, xml: &'w mut Writer) -> &'w mut Writer {
        header.message(self.corp_id.as_str(), self.user_id.as_str(), msg_type, xml)
    }

    fn write_agent(&self, xml: &mut Writer) {
        if let Some(agent) = self.agent_id {
            xml.number("AgentID", agent);
        }
    }
}

impl TextMessage {
    /// Creates a text message from a member.
    pub fn new(member: Member, msg_id: u64, content: impl Into<String>) -> Self {
        Self { member, msg_id, content: content.into() }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            member: Member::read(fields)?,
            msg_id: fields.value("MsgId")?,
            content: fields.text("Content")?.into_owned(),
        })
    }

    pub(super) fn write(&self, header: &Header<'_>, xml: &mut Writer) {
        let xml = self.member.begin(header, "text", xml);
        self.member.write_agent(xml.text("Content", &self.content).number("MsgId", self.msg_id));
    }
}

impl MenuEvent {
    /// Creates a member's click on an item.
    pub fn new(member: Member, event_key: impl Into<String>) -> Self {
        Self { member, event_key: event_key.into() }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self { member: Member::read(fields)?, event_key: fields.text("EventKey")?.into_owned() })
    }

    pub(super) fn write(&self, header: &Header<'_>, event: &str, xml: &mut Writer) {
        self.member.write(header, event, &self.event_key, xml);
    }
}

impl fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextMessage")
            .field("member", &self.member)
            .field("msg_id", &self.msg_id)
            .field("content", &format_args!("*** ({} bytes)", self.content.len()))
            .finish()
    }
}

impl fmt::Debug for MenuEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MenuEvent").field("member", &self.member).field("event_key", &format_args!("***")).finish()
    }
}
