//! The events of the simulated service: which changes send one, to which app, as values and as requests.

use std::time::{Duration, SystemTime};

use wecom_callback::{
    BatchJobResult, Callback, CallbackKeys, ChainChange, ChangeChain, Channel, Event, JobType, Receiver, ShareChange,
};
use wecom_core::{Client, Credentials, Secret};
use wecom_simulator::{AdminError, Simulator, World, WorldApp, WorldCorp, WorldPerson};
use wecom_upstream::calls::{
    GetChainGroup, GetResult, ImportChainContact, ImportContact, ImportCorp, ListAppShareInfo, RemoveCorp, SharedCorp,
};
use wecom_upstream::ids::{CustomId, JobId, PendingCorpId};
use wecom_upstream::values::{BusinessType, CorpRef};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

use crate::support::*;

const APP: AgentId = AgentId::new(1_000_002);
const SECOND_APP: AgentId = AgentId::new(2);
const BEIJING: GroupId = GroupId::new(3);
const EAST: GroupId = GroupId::new(4);

fn change(change: ChainChange) -> Event {
    Event::ChangeChain(ChangeChain::new(dealers(), change))
}

fn taihu() -> CorpId {
    CorpId::new("wwtaihu")
}

fn import_of(corp: &str) -> ImportChainContact {
    let corp = ImportCorp::new(corp, [ImportContact::head("张三", "13000000001")]).group_path("新组");
    ImportChainContact::new(dealers(), [corp])
}

fn ended(job: &JobId) -> Event {
    Event::BatchJobResult(BatchJobResult::new(job, JobType::ImportChainContact))
}

fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// The requests that wait, opened.
fn opened(simulator: &Simulator, now: SystemTime) -> Vec<Callback> {
    let receiver = Receiver::new(Channel::app(keys(), "wwyunzao"));
    let requests = simulator.events().take_requests(&keys(), now);
    requests.iter().map(|request| receiver.open(request.query(), request.body(), now).unwrap()).collect()
}

#[test]
fn each_change_by_the_administrator_sends_its_event() {
    let simulator = Simulator::demo();
    let admin = simulator.admin();
    let chain = dealers();
    admin.rename_chain(&chain, "经销商").unwrap();
    let group = admin.create_group(&chain, BEIJING, "海淀区").unwrap();
    admin.rename_group(&chain, group, "海淀").unwrap();
    admin.move_group(&chain, group, EAST).unwrap();
    admin.delete_group(&chain, group).unwrap();
    admin.join_corp(&chain, &PendingCorpId::new("wptaihu"), taihu()).unwrap();
    admin.move_corp(&chain, taihu(), BEIJING).unwrap();
    admin.remove_corp(&chain, taihu()).unwrap();
    admin.delete_chain(&chain).unwrap();
    assert_eq!(
        simulator.events().take(),
        [
            change(ChainChange::UpdateChain),
            change(ChainChange::CreateGroup(vec![group])),
            change(ChainChange::UpdateGroup(vec![group])),
            change(ChainChange::UpdateGroup(vec![group])),
            change(ChainChange::DeleteGroup(vec![group])),
            change(ChainChange::CorpJoin(vec![taihu()])),
            change(ChainChange::UpdateCorp(vec![taihu()])),
            change(ChainChange::RemoveCorp(vec![taihu()])),
            change(ChainChange::DeleteChain),
        ]
    );
    assert_eq!(simulator.events().take(), []);
}

#[test]
fn a_new_chain_sends_its_event_and_can_be_called() {
    let simulator = Simulator::demo();
    let chain = ChainId::new("ChNew");
    simulator.admin().create_chain(&chain, "新渠道").unwrap();
    let created = Event::ChangeChain(ChangeChain::new(&chain, ChainChange::CreateChain));
    assert_eq!(simulator.events().take(), [created]);
    assert!(expect_ok(Upstream::new(simulator.client()).get_chain_group(GetChainGroup::new(chain))).groups.is_empty());
}

