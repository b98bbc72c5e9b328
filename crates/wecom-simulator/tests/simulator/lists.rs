//! Lists of chains, groups, corps and shares, with and without paging.

use serde_json::json;
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{
    GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup,
    GetChainUserCustomId, GetCorpSharedChainList, ImportChainContact, ImportContact, ImportCorp, LIST_APP_SHARE_INFO,
    ListAppShareInfo, QualificationStatus, RemoveCorp, SharedCorp,
};
use wecom_upstream::ids::{Cursor, CustomId, PendingCorpId};
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream, UserId};

use crate::support::{Harness, dealers, expect_code, expect_ok, jingxi};

const APP: AgentId = AgentId::new(1_000_002);

#[test]
fn the_chains_and_the_chains_of_a_corp_are_listed() {
    let sim = Harness::demo();
    let names: Vec<_> = expect_ok(sim.upstream.get_chain_list()).chains.into_iter().map(|it| it.chain_name).collect();
    assert_eq!(names, ["全国经销商", "原材料供应商"]);

    let joined = expect_ok(sim.upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(jingxi()))).chains;
    assert_eq!(joined.iter().map(|chain| &chain.chain_id).collect::<Vec<_>>(), [&dealers()]);
}

#[test]
fn all_groups_or_the_descendants_of_a_group_are_listed() {
    let sim = Harness::demo();
    let groups = |call| {
        let groups = expect_ok(sim.upstream.get_chain_group(call)).groups;
        groups.iter().map(|group| group.group_name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(groups(GetChainGroup::new(dealers())), ["华北区", "北京市", "华东区", "上海市"]);
    assert_eq!(groups(GetChainGroup::new(dealers()).groupid(GroupId::new(2))), ["北京市"]);
}

#[test]
fn a_list_has_only_the_direct_corps_of_a_group_and_pending_ones_on_request() {
    let sim = Harness::demo();
    let list = |call| expect_ok(sim.upstream.get_chain_corpinfo_list(call)).group_corps;
    let names =
        |corps: Vec<wecom_upstream::calls::GroupCorp>| corps.into_iter().map(|it| it.corp_name).collect::<Vec<_>>();
    assert_eq!(names(list(GetChainCorpinfoList::new(dealers()))), ["中原家电配送中心"]);
    let north = GetChainCorpinfoList::new(dealers()).groupid(GroupId::new(2));
    assert_eq!(names(list(north.clone())), ["冀北电器商行"]);
    assert_eq!(names(list(north.need_pending(true))), ["冀北电器商行", "晋阳家居"]);
}

#[test]
fn corp_info_is_found_by_either_id_and_only_joined_corps_have_a_verification_status() {
    let sim = Harness::demo();
    let joined = expect_ok(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())));
    assert_eq!(joined.qualification_status, Some(QualificationStatus::Certified));
    let pending = PendingCorpId::new("wpjinyang");
    let pending = expect_ok(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), pending)));
    assert_eq!((pending.is_joined, pending.qualification_status), (false, None));
    assert_eq!(pending.custom_id, Some(CustomId::new("N002")));
}

#[test]
fn replies_have_the_documented_types_of_each_endpoint() {
    let sim = Harness::demo();
    let list = sim.raw(&GET_CHAIN_CORPINFO_LIST, &json!({"chain_id": "ChDealers", "groupid": 3})).unwrap();
    assert_eq!((&list["group_corps"][0]["is_joined"], &list["has_more"]), (&json!(1), &json!(false)));
    let one = sim.raw(&GET_CHAIN_CORPINFO, &json!({"chain_id": "ChDealers", "corpid": "wwjingxi"})).unwrap();
    assert_eq!(one["is_joined"], json!(true));
    let shares = sim.raw(&LIST_APP_SHARE_INFO, &json!({"agentid": 1_000_002, "business_type": 1})).unwrap();
    assert_eq!((&shares["ending"], &shares["next_cursor"]), (&json!(1), &json!("")));
}

#[test]
fn only_a_callable_app_sees_who_invited_a_corp() {
    let invited_by = |world: World| Harness::of(world).corps_in(3)[0].invite_userid.clone();
    assert_eq!(invited_by(World::demo()), Some(UserId::new("linfang")));
    let app = |app: WorldApp| {
        World::new(CorpId::new("wwyunzao")).app(app).chain(
            WorldChain::new(dealers(), "经销商")
                .group(wecom_upstream::calls::Group::new(GroupId::new(3), "北京市", GroupId::ROOT))
                .corp(
                    WorldCorp::joined(GroupId::new(3), jingxi(), "京西厨卫商贸").invite_userid(UserId::new("linfang")),
                ),
        )
    };
    let outside = WorldApp::new(APP, Secret::new("another-secret")).not_callable();
    assert_eq!(invited_by(app(outside.clone())), None);
    assert_eq!(expect_code(Harness::of(app(outside)).upstream.get_chain_list()), ErrCode::API_FORBIDDEN);
}

fn many_corps(count: usize) -> World {
    let corps =
        (0..count).map(|at| WorldCorp::joined(GroupId::ROOT, CorpId::new(format!("ww{at}")), format!("经销商{at}")));
    let chain = corps.fold(WorldChain::new(dealers(), "经销商"), WorldChain::corp);
    let other = WorldChain::new(ChainId::new("ChOther"), "其他");
    let app = (0..count).fold(WorldApp::new(APP, Secret::new("the-secret-of-many")), |app, at| {
        app.shared_with(SharedCorp::new(
            CorpId::new(format!("ww{at}")),
            format!("经销商{at}"),
            AgentId::new(at as i64 + 1),
        ))
    });
    World::new(CorpId::new("wwyunzao")).app(app).chain(chain).chain(other)
}

