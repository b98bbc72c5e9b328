//! Imports: what they bring in, when, and what they leave out.

use wecom_core::{ErrCode, Secret};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain};
use wecom_upstream::calls::{
    FailedCorp, GetChainGroup, GetChainUserCustomId, GetResult, GetResultReply, Group, ImportChainContact,
    ImportContact, ImportCorp, ImportStatus, JobStatus, RemoveCorp,
};
use wecom_upstream::ids::{CustomId, JobId, UserCustomId};
use wecom_upstream::{AgentId, CorpId, GroupId, Upstream, UserId};

use crate::support::{Story, dealers, granted, jingxi, refused};

fn corp(name: &str) -> ImportCorp {
    ImportCorp::new(name, [ImportContact::head("张三", "13000000001")])
}

impl Story {
    fn start(&self, corps: impl IntoIterator<Item = ImportCorp>) -> JobId {
        granted(self.upstream.import_chain_contact(ImportChainContact::new(dealers(), corps))).jobid
    }

    fn ask(&self, job: &JobId) -> GetResultReply {
        granted(self.upstream.get_result(GetResult::new(job)))
    }

    /// Imports, and tells what failed.
    fn import(&self, corps: impl IntoIterator<Item = ImportCorp>) -> (ImportStatus, Vec<FailedCorp>) {
        let job = self.start(corps);
        self.pass(5);
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
fn a_job_is_started_then_runs_then_is_finished_and_its_corps_are_there_only_then() {
    let story = Story::demo();
    let job = story.start([corp("长城电器")]);
    assert_eq!(story.ask(&job).status, JobStatus::Started);
    story.pass(1);
    assert_eq!(story.ask(&job).status, JobStatus::Running);
    assert_eq!(story.corps_in(1).len(), 1);
    story.pass(4);
    let imported = story.corps_in(1).pop().unwrap();
    assert_eq!((imported.corp_name.as_str(), imported.is_joined), ("长城电器", false));
    assert_eq!(story.ask(&job).result.unwrap().import_status, ImportStatus::AllImported);
}

#[test]
fn without_a_timer_a_job_goes_a_step_on_whenever_it_is_asked_about() {
    let upstream = Upstream::new(Simulator::demo().client());
    let job = granted(upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("长城电器")]))).jobid;
    let steps = [(); 4].map(|()| granted(upstream.get_result(GetResult::new(&job))).status);
    assert_eq!(steps, [JobStatus::Started, JobStatus::Running, JobStatus::Finished, JobStatus::Finished]);
}

#[test]
fn a_second_import_while_one_runs_is_refused_with_670022() {
    let story = Story::demo();
    story.start([corp("长城电器")]);
    let second = || story.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("泰山电器")]));
    story.pass(4);
    assert_eq!(refused(second()), ErrCode::IMPORT_RUNNING);
    story.pass(1);
    granted(second());
}

#[test]
fn an_import_at_the_admin_console_keeps_others_out_too() {
    let story = Story::demo();
    story.simulator.import_at_console(true);
    let call = || story.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp("长城电器")]));
    assert_eq!(refused(call()), ErrCode::IMPORT_RUNNING);
    story.simulator.import_at_console(false);
    granted(call());
}

#[test]
fn the_groups_of_a_path_are_made_where_they_are_missing() {
    let story = Story::demo();
    story.import([
        corp("长城电器").group_path("华北区/北京市/海淀区"),
        corp("泰山电器").group_path("华北区/北京市/海淀区"),
    ]);
    let groups = granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    assert_eq!(groups.len(), 5);
    let made = groups.iter().find(|group| group.group_name == "海淀区").unwrap();
    assert_eq!(made.parentid, Some(GroupId::new(3)));
    assert_eq!(story.corps_in(made.groupid.get()).len(), 2);
}

#[test]
fn a_failing_contact_keeps_its_corp_out_and_lets_the_others_in() {
    let story = Story::demo();
    let twice = |id: &str| UserCustomId::new(id);
    let failing = ImportCorp::new(
        "长城电器",
        [
            ImportContact::member("张三", "13000000001").user_custom_id(twice("77")),
            ImportContact::member("李四", "13000000002").user_custom_id(twice("77")),
        ],
    )
    .custom_id(CustomId::new("N100"));
    let (status, failed) = story.import([failing, corp("泰山电器")]);
    assert_eq!((status, failed.len()), (ImportStatus::SomeImported, 1));
    assert_eq!((&*failed[0].corp_name, failed[0].custom_id.as_ref()), ("长城电器", Some(&CustomId::new("N100"))));
    let contacts: Vec<_> = failed[0].contact_info_list.iter().map(|it| (&*it.mobile, it.errcode)).collect();
    assert_eq!(contacts, [("13000000002", ErrCode::USER_CUSTOM_ID_NOT_UNIQUE)]);
    assert_eq!(story.corps_in(1).last().unwrap().corp_name, "泰山电器");
}

#[test]
fn one_person_with_two_custom_ids_is_refused() {
    let person = |id: &str| ImportContact::member("张三", "13000000001").user_custom_id(UserCustomId::new(id));
    let corp = ImportCorp::new("长城电器", [person("1"), person("2")]);
    Story::demo().assert_fails(corp, ErrCode::SEVERAL_USER_CUSTOM_IDS);
}

