//! Imports: their progress, the corps and groups that they add, and their failures.

use wecom_core::{ErrCode, Secret};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain};
use wecom_upstream::calls::{
    FailedCorp, GetChainGroup, GetChainUserCustomId, GetResult, GetResultReply, Group, IMPORT_CHAIN_CONTACT,
    ImportChainContact, ImportContact, ImportCorp, ImportStatus, JobStatus, RemoveCorp,
};
use wecom_upstream::ids::{CustomId, JobId, UserCustomId};
use wecom_upstream::{AgentId, CorpId, GroupId, Upstream, UserId};

use crate::support::{Harness, dealers, expect_code, expect_ok, jingxi};

fn corp(name: &str) -> ImportCorp {
    ImportCorp::new(name, [ImportContact::head("张三", "13000000001")])
}

impl Harness {
    fn start(&self, corps: impl IntoIterator<Item = ImportCorp>) -> JobId {
        // The typed client would reject many of them.
        let call = serde_json::to_value(ImportChainContact::new(dealers(), corps)).unwrap();
        JobId::new(self.raw(&IMPORT_CHAIN_CONTACT, &call).unwrap()["jobid"].as_str().unwrap())
    }

    fn ask(&self, job: &JobId) -> GetResultReply {
        expect_ok(self.upstream.get_result(GetResult::new(job)))
    }

    /// Imports corps and returns the status and the failures.
    fn import(&self, corps: impl IntoIterator<Item = ImportCorp>) -> (ImportStatus, Vec<FailedCorp>) {
        let job = self.start(corps);
        self.advance(5);
        let result = self.ask(&job).result.unwrap();
        (result.import_status, result.fail_list)
    }

    #[track_caller]
    fn assert_fails(&self, corp: ImportCorp, code: ErrCode) {
        let (status, failed) = self.import([corp]);
        assert_eq!((status, failed[0].errcode), (ImportStatus::NoneImported, code));
    }
}

#[test]
fn a_job_is_started_running_and_finished_and_adds_its_corps_at_the_end() {
    let sim = Harness::demo();
    let job = sim.start([corp("长城电器")]);
    assert_eq!(sim.ask(&job).status, JobStatus::Started);
    sim.advance(1);
    assert_eq!(sim.ask(&job).status, JobStatus::Running);
    assert_eq!(sim.corps_in(1).len(), 1);
    sim.advance(4);
    let imported = sim.corps_in(1).pop().unwrap();
    assert_eq!((imported.corp_name.as_str(), imported.is_joined), ("长城电器", false));
    assert_eq!(sim.ask(&job).result.unwrap().import_status, ImportStatus::AllImported);
}

#[test]
fn without_a_timer_each_poll_advances_a_job() {
    let upstream = Upstream::new(Simulator::demo().client());
    let job = expect_ok(upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("长城电器")]))).jobid;
    let steps = [(); 4].map(|()| expect_ok(upstream.get_result(GetResult::new(&job))).status);
    assert_eq!(steps, [JobStatus::Started, JobStatus::Running, JobStatus::Finished, JobStatus::Finished]);
}

#[test]
fn a_second_import_while_one_is_running_is_rejected_with_670022() {
    let sim = Harness::demo();
    sim.start([corp("长城电器")]);
    let second = || sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("泰山电器")]));
    sim.advance(4);
    assert_eq!(expect_code(second()), ErrCode::IMPORT_RUNNING);
    sim.advance(1);
    expect_ok(second());
}

#[test]
fn an_import_from_the_admin_console_blocks_other_imports() {
    let sim = Harness::demo();
    sim.simulator.set_console_import_running(true);
    let call = || sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("长城电器")]));
    assert_eq!(expect_code(call()), ErrCode::IMPORT_RUNNING);
    sim.simulator.set_console_import_running(false);
    expect_ok(call());
}

