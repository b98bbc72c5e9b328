//! The codes about chains, their groups, corps and rules.

use serde_json::json;
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp, WorldChain};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainGroup, GetChainUserCustomId, Group, ListAppShareInfo, RemoveCorp,
};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, UserId};

use crate::codes::stories;
use crate::rules::{ADD, GET, of, rule};
use crate::support::{Story, code_of, dealers, granted, jingxi, refused};

pub(crate) mod told {
    use wecom_core::ErrCode;

    super::stories! {
        ErrCode::APP_NOT_SHARED => an_app_that_is_not_shared_with_a_corp_is_not_told_of_it,
        ErrCode::UNKNOWN_CHAIN => a_chain_that_is_not_there_is_refused,
        ErrCode::UNKNOWN_GROUP => a_group_that_is_not_there_is_refused,
        ErrCode::GROUP_FORBIDDEN => a_group_that_the_app_may_not_see_is_refused,
        ErrCode::CORP_NOT_IN_CHAIN => a_corp_that_was_removed_is_refused,
        ErrCode::CREATOR_NOT_REMOVABLE => the_corp_that_made_the_chain_stays_in_it,
        ErrCode::USER_CUSTOM_ID_UNSET => a_member_without_a_custom_id_has_none_to_tell,
        ErrCode::UNKNOWN_RULE => a_rule_that_is_not_there_is_refused,
        ErrCode::RULES_EXCEEDED => one_rule_more_than_the_chain_may_have_is_refused,
        ErrCode::MEMBER_NOT_IN_RANGE => a_rule_for_a_member_outside_the_chains_range_is_refused,
    }
}

fn an_app_that_is_not_shared_with_a_corp_is_not_told_of_it() -> ErrCode {
    let call = ListAppShareInfo::new(AgentId::new(1_000_002)).corpid(CorpId::new("wwyanshan"));
    refused(Story::demo().upstream.list_app_share_info(call))
}

fn a_chain_that_is_not_there_is_refused() -> ErrCode {
    refused(Story::demo().upstream.get_chain_group(GetChainGroup::new(ChainId::new("ChNowhere"))))
}

fn a_group_that_is_not_there_is_refused() -> ErrCode {
    refused(Story::demo().upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(GroupId::new(99))))
}

fn app() -> WorldApp {
    WorldApp::new(AgentId::new(1), Secret::new("the-secret"))
}

fn world(app: WorldApp, chain: WorldChain) -> Story {
    Story::of(World::new(CorpId::new("wwyunzao")).app(app).chain(chain))
}

fn a_group_that_the_app_may_not_see_is_refused() -> ErrCode {
    let [north, east] = [GroupId::new(2), GroupId::new(3)];
    let chain = WorldChain::new(dealers(), "经销商").group(Group::new(north, "华北区", GroupId::ROOT));
    let chain = chain.group(Group::new(east, "华东区", GroupId::ROOT));
    let story = world(app().sees_only_groups(dealers(), [north]), chain);
    granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(north)));
    refused(story.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(east)))
}

fn a_corp_that_was_removed_is_refused() -> ErrCode {
    let story = Story::demo();
    granted(story.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    refused(story.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())))
}

fn the_corp_that_made_the_chain_stays_in_it() -> ErrCode {
    refused(Story::demo().upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new("wwyunzao"))))
}

fn a_member_without_a_custom_id_has_none_to_tell() -> ErrCode {
    let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("sunlei"));
    refused(Story::demo().upstream.get_chain_user_custom_id(call))
}

fn a_rule_that_is_not_there_is_refused() -> ErrCode {
    code_of(Story::demo().raw(&GET, &of(1)))
}

fn one_rule_more_than_the_chain_may_have_is_refused() -> ErrCode {
    let story = world(app(), WorldChain::new(dealers(), "经销商").rule_limit(2));
    let add = || story.raw(&ADD, &rule(json!({"userids": ["linfang"]}), json!({"groupids": ["1"]})));
    add().unwrap();
    add().unwrap();
    code_of(add())
}

fn a_rule_for_a_member_outside_the_chains_range_is_refused() -> ErrCode {
    let chain = WorldChain::new(dealers(), "经销商").owner_range([7], [UserId::new("linfang")]);
    let story = world(app(), chain);
    let add = |owner| story.raw(&ADD, &rule(owner, json!({"groupids": ["1"]})));
    add(json!({"userids": ["linfang"], "departmentids": ["7"]})).unwrap();
    assert_eq!(code_of(add(json!({"departmentids": [8]}))), ErrCode::MEMBER_NOT_IN_RANGE);
    code_of(add(json!({"userids": ["linfang", "someone"]})))
}