#[test]
fn calls_see_what_the_administrator_has_changed() {
    let sim = Harness::demo();
    let admin = sim.simulator.admin();
    admin.rename_group(&dealers(), BEIJING, "首都").unwrap();
    admin.move_group(&dealers(), BEIJING, EAST).unwrap();
    admin.move_corp(&dealers(), jingxi(), EAST).unwrap();
    let groups = expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let beijing = groups.iter().find(|group| group.groupid == BEIJING).unwrap();
    assert_eq!((&*beijing.group_name, beijing.parentid), ("首都", Some(EAST)));
    assert!(sim.corps_in(4).iter().any(|corp| corp.corpid == Some(jingxi())));
    assert!(sim.corps_in(3).iter().all(|corp| corp.corpid != Some(jingxi())));
}

#[test]
fn a_change_by_a_call_sends_no_event() {
    let sim = Harness::demo();
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(sim.simulator.events().take(), []);
}

#[test]
fn an_import_sends_the_event_of_its_end_and_none_for_its_corps_and_groups() {
    let sim = Harness::demo();
    let job = expect_ok(sim.upstream.import_chain_contact(import_of("长城电器"))).jobid;
    sim.advance(4);
    assert_eq!(sim.simulator.events().take(), []);
    sim.advance(1);
    assert_eq!(sim.simulator.events().take(), [ended(&job)]);
    assert!(expect_ok(sim.upstream.get_result(GetResult::new(&job))).is_finished());
    assert_eq!(sim.simulator.events().take(), []);
}

#[test]
fn an_import_without_a_timer_sends_the_event_at_the_poll_that_finds_its_end() {
    let simulator = Simulator::demo();
    let upstream = Upstream::new(simulator.client());
    let job = expect_ok(upstream.import_chain_contact(import_of("长城电器"))).jobid;
    for expected in [vec![], vec![], vec![ended(&job)], vec![]] {
        expect_ok(upstream.get_result(GetResult::new(&job)));
        assert_eq!(simulator.events().take(), expected);
    }
}

#[test]
fn an_import_that_imports_no_corp_sends_the_event_too() {
    let sim = Harness::of(World::demo().person(WorldPerson::new("13000000001").account_unusable()));
    let job = expect_ok(sim.upstream.import_chain_contact(import_of("长城电器"))).jobid;
    sim.advance(5);
    assert_eq!(sim.simulator.events().take(), [ended(&job)]);
}

#[test]
fn a_pending_corp_sends_no_event_before_it_joins() {
    let simulator = Simulator::demo();
    let admin = simulator.admin();
    let pending = PendingCorpId::new("wpnew");
    admin.add_corp(&dealers(), WorldCorp::pending(BEIJING, &pending, "新企业")).unwrap();
    admin.move_corp(&dealers(), &pending, EAST).unwrap();
    admin.remove_corp(&dealers(), &pending).unwrap();
    assert_eq!(simulator.events().take(), []);
    let corp = CorpId::new("wwnew");
    admin.add_corp(&dealers(), WorldCorp::joined(BEIJING, &corp, "新企业")).unwrap();
    assert_eq!(simulator.events().take(), [change(ChainChange::CorpJoin(vec![corp]))]);
}

#[test]
fn sharing_and_withdrawing_an_app_send_the_same_event_with_the_apps_id_alone() {
    let sim = Harness::demo();
    let (admin, corp) = (sim.simulator.admin(), CorpId::new("wwzhongyuan"));
    let shared = || SharedCorp::new(&corp, "中原家电配送中心", AgentId::new(7));
    let shares = || {
        let call = ListAppShareInfo::new(APP).business_type(BusinessType::Chain);
        expect_ok(sim.upstream.list_app_share_info(call)).corp_list.len()
    };
    assert_eq!(shares(), 3);
    admin.share_app(APP, shared()).unwrap();
    assert_eq!(shares(), 4);
    admin.unshare_app(APP, &corp).unwrap();
    assert_eq!(shares(), 3);
    let changed = Event::ShareChainChange(ShareChange::new(APP));
    assert_eq!(sim.simulator.events().take(), [changed.clone(), changed]);

    admin.share_app_in_corp_group(APP, shared()).unwrap();
    admin.unshare_app_in_corp_group(APP, &corp).unwrap();
    let changed = Event::ShareAgentChange(ShareChange::new(APP));
    assert_eq!(sim.simulator.events().take(), [changed.clone(), changed]);
}