#[test]
fn the_missing_groups_of_a_path_are_added() {
    let sim = Harness::demo();
    sim.import([
        corp("长城电器").group_path("华北区/北京市/海淀区"),
        corp("泰山电器").group_path("华北区/北京市/海淀区"),
    ]);
    let groups = expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    assert_eq!(groups.len(), 5);
    let made = groups.iter().find(|group| group.group_name == "海淀区").unwrap();
    assert_eq!(made.parentid, Some(GroupId::new(3)));
    assert_eq!(sim.corps_in(made.groupid.get()).len(), 2);
}

#[test]
fn a_failed_contact_fails_its_corp_and_no_other() {
    let sim = Harness::demo();
    let twice = |id: &str| UserCustomId::new(id);
    let failing = ImportCorp::new(
        "长城电器",
        [
            ImportContact::member("张三", "13000000001").user_custom_id(twice("77")),
            ImportContact::member("李四", "13000000002").user_custom_id(twice("77")),
        ],
    )
    .custom_id(CustomId::new("N100"));
    let (status, failed) = sim.import([failing, corp("泰山电器")]);
    assert_eq!((status, failed.len()), (ImportStatus::SomeImported, 1));
    assert_eq!((&*failed[0].corp_name, failed[0].custom_id.as_ref()), ("长城电器", Some(&CustomId::new("N100"))));
    let contacts: Vec<_> = failed[0].contact_info_list.iter().map(|it| (&*it.mobile, it.errcode)).collect();
    assert_eq!(contacts, [("13000000002", ErrCode::USER_CUSTOM_ID_NOT_UNIQUE)]);
    assert_eq!(sim.corps_in(1).last().unwrap().corp_name, "泰山电器");
}

#[test]
fn one_person_with_two_custom_ids_is_rejected() {
    let person = |id: &str| ImportContact::member("张三", "13000000001").user_custom_id(UserCustomId::new(id));
    let corp = ImportCorp::new("长城电器", [person("1"), person("2")]);
    Harness::demo().assert_fails(corp, ErrCode::SEVERAL_USER_CUSTOM_IDS);
}

#[test]
fn the_custom_id_or_the_name_of_another_corp_is_rejected() {
    let sim = Harness::demo();
    sim.assert_fails(corp("长城电器").custom_id(CustomId::new("BJ01")), ErrCode::CUSTOM_ID_NOT_UNIQUE);
    sim.assert_fails(corp("京西厨卫商贸").custom_id(CustomId::new("BJ99")), ErrCode::CORP_NAME_NOT_UNIQUE);
}

#[test]
fn a_corp_and_a_group_in_the_same_group_cannot_have_the_same_name() {
    let sim = Harness::demo();
    sim.assert_fails(corp("长城电器").group_path("中原家电配送中心"), ErrCode::GROUP_NAME_TAKEN_BY_CORP);
    sim.assert_fails(corp("华北区"), ErrCode::GROUP_NAME_TAKEN_BY_CORP);
    sim.assert_fails(corp("长城电器").group_path("华北区/a:b"), ErrCode::INVALID_GROUP_NAME);
    // A failed corp adds no group.
    assert_eq!(expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups.len(), 4);
}

#[test]
fn a_chain_at_its_corp_limit_rejects_new_corps() {
    let full = World::new(CorpId::new("wwyunzao"))
        .app(WorldApp::new(AgentId::new(1), Secret::new("the-secret")))
        .chain(WorldChain::new(dealers(), "经销商").corp_limit(1));
    let (status, failed) = Harness::of(full).import([corp("长城电器"), corp("泰山电器")]);
    assert_eq!((status, failed[0].errcode), (ImportStatus::SomeImported, ErrCode::CHAIN_CORPS_EXCEEDED));
}

#[test]
fn an_existing_corp_gets_the_new_contacts_and_stays_in_its_group() {
    let sim = Harness::demo();
    let (status, _) = sim.import([corp("燕山家电服务部").group_path("西南区")]);
    assert_eq!(status, ImportStatus::AllImported);
    assert_eq!(sim.corps_in(3)[1].corp_name, "燕山家电服务部");
    assert_eq!(expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups.len(), 4);
}