#[test]
fn paging_reaches_the_last_corp_despite_removals_and_imports_in_between() {
    let sim = Harness::of(many_corps(7));
    let page = |cursor: Option<Cursor>| {
        let call = GetChainCorpinfoList::new(dealers()).need_pending(true).limit(3);
        let reply = expect_ok(sim.upstream.get_chain_corpinfo_list(match cursor {
            Some(cursor) => call.cursor(cursor),
            None => call,
        }));
        assert_eq!(reply.has_more, reply.next_cursor.is_some());
        let names: Vec<_> = reply.group_corps.into_iter().map(|corp| corp.corp_name).collect();
        (names, reply.next_cursor)
    };
    let (first, cursor) = page(None);
    assert_eq!(first, ["经销商0", "经销商1", "经销商2"]);

    for gone in ["ww2", "ww4"] {
        expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new(gone))));
    }
    let new = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    expect_ok(sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [new])));
    sim.advance(5);

    let (second, cursor) = page(cursor);
    assert_eq!(second, ["经销商3", "经销商5", "经销商6"]);
    assert_eq!(page(cursor), (vec!["长城电器".to_owned()], None));
}

#[test]
fn a_cursor_is_rejected_by_every_other_list() {
    let sim = Harness::of(many_corps(3));
    let list = GetChainCorpinfoList::new(dealers()).limit(1);
    let cursor = expect_ok(sim.upstream.get_chain_corpinfo_list(list.clone())).next_cursor.unwrap();
    for other in [
        GetChainCorpinfoList::new(ChainId::new("ChOther")).cursor(&cursor),
        list.clone().need_pending(true).cursor(&cursor),
        list.clone().cursor(Cursor::new("0123456789abcdef0123456789abcdef")),
        list.clone().cursor(Cursor::new("企业企业企业企业")),
    ] {
        assert_eq!(expect_code(sim.upstream.get_chain_corpinfo_list(other)), ErrCode::INVALID_PARAMETER);
    }
    let shares = ListAppShareInfo::new(APP).cursor(&cursor);
    assert_eq!(expect_code(sim.upstream.list_app_share_info(shares)), ErrCode::INVALID_PARAMETER);
    // It stays valid for its own list, also with another page size.
    assert_eq!(expect_ok(sim.upstream.get_chain_corpinfo_list(list.limit(9).cursor(cursor))).group_corps.len(), 2);
}

#[test]
fn shares_are_paged_and_filtered_by_business_type() {
    let sim = Harness::of(many_corps(5));
    let (mut seen, mut call) = (Vec::new(), ListAppShareInfo::new(APP).limit(2));
    loop {
        let page = expect_ok(sim.upstream.list_app_share_info(call.clone()));
        seen.extend(page.corp_list.into_iter().map(|corp| corp.agentid.get()));
        match page.next_cursor {
            Some(cursor) if !page.ending => call = call.cursor(cursor),
            _ => break,
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    let corp_group = ListAppShareInfo::new(APP).business_type(BusinessType::CorpGroup);
    assert!(expect_ok(sim.upstream.list_app_share_info(corp_group)).corp_list.is_empty());
}

#[test]
fn a_share_is_found_by_corp_and_ends_when_the_corp_is_removed() {
    let sim = Harness::demo();
    let call = ListAppShareInfo::new(APP).corpid(jingxi());
    let shared = expect_ok(sim.upstream.list_app_share_info(call.clone())).corp_list;
    assert_eq!(shared, [SharedCorp::new(jingxi(), "京西厨卫商贸", AgentId::new(1_000_011))]);
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(expect_code(sim.upstream.list_app_share_info(call)), ErrCode::APP_NOT_SHARED);
}

#[test]
fn every_call_rejects_a_removed_corp() {
    let sim = Harness::demo();
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    let gone = ErrCode::CORP_NOT_IN_CHAIN;
    assert_eq!(expect_code(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi()))), gone);
    assert_eq!(expect_code(sim.upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(jingxi()))), gone);
    assert_eq!(expect_code(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi()))), gone);
    let member = GetChainUserCustomId::new(dealers(), jingxi(), UserId::new("zhaomin"));
    assert_eq!(expect_code(sim.upstream.get_chain_user_custom_id(member)), gone);
    assert!(sim.corps_in(3).iter().all(|corp| corp.corpid != Some(jingxi())));
}

#[test]
fn a_corp_that_joins_gets_a_new_id_and_keeps_its_position() {
    let sim = Harness::demo();
    let (pending, joined) = (PendingCorpId::new("wpjinyang"), CorpId::new("wwjinyang"));
    sim.simulator.join_corp(&dealers(), &pending, &joined);
    let corps = sim.corps_in(2);
    assert_eq!((corps[1].corpid.as_ref(), corps[1].pending_corpid.as_ref()), (Some(&joined), None));
    let by_old_id = GetChainCorpinfo::new(dealers(), pending);
    assert_eq!(expect_code(sim.upstream.get_chain_corpinfo(by_old_id)), ErrCode::CORP_NOT_IN_CHAIN);
}

#[test]
fn a_chain_that_is_not_visible_to_the_app_is_unknown() {
    let blind = World::new(CorpId::new("wwyunzao"))
        .app(WorldApp::new(APP, Secret::new("the-secret")).sees_only(ChainId::new("ChOther")))
        .chain(WorldChain::new(dealers(), "经销商"))
        .chain(WorldChain::new(ChainId::new("ChOther"), "其他"));
    let upstream = Upstream::new(Simulator::new(blind).client());
    assert_eq!(expect_ok(upstream.get_chain_list()).chains.len(), 1);
    assert_eq!(expect_code(upstream.get_chain_group(GetChainGroup::new(dealers()))), ErrCode::UNKNOWN_CHAIN);
}
