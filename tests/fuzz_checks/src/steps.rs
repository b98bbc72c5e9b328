//! A small world and calls, from bytes. The number of steps of each call is at most linear in the size of the world and of the
//! call.
//!
//! Each byte selects a part of the world, until a byte of `0xFF`, and then a call. The bytes after it are its parameters: 0 at
//! the end of the input. Names and ids are from short lists, so that parts refer to each other and collide.
//!
//! An execution has limited work, because many short executions find more than few long ones.

use std::mem::replace;

use pollster::block_on;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use wecom_core::http::Query;
use wecom_core::token::{CORP_GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Endpoint, Request, Secret, Transport, encode};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp, WorldCustomer, count_steps};
use wecom_upstream::calls::{
    ADD_RULE, EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP,
    GET_CHAIN_LIST, GET_CHAIN_USER_CUSTOM_ID, GET_CORP_SHARED_CHAIN_LIST, GET_RESULT, Group, IMPORT_CHAIN_CONTACT,
    LIST_APP_SHARE_INFO, REMOVE_CORP, SharedCorp, UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID,
};
use wecom_upstream::ids::{CustomId, PendingCorpId};
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, UserId};

/// The steps of a call that are allowed for each item of the world and of the call.
const STEPS_PER_ITEM: u64 = 12;

/// The steps of a call that are allowed besides.
const BASE_STEPS: u64 = 40;

/// The maximum number of parts of a world, and of calls.
const MOST: usize = 12;

/// The number of items of the world and of calls after which an execution makes no further call. Each call counts those that
/// it may access.
const MAX_ITEMS: u64 = 200;

/// The maximum number of equal parts in a row.
const REPEATS: u8 = 32;

/// The maximum number of contacts of an import.
const MAX_CONTACTS: u8 = 64;

const NAMES: [&str; 4] = ["甲", "乙", "丙", "长城"];

pub(crate) fn check(input: &[u8]) {
    let mut bytes = Bytes(input);
    let mut builder = Builder::new();
    while let Some(part) = bytes.next().filter(|part| *part != 0xFF && builder.parts < MOST) {
        builder.add(part, &mut bytes);
    }
    let size = builder.size;
    let Ok(simulator) = Simulator::try_new(builder.world()) else { return };
    let mut caller = Caller::new(simulator, size);
    let mut items = 0;
    for _ in 0..MOST {
        let Some(call) = bytes.next().filter(|_| items < MAX_ITEMS) else { return };
        caller.call(call, &mut bytes);
        items += caller.size;
    }
}

/// The bytes that are not read yet.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }

    /// How often a part is repeated: mostly once.
    fn repeats(&mut self) -> u8 {
        self.byte().saturating_sub(200) % REPEATS + 1
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::from(self.byte()) % NAMES.len()]
    }

    /// A group's id, from the first ones and the last one.
    fn group(&mut self) -> i64 {
        match self.byte() {
            255 => i64::MAX,
            254 => i64::MAX - 1,
            id => i64::from(id % 48),
        }
    }
}

/// A world in the making.
struct Builder {
    chains: [WorldChain; 2],
    app: WorldApp,
    customers: Vec<WorldCustomer>,
    /// The number of corps so far, which gives each corp an id of its own.
    corps: u32,
    parts: usize,
    size: u64,
}

impl Builder {
    fn new() -> Self {
        let chain = |id: &str| WorldChain::new(ChainId::new(id), "经销商");
        Self {
            chains: [chain("Ch0"), chain("Ch1")],
            app: WorldApp::new(AgentId::new(1), Secret::new("the-secret")),
            customers: Vec::new(),
            corps: 0,
            parts: 0,
            size: 4,
        }
    }

    fn world(self) -> World {
        let world = World::new(CorpId::new("wwup")).app(self.app);
        let world = self.chains.into_iter().fold(world, World::chain);
        self.customers.into_iter().fold(world, World::customer)
    }

    fn chain(&mut self, bytes: &mut Bytes<'_>, change: impl FnOnce(WorldChain) -> WorldChain) {
        let chain = &mut self.chains[usize::from(bytes.byte() % 2)];
        *chain = change(replace(chain, WorldChain::new(ChainId::new(""), "")));
    }

    fn app(&mut self, change: impl FnOnce(WorldApp) -> WorldApp) {
        self.app = change(replace(&mut self.app, WorldApp::new(AgentId::new(0), Secret::new(""))));
    }