#[test]
fn imported_contacts_become_members_with_their_custom_ids_when_the_corp_joins() {
    let sim = Harness::demo();
    let person = ImportContact::head("张三", "13000000001").user_custom_id(UserCustomId::new("4711"));
    sim.import([ImportCorp::new("长城电器", [person])]);
    let pending = sim.corps_in(1).pop().unwrap().pending_corpid.unwrap();
    let joined = CorpId::new("wwchangcheng");
    sim.simulator.join_corp(&dealers(), &pending, &joined);
    let call = GetChainUserCustomId::new(dealers(), joined, UserId::new("13000000001"));
    assert_eq!(expect_ok(sim.upstream.get_chain_user_custom_id(call)).user_custom_id, UserCustomId::new("4711"));
}

#[test]
fn an_imported_corp_keeps_its_custom_id_and_an_empty_one_counts_as_none() {
    let sim = Harness::demo();
    let with_id = |name, id| corp(name).custom_id(CustomId::new(id));
    let (status, _) = sim.import([with_id("长城电器", "N100"), with_id("泰山电器", ""), with_id("昆仑电器", "")]);
    assert_eq!(status, ImportStatus::AllImported);
    let imported = sim.corps_in(1).into_iter().skip(1).map(|corp| corp.custom_id);
    assert_eq!(imported.collect::<Vec<_>>(), [Some(CustomId::new("N100")), None, None]);
}

#[test]
fn a_removed_corp_can_be_imported_again_with_its_custom_id() {
    let sim = Harness::demo();
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    let (status, _) = sim.import([corp("京西厨卫商贸").custom_id(CustomId::new("BJ01"))]);
    assert_eq!(status, ImportStatus::AllImported);
}

#[test]
fn imports_are_limited_to_20000_contacts_a_day() {
    let sim = Harness::demo();
    let people = |first: u64| {
        let contacts = (first..first + 200).map(|at| ImportContact::member("张三", (13_000_000_000 + at).to_string()));
        ImportCorp::new(format!("第{first}号"), contacts)
    };
    let job = || ImportChainContact::new(dealers(), (0..10).map(|at| people(at * 200)));
    for _ in 0..10 {
        expect_ok(sim.upstream.import_chain_contact(job()));
        sim.advance(5);
    }
    assert_eq!(expect_code(sim.upstream.import_chain_contact(job())), ErrCode::DAILY_IMPORT_EXCEEDED);
    sim.advance(24 * 60 * 60);
    expect_ok(sim.upstream.import_chain_contact(job()));
}

#[test]
fn the_results_of_the_last_five_jobs_are_kept() {
    let sim = Harness::demo();
    let jobs = [(); 6].map(|()| {
        let job = sim.start([corp("长城电器")]);
        sim.advance(5);
        job
    });
    let ask = |job: &JobId| sim.upstream.get_result(GetResult::new(job));
    assert_eq!(expect_code(ask(&jobs[0])), ErrCode::JOB_RESULT_GONE);
    assert!(expect_ok(ask(&jobs[1])).is_finished());
    assert_eq!(expect_code(ask(&JobId::new("job-of-another"))), ErrCode::UNKNOWN_JOB);
}

#[test]
fn a_group_path_starts_at_the_root_and_must_be_unambiguous() {
    let sim = Harness::demo();
    // 北京市 exists, but as a child of 华北区.
    sim.import([corp("长城电器").group_path("北京市")]);
    let groups = expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let named: Vec<_> = groups.iter().filter(|group| group.group_name == "北京市").map(|it| it.parentid).collect();
    assert_eq!(named, [Some(GroupId::new(2)), Some(GroupId::ROOT)]);

    let twins = [2, 3].map(|id| Group::new(GroupId::new(id), "华北区", GroupId::ROOT));
    let chain = twins.into_iter().fold(WorldChain::new(dealers(), "经销商"), WorldChain::group);
    let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
    let sim = Harness::of(World::new(CorpId::new("wwyunzao")).app(app).chain(chain));
    sim.assert_fails(corp("长城电器").group_path("华北区"), ErrCode::GROUP_NOT_UNIQUE);
}
