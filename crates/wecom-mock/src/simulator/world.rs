//! What a simulator knows at its beginning: apps, chains, corps and customers, described and not yet checked.

mod check;
mod demo;
mod file;
mod generate;

use std::fmt;

use wecom_core::Secret;
use wecom_upstream::{
    AgentId, BusinessType, ChainId, ChatId, CorpId, CustomId, ExternalUserId, ExternalUserInfo, Group, GroupId, OpenId,
    PendingCorpId, QualificationStatus, SharedCorp, UnionId, UserCustomId, UserId,
};

pub use self::check::WorldError;

/// An upstream corp and what is around it, for a [`Simulator`](crate::Simulator) to begin with.
///
/// ```
/// use wecom_core::Secret;
/// use wecom_mock::{Simulator, World, WorldApp, WorldChain, WorldCorp};
/// use wecom_upstream::{AgentId, ChainId, CorpId, Group, GroupId, PendingCorpId, SharedCorp};
///
/// let dealers = GroupId::new(2);
/// let downstream = CorpId::new("wwdownstream");
/// let world = World::new(CorpId::new("wwupstream"))
///     .app(
///         WorldApp::new(AgentId::new(1_000_002), Secret::new("the-app-secret"))
///             .shared_with(SharedCorp::new(&downstream, "美馨粮油公司", AgentId::new(1_000_005))),
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
#[must_use = "a world does nothing until a simulator is given it"]
pub struct World {
    pub(crate) corp_id: CorpId,
    pub(crate) apps: Vec<WorldApp>,
    pub(crate) chains: Vec<WorldChain>,
    pub(crate) customers: Vec<WorldCustomer>,
    pub(crate) chats: Vec<(ChatId, Vec<ExternalUserId>)>,
}

impl World {
    /// A world with an upstream corp and nothing else.
    pub fn new(corp_id: impl Into<CorpId>) -> Self {
        Self { corp_id: corp_id.into(), apps: Vec::new(), chains: Vec::new(), customers: Vec::new(), chats: Vec::new() }
    }

    /// Adds an app (应用) of the upstream corp. The simulator's own client is the first one's.
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

    /// Adds a group chat (客户群) and the customers in it.
    pub fn chat(mut self, chat_id: impl Into<ChatId>, customers: impl IntoIterator<Item = ExternalUserId>) -> Self {
        self.chats.push((chat_id.into(), customers.into_iter().collect()));
        self
    }
}

/// An app (应用) of the upstream corp, which sees every chain and may make every call until something else is said.
#[derive(Clone, Debug)]
#[must_use = "an app does nothing until a world has it"]
pub struct WorldApp {
    pub(crate) agentid: AgentId,
    pub(crate) secret: Secret,
    /// All chains when `None`.
    pub(crate) visible_chains: Option<Vec<ChainId>>,
    pub(crate) callable: bool,
    pub(crate) shares: Vec<(BusinessType, SharedCorp)>,
}

impl WorldApp {
    /// An app by its id and its secret.
    pub fn new(agentid: impl Into<AgentId>, secret: Secret) -> Self {
        Self { agentid: agentid.into(), secret, visible_chains: None, callable: true, shares: Vec::new() }
    }

    /// Lets the app see this chain and, of all others, only those for which this is said too. The rest are unknown to it:
    /// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
    pub fn sees_only(mut self, chain_id: impl Into<ChainId>) -> Self {
        self.visible_chains.get_or_insert_default().push(chain_id.into());
        self
    }

    /// Takes the app off 上下游 → 可调用接口的应用: it may not list the chains
    /// ([`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN)), and isn't told who invited a corp.
    pub fn not_callable(mut self) -> Self {
        self.callable = false;
        self
    }

    /// Shares the app with a corp of a chain ([`BusinessType::Chain`]).
    pub fn shared_with(mut self, corp: SharedCorp) -> Self {
        self.shares.push((BusinessType::Chain, corp));
        self
    }

    /// Shares the app with a corp by 企业互联 ([`BusinessType::CorpGroup`]).
    pub fn shared_in_corp_group(mut self, corp: SharedCorp) -> Self {
        self.shares.push((BusinessType::CorpGroup, corp));
        self
    }
}

/// A chain (上下游): its groups, of which the root is always there, and its corps.
#[derive(Clone, Debug)]
#[must_use = "a chain does nothing until a world has it"]
pub struct WorldChain {
    pub(crate) chain_id: ChainId,
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) corps: Vec<WorldCorp>,
    pub(crate) corp_limit: Option<usize>,
}

impl WorldChain {
    /// A chain by id and name, with the root group alone.
    pub fn new(chain_id: impl Into<ChainId>, name: impl Into<String>) -> Self {
        Self { chain_id: chain_id.into(), name: name.into(), groups: Vec::new(), corps: Vec::new(), corp_limit: None }
    }

