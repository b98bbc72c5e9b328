//! Typed events (事件).

mod chain;
mod fields;
mod header;
mod job;
mod member;
mod share;
mod suite;

pub use self::chain::{ChainChange, ChangeChain};
pub(crate) use self::header::Header;
pub use self::job::{BatchJobResult, JobType};
pub use self::member::{Member, MenuEvent, TextMessage};
pub use self::share::ShareChange;
pub use self::suite::{Authorization, AuthorizedCorp, SuiteTicket};

use self::fields::Fields;
use crate::message::Message;
use crate::xml::writer::Writer;

/// The typed content of a message.
///
/// A message without a variant here is [`Event::Other`], with its XML, its kind and all its elements. An event that lacks
/// an element that its type needs is `Other` too, so no message is lost.
///
/// An event is a plain value: a test creates one, and a [`Sender`](crate::Sender) signs and encrypts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// `change_chain`: a chain, its groups or its corps changed (上下游变更事件).
    ChangeChain(ChangeChain),
    /// `batch_job_result`: an import, or a job of the address book, ended (异步任务完成事件).
    BatchJobResult(BatchJobResult),
    /// `share_chain_change`: the sharing of an app with corps of a chain changed (上下游共享应用事件回调).
    ShareChainChange(ShareChange),
    /// `share_agent_change`: the sharing of an app with corps of a corp group changed (企业互联共享应用事件回调).
    ShareAgentChange(ShareChange),
    /// `suite_ticket`: the provider's next ticket (推送suite_ticket).
    SuiteTicket(SuiteTicket),
    /// `create_auth`: a corp has authorized the suite (授权成功通知).
    CreateAuth(Authorization),
    /// `change_auth`: a corp has changed its authorization (变更授权通知).
    ChangeAuth(AuthorizedCorp),
    /// `cancel_auth`: a corp has withdrawn its authorization (取消授权通知).
    CancelAuth(AuthorizedCorp),
    /// `reset_permanent_code`: a corp's permanent code was reset (重置永久授权码通知).
    ResetPermanentCode(Authorization),
    /// `corp_arch_auth`: a corp has authorized its address book (获得企业微信通讯录授权).
    CorpArchAuth(AuthorizedCorp),
    /// A text message from a member (文本消息).
    Text(TextMessage),
    /// `enter_agent`: a member has opened the app (进入应用).
    EnterAgent(Member),
    /// `subscribe`: the app has become visible to a member (成员关注事件).
    Subscribe(Member),
    /// `unsubscribe`: the app is no longer visible to a member (取消关注事件).
    Unsubscribe(Member),
    /// `click`: a member has clicked a menu item (点击菜单拉取消息).
    Click(MenuEvent),
    /// `view`: a member has followed a link of the menu (点击菜单跳转链接).
    View(MenuEvent),
    /// A message of any other kind.
    Other(Message),
}

/// The event in a message.
impl From<&Message> for Event {
    fn from(message: &Message) -> Self {
        Self::known(&Fields::of(message.root())).unwrap_or_else(|| Self::Other(message.clone()))
    }
}

impl Event {
    fn known(fields: &Fields<'_>) -> Option<Self> {
        if let Some(info_type) = fields.text("InfoType") {
            return match &*info_type {
                "suite_ticket" => SuiteTicket::read(fields).map(Self::SuiteTicket),
                "create_auth" => Authorization::read(fields).map(Self::CreateAuth),
                "change_auth" => AuthorizedCorp::read(fields).map(Self::ChangeAuth),
                "cancel_auth" => AuthorizedCorp::read(fields).map(Self::CancelAuth),
                "reset_permanent_code" => Authorization::read(fields).map(Self::ResetPermanentCode),
                "corp_arch_auth" => AuthorizedCorp::read(fields).map(Self::CorpArchAuth),
                "share_chain_change" => ShareChange::read(fields).map(Self::ShareChainChange),
                "share_agent_change" => ShareChange::read(fields).map(Self::ShareAgentChange),
                _ => None,
            };
        }
        match &*fields.text("MsgType")? {
            "text" => TextMessage::read(fields).map(Self::Text),
            "event" => match &*fields.text("Event")? {
                "change_chain" => ChangeChain::read(fields).map(Self::ChangeChain),
                "batch_job_result" => BatchJobResult::read(fields).map(Self::BatchJobResult),
                "share_chain_change" => ShareChange::read(fields).map(Self::ShareChainChange),
                "share_agent_change" => ShareChange::read(fields).map(Self::ShareAgentChange),
                "enter_agent" => Member::read(fields).map(Self::EnterAgent),
                "subscribe" => Member::read(fields).map(Self::Subscribe),
                "unsubscribe" => Member::read(fields).map(Self::Unsubscribe),
                "click" => MenuEvent::read(fields).map(Self::Click),
                "view" => MenuEvent::read(fields).map(Self::View),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the event as XML, as WeCom writes it.
    pub(crate) fn write(&self, header: &Header<'_>) -> String {
        let mut xml = Writer::new();
        match self {
            Self::ChangeChain(event) => event.write(header.app("change_chain", &mut xml)),
            Self::BatchJobResult(event) => event.write(header.app("batch_job_result", &mut xml)),
            Self::ShareChainChange(event) => event.write(header, "share_chain_change", &mut xml),
            Self::ShareAgentChange(event) => event.write(header, "share_agent_change", &mut xml),
            Self::SuiteTicket(event) => event.write(header, "suite_ticket", &mut xml),
            Self::CreateAuth(event) => event.write(header, "create_auth", &mut xml),
            Self::ChangeAuth(event) => event.write(header, "change_auth", &mut xml),
            Self::CancelAuth(event) => event.write(header, "cancel_auth", &mut xml),
            Self::ResetPermanentCode(event) => event.write(header, "reset_permanent_code", &mut xml),
            Self::CorpArchAuth(event) => event.write(header, "corp_arch_auth", &mut xml),
            Self::Text(event) => event.write(header, &mut xml),
            Self::EnterAgent(event) => event.write(header, "enter_agent", "", &mut xml),
            Self::Subscribe(event) => event.write(header, "subscribe", "", &mut xml),
            Self::Unsubscribe(event) => event.write(header, "unsubscribe", "", &mut xml),
            Self::Click(event) => event.write(header, "click", &mut xml),
            Self::View(event) => event.write(header, "view", &mut xml),
            Self::Other(message) => return message.as_str().to_owned(),
        }
        xml.finish()
    }
}
