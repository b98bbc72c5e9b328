//! The cost of calls grows linearly with the size of the world. Each test compares the times for two sizes.

use std::time::Duration;

use wecom_core::{Client, Credentials, Secret};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{
    AddRule, GetChainGroup, GetResult, Group, ImportChainContact, ImportContact, ImportCorp, ImportStatus,
};
use wecom_upstream::values::{MemberCorpRange, OwnerCorpRange, RuleInfo};
use wecom_upstream::{AgentId, CorpId, GroupId, Upstream, UserId};

use crate::support::{dealers, expect_ok};

/// The processor time of this thread, which does not depend on other programs. `None` on systems other than Linux.
fn cpu_time() -> Option<Duration> {
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(schedstat.split(' ').next()?.parse().ok()?))
}

/// A world with one chain of groups, and an app that sees only the first group and its descendants.
fn world(groups: impl Iterator<Item = Group>) -> World {
    let chain = groups.fold(WorldChain::new(dealers(), "经销商"), WorldChain::group);
    let app = |agentid: i64, secret: &str| WorldApp::new(AgentId::new(agentid), Secret::new(secret));
    let limited = app(2, "limited").sees_only_groups(dealers(), [GroupId::new(2)]);
    World::new(CorpId::new("wwup")).app(app(1, "secret")).app(limited).chain(chain)
}

fn nested(count: i64) -> impl Iterator<Item = Group> {
    (2..count).map(|id| Group::new(GroupId::new(id), "组", GroupId::new(id - 1)))
}

/// The average processor time of a run, over many runs, because the clock has a resolution of some milliseconds.
fn average(run: impl Fn()) -> Option<Duration> {
    let Some(start) = cpu_time() else {
        run();
        return None;
    };
    let mut runs = 0;
    loop {
        run();
        runs += 1;
        let elapsed = cpu_time()? - start;
        if elapsed > Duration::from_millis(100) {
            return Some(elapsed / runs);
        }
    }
}

/// Asserts that `large` is at most four times what linear growth by the factor `growth` allows.
#[track_caller]
fn assert_linear(small: Option<Duration>, large: Option<Duration>, growth: u32) {
    if let (Some(small), Some(large)) = (small, large) {
        assert!(large < small * growth * 4, "{growth} times the size took {large:?} instead of {small:?}");
    }
}

#[test]
fn nested_groups_are_listed_in_linear_time() {
    let list = |depth: i64| {
        let simulator = Simulator::new(world(nested(depth)));
        let credentials = Credentials::new("wwup", Secret::new("limited"));
        let limited = Upstream::new(Client::builder(simulator.clone()).credentials(credentials).build());
        average(|| {
            for upstream in [&Upstream::new(simulator.client()), &limited] {
                let call = GetChainGroup::new(dealers()).groupid(GroupId::new(3));
                let groups = expect_ok(upstream.get_chain_group(call)).groups;
                assert_eq!(i64::try_from(groups.len()).unwrap(), depth - 4);
            }
        })
    };
    assert_linear(list(1000), list(20_000), 20);
}

#[test]
fn the_groups_of_a_rule_are_checked_in_linear_time() {
    let add = |depth: i64| {
        let simulator = Simulator::new(world(nested(depth)));
        let credentials = Credentials::new("wwup", Secret::new("limited"));
        let limited = Upstream::new(Client::builder(simulator).credentials(credentials).build());
        let groups = MemberCorpRange::group(GroupId::new(2)).and_groups((3..depth).rev().map(GroupId::new));
        let rule = RuleInfo::new(OwnerCorpRange::user(UserId::new("li")), groups);
        average(|| {
            expect_ok(limited.add_rule(AddRule::new(dealers(), rule.clone())));
        })
    };
    assert_linear(add(1000), add(20_000), 20);
}

#[test]
fn a_world_of_nested_groups_is_checked_in_linear_time() {
    let check = |depth: i64| {
        // The deepest group comes first.
        let groups: Vec<_> = nested(depth).collect();
        let world = world(groups.into_iter().rev());
        average(|| world.check().unwrap())
    };
    assert_linear(check(1000), check(20_000), 20);
}

/// The time of an import of 500 rows.
fn import(world: World, row: impl Fn(usize) -> ImportCorp, status: ImportStatus) -> Option<Duration> {
    let upstream = Upstream::new(Simulator::new(world).client());
    average(|| {
        let call = ImportChainContact::new(dealers(), (0..500).map(&row));
        let job = expect_ok(upstream.import_chain_contact(call)).jobid;
        let result = (0..3).find_map(|_| expect_ok(upstream.get_result(GetResult::new(&job))).result).unwrap();
        assert_eq!(result.import_status, status);
    })
}

fn chain_of_corps(corps: impl Iterator<Item = WorldCorp>) -> World {
    let group = |number: i64| Group::new(GroupId::new(number + 2), format!("组{number}"), GroupId::ROOT);
    let chain = (0..500).map(group).fold(WorldChain::new(dealers(), "经销商"), WorldChain::group);
    let chain = corps.fold(chain, WorldChain::corp);
    World::new(CorpId::new("wwup")).app(WorldApp::new(AgentId::new(1), Secret::new("secret"))).chain(chain)
}

#[test]
fn a_row_of_an_import_costs_the_same_however_many_people_its_corp_has() {
    let of = |people: usize| {
        let corp = WorldCorp::joined(GroupId::ROOT, CorpId::new("ww1"), "长城电器");
        let corp = (0..people).map(|id| UserId::new(format!("u{id}"))).fold(corp, WorldCorp::member);
        let row = |number: usize| {
            ImportCorp::new("长城电器", [ImportContact::head("张三", (13_000_000_000 + number as u64).to_string())])
        };
        import(chain_of_corps([corp].into_iter()), row, ImportStatus::AllImported)
    };
    assert_linear(of(100), of(20_000), 1);
}

#[test]
fn a_row_of_an_import_costs_the_same_however_many_corps_have_the_name_of_a_group() {
    let of = |corps: usize| {
        let corp = |id| WorldCorp::joined(GroupId::ROOT, CorpId::new(format!("ww{id}")), "甲");
        let row = |number: usize| {
            let corp = ImportCorp::new(format!("第{number}号"), [ImportContact::head("张三", "13000000001")]);
            corp.group_path(format!("组{number}/甲"))
        };
        import(chain_of_corps((0..corps).map(corp)), row, ImportStatus::AllImported)
    };
    assert_linear(of(100), of(20_000), 1);
}

#[test]
fn the_cost_of_an_imported_corp_does_not_depend_on_the_number_of_groups() {
    let import = |groups: i64| {
        let flat = (2..groups).map(|id| Group::new(GroupId::new(id), format!("组{id}"), GroupId::ROOT));
        let upstream = Upstream::new(Simulator::new(world(flat)).client());
        average(|| {
            let corp = |number: usize| {
                let corp = ImportCorp::new(format!("第{number}号"), [ImportContact::head("张三", "13000000001")]);
                corp.group_path(format!("组{}/甲/乙/丙", number + 2))
            };
            let call = ImportChainContact::new(dealers(), (0..500).map(corp));
            let job = expect_ok(upstream.import_chain_contact(call)).jobid;
            let result = (0..3).find_map(|_| expect_ok(upstream.get_result(GetResult::new(&job))).result).unwrap();
            assert_eq!(result.import_status, ImportStatus::AllImported);
        })
    };
    assert_linear(import(1000), import(50_000), 1);
}