    /// Adds a group below another one, which has to be there by the time that the simulator begins.
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a corp.
    pub fn corp(mut self, corp: WorldCorp) -> Self {
        self.corps.push(corp);
        self
    }

    /// Sets how many corps the chain may hold; an import past it fails with
    /// [`CHAIN_CORPS_EXCEEDED`](wecom_core::ErrCode::CHAIN_CORPS_EXCEEDED).
    pub fn corp_limit(mut self, corps: usize) -> Self {
        self.corp_limit = Some(corps);
        self
    }
}

/// A corp in a chain. One that is in two chains is in each of them by a value of its own.
#[derive(Clone, Debug)]
#[must_use = "a corp does nothing until a chain has it"]
pub struct WorldCorp {
    pub(crate) groupid: GroupId,
    pub(crate) id: WorldCorpId,
    pub(crate) name: String,
    pub(crate) custom_id: Option<CustomId>,
    pub(crate) invite_userid: Option<UserId>,
    pub(crate) qualification: QualificationStatus,
    pub(crate) members: Vec<WorldMember>,
    pub(crate) contacts: Vec<WorldContact>,
}

/// The id that a corp has: which of the two tells whether it has joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WorldCorpId {
    Joined(CorpId),
    Pending(PendingCorpId),
}

/// A member of a joined corp.
#[derive(Clone, Debug)]
pub(crate) struct WorldMember {
    pub(crate) userid: UserId,
    pub(crate) user_custom_id: Option<UserCustomId>,
}

/// A person of a corp, as an import named him.
#[derive(Clone, Debug)]
pub(crate) struct WorldContact {
    pub(crate) mobile: String,
    pub(crate) user_custom_id: Option<UserCustomId>,
}

impl WorldCorp {
    /// A corp that has joined: 未验证 until [`qualification`](Self::qualification) says otherwise.
    pub fn joined(groupid: impl Into<GroupId>, corpid: impl Into<CorpId>, name: impl Into<String>) -> Self {
        Self::with_id(groupid.into(), WorldCorpId::Joined(corpid.into()), name.into())
    }

    /// A corp that was invited and has not joined yet.
    pub fn pending(groupid: impl Into<GroupId>, corpid: impl Into<PendingCorpId>, name: impl Into<String>) -> Self {
        Self::with_id(groupid.into(), WorldCorpId::Pending(corpid.into()), name.into())
    }

    pub(crate) fn with_id(groupid: GroupId, id: WorldCorpId, name: String) -> Self {
        Self {
            groupid,
            id,
            name,
            custom_id: None,
            invite_userid: None,
            qualification: QualificationStatus::Unverified,
            members: Vec::new(),
            contacts: Vec::new(),
        }
    }

    /// Sets what the upstream corp calls it in its own books.
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Sets the upstream corp's member who invited it.
    pub fn invite_userid(mut self, userid: impl Into<UserId>) -> Self {
        self.invite_userid = Some(userid.into());
        self
    }

    /// Sets how far it has proved who it is.
    pub fn qualification(mut self, status: QualificationStatus) -> Self {
        self.qualification = status;
        self
    }

    /// Adds a member (成员) without a custom id.
    pub fn member(mut self, userid: impl Into<UserId>) -> Self {
        self.members.push(WorldMember { userid: userid.into(), user_custom_id: None });
        self
    }

    /// Adds a member (成员), and what the upstream corp calls him in its own books.
    pub fn known_member(mut self, userid: impl Into<UserId>, custom_id: impl Into<UserCustomId>) -> Self {
        self.members.push(WorldMember { userid: userid.into(), user_custom_id: Some(custom_id.into()) });
        self
    }
}

/// A WeChat user who is or may become a customer (外部联系人) of downstream corps.
#[derive(Clone, Debug)]
#[must_use = "a customer does nothing until a world has him"]
pub struct WorldCustomer {
    pub(crate) unionid: UnionId,
    pub(crate) openid: OpenId,
    pub(crate) known_to: Vec<ExternalUserInfo>,
}

impl WorldCustomer {
    /// A WeChat user who is no corp's customer yet.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), known_to: Vec::new() }
    }

    /// Makes him a customer of a corp, and says as whom the upstream corp knows him there.
    pub fn known_to(mut self, corpid: impl Into<CorpId>, external_userid: impl Into<ExternalUserId>) -> Self {
        self.known_to.push(ExternalUserInfo::new(corpid, external_userid));
        self
    }
}

impl fmt::Display for WorldCorpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(corpid) => write!(f, "{corpid}"),
            Self::Pending(pending_corpid) => write!(f, "{pending_corpid}"),
        }
    }
}