#[test]
fn the_next_page_of_shares_starts_after_the_last_corp_although_an_earlier_share_was_withdrawn() {
    let sim = Harness::demo();
    let list = ListAppShareInfo::new(APP).business_type(BusinessType::Chain).limit(1);
    let first = expect_ok(sim.upstream.list_app_share_info(list.clone()));
    sim.simulator.admin().unshare_app(APP, &first.corp_list[0].corpid).unwrap();
    let next = list.cursor(first.next_cursor.unwrap());
    assert_eq!(expect_ok(sim.upstream.list_app_share_info(next)).corp_list[0].corp_name, "冀北电器商行");
}

/// A change of a chain goes to each callable app that sees the chain. Other events go to the app that they concern.
#[test]
fn each_app_has_its_own_events() {
    let app = |agentid, secret: &str| WorldApp::new(agentid, Secret::new(secret));
    let world = World::demo()
        .app(app(SECOND_APP, "second"))
        .app(app(AgentId::new(3), "third").not_callable())
        .app(app(AgentId::new(4), "fourth").sees_only(ChainId::new("ChSuppliers")));
    let sim = Harness::of(world);
    sim.simulator.admin().rename_chain(&dealers(), "经销商").unwrap();
    let renamed = change(ChainChange::UpdateChain);
    let events = |app: i64| sim.simulator.events().of_app(AgentId::new(app)).take();
    assert_eq!(sim.simulator.events().take(), std::slice::from_ref(&renamed));
    assert_eq!([2, 3, 4].map(events), [vec![renamed], vec![], vec![]]);

    let credentials = Credentials::new("wwyunzao", Secret::new("second"));
    let second = Upstream::new(Client::builder(sim.simulator.clone()).credentials(credentials).build());
    let job = expect_ok(second.import_chain_contact(import_of("长城电器"))).jobid;
    sim.advance(5);
    assert_eq!((sim.simulator.events().take(), events(2)), (vec![], vec![ended(&job)]));
}

