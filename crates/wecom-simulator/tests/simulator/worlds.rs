//! Inconsistent worlds, the demo world and generated worlds.

use wecom_core::Secret;
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp, WorldCustomer, WorldPerson, WorldSession};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, Group, ImportChainContact, ImportContact, ImportCorp,
    RemoveCorp, SharedCorp,
};
use wecom_upstream::ids::{ChatId, CustomId, PendingCorpId};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::support::{Harness, dealers, expect_ok};

const SECOND: GroupId = GroupId::new(2);
const THIRD: GroupId = GroupId::new(3);

fn chain() -> WorldChain {
    WorldChain::new(ChainId::new("Ch1"), "经销商")
}

fn corp() -> WorldCorp {
    WorldCorp::joined(GroupId::ROOT, CorpId::new("ww1"), "美馨粮油公司")
}

fn app() -> WorldApp {
    WorldApp::new(AgentId::new(1), Secret::new("the-secret"))
}

fn error_path(world: World) -> String {
    let error = Simulator::try_new(world).unwrap_err();
    assert!(error.to_string().starts_with(error.path()));
    error.path().to_owned()
}

#[test]
fn an_inconsistent_world_is_rejected_with_the_path_of_the_problem() {
    let empty = || World::new(CorpId::new("wwup"));
    let world = || empty().app(app());
    assert_eq!(error_path(empty()), "apps");
    assert_eq!(error_path(world().app(app())), "apps[1].agentid");
    assert_eq!(error_path(world().chain(chain()).chain(chain())), "chains[1].chain_id");
    assert_eq!(error_path(world().chain(chain().corp(corp()).corp(corp()))), "chains[0].corps[1].id");
    let lost = WorldCorp::joined(THIRD, CorpId::new("ww2"), "顺达商贸");
    assert_eq!(error_path(world().chain(chain().corp(corp()).corp(lost))), "chains[0].corps[1].groupid");
    assert_eq!(error_path(empty().app(app().sees_only(ChainId::new("Ch1")))), "apps[0].visible_chains[0]");
    let share = SharedCorp::new(CorpId::new("ww9"), "顺达商贸", AgentId::new(5));
    assert_eq!(error_path(empty().app(app().shared_with(share))), "apps[0].shares[0].corpid");
}

#[test]
fn inconsistent_people_ranges_and_sessions_are_rejected_with_the_path_of_the_problem() {
    let empty = || World::new(CorpId::new("wwup"));
    let world = || empty().app(app()).chain(chain().corp(corp()));
    let person = |mobile: &str| WorldPerson::new(mobile);
    assert_eq!(error_path(world().person(person("12"))), "people[0].mobile");
    let twins = world().person(person("13000000001")).person(person("13000000001"));
    assert_eq!(error_path(twins), "people[1].mobile");

    let sees = |chain_id: &str, group: GroupId| {
        empty().app(app().sees_only_groups(ChainId::new(chain_id), [GroupId::ROOT, group])).chain(chain())
    };
    assert_eq!(error_path(sees("Ch9", GroupId::ROOT)), "apps[0].visible_groups[0].chain_id");
    assert_eq!(error_path(sees("Ch1", THIRD)), "apps[0].visible_groups[0].groupids[1]");
    let other = WorldChain::new(ChainId::new("Ch2"), "供应商");
    let blind = app().sees_only(ChainId::new("Ch2")).sees_only_groups(ChainId::new("Ch1"), [GroupId::ROOT]);
    assert_eq!(error_path(empty().app(blind).chain(chain()).chain(other)), "apps[0].visible_groups[0].chain_id");

    let session = |key: &str| WorldSession::new(UserId::new("wo"), Secret::new(key));
    assert_eq!(error_path(world().session(session(""))), "sessions[0].session_key");
    assert_eq!(error_path(world().session(session("k")).session(session("k"))), "sessions[1].session_key");
    let in_corp = |corpid: &str| session("k").corp_user(CorpId::new(corpid), UserId::new("li"));
    assert_eq!(error_path(world().session(in_corp("ww9"))), "sessions[0].corps[0].corpid");
    let twice = in_corp("ww1").corp_user(CorpId::new("ww1"), UserId::new("wang"));
    assert_eq!(error_path(world().session(twice)), "sessions[0].corps[1].corpid");
    let _ = Simulator::new(world().session(in_corp("ww1")));
}

