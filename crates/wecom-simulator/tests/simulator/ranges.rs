//! What an app sees of a chain when it may not see all of its groups.

use serde_json::json;
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, GetCorpSharedChainList, RemoveCorp,
};
use wecom_upstream::{AgentId, GroupId, Upstream, UserId};

use crate::rules::{ADD, good, rule};
use crate::support::{Story, code_of, dealers, granted, jingxi, refused};

/// The demo world, seen by an app of 华东区 and 上海市 below it.
fn east() -> Story {
    let secret = Secret::new("the-secret-of-the-east");
    let app = WorldApp::new(AgentId::new(7), secret.clone()).sees_only_groups(dealers(), [GroupId::new(4)]);
    let story = Story::of(World::demo().app(app));
    let credentials = wecom_core::Credentials::new("wwyunzao", secret);
    let client = wecom_core::Client::builder(story.simulator.clone()).credentials(credentials).build();
    Story { upstream: Upstream::new(client), ..story }
}

#[test]
fn an_app_lists_the_groups_that_it_sees_and_those_below_them() {
    let groups = granted(east().upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    assert_eq!(groups.into_iter().map(|it| it.group_name).collect::<Vec<_>>(), ["华东区", "上海市"]);
    let of_another_chain = GetChainGroup::new(wecom_upstream::ChainId::new("ChSuppliers"));
    assert_eq!(granted(east().upstream.get_chain_group(of_another_chain)).groups.len(), 2);
}

#[test]
fn another_group_is_refused_wherever_it_is_named() {
    let story = east();
    let (north, forbidden) = (GroupId::new(2), ErrCode::GROUP_FORBIDDEN);
    assert_eq!(refused(story.upstream.get_chain_group(GetChainGroup::new(dealers()).groupid(north))), forbidden);
    for list in [GetChainCorpinfoList::new(dealers()), GetChainCorpinfoList::new(dealers()).groupid(north)] {
        assert_eq!(refused(story.upstream.get_chain_corpinfo_list(list)), forbidden);
    }
    assert_eq!(code_of(story.raw(&ADD, &good())), forbidden);
    assert_eq!(story.corps_in(5).len(), 1);
}

#[test]
fn a_corp_in_another_group_is_out_of_range_and_so_are_its_members() {
    let (story, out) = (east(), ErrCode::NOT_IN_RANGE);
    assert_eq!(refused(story.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi()))), out);
    let member = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("zhaomin"));
    assert_eq!(refused(story.upstream.get_chain_user_custom_id(member)), out);
    assert_eq!(refused(story.upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(jingxi()))), out);
    let of_jingxi = rule(json!({"userids": ["linfang"]}), json!({"corpids": ["wwjingxi"]}));
    assert_eq!(code_of(story.raw(&ADD, &of_jingxi)), out);
    assert_eq!(refused(story.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi()))), out);
    // Nothing came of it.
    let whole = Upstream::new(story.simulator.client());
    granted(whole.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())));
}