#[test]
fn an_id_or_a_name_that_means_another_corp_is_refused() {
    let story = Story::demo();
    story.assert_fails(corp("长城电器").custom_id(CustomId::new("BJ01")), ErrCode::CUSTOM_ID_NOT_UNIQUE);
    story.assert_fails(corp("京西厨卫商贸").custom_id(CustomId::new("BJ99")), ErrCode::CORP_NAME_NOT_UNIQUE);
}

#[test]
fn a_corp_and_a_group_of_one_name_do_not_lie_side_by_side() {
    let story = Story::demo();
    story.assert_fails(corp("长城电器").group_path("中原家电配送中心"), ErrCode::GROUP_NAME_TAKEN_BY_CORP);
    story.assert_fails(corp("华北区"), ErrCode::GROUP_NAME_TAKEN_BY_CORP);
    story.assert_fails(corp("长城电器").group_path("华北区/a:b"), ErrCode::INVALID_GROUP_NAME);
    // Nothing of a path is made when the corp fails.
    assert_eq!(granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups.len(), 4);
}

#[test]
fn a_full_chain_takes_no_more() {
    let full = World::new(CorpId::new("wwyunzao"))
        .app(WorldApp::new(AgentId::new(1), Secret::new("the-secret")))
        .chain(WorldChain::new(dealers(), "经销商").corp_limit(1));
    let (status, failed) = Story::of(full).import([corp("长城电器"), corp("泰山电器")]);
    assert_eq!((status, failed[0].errcode), (ImportStatus::SomeImported, ErrCode::CHAIN_CORPS_EXCEEDED));
}

#[test]
fn a_corp_that_is_there_gets_the_new_contacts_and_stays_in_its_group() {
    let story = Story::demo();
    let (status, _) = story.import([corp("燕山家电服务部").group_path("西南区")]);
    assert_eq!(status, ImportStatus::AllImported);
    assert_eq!(story.corps_in(3)[1].corp_name, "燕山家电服务部");
    assert_eq!(granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups.len(), 4);
}

#[test]
fn imported_people_are_members_with_their_custom_ids_once_the_corp_has_joined() {
    let story = Story::demo();
    let person = ImportContact::head("张三", "13000000001").user_custom_id(UserCustomId::new("4711"));
    story.import([ImportCorp::new("长城电器", [person])]);
    let pending = story.corps_in(1).pop().unwrap().pending_corpid.unwrap();
    let joined = CorpId::new("wwchangcheng");
    story.simulator.join_corp(&dealers(), &pending, &joined);
    let call = GetChainUserCustomId::new(dealers(), joined, UserId::new("13000000001"));
    assert_eq!(granted(story.upstream.get_chain_user_custom_id(call)).user_custom_id, UserCustomId::new("4711"));
}

#[test]
fn a_removed_corp_can_be_imported_anew_under_its_old_custom_id() {
    let story = Story::demo();
    granted(story.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    let (status, _) = story.import([corp("京西厨卫商贸").custom_id(CustomId::new("BJ01"))]);
    assert_eq!(status, ImportStatus::AllImported);
}

#[test]
fn twenty_thousand_people_a_day_and_no_more() {
    let story = Story::demo();
    let people = |first: u64| {
        let contacts = (first..first + 200).map(|at| ImportContact::member("张三", (13_000_000_000 + at).to_string()));
        ImportCorp::new(format!("第{first}号"), contacts)
    };
    let job = || ImportChainContact::new(dealers(), (0..10).map(|at| people(at * 200)));
    for _ in 0..10 {
        granted(story.upstream.import_chain_contact(job()));
        story.pass(5);
    }
    assert_eq!(refused(story.upstream.import_chain_contact(job())), ErrCode::DAILY_IMPORT_EXCEEDED);
    story.pass(24 * 60 * 60);
    granted(story.upstream.import_chain_contact(job()));
}

#[test]
fn the_results_of_the_last_five_jobs_are_kept() {
    let story = Story::demo();
    let jobs = [(); 6].map(|()| {
        let job = story.start([corp("长城电器")]);
        story.pass(5);
        job
    });
    let ask = |job: &JobId| story.upstream.get_result(GetResult::new(job));
    assert_eq!(refused(ask(&jobs[0])), ErrCode::JOB_RESULT_GONE);
    assert!(granted(ask(&jobs[1])).is_finished());
    assert_eq!(refused(ask(&JobId::new("job-of-another"))), ErrCode::UNKNOWN_JOB);
}

#[test]
fn a_path_begins_at_the_root_and_means_one_group_at_each_level() {
    let story = Story::demo();
    // There is a 北京市 already, but below 华北区.
    story.import([corp("长城电器").group_path("北京市")]);
    let groups = granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let named: Vec<_> = groups.iter().filter(|group| group.group_name == "北京市").map(|it| it.parentid).collect();
    assert_eq!(named, [Some(GroupId::new(2)), Some(GroupId::ROOT)]);

    let twins = [2, 3].map(|id| Group::new(GroupId::new(id), "华北区", GroupId::ROOT));
    let chain = twins.into_iter().fold(WorldChain::new(dealers(), "经销商"), WorldChain::group);
    let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
    let story = Story::of(World::new(CorpId::new("wwyunzao")).app(app).chain(chain));
    story.assert_fails(corp("长城电器").group_path("华北区"), ErrCode::GROUP_NOT_UNIQUE);
}
