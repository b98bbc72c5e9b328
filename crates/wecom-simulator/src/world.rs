//! The initial state of a simulator: apps, chains, corps, customers and sessions.

mod app;
mod chain;
mod check;
mod corp;
mod customer;
mod demo;
mod generate;
mod generated_corps;
mod json;
mod person;
mod session;
mod shares;

use wecom_upstream::ids::ChatId;
use wecom_upstream::{CorpId, ExternalUserId};

pub use self::app::WorldApp;
pub(crate) use self::chain::OwnerRange;
pub use self::chain::WorldChain;
pub use self::check::WorldError;
pub use self::corp::WorldCorp;
pub(crate) use self::corp::{WorldContact, WorldCorpId, WorldMember};
pub use self::customer::{LoginAccount, WorldCustomer};
pub(crate) use self::generated_corps::GeneratedCorps;
pub use self::person::WorldPerson;
pub use self::session::WorldSession;

/// The initial state of a [`Simulator`](crate::Simulator): an upstream corp with its apps, chains and customers.
///
/// ```
/// use wecom_core::Secret;
/// use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
/// use wecom_upstream::calls::{Group, SharedCorp};
/// use wecom_upstream::ids::PendingCorpId;
/// use wecom_upstream::{AgentId, ChainId, CorpId, GroupId};
///
/// let dealers = GroupId::new(2);
/// let downstream = CorpId::new("wwdownstream");
/// let world = World::new(CorpId::new("wwupstream"))
///     .app(
///         WorldApp::new(AgentId::new(1_000_002), Secret::new("the-app-secret"))
///             .shared_with(SharedCorp::new(
///                 &downstream,
///                 "美馨粮油公司",
///                 AgentId::new(1_000_005),
///             )),
///     )
///     .chain(
///         WorldChain::new(ChainId::new("Ch1"), "经销商网络")
///             .group(Group::new(dealers, "一级经销商", GroupId::ROOT))
///             .corp(WorldCorp::joined(dealers, &downstream, "美馨粮油公司"))
///             .corp(WorldCorp::pending(dealers, PendingCorpId::new("wp1"), "顺达商贸")),
///     );
/// let simulator = Simulator::new(world);
/// # let _ = simulator;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a world does nothing without a simulator"]
pub struct World {
    pub(crate) corp_id: CorpId,
    pub(crate) apps: Vec<WorldApp>,
    pub(crate) chains: Vec<WorldChain>,
    pub(crate) customers: Vec<WorldCustomer>,
    pub(crate) chats: Vec<(ChatId, Vec<ExternalUserId>)>,
    pub(crate) people: Vec<WorldPerson>,
    pub(crate) sessions: Vec<WorldSession>,
    pub(crate) joined_corp_limit: Option<usize>,
    pub(crate) account_unusable: bool,
}

impl World {
    /// Creates a world that has only the upstream corp.
    pub fn new(corp_id: impl Into<CorpId>) -> Self {
        Self {
            corp_id: corp_id.into(),
            apps: Vec::new(),
            chains: Vec::new(),
            customers: Vec::new(),
            chats: Vec::new(),
            people: Vec::new(),
            sessions: Vec::new(),
            joined_corp_limit: None,
            account_unusable: false,
        }
    }

    /// Adds an app (应用) of the upstream corp. [`Simulator::client`](crate::Simulator::client) uses the first one.
    pub fn app(mut self, app: WorldApp) -> Self {
        self.apps.push(app);
        self
    }

    /// Adds a chain (上下游).
    pub fn chain(mut self, chain: WorldChain) -> Self {
        self.chains.push(chain);
        self
    }

    /// Adds a customer (外部联系人).
    pub fn customer(mut self, customer: WorldCustomer) -> Self {
        self.customers.push(customer);
        self
    }

    /// Adds a group chat (客户群) with its customers.
    pub fn chat(mut self, chat_id: impl Into<ChatId>, customers: impl IntoIterator<Item = ExternalUserId>) -> Self {
        self.chats.push((chat_id.into(), customers.into_iter().collect()));
        self
    }

    /// Adds a person with unusual import behaviour, such as a barred account.
    pub fn person(mut self, person: WorldPerson) -> Self {
        self.people.push(person);
        self
    }

    /// Adds a login session of the upstream corp's mini program (小程序).
    pub fn session(mut self, session: WorldSession) -> Self {
        self.sessions.push(session);
        self
    }

    /// Sets the maximum number of joined corps in all chains of the upstream corp. A corp in two chains counts once. No limit
    /// by default.
    ///
    /// At the limit, importing a new corp fails with
    /// [`SPACE_CORPS_EXCEEDED`](wecom_core::ErrCode::SPACE_CORPS_EXCEEDED).
    pub fn joined_corp_limit(mut self, corps: usize) -> Self {
        self.joined_corp_limit = Some(corps);
        self
    }

    /// Makes imports fail because of the state of the upstream corp's account
    /// ([`IMPORT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::IMPORT_ACCOUNT_UNUSABLE)).
    /// [`Simulator::set_account_usable`](crate::Simulator::set_account_usable) changes it later.
    pub fn account_unusable(mut self) -> Self {
        self.account_unusable = true;
        self
    }
}
