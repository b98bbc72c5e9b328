//! An import from start to end with a corp that fails, and other imports that are refused in the meantime.

use wecom_core::ErrCode;
use wecom_simulator::{World, WorldPerson};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{
    GetChainCorpinfoList, GetChainGroup, GetResult, ImportChainContact, ImportContact, ImportCorp, ImportStatus,
    JobStatus,
};
use wecom_upstream::ids::{CustomId, UserCustomId};

use crate::harness::{Control, Transcript, dealers, run_everywhere};

fn great_wall() -> ImportCorp {
    let contact = ImportContact::head("张三", "13000000001").user_custom_id(UserCustomId::new("4711"));
    ImportCorp::new("长城电器", [contact]).custom_id(CustomId::new("N100")).group_path("华北区/北京市/海淀区")
}

/// The mobile number of a person with a barred account.
const BARRED: &str = "+85251234567";

/// A corp with a contact that can't be invited, so its import fails.
fn failing() -> ImportCorp {
    ImportCorp::new("泰山电器", [ImportContact::member("李四", "13000000002"), ImportContact::member("王五", BARRED)])
}

async fn import(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let call = ImportChainContact::new(dealers(), [great_wall(), failing()]);
    let jobid = transcript.expect_reply(upstream.import_chain_contact(call).await).jobid;
    let ask =
        async |transcript: &mut Transcript| transcript.expect_reply(upstream.get_result(GetResult::new(&jobid)).await);
    assert_eq!(ask(&mut transcript).await.status, JobStatus::Started);

    let second = || upstream.import_chain_contact(ImportChainContact::new(dealers(), [great_wall()]));
    assert_eq!(transcript.expect_refusal(second().await), ErrCode(670_022));
    control.advance(1);
    assert_eq!(ask(&mut transcript).await.status, JobStatus::Running);
    assert_eq!(transcript.expect_refusal(second().await), ErrCode::IMPORT_RUNNING);

    control.advance(4);
    let done = ask(&mut transcript).await;
    let result = done.result.as_ref().unwrap();
    assert_eq!((done.status, result.import_status), (JobStatus::Finished, ImportStatus::SomeImported));
    let failed: Vec<_> = result.fail_list.iter().map(|corp| corp.corp_name.as_str()).collect();
    assert_eq!(failed, ["泰山电器"]);
    let contacts = &result.fail_list[0].contact_info_list;
    assert_eq!((&*contacts[0].mobile, contacts[0].errcode), (BARRED, ErrCode::CONTACT_ACCOUNT_UNUSABLE));

    let groups = transcript.expect_reply(upstream.get_chain_group(GetChainGroup::new(dealers())).await).groups;
    let made = groups.iter().find(|group| group.group_name == "海淀区").unwrap();
    let list = GetChainCorpinfoList::new(dealers()).groupid(made.groupid).need_pending(true);
    let corps = transcript.expect_reply(upstream.get_chain_corpinfo_list(list).await).group_corps;
    assert_eq!((&*corps[0].corp_name, corps[0].is_joined, corps.len()), ("长城电器", false, 1));
    transcript.expect_reply(second().await);
    transcript
}

#[tokio::test]
async fn an_import_runs_to_its_end_and_other_imports_are_refused_in_the_meantime() {
    run_everywhere(World::demo().person(WorldPerson::new(BARRED).account_unusable()), import).await;
}

async fn at_the_console(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let import = || upstream.import_chain_contact(ImportChainContact::new(dealers(), [great_wall()]));
    control.change(|world| world.set_console_import_running(true));
    assert_eq!(transcript.expect_refusal(import().await), ErrCode::IMPORT_RUNNING);
    control.change(|world| world.set_console_import_running(false));
    transcript.expect_reply(import().await);
    transcript
}

#[tokio::test]
async fn an_import_is_refused_while_another_runs_at_the_admin_console() {
    run_everywhere(World::demo(), at_the_console).await;
}
