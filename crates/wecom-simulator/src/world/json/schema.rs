//! The structure of the file, and its conversion to a world.

use serde::Deserialize;
use wecom_core::Secret;
use wecom_core::codec::wire;
use wecom_upstream::calls::{ExternalUserInfo, Group, QualificationStatus, SharedCorp};
use wecom_upstream::ids::{ChatId, CustomId, PendingCorpId, UserCustomId};
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, UserId};

use super::super::{
    LoginAccount, OwnerRange, World, WorldApp, WorldChain, WorldCorp, WorldCorpId, WorldCustomer, WorldMember,
    WorldPerson, WorldSession,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    corp_id: CorpId,
    joined_corp_limit: Option<usize>,
    #[serde(default)]
    account_unusable: bool,
    #[serde(default)]
    apps: Vec<App>,
    #[serde(default)]
    chains: Vec<Chain>,
    #[serde(default)]
    customers: Vec<Customer>,
    #[serde(default)]
    chats: Vec<Chat>,
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default)]
    sessions: Vec<Session>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    agentid: AgentId,
    secret: String,
    #[serde(default = "yes")]
    callable: bool,
    visible_chains: Option<Vec<ChainId>>,
    #[serde(default)]
    visible_groups: Vec<VisibleGroups>,
    #[serde(default)]
    shares: Vec<Share>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    corpid: CorpId,
    corp_name: String,
    agentid: AgentId,
    #[serde(default = "chain")]
    business_type: BusinessType,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chain {
    chain_id: ChainId,
    chain_name: String,
    corp_limit: Option<usize>,
    corp_people_limit: Option<usize>,
    rule_limit: Option<usize>,
    owner_corp_range: Option<Range>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    corps: Vec<Corp>,
}

#[derive(Deserialize)]
#[serde(try_from = "CorpFields")]
struct Corp(WorldCorp);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorpFields {
    #[serde(default = "root")]
    groupid: GroupId,
    corpid: Option<CorpId>,
    pending_corpid: Option<PendingCorpId>,
    corp_name: String,
    custom_id: Option<CustomId>,
    invite_userid: Option<UserId>,
    qualification_status: Option<QualificationStatus>,
    #[serde(default)]
    members: Vec<Member>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    userid: UserId,
    #[serde(default, deserialize_with = "wire::optional")]
    user_custom_id: Option<UserCustomId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Customer {
    unionid: UnionId,
    openid: OpenId,
    #[serde(default)]
    known_to: Vec<ExternalUserInfo>,
    #[serde(default)]
    login_account: LoginAccount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chat {
    chat_id: ChatId,
    external_userids: Vec<ExternalUserId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VisibleGroups {
    chain_id: ChainId,
    groupids: Vec<GroupId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(default)]
    departmentids: Vec<i64>,
    #[serde(default)]
    userids: Vec<UserId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    mobile: String,
    #[serde(default)]
    account_unusable: bool,
    #[serde(default)]
    may_not_join: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    userid: UserId,
    session_key: String,
    #[serde(default)]
    corps: Vec<SessionCorp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionCorp {
    corpid: CorpId,
    userid: UserId,
}

fn yes() -> bool {
    true
}

fn chain() -> BusinessType {
    BusinessType::Chain
}

fn root() -> GroupId {
    GroupId::ROOT
}

impl TryFrom<CorpFields> for Corp {
    type Error = &'static str;

    fn try_from(fields: CorpFields) -> Result<Self, &'static str> {
        let id = match (fields.corpid, fields.pending_corpid) {
            (Some(corpid), None) => WorldCorpId::Joined(corpid),
            (None, Some(pending_corpid)) => WorldCorpId::Pending(pending_corpid),
            _ => return Err("a corp has either a `corpid` (joined) or a `pending_corpid` (not joined)"),
        };
        let mut corp = WorldCorp::with_id(fields.groupid, id, fields.corp_name);
        corp.custom_id = fields.custom_id.filter(|id| !id.as_str().is_empty());
        corp.invite_userid = fields.invite_userid.filter(|userid| !userid.as_str().is_empty());
        corp.qualification = fields.qualification_status.unwrap_or(corp.qualification);
        let member = |member: Member| WorldMember {
            userid: member.userid,
            user_custom_id: member.user_custom_id.filter(|id| !id.as_str().is_empty()),
        };
        corp.members = fields.members.into_iter().map(member).collect();
        Ok(Self(corp))
    }
}

impl From<File> for World {
    fn from(file: File) -> Self {
        let mut world = Self::new(file.corp_id);
        world.apps = file.apps.into_iter().map(WorldApp::from).collect();
        world.chains = file.chains.into_iter().map(WorldChain::from).collect();
        world.customers = file.customers.into_iter().map(WorldCustomer::from).collect();
        world.chats = file.chats.into_iter().map(|chat| (chat.chat_id, chat.external_userids)).collect();
        world.people = file.people.into_iter().map(WorldPerson::from).collect();
        world.sessions = file.sessions.into_iter().map(WorldSession::from).collect();
        world.joined_corp_limit = file.joined_corp_limit;
        world.account_unusable = file.account_unusable;
        world
    }
}

impl From<App> for WorldApp {
    fn from(file: App) -> Self {
        let mut app = Self::new(file.agentid, Secret::new(file.secret));
        app.callable = file.callable;
        app.visible_chains = file.visible_chains;
        app.visible_groups = file.visible_groups.into_iter().map(|groups| (groups.chain_id, groups.groupids)).collect();
        for share in file.shares {
            app.shares.add(share.business_type, SharedCorp::new(share.corpid, share.corp_name, share.agentid));
        }
        app
    }
}

impl From<Chain> for WorldChain {
    fn from(file: Chain) -> Self {
        let mut chain = Self::new(file.chain_id, file.chain_name);
        chain.corp_limit = file.corp_limit;
        chain.corp_people_limit = file.corp_people_limit;
        chain.rule_limit = file.rule_limit;
        let range = |range: Range| OwnerRange { departmentids: range.departmentids, userids: range.userids };
        chain.owner_range = file.owner_corp_range.map(range);
        chain.groups = file.groups;
        chain.corps = file.corps.into_iter().map(|Corp(corp)| corp).collect();
        chain
    }
}

impl From<Customer> for WorldCustomer {
    fn from(file: Customer) -> Self {
        let mut customer = Self::new(file.unionid, file.openid);
        customer.known_to = file.known_to;
        customer.account = file.login_account;
        customer
    }
}

impl From<Person> for WorldPerson {
    fn from(file: Person) -> Self {
        let Person { mobile, account_unusable, may_not_join } = file;
        Self { mobile, account_unusable, may_not_join }
    }
}

impl From<Session> for WorldSession {
    fn from(file: Session) -> Self {
        let corps = file.corps.into_iter().map(|corp| (corp.corpid, corp.userid)).collect();
        Self { userid: file.userid, session_key: Secret::new(file.session_key), corps }
    }
}
