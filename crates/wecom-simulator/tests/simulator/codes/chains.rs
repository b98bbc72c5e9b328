//! The codes of calls about chains, groups, corps and rules.

use serde_json::json;
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp, WorldChain};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainGroup, GetChainUserCustomId, Group, ListAppShareInfo, RemoveCorp,
};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, UserId};

use crate::codes::cases;
use crate::rules::{ADD, GET, of, rule};
use crate::support::{Harness, code_of, dealers, expect_code, expect_ok, jingxi};

pub(crate) mod table {
    use wecom_core::ErrCode;

    super::cases! {
        ErrCode::APP_NOT_SHARED => shares_with_a_corp_that_the_app_is_not_shared_with,
        ErrCode::UNKNOWN_CHAIN => an_unknown_chain,
        ErrCode::UNKNOWN_GROUP => an_unknown_group,
        ErrCode::GROUP_FORBIDDEN => a_group_that_is_not_visible_to_the_app,
        ErrCode::CORP_NOT_IN_CHAIN => a_removed_corp,
        ErrCode::CREATOR_NOT_REMOVABLE => removal_of_the_corp_that_created_the_chain,
        ErrCode::USER_CUSTOM_ID_UNSET => a_member_without_a_custom_id,
        ErrCode::UNKNOWN_RULE => an_unknown_rule,
        ErrCode::RULES_EXCEEDED => a_rule_over_the_limit_of_the_chain,
        ErrCode::MEMBER_NOT_IN_RANGE => a_rule_for_a_member_outside_the_range_of_the_chain,
    }
}

fn shares_with_a_corp_that_the_app_is_not_shared_with() -> ErrCode {
    let call = ListAppShareInfo::new(AgentId::new(1_000_002)).corpid(CorpId::new("wwyanshan"));
    expect_code(Harness::demo().upstream.list_app_share_info(call))
}

fn an_unknown_chain() -> ErrCode {
    expect_code(Harness::demo().upstream.get_chain_group(GetChainGroup::new(ChainId::new("ChNowhere"))))
}

fn an_unknown_group() -> ErrCode {
    expect_code(Harness::demo().upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(GroupId::new(99))))
}

fn app() -> WorldApp {
    WorldApp::new(AgentId::new(1), Secret::new("the-secret"))
}

fn world(app: WorldApp, chain: WorldChain) -> Harness {
    Harness::of(World::new(CorpId::new("wwyunzao")).app(app).chain(chain))
}

fn a_group_that_is_not_visible_to_the_app() -> ErrCode {
    let [north, east] = [GroupId::new(2), GroupId::new(3)];
    let chain = WorldChain::new(dealers(), "经销商").group(Group::new(north, "华北区", GroupId::ROOT));
    let chain = chain.group(Group::new(east, "华东区", GroupId::ROOT));
    let sim = world(app().sees_only_groups(dealers(), [north]), chain);
    expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(north)));
    expect_code(sim.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(east)))
}

fn a_removed_corp() -> ErrCode {
    let sim = Harness::demo();
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    expect_code(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())))
}

fn removal_of_the_corp_that_created_the_chain() -> ErrCode {
    expect_code(Harness::demo().upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new("wwyunzao"))))
}

fn a_member_without_a_custom_id() -> ErrCode {
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("sunlei"));
    expect_code(Harness::demo().upstream.get_chain_user_custom_id(call))
}

fn an_unknown_rule() -> ErrCode {
    code_of(Harness::demo().raw(&GET, &of(1)))
}

fn a_rule_over_the_limit_of_the_chain() -> ErrCode {
    let sim = world(app(), WorldChain::new(dealers(), "经销商").rule_limit(2));
    let add = || sim.raw(&ADD, &rule(json!({"userids": ["linfang"]}), json!({"groupids": ["1"]})));
    add().unwrap();
    add().unwrap();
    code_of(add())
}

fn a_rule_for_a_member_outside_the_range_of_the_chain() -> ErrCode {
    let chain = WorldChain::new(dealers(), "经销商").owner_range([7], [UserId::new("linfang")]);
    let sim = world(app(), chain);
    let add = |owner| sim.raw(&ADD, &rule(owner, json!({"groupids": ["1"]})));
    add(json!({"userids": ["linfang"], "departmentids": ["7"]})).unwrap();
    assert_eq!(code_of(add(json!({"departmentids": [8]}))), ErrCode::MEMBER_NOT_IN_RANGE);
    code_of(add(json!({"userids": ["linfang", "unknown"]})))
}
