//! Apps that can see only some groups of a chain.

use serde_json::json;
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, GetCorpSharedChainList, RemoveCorp,
};
use wecom_upstream::{AgentId, GroupId, Upstream, UserId};

use crate::rules::{ADD, good, rule};
use crate::support::{Harness, code_of, dealers, expect_code, expect_ok, jingxi};

/// The demo world with an app that can see only 华东区 and its child 上海市.
fn east() -> Harness {
    let secret = Secret::new("the-secret-of-the-east");
    let app = WorldApp::new(AgentId::new(7), secret.clone()).sees_only_groups(dealers(), [GroupId::new(4)]);
    let sim = Harness::of(World::demo().app(app));
    let credentials = wecom_core::Credentials::new("wwyunzao", secret);
    let client = wecom_core::Client::builder(sim.simulator.clone()).credentials(credentials).build();
    Harness { upstream: Upstream::new(client), ..sim }
}

#[test]
fn a_list_of_groups_has_the_visible_groups_and_their_descendants() {
    let groups = expect_ok(east().upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    assert_eq!(groups.into_iter().map(|it| it.group_name).collect::<Vec<_>>(), ["华东区", "上海市"]);
    let of_another_chain = GetChainGroup::new(wecom_upstream::ChainId::new("ChSuppliers"));
    assert_eq!(expect_ok(east().upstream.get_chain_group(of_another_chain)).groups.len(), 2);
}

#[test]
fn every_call_rejects_a_group_that_is_not_visible() {
    let sim = east();
    let (north, forbidden) = (GroupId::new(2), ErrCode::GROUP_FORBIDDEN);
    assert_eq!(expect_code(sim.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(north))), forbidden);
    for list in [GetChainCorpinfoList::new(dealers()), GetChainCorpinfoList::new(dealers()).groupid(north)] {
        assert_eq!(expect_code(sim.upstream.get_chain_corpinfo_list(list)), forbidden);
    }
    assert_eq!(code_of(sim.raw(&ADD, &good())), forbidden);
    assert_eq!(sim.corps_in(5).len(), 1);
}

#[test]
fn a_corp_in_a_group_that_is_not_visible_and_its_members_are_out_of_range() {
    let (sim, out) = (east(), ErrCode::NOT_IN_RANGE);
    assert_eq!(expect_code(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi()))), out);
    let member = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("zhaomin"));
    assert_eq!(expect_code(sim.upstream.get_chain_user_custom_id(member)), out);
    assert_eq!(expect_code(sim.upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(jingxi()))), out);
    let of_jingxi = rule(json!({"userids": ["linfang"]}), json!({"corpids": ["wwjingxi"]}));
    assert_eq!(code_of(sim.raw(&ADD, &of_jingxi)), out);
    assert_eq!(expect_code(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi()))), out);
    // The corp was not removed.
    let whole = Upstream::new(sim.simulator.client());
    expect_ok(whole.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())));
}