#[test]
fn an_impossible_change_sends_no_event_and_returns_its_error() {
    let simulator = Simulator::demo();
    let (admin, chain, nowhere, nothing) = (simulator.admin(), dealers(), ChainId::new("nowhere"), GroupId::new(99));
    let joined = |corp: &str| CorpRef::Joined(CorpId::new(corp));
    let with_custom_id = WorldCorp::joined(BEIJING, CorpId::new("wwnew"), "新").custom_id(CustomId::new("BJ01"));
    let shared = |corp: &str| SharedCorp::new(CorpId::new(corp), "x", AgentId::new(1));
    for (outcome, expected) in [
        (admin.rename_chain(&nowhere, "x"), AdminError::UnknownChain(nowhere.clone())),
        (admin.delete_chain(&nowhere), AdminError::UnknownChain(nowhere.clone())),
        (admin.create_chain(&chain, "x"), AdminError::ChainExists(chain.clone())),
        (admin.rename_chain(&chain, ""), AdminError::EmptyName),
        (admin.create_group(&chain, nothing, "x").map(drop), AdminError::UnknownGroup(nothing)),
        (admin.rename_group(&chain, GroupId::ROOT, "x"), AdminError::RootGroup),
        (admin.move_group(&chain, GroupId::new(2), BEIJING), AdminError::GroupBelowItself(GroupId::new(2))),
        (admin.move_group(&chain, BEIJING, BEIJING), AdminError::GroupBelowItself(BEIJING)),
        (admin.delete_group(&chain, BEIJING), AdminError::GroupNotEmpty(BEIJING)),
        (admin.delete_group(&chain, EAST), AdminError::GroupNotEmpty(EAST)),
        (admin.move_corp(&chain, CorpId::new("ww0"), BEIJING), AdminError::UnknownCorp(joined("ww0"))),
        (admin.move_corp(&chain, jingxi(), nothing), AdminError::UnknownGroup(nothing)),
        (admin.remove_corp(&chain, CorpId::new("wwyunzao")), AdminError::CreatorNotRemovable),
        (admin.join_corp(&chain, &PendingCorpId::new("wptaihu"), jingxi()), AdminError::CorpExists(joined("wwjingxi"))),
        (admin.join_corp(&chain, &PendingCorpId::new("wptaihu"), CorpId::new("")), AdminError::EmptyName),
        (admin.add_corp(&chain, with_custom_id), AdminError::CustomIdTaken(CustomId::new("BJ01"))),
        (admin.share_app(AgentId::new(9), shared("wwjingxi")), AdminError::UnknownApp(AgentId::new(9))),
        (admin.share_app(APP, shared("wwjingxi")), AdminError::AlreadyShared(jingxi())),
        (admin.share_app(APP, shared("ww0")), AdminError::NotJoined(CorpId::new("ww0"))),
        (admin.unshare_app(APP, &CorpId::new("ww0")), AdminError::NotShared(CorpId::new("ww0"))),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error, expected);
        assert!(error.to_string().contains(": "), "{error}");
    }
    assert_eq!(simulator.events().take(), []);
}

#[test]
fn requests_bring_the_events_in_order_with_the_time_at_which_they_happened() {
    let sim = Harness::demo();
    sim.simulator.admin().rename_chain(&dealers(), "经销商").unwrap();
    sim.advance(60);
    sim.simulator.admin().delete_chain(&dealers()).unwrap();
    let callbacks = opened(&sim.simulator, now());
    let events: Vec<_> = callbacks.iter().map(Callback::event).collect();
    assert_eq!(events, [change(ChainChange::UpdateChain), change(ChainChange::DeleteChain)]);
    let times: Vec<_> = callbacks.iter().map(|callback| callback.message().create_time().unwrap()).collect();
    assert_eq!(times, [now() - Duration::from_secs(60), now()]);
    assert!(opened(&sim.simulator, now()).is_empty());
}

#[test]
fn the_event_of_an_import_has_the_time_at_which_the_import_ended() {
    let sim = Harness::demo();
    sim.advance(3600);
    expect_ok(sim.upstream.import_chain_contact(import_of("长城电器")));
    sim.advance(60);
    let callbacks = opened(&sim.simulator, now());
    let times: Vec<_> = callbacks.iter().map(|callback| callback.message().create_time().unwrap()).collect();
    // An import takes five seconds.
    assert_eq!(times, [now() - Duration::from_secs(55)]);
}

#[test]
fn no_two_requests_have_the_same_nonce() {
    let simulator = Simulator::demo();
    let requests = || {
        simulator.admin().rename_chain(&dealers(), "经销商").unwrap();
        simulator.admin().rename_chain(&dealers(), "经销商").unwrap();
        simulator.events().take_requests(&keys(), now())
    };
    let all = [requests(), requests()].concat();
    for (index, request) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|earlier| earlier.query() != request.query()), "{index}");
    }
}

#[test]
fn the_number_of_pending_events_is_limited_and_the_last_ones_are_kept() {
    let simulator = Simulator::demo();
    for _ in 0..1000 {
        simulator.admin().rename_chain(&dealers(), "经销商").unwrap();
    }
    for _ in 0..1024 {
        simulator.admin().rename_group(&dealers(), BEIJING, "首都").unwrap();
    }
    let events = simulator.events().take();
    assert_eq!(events, vec![change(ChainChange::UpdateGroup(vec![BEIJING])); 1024]);
}