#[test]
fn groups_that_do_not_form_a_tree_below_the_root_are_rejected() {
    let world = |groups: &[Group]| {
        let chain = groups.iter().cloned().fold(chain(), WorldChain::group);
        World::new(CorpId::new("wwup")).app(app()).chain(chain)
    };
    let cycle = [Group::new(SECOND, "a", THIRD), Group::new(THIRD, "b", SECOND)];
    assert_eq!(error_path(world(&cycle)), "chains[0].groups[0].parentid");
    assert_eq!(error_path(world(&[Group::new(SECOND, "a", THIRD)])), "chains[0].groups[0].parentid");
    assert_eq!(error_path(world(&[Group::new(GroupId::ROOT, "a", SECOND)])), "chains[0].groups[0].groupid");
    assert_eq!(error_path(world(&[Group::new(SECOND, "a", GroupId::ROOT).order(-1)])), "chains[0].groups[0].order");
}

#[test]
fn empty_ids_and_ids_that_are_not_positive_are_rejected() {
    let share = |corpid: &str, agentid: i64| SharedCorp::new(CorpId::new(corpid), "顺达商贸", AgentId::new(agentid));
    let of = |app: WorldApp, chain: WorldChain| World::new(CorpId::new("wwup")).app(app).chain(chain);
    let member = |userid: &str| corp().member(UserId::new(userid));
    for (world, path) in [
        (World::new(CorpId::new("")).app(app()), "corp_id"),
        (of(WorldApp::new(AgentId::new(0), Secret::new("s")), chain()), "apps[0].agentid"),
        (of(app().shared_in_corp_group(share("", 5)), chain()), "apps[0].shares[0].corpid"),
        (of(app().shared_in_corp_group(share("ww9", -5)), chain()), "apps[0].shares[0].agentid"),
        (of(app(), WorldChain::new(ChainId::new(""), "x")), "chains[0].chain_id"),
        (of(app(), chain().group(Group::new(GroupId::new(0), "x", GroupId::ROOT))), "chains[0].groups[0].groupid"),
        (of(app(), chain().group(Group::new(GroupId::new(-7), "x", GroupId::ROOT))), "chains[0].groups[0].groupid"),
        (of(app(), chain().corp(WorldCorp::joined(GroupId::ROOT, CorpId::new(""), "x"))), "chains[0].corps[0].corpid"),
        (
            of(app(), chain().corp(WorldCorp::pending(GroupId::ROOT, PendingCorpId::new(""), "x"))),
            "chains[0].corps[0].pending_corpid",
        ),
        (of(app(), chain().corp(member(""))), "chains[0].corps[0].members[0].userid"),
        (of(app(), chain().corp(member("a").member(UserId::new("a")))), "chains[0].corps[0].members[1].userid"),
        (of(app(), chain().owner_range([0], [])), "chains[0].owner_corp_range.departmentids[0]"),
        (of(app(), chain().owner_range([], [UserId::new("")])), "chains[0].owner_corp_range.userids[0]"),
        (of(app(), chain()).customer(WorldCustomer::new(UnionId::new(""), OpenId::new("o"))), "customers[0].unionid"),
        (of(app(), chain()).customer(WorldCustomer::new(UnionId::new("u"), OpenId::new(""))), "customers[0].openid"),
        (of(app(), chain()).chat(ChatId::new(""), []), "chats[0].chat_id"),
    ] {
        assert_eq!(error_path(world), path);
    }
}

#[test]
fn the_position_of_a_duplicate_custom_id_counts_corps_without_one() {
    let named = |id: &str| WorldCorp::joined(GroupId::ROOT, CorpId::new(id), "x").custom_id(CustomId::new("1"));
    let chain = chain().corp(corp()).corp(named("a")).corp(named("b"));
    assert_eq!(error_path(World::new(CorpId::new("wwup")).app(app()).chain(chain)), "chains[0].corps[2].custom_id");
}