    fn add(&mut self, part: u8, bytes: &mut Bytes<'_>) {
        self.parts += 1;
        match part % 6 {
            0 => self.add_groups(bytes),
            1 | 2 => self.add_corps(bytes),
            3 => {
                let group = GroupId::new(bytes.group());
                self.app(|app| app.sees_only_groups(ChainId::new(chain_id(bytes)), [group]));
                self.size += 1;
            }
            4 => {
                let repeats = bytes.repeats();
                self.app(|app| {
                    (0..repeats).fold(app, |app, _| {
                        app.shared_with(SharedCorp::new(CorpId::new(corp_id(bytes)), "x", AgentId::new(7)))
                    })
                });
                self.size += u64::from(repeats);
            }
            _ => {
                let unionid = UnionId::new(format!("u{}", bytes.byte() % 4));
                let customer = WorldCustomer::new(unionid, OpenId::new("o"));
                let external = ExternalUserId::new(format!("wm{}", self.size));
                self.customers.push(customer.known_to(CorpId::new(corp_id(bytes)), external));
                self.size += 2;
            }
        }
    }

    /// Adds groups with increasing ids: nested, or below the same parent.
    fn add_groups(&mut self, bytes: &mut Bytes<'_>) {
        let (first, parent, repeats) = (bytes.group(), bytes.group(), bytes.repeats());
        let (name, kind) = (bytes.name(), bytes.byte());
        let (is_nested, is_numbered) = (kind % 2 == 0, kind % 4 >= 2);
        self.chain(bytes, |chain| {
            (0..i64::from(repeats)).fold(chain, |chain, number| {
                let id = first.wrapping_add(number);
                let parent = if is_nested && number > 0 { id.wrapping_sub(1) } else { parent };
                let name = if is_numbered { format!("{name}{number}") } else { name.to_owned() };
                chain.group(Group::new(GroupId::new(id), name, GroupId::new(parent)))
            })
        });
        self.size += u64::from(repeats);
    }

    /// Adds corps with the same name, or one with members.
    fn add_corps(&mut self, bytes: &mut Bytes<'_>) {
        let (group, repeats, name) = (GroupId::new(bytes.group()), bytes.repeats(), bytes.name());
        let kind = bytes.byte();
        let first = self.corps;
        self.chain(bytes, |chain| {
            if kind % 3 == 0 {
                let corp =
                    WorldCorp::joined(group, CorpId::new(format!("ww{first}")), name).custom_id(CustomId::new(""));
                return chain.corp((0..repeats).fold(corp, |corp, user| corp.member(UserId::new(format!("u{user}")))));
            }
            (first..first + u32::from(repeats)).fold(chain, |chain, number| {
                chain.corp(match kind % 3 {
                    1 => WorldCorp::joined(group, CorpId::new(format!("ww{number}")), name),
                    _ => WorldCorp::pending(group, PendingCorpId::new(format!("wp{number}")), name),
                })
            })
        });
        self.corps += u32::from(repeats);
        self.size += u64::from(repeats) + 1;
    }
}

fn chain_id(bytes: &mut Bytes<'_>) -> String {
    format!("Ch{}", bytes.byte() % 2)
}

fn corp_id(bytes: &mut Bytes<'_>) -> String {
    format!("ww{}", bytes.byte() % 8)
}

/// A simulator and the state of its caller.
struct Caller {
    simulator: Simulator,
    token: AccessToken,
    jobid: String,
    /// The number of items of the world, with those that calls have added.
    size: u64,
}

impl Caller {
    fn new(simulator: Simulator, size: u64) -> Self {
        let request = encode(&GetToken::new(simulator.credentials())).expect("credentials of the world");
        let reply = block_on(Transport::send(&simulator, request)).expect("a reply");
        let reply: Value = serde_json::from_slice(reply.body()).expect("JSON");
        let token = AccessToken::new(reply["access_token"].as_str().expect("a token"));
        Self { simulator, token, jobid: String::new(), size }
    }

