//! The codes that a reading call may answer.

use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, ListAppShareInfo, RemoveCorp,
};
use wecom_upstream::ids::UserCustomId;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, UserId};

use crate::support::{Story, dealers, granted, jingxi, refused};

#[test]
fn an_unknown_chain_is_refused_with_670002_wherever_one_is_named() {
    let (story, nowhere) = (Story::demo(), ChainId::new("ChNowhere"));
    let upstream = &story.upstream;
    for code in [
        refused(upstream.get_chain_group(GetChainGroup::new(&nowhere))),
        refused(upstream.get_chain_corpinfo_list(GetChainCorpinfoList::new(&nowhere))),
        refused(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&nowhere, jingxi()))),
        refused(upstream.remove_corp(RemoveCorp::new(&nowhere, jingxi()))),
        refused(upstream.get_chain_user_custom_id(GetChainUserCustomId::new(&nowhere, jingxi(), UserId::new("a")))),
    ] {
        assert_eq!(code, ErrCode::UNKNOWN_CHAIN);
    }
}

#[test]
fn an_unknown_group_is_refused_with_670003() {
    let (story, group) = (Story::demo(), GroupId::new(99));
    let groups = GetChainGroup::new(dealers()).groupid(group);
    assert_eq!(refused(story.upstream.get_chain_group(groups)), ErrCode::UNKNOWN_GROUP);
    let corps = GetChainCorpinfoList::new(dealers()).groupid(group);
    assert_eq!(refused(story.upstream.get_chain_corpinfo_list(corps)), ErrCode::UNKNOWN_GROUP);
}

#[test]
fn the_upstream_corp_is_not_removed_from_its_own_chain() {
    let call = RemoveCorp::new(dealers(), CorpId::new("wwyunzao"));
    assert_eq!(refused(Story::demo().upstream.remove_corp(call)), ErrCode::CREATOR_NOT_REMOVABLE);
}

#[test]
fn a_member_is_told_by_his_custom_id_if_he_is_there_and_has_one() {
    let story = Story::demo();
    let ask = |userid: &str| {
        let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new(userid));
        story.upstream.get_chain_user_custom_id(call)
    };
    assert_eq!(granted(ask("zhaomin")).user_custom_id, UserCustomId::new("1001"));
    assert_eq!(refused(ask("sunlei")), ErrCode::USER_CUSTOM_ID_UNSET);
    assert_eq!(refused(ask("nobody")), ErrCode::UNKNOWN_USER);
}

#[test]
fn an_app_asks_for_its_own_shares_alone() {
    let other = AgentId::new(1_000_003);
    let story = Story::of(World::demo().app(WorldApp::new(other, Secret::new("the-secret-of-another"))));
    let ask = |agentid| refused(story.upstream.list_app_share_info(ListAppShareInfo::new(agentid)));
    assert_eq!(ask(other), ErrCode::APP_FORBIDDEN);
    assert_eq!(ask(AgentId::new(7)), ErrCode::INVALID_AGENT_ID);
}

#[test]
fn from_an_address_that_is_not_trusted_no_call_is_granted() {
    let story = Story::demo();
    story.simulator.trust_ip(false);
    let error = pollster::block_on(story.upstream.get_chain_list()).unwrap_err();
    assert!(error.is_ip_not_trusted() && error.to_string().contains("from ip: 192.0.2.1"), "{error}");
    story.simulator.trust_ip(true);
    granted(story.upstream.get_chain_list());
}
