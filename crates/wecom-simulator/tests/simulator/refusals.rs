//! The error codes of calls that read.

use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, ListAppShareInfo, RemoveCorp,
};
use wecom_upstream::ids::UserCustomId;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, UserId};

use crate::support::{Harness, dealers, expect_code, expect_ok, jingxi};

#[test]
fn every_call_rejects_an_unknown_chain_with_670002() {
    let (sim, nowhere) = (Harness::demo(), ChainId::new("ChNowhere"));
    let upstream = &sim.upstream;
    for code in [
        expect_code(upstream.get_chain_group(GetChainGroup::new(&nowhere))),
        expect_code(upstream.get_chain_corpinfo_list(GetChainCorpinfoList::new(&nowhere))),
        expect_code(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&nowhere, jingxi()))),
        expect_code(upstream.remove_corp(RemoveCorp::new(&nowhere, jingxi()))),
        expect_code(upstream.get_chain_user_custom_id(GetChainUserCustomId::new(&nowhere, jingxi(), UserId::new("a")))),
    ] {
        assert_eq!(code, ErrCode::UNKNOWN_CHAIN);
    }
}

#[test]
fn an_unknown_group_is_rejected_with_670003() {
    let (sim, group) = (Harness::demo(), GroupId::new(99));
    let groups = GetChainGroup::new(dealers()).groupid(group);
    assert_eq!(expect_code(sim.upstream.get_chain_group(groups)), ErrCode::UNKNOWN_GROUP);
    let corps = GetChainCorpinfoList::new(dealers()).groupid(group);
    assert_eq!(expect_code(sim.upstream.get_chain_corpinfo_list(corps)), ErrCode::UNKNOWN_GROUP);
}

#[test]
fn the_upstream_corp_cannot_be_removed_from_its_own_chain() {
    let call = RemoveCorp::new(dealers(), CorpId::new("wwyunzao"));
    assert_eq!(expect_code(Harness::demo().upstream.remove_corp(call)), ErrCode::CREATOR_NOT_REMOVABLE);
}

#[test]
fn the_custom_id_of_a_member_is_returned_if_the_member_exists_and_has_one() {
    let sim = Harness::demo();
    let ask = |userid: &str| {
        let call = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new(userid));
        sim.upstream.get_chain_user_custom_id(call)
    };
    assert_eq!(expect_ok(ask("zhaomin")).user_custom_id, UserCustomId::new("1001"));
    assert_eq!(expect_code(ask("sunlei")), ErrCode::USER_CUSTOM_ID_UNSET);
    assert_eq!(expect_code(ask("unknown")), ErrCode::UNKNOWN_USER);
}

#[test]
fn an_app_can_list_only_its_own_shares() {
    let other = AgentId::new(1_000_003);
    let sim = Harness::of(World::demo().app(WorldApp::new(other, Secret::new("the-secret-of-another"))));
    let ask = |agentid| expect_code(sim.upstream.list_app_share_info(ListAppShareInfo::new(agentid)));
    assert_eq!(ask(other), ErrCode::APP_FORBIDDEN);
    assert_eq!(ask(AgentId::new(7)), ErrCode::INVALID_AGENT_ID);
}

#[test]
fn calls_from_an_untrusted_address_are_rejected() {
    let sim = Harness::demo();
    sim.simulator.set_ip_trusted(false);
    let error = pollster::block_on(sim.upstream.get_chain_list()).unwrap_err();
    assert!(error.is_ip_not_trusted() && error.to_string().contains("from ip: 192.0.2.1"), "{error}");
    sim.simulator.set_ip_trusted(true);
    expect_ok(sim.upstream.get_chain_list());
}