    fn call(&mut self, call: u8, bytes: &mut Bytes<'_>) {
        let chain_id = chain_id(bytes);
        let (endpoint, body, items) = match call % 15 {
            0 => return self.page(),
            1 | 2 => return self.import(&chain_id, bytes),
            3 => (&GET_CHAIN_LIST, json!({}), 0),
            4 => (&GET_CHAIN_GROUP, json!({"chain_id": chain_id, "groupid": bytes.group()}), 0),
            5 => {
                let pending = bytes.byte() % 2 == 0;
                let body = json!({"chain_id": chain_id, "groupid": bytes.group(), "need_pending": pending, "limit": 2});
                (&GET_CHAIN_CORPINFO_LIST, body, 0)
            }
            6 => (&GET_CHAIN_CORPINFO, json!({"chain_id": chain_id, "corpid": corp_id(bytes)}), 0),
            7 => (&GET_CORP_SHARED_CHAIN_LIST, json!({"corpid": corp_id(bytes)}), 0),
            8 => (&LIST_APP_SHARE_INFO, json!({"agentid": 1, "business_type": 1, "limit": 1}), 0),
            9 => (&REMOVE_CORP, json!({"chain_id": chain_id, "corpid": corp_id(bytes)}), 0),
            10 => {
                let groups: Vec<_> = (0..bytes.repeats()).map(|_| bytes.group().to_string()).collect();
                let items = groups.len();
                let rule = json!({"owner_corp_range": {"userids": ["a"]}, "member_corp_range": {"groupids": groups}});
                (&ADD_RULE, json!({"chain_id": chain_id, "rule_info": rule}), items)
            }
            11 => (&UNIONID_TO_EXTERNAL_USERID, user(bytes), 0),
            12 => (&UNIONID_TO_PENDING_ID, user(bytes), 0),
            13 => {
                let ids: Vec<_> = (0..bytes.repeats()).map(|_| format!("wm{}", bytes.byte())).collect();
                let items = ids.len();
                (&EXTERNAL_USERID_TO_PENDING_ID, json!({"external_userid": ids}), items)
            }
            _ => {
                let body = json!({"chain_id": chain_id, "corpid": corp_id(bytes), "userid": "u1", "agentid": 7});
                let is_token = bytes.byte() % 2 == 0;
                (if is_token { &CORP_GET_TOKEN } else { &GET_CHAIN_USER_CUSTOM_ID }, body, 0)
            }
        };
        // A rule and a user are new items.
        let _: IgnoredAny = self.send(endpoint, body.to_string(), items as u64 + 1);
        self.size += items as u64 + 1;
    }

    fn page(&self) {
        let ((), steps) = count_steps(self.limit(0), || drop(self.simulator.page()));
        assert!(steps <= self.limit(0), "{steps} steps");
    }

    /// Imports corps into new groups or into the corps that have their name, and waits for the result.
    fn import(&mut self, chain_id: &str, bytes: &mut Bytes<'_>) {
        let rows = bytes.repeats();
        let contacts = (bytes.repeats() % 8 + 1).min(MAX_CONTACTS / rows);
        let (name, is_one_corp) = (bytes.name(), bytes.byte() % 2 == 0);
        let (first, second, is_numbered) = (bytes.name(), bytes.name(), bytes.byte() % 2 == 1);
        let path = |row: u8| if is_numbered { format!("{first}{row}/{second}") } else { format!("{first}/{second}") };
        let contact = |id: u64| {
            let mobile = 13_000_000_000 + id;
            format!(r#"{{"name":"a","identity_type":1,"mobile":"{mobile}","user_custom_id":"{id}"}}"#)
        };
        let corp = |row: u8| {
            let name = if is_one_corp { name.to_owned() } else { format!("{name}{row}") };
            let contacts: Vec<_> =
                (1..=contacts).map(|number| contact(u64::from(row) * 8 + u64::from(number))).collect();
            let (path, contacts) = (path(row), contacts.join(","));
            format!(r#"{{"corp_name":"{name}","group_path":"{path}","contact_info_list":[{contacts}]}}"#)
        };
        let list: Vec<_> = (0..rows).map(corp).collect();
        let items = u64::from(rows) * (u64::from(contacts) + 1);
        let body = format!(r#"{{"chain_id":"{chain_id}","contact_list":[{}]}}"#, list.join(","));
        let reply: Value = self.send(&IMPORT_CHAIN_CONTACT, body, items);
        if let Some(jobid) = reply["jobid"].as_str() {
            self.jobid = jobid.to_owned();
            for _ in 0..3 {
                let _: IgnoredAny = self.send(&GET_RESULT, String::new(), items);
            }
            self.size += items + 2;
        }
    }

    /// Sends a request, and asserts that the number of its steps is within the limit.
    fn send<R: DeserializeOwned>(&self, endpoint: &'static Endpoint, body: String, items: u64) -> R {
        let mut query = Query::new();
        query.push("jobid", self.jobid.as_str());
        let request = Request::new(endpoint).with_query(query).with_token(self.token.clone()).with_body(body);
        let limit = self.limit(items);
        let (reply, steps) = count_steps(limit, || block_on(Transport::send(&self.simulator, request)));
        assert!(steps <= limit, "{steps} steps");
        serde_json::from_slice(reply.expect("a reply").body()).expect("JSON")
    }

    fn limit(&self, items: u64) -> u64 {
        BASE_STEPS + STEPS_PER_ITEM * (self.size + items)
    }
}

fn user(bytes: &mut Bytes<'_>) -> Value {
    json!({"unionid": format!("u{}", bytes.byte() % 4), "openid": "o"})
}
