//! Worlds that contradict themselves, and the one for everybody to play with.

use wecom_core::Secret;
use wecom_mock::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::{
    AgentId, ChainId, CorpId, GetChainCorpinfoList, GetChainGroup, Group, GroupId, SharedCorp, Upstream,
};

use crate::support::granted;

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

fn place_of(world: World) -> String {
    let error = Simulator::try_new(world).unwrap_err();
    assert!(error.to_string().starts_with(error.place()));
    error.place().to_owned()
}

#[test]
fn what_is_wrong_with_a_world_is_told_with_its_place() {
    let empty = || World::new(CorpId::new("wwup"));
    let world = || empty().app(app());
    assert_eq!(place_of(empty()), "apps");
    assert_eq!(place_of(world().app(app())), "apps[1].agentid");
    assert_eq!(place_of(world().chain(chain()).chain(chain())), "chains[1].chain_id");
    assert_eq!(place_of(world().chain(chain().corp(corp()).corp(corp()))), "chains[0].corps[1].id");
    let lost = WorldCorp::joined(THIRD, CorpId::new("ww2"), "顺达商贸");
    assert_eq!(place_of(world().chain(chain().corp(corp()).corp(lost))), "chains[0].corps[1].groupid");
    assert_eq!(place_of(empty().app(app().sees_only(ChainId::new("Ch1")))), "apps[0].visible_chains[0]");
    let share = SharedCorp::new(CorpId::new("ww9"), "顺达商贸", AgentId::new(5));
    assert_eq!(place_of(empty().app(app().shared_with(share))), "apps[0].shares[0].corpid");
}

#[test]
fn groups_hang_on_the_root() {
    let world = |groups: &[Group]| {
        let chain = groups.iter().cloned().fold(chain(), WorldChain::group);
        World::new(CorpId::new("wwup")).app(app()).chain(chain)
    };
    let circle = [Group::new(SECOND, "a", THIRD), Group::new(THIRD, "b", SECOND)];
    assert_eq!(place_of(world(&circle)), "chains[0].groups[0].parentid");
    assert_eq!(place_of(world(&[Group::new(SECOND, "a", THIRD)])), "chains[0].groups[0].parentid");
    assert_eq!(place_of(world(&[Group::new(GroupId::ROOT, "a", SECOND)])), "chains[0].groups[0].groupid");
    assert_eq!(place_of(world(&[Group::new(SECOND, "a", GroupId::ROOT).order(-1)])), "chains[0].groups[0].order");
}

#[test]
#[should_panic(expected = "apps: there is none")]
fn a_simulator_of_such_a_world_fails_the_test() {
    let _ = Simulator::new(World::new(CorpId::new("wwup")));
}

#[test]
fn walking_the_demo_world_finds_each_of_its_corps_once() {
    let upstream = Upstream::new(Simulator::demo().client());
    let mut names = Vec::new();
    for chain in granted(upstream.get_chain_list()).chains {
        let groups = granted(upstream.get_chain_group(GetChainGroup::new(&chain.chain_id))).groups;
        for group in groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]) {
            let call = GetChainCorpinfoList::new(&chain.chain_id).groupid(group).need_pending(true);
            names
                .extend(granted(upstream.get_chain_corpinfo_list(call)).group_corps.into_iter().map(|it| it.corp_name));
        }
    }
    assert_eq!(names.len(), 11);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 11);
}

#[test]
fn a_generated_world_has_its_number_of_corps_and_is_the_same_for_the_same_seed() {
    let walk = |seed: u64| {
        let upstream = Upstream::new(Simulator::new(World::generate(1000, seed)).client());
        let chain = ChainId::new("ChGenerated");
        let groups = granted(upstream.get_chain_group(GetChainGroup::new(&chain))).groups;
        assert_eq!(groups.len(), 10);
        let groups = groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]);
        let list = |groupid| {
            let call = GetChainCorpinfoList::new(&chain).groupid(groupid).need_pending(true);
            granted(upstream.get_chain_corpinfo_list(call)).group_corps
        };
        groups.flat_map(list).collect::<Vec<_>>()
    };
    let corps = walk(7);
    assert_eq!(corps.len(), 1000);
    assert!((50..250).contains(&corps.iter().filter(|corp| !corp.is_joined).count()));
    assert_eq!(walk(7), corps);
    assert_ne!(walk(8), corps);
}