#[test]
fn an_import_into_a_chain_with_the_maximum_group_id_adds_groups_with_unused_ids() {
    let groups = [2, 3, i64::MAX].map(|id| Group::new(GroupId::new(id), id.to_string(), GroupId::ROOT));
    let chain = groups.into_iter().fold(WorldChain::new(dealers(), "经销商"), WorldChain::group);
    let sim = Harness::of(World::new(CorpId::new("wwup")).app(app()).chain(chain));
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]).group_path("华北区/北京市");
    expect_ok(sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp])));
    sim.advance(5);
    let groups = expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let ids: Vec<_> = groups.iter().map(|group| (group.groupid.get(), group.parentid.map(GroupId::get))).collect();
    assert_eq!(ids, [(2, Some(1)), (3, Some(1)), (4, Some(1)), (5, Some(4)), (i64::MAX, Some(1))]);
    assert_eq!(sim.corps_in(5).len(), 1);
}

#[test]
#[should_panic(expected = "apps: is empty")]
fn creating_a_simulator_of_an_inconsistent_world_panics() {
    let _ = Simulator::new(World::new(CorpId::new("wwup")));
}

#[test]
fn a_walk_through_the_demo_world_finds_every_corp_once() {
    let upstream = Upstream::new(Simulator::demo().client());
    let mut names = Vec::new();
    for chain in expect_ok(upstream.get_chain_list()).chains {
        let groups = expect_ok(upstream.get_chain_group(GetChainGroup::new(&chain.chain_id))).groups;
        for group in groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]) {
            let call = GetChainCorpinfoList::new(&chain.chain_id).groupid(group).need_pending(true);
            names.extend(
                expect_ok(upstream.get_chain_corpinfo_list(call)).group_corps.into_iter().map(|it| it.corp_name),
            );
        }
    }
    assert_eq!(names.len(), 11);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 11);
}

#[test]
fn a_generated_world_has_the_requested_size_and_depends_only_on_its_seed() {
    let walk = |seed: u64| {
        let upstream = Upstream::new(Simulator::new(World::generate(1000, seed)).client());
        let chain = ChainId::new("ChGenerated");
        let groups = expect_ok(upstream.get_chain_group(GetChainGroup::new(&chain))).groups;
        assert_eq!(groups.len(), 10);
        let groups = groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]);
        let list = |groupid| {
            let call = GetChainCorpinfoList::new(&chain).groupid(groupid).need_pending(true);
            expect_ok(upstream.get_chain_corpinfo_list(call)).group_corps
        };
        groups.flat_map(list).collect::<Vec<_>>()
    };
    let corps = walk(7);
    assert_eq!(corps.len(), 1000);
    assert!((50..250).contains(&corps.iter().filter(|corp| !corp.is_joined).count()));
    assert_eq!(walk(7), corps);
    assert_ne!(walk(8), corps);
}

#[test]
fn a_generated_corp_can_be_found_changed_and_removed() {
    let sim = Harness::of(World::generate(300, 5));
    let chain = ChainId::new("ChGenerated");
    let list = || {
        let groups = (1..=4).map(GroupId::new);
        let corps = groups.flat_map(|groupid| {
            let call = GetChainCorpinfoList::new(&chain).groupid(groupid).need_pending(true);
            expect_ok(sim.upstream.get_chain_corpinfo_list(call)).group_corps
        });
        corps.collect::<Vec<_>>()
    };
    let before = list();
    assert_eq!(before.len(), 300);
    for corp in &before {
        let reply = expect_ok(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, corp.corp().unwrap())));
        assert_eq!((reply.corp_name, reply.groupid), (corp.corp_name.clone(), corp.groupid));
    }
    let pending = before.iter().position(|corp| !corp.is_joined).unwrap();
    let joined = before.iter().rposition(|corp| corp.is_joined).unwrap();
    let new = CorpId::new("wwnew");
    sim.simulator.join_corp(&chain, before[pending].pending_corpid.as_ref().unwrap(), &new);
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(&chain, before[joined].corp().unwrap())));

    let mut after = list();
    assert_eq!(after[pending].corpid, Some(new));
    after[pending] = before[pending].clone();
    after.insert(joined, before[joined].clone());
    assert_eq!(after, before);
}

/// Measures the figures in the documentation of `World::generate`. Run it alone, in release mode, with `--nocapture`.
#[test]
#[ignore = "only prints measurements"]
fn memory_of_a_million_corps() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().filter(|line| line.starts_with("VmHWM")).collect::<String>()
    };
    println!("before: {}", resident());
    let simulator = Simulator::new(World::generate(1_000_000, 1));
    println!("with a million corps: {}", resident());
    drop(simulator);
}
