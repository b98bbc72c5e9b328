//! An import from its start to its end, with a corp that fails; and others that can't begin meanwhile.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{
    GetChainCorpinfoList, GetChainGroup, GetResult, ImportChainContact, ImportContact, ImportCorp, ImportStatus,
    JobStatus,
};
use wecom_upstream::ids::{CustomId, UserCustomId};

use crate::stage::{Behind, Told, dealers, play};

fn great_wall() -> ImportCorp {
    let contact = ImportContact::head("张三", "13000000001").user_custom_id(UserCustomId::new("4711"));
    ImportCorp::new("长城电器", [contact]).custom_id(CustomId::new("N100")).group_path("华北区/北京市/海淀区")
}

/// Two people of one custom id.
fn failing() -> ImportCorp {
    let contacts = [("李四", "13000000002"), ("王五", "+85251234567")];
    let contacts =
        contacts.map(|(name, mobile)| ImportContact::member(name, mobile).user_custom_id(UserCustomId::new("77")));
    ImportCorp::new("泰山电器", contacts)
}

async fn import(upstream: &Upstream, behind: &Behind) -> Told {
    let mut told = Told::default();
    let call = ImportChainContact::new(dealers(), [great_wall(), failing()]);
    let jobid = told.granted(upstream.import_chain_contact(call).await).jobid;
    let ask = async |told: &mut Told| told.granted(upstream.get_result(GetResult::new(&jobid)).await);
    assert_eq!(ask(&mut told).await.status, JobStatus::Started);

    let second = || upstream.import_chain_contact(ImportChainContact::new(dealers(), [great_wall()]));
    assert_eq!(told.refused(second().await), ErrCode(670_022));
    behind.pass(1);
    assert_eq!(ask(&mut told).await.status, JobStatus::Running);
    assert_eq!(told.refused(second().await), ErrCode::IMPORT_RUNNING);

    behind.pass(4);
    let done = ask(&mut told).await;
    let result = done.result.as_ref().unwrap();
    assert_eq!((done.status, result.import_status), (JobStatus::Finished, ImportStatus::SomeImported));
    let failed: Vec<_> = result.fail_list.iter().map(|corp| corp.corp_name.as_str()).collect();
    assert_eq!(failed, ["泰山电器"]);
    let contacts = &result.fail_list[0].contact_info_list;
    assert_eq!((&*contacts[0].mobile, contacts[0].errcode), ("+85251234567", ErrCode::USER_CUSTOM_ID_NOT_UNIQUE));

    let groups = told.granted(upstream.get_chain_group(GetChainGroup::new(dealers())).await).groups;
    let made = groups.iter().find(|group| group.group_name == "海淀区").unwrap();
    let list = GetChainCorpinfoList::new(dealers()).groupid(made.groupid).need_pending(true);
    let corps = told.granted(upstream.get_chain_corpinfo_list(list).await).group_corps;
    assert_eq!((&*corps[0].corp_name, corps[0].is_joined, corps.len()), ("长城电器", false, 1));
    told.granted(second().await);
    told
}

#[tokio::test]
async fn an_import_goes_from_start_to_end_and_keeps_others_out_meanwhile() {
    play(World::demo(), import).await;
}

async fn at_the_console(upstream: &Upstream, behind: &Behind) -> Told {
    let mut told = Told::default();
    let import = || upstream.import_chain_contact(ImportChainContact::new(dealers(), [great_wall()]));
    behind.act(|world| world.import_at_console(true));
    assert_eq!(told.refused(import().await), ErrCode::IMPORT_RUNNING);
    behind.act(|world| world.import_at_console(false));
    told.granted(import().await);
    told
}

#[tokio::test]
async fn an_import_at_the_admin_console_keeps_others_out_too() {
    play(World::demo(), at_the_console).await;
}
