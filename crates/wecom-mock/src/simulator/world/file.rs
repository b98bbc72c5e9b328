//! A world as a JSON file that a person writes: the same words as the API's, and an error that says where it is wrong.

use serde::Deserialize;
use wecom_core::{Secret, wire};
use wecom_upstream::{
    AgentId, BusinessType, ChainId, ChatId, CorpId, CustomId, ExternalUserId, ExternalUserInfo, Group, GroupId, OpenId,
    PendingCorpId, QualificationStatus, SharedCorp, UnionId, UserCustomId, UserId,
};

use super::{World, WorldApp, WorldChain, WorldCorp, WorldCorpId, WorldCustomer, WorldError, WorldMember};

impl World {
    /// Reads a world from JSON.
    ///
    /// Everything but the ids and names may be left out; a key that is not known is an error, as it is most likely
    /// mistyped.
    ///
    /// ```
    /// use wecom_mock::{Simulator, World};
    ///
    /// let world = World::from_json(r#"{
    ///   "corp_id": "wwupstream",
    ///   "apps": [{
    ///     "agentid": 1000002, "secret": "the-app-secret", "callable": true, "visible_chains": ["Ch1"],
    ///     "shares": [{"corpid": "wwdealer", "corp_name": "美馨粮油公司", "agentid": 1000005, "business_type": 1}]
    ///   }],
    ///   "chains": [{
    ///     "chain_id": "Ch1", "chain_name": "经销商网络", "corp_limit": 1000,
    ///     "groups": [{"groupid": 2, "group_name": "一级经销商", "parentid": 1, "order": 1}],
    ///     "corps": [
    ///       {"groupid": 2, "corpid": "wwdealer", "corp_name": "美馨粮油公司", "custom_id": "d1", "invite_userid": "li",
    ///        "qualification_status": 2, "members": [{"userid": "zhangsan", "user_custom_id": "100"}]},
    ///       {"groupid": 2, "pending_corpid": "wp1", "corp_name": "顺达商贸"}
    ///     ]
    ///   }],
    ///   "customers": [{
    ///     "unionid": "u1", "openid": "o1",
    ///     "known_to": [{"corpid": "wwdealer", "external_userid": "wm1"}]
    ///   }],
    ///   "chats": [{"chat_id": "wr1", "external_userids": ["wm1"]}]
    /// }"#)?;
    /// let simulator = Simulator::try_new(world)?;
    ///
    /// let wrong = r#"{"corp_id": "ww", "chains": [{"chain_id": "Ch1", "chain_nam": "x"}]}"#;
    /// let error = World::from_json(wrong).unwrap_err();
    /// assert!(error.to_string().starts_with("chains[0].chain_nam: unknown field"), "{error}");
    /// # let _ = simulator;
    /// # Ok::<(), wecom_mock::WorldError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not JSON, or not in this shape: the place, and what is wrong there. Whether what it says can be is for
    /// [`World::check`].
    pub fn from_json(json: &str) -> Result<Self, WorldError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let file: File = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            // The whole file has no path: the tracker calls it a dot.
            let place = if path == "." { "the file".to_owned() } else { path };
            WorldError::new(place, error.into_inner().to_string())
        })?;
        deserializer.end().map_err(|error| WorldError::new("the file", error.to_string()))?;
        Ok(file.into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    corp_id: CorpId,
    #[serde(default)]
    apps: Vec<App>,
    #[serde(default)]
    chains: Vec<Chain>,
    #[serde(default)]
    customers: Vec<Customer>,
    #[serde(default)]
    chats: Vec<Chat>,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chat {
    chat_id: ChatId,
    external_userids: Vec<ExternalUserId>,
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
            _ => return Err("a corp has either a `corpid` (it has joined) or a `pending_corpid` (it has not)"),
        };
        let mut corp = WorldCorp::with_id(fields.groupid, id, fields.corp_name);
        corp.custom_id = fields.custom_id;
        corp.invite_userid = fields.invite_userid;
        corp.qualification = fields.qualification_status.unwrap_or(corp.qualification);
        let member = |member: Member| WorldMember { userid: member.userid, user_custom_id: member.user_custom_id };
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
        world
    }
}

impl From<App> for WorldApp {
    fn from(file: App) -> Self {
        let mut app = Self::new(file.agentid, Secret::new(file.secret));
        app.callable = file.callable;
        app.visible_chains = file.visible_chains;
        let share = |share: Share| (share.business_type, SharedCorp::new(share.corpid, share.corp_name, share.agentid));
        app.shares = file.shares.into_iter().map(share).collect();
        app
    }
}

impl From<Chain> for WorldChain {
    fn from(file: Chain) -> Self {
        let mut chain = Self::new(file.chain_id, file.chain_name);
        chain.corp_limit = file.corp_limit;
        chain.groups = file.groups;
        chain.corps = file.corps.into_iter().map(|Corp(corp)| corp).collect();
        chain
    }
}

impl From<Customer> for WorldCustomer {
    fn from(file: Customer) -> Self {
        let mut customer = Self::new(file.unionid, file.openid);
        customer.known_to = file.known_to;
        customer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        World::from_json(json).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (json, expected) in [
            ("", "the file: EOF"),
            ("7", "the file: invalid type"),
            (r#"{"corp_id":"ww"} x"#, "the file: trailing characters"),
            (r#"{"apps":[]}"#, "the file: missing field `corp_id`"),
            (r#"{"corp_id":"ww","apps":[{"agentid":"one","secret":"s"}]}"#, "apps[0].agentid: invalid value"),
            (r#"{"corp_id":"ww","chains":[{"chain_id":"c"}]}"#, "chains[0]: missing field `chain_name`"),
            (
                r#"{"corp_id":"ww","chains":[{"chain_id":"c","chain_name":"n","corps":[{"corp_name":"x"}]}]}"#,
                "chains[0].corps[0]: a corp has either",
            ),
            (
                r#"{"corp_id":"ww","chats":[{"chat_id":"c","external_userids":[1,null]}]}"#,
                "chats[0].external_userids[1]: invalid type",
            ),
        ] {
            assert!(refused(json).starts_with(expected), "{}", refused(json));
        }
    }

    #[test]
    fn what_is_left_out_is_as_the_builder_has_it() {
        let json = r#"{"corp_id":"ww","apps":[{"agentid":"7","secret":"s"}],
            "chains":[{"chain_id":"c","chain_name":"n","corps":[{"corpid":"w","corp_name":"x"}]}]}"#;
        let read = World::from_json(json).unwrap();
        let built = World::new(CorpId::new("ww")).app(WorldApp::new(AgentId::new(7), Secret::new("s"))).chain(
            WorldChain::new(ChainId::new("c"), "n").corp(WorldCorp::joined(GroupId::ROOT, CorpId::new("w"), "x")),
        );
        assert_eq!(format!("{read:?}"), format!("{built:?}"));
    }
}
