//! The codes about imports: those that refuse a job, and those that its result holds.

use serde_json::{Value, json};
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp, WorldChain, WorldCorp, WorldPerson};
use wecom_upstream::calls::{FailedCorp, GetResult, Group, IMPORT_CHAIN_CONTACT, ImportStatus};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, CorpId, GroupId};

use crate::codes::stories;
use crate::support::{Story, code_of, dealers, granted};

pub(crate) mod told {
    use wecom_core::ErrCode;

    super::stories! {
        ErrCode::CHAIN_CORPS_EXCEEDED => one_corp_more_than_the_chain_may_have_is_not_imported,
        ErrCode::GROUP_NOT_UNIQUE => a_path_that_fits_two_groups_is_refused,
        ErrCode::CUSTOM_ID_NOT_UNIQUE => the_custom_id_of_another_corp_is_refused,
        ErrCode::HEADS_EXCEEDED => a_corp_with_six_heads_is_refused,
        ErrCode::INVALID_CUSTOM_ID => a_custom_id_with_a_dash_is_refused,
        ErrCode::CORP_NAME_EMPTY => a_corp_without_a_name_is_refused,
        ErrCode::INVALID_CORP_NAME => a_corp_with_a_slash_in_its_name_is_refused,
        ErrCode::CONTACT_NAME_EMPTY => a_contact_without_a_name_is_refused,
        ErrCode::INVALID_CONTACT_NAME => a_contact_with_a_name_of_33_characters_is_refused,
        ErrCode::INVALID_IDENTITY => a_contact_who_is_neither_member_nor_head_is_refused,
        ErrCode(60_103) => a_contact_with_half_a_mobile_number_is_refused,
        ErrCode::GROUP_NAME_TAKEN_BY_CORP => a_new_group_with_the_name_of_a_corp_beside_it_is_refused,
        ErrCode::CONTACT_ACCOUNT_UNUSABLE => a_contact_whose_account_is_abnormal_is_not_imported,
        ErrCode::CORP_MEMBERS_EXCEEDED => more_people_than_a_corp_may_have_are_not_imported,
        ErrCode::GROUP_TOO_DEEP => a_path_of_ten_groups_is_refused,
        ErrCode::INVALID_GROUP_NAME => a_path_with_an_empty_group_name_is_refused,
        ErrCode::IMPORT_RUNNING => a_second_import_while_one_runs_is_refused,
        ErrCode::DAILY_IMPORT_EXCEEDED => the_twenty_thousand_and_first_person_of_a_day_is_refused,
        ErrCode::IMPORT_ACCOUNT_UNUSABLE => a_corp_whose_account_is_abnormal_imports_nobody,
        ErrCode::IMPORT_TOO_LARGE => a_job_of_more_than_a_thousand_corps_is_refused,
        ErrCode::SPACE_CORPS_EXCEEDED => no_new_corp_is_imported_when_as_many_have_joined_as_may,
        ErrCode::CORP_NAME_NOT_UNIQUE => the_name_of_a_corp_with_another_custom_id_is_refused,
        ErrCode::CONTACT_MAY_NOT_JOIN => a_contact_whose_administrator_forbids_it_is_not_imported,
        ErrCode::INVALID_USER_CUSTOM_ID => a_custom_id_as_long_as_a_mobile_number_is_refused,
        ErrCode::SEVERAL_USER_CUSTOM_IDS => one_person_with_two_custom_ids_is_refused,
        ErrCode::USER_CUSTOM_ID_NOT_UNIQUE => two_people_of_a_corp_with_one_custom_id_are_refused,
    }
}

/// The typed client would not let half of these out.
fn start(story: &Story, corps: &[Value]) -> Result<JobId, wecom_core::Error> {
    let reply = story.raw(&IMPORT_CHAIN_CONTACT, &json!({"chain_id": "ChDealers", "contact_list": corps}))?;
    Ok(serde_json::from_value(reply["jobid"].clone()).unwrap())
}

/// Imports, and tells how much came in and what failed.
fn import(story: &Story, corps: &[Value]) -> (ImportStatus, Vec<FailedCorp>) {
    let job = start(story, corps).unwrap();
    story.pass(5);
    let result = granted(story.upstream.get_result(GetResult::new(job))).result.unwrap();
    (result.import_status, result.fail_list)
}

#[track_caller]
fn fails_in(story: &Story, corp: Value) -> ErrCode {
    let (status, failed) = import(story, &[corp]);
    assert_eq!(status, ImportStatus::NoneImported);
    failed[0].errcode
}

#[track_caller]
fn fails(corp: Value) -> ErrCode {
    fails_in(&Story::demo(), corp)
}

/// A contact that is well, but for what is said of it here.
fn contact(but: Value) -> Value {
    let mut contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
    contact.as_object_mut().unwrap().extend(but.as_object().unwrap().clone());
    contact
}

/// A corp that is well, but for what is said of it here.
fn corp(but: Value) -> Value {
    let mut corp = json!({"corp_name": "长城电器", "contact_info_list": [contact(json!({}))]});
    corp.as_object_mut().unwrap().extend(but.as_object().unwrap().clone());
    corp
}

fn with_contacts(contacts: &[Value]) -> Value {
    corp(json!({"contact_info_list": contacts}))
}

fn chain() -> WorldChain {
    WorldChain::new(dealers(), "经销商")
}

fn world(chain: WorldChain) -> World {
    let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
    World::new(CorpId::new("wwyunzao")).app(app).chain(chain)
}

fn one_corp_more_than_the_chain_may_have_is_not_imported() -> ErrCode {
    let story = Story::of(world(chain().corp_limit(1)));
    let (status, failed) = import(&story, &[corp(json!({})), corp(json!({"corp_name": "泰山电器"}))]);
    assert_eq!(status, ImportStatus::SomeImported);
    failed[0].errcode
}

fn a_path_that_fits_two_groups_is_refused() -> ErrCode {
    let twins = [2, 3].map(|id| Group::new(GroupId::new(id), "华北区", GroupId::ROOT));
    let story = Story::of(world(twins.into_iter().fold(chain(), WorldChain::group)));
    fails_in(&story, corp(json!({"group_path": "华北区"})))
}

fn the_custom_id_of_another_corp_is_refused() -> ErrCode {
    fails(corp(json!({"custom_id": "BJ01"})))
}

fn a_corp_with_six_heads_is_refused() -> ErrCode {
    fails(with_contacts(&[0; 6].map(|_| contact(json!({"identity_type": 2})))))
}

fn a_custom_id_with_a_dash_is_refused() -> ErrCode {
    fails(corp(json!({"custom_id": "N-1"})))
}

fn a_corp_without_a_name_is_refused() -> ErrCode {
    fails(corp(json!({"corp_name": ""})))
}

fn a_corp_with_a_slash_in_its_name_is_refused() -> ErrCode {
    fails(corp(json!({"corp_name": "长城/电器"})))
}

fn a_contact_without_a_name_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"name": ""}))]))
}

fn a_contact_with_a_name_of_33_characters_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"name": "长".repeat(33)}))]))
}

fn a_contact_who_is_neither_member_nor_head_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"identity_type": 3}))]))
}

fn a_contact_with_half_a_mobile_number_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"mobile": "13000"}))]))
}

fn a_new_group_with_the_name_of_a_corp_beside_it_is_refused() -> ErrCode {
    fails(corp(json!({"group_path": "中原家电配送中心"})))
}

fn a_contact_whose_account_is_abnormal_is_not_imported() -> ErrCode {
    let story = Story::of(world(chain()).person(WorldPerson::new("13000000002").account_unusable()));
    let (status, failed) = import(
        &story,
        &[
            with_contacts(&[contact(json!({})), contact(json!({"mobile": "13000000002"}))]),
            corp(json!({"corp_name": "泰山电器"})),
        ],
    );
    assert_eq!((status, failed.len()), (ImportStatus::SomeImported, 1));
    assert_eq!(failed[0].contact_info_list[0].mobile, "13000000002");
    failed[0].contact_info_list[0].errcode
}

fn a_contact_whose_administrator_forbids_it_is_not_imported() -> ErrCode {
    let story = Story::of(world(chain()).person(WorldPerson::new("13000000001").may_not_join()));
    fails_in(&story, corp(json!({})))
}

fn more_people_than_a_corp_may_have_are_not_imported() -> ErrCode {
    let there = WorldCorp::joined(GroupId::ROOT, CorpId::new("wwchangcheng"), "长城电器");
    let there = there.member(wecom_upstream::UserId::new("zhang"));
    let story = Story::of(world(chain().corp(there).corp_people_limit(2)));
    // With the member there are two; who is imported again is no other.
    for _ in 0..2 {
        assert_eq!(import(&story, &[corp(json!({}))]).0, ImportStatus::AllImported);
    }
    fails_in(&story, with_contacts(&[contact(json!({"mobile": "13000000002"}))]))
}

fn a_path_of_ten_groups_is_refused() -> ErrCode {
    fails(corp(json!({"group_path": "1/2/3/4/5/6/7/8/9/10"})))
}

fn a_path_with_an_empty_group_name_is_refused() -> ErrCode {
    fails(corp(json!({"group_path": "华北区//海淀区"})))
}

fn a_second_import_while_one_runs_is_refused() -> ErrCode {
    let story = Story::demo();
    start(&story, &[corp(json!({}))]).unwrap();
    story.pass(4);
    code_of(start(&story, &[corp(json!({"corp_name": "泰山电器"}))]))
}

fn the_twenty_thousand_and_first_person_of_a_day_is_refused() -> ErrCode {
    let story = Story::demo();
    let many: Vec<_> = (0..10)
        .map(|at| {
            let contacts: Vec<_> = (0..200)
                .map(|person| contact(json!({"mobile": (13_000_000_000_u64 + at * 200 + person).to_string()})))
                .collect();
            corp(json!({"corp_name": format!("第{at}号"), "contact_info_list": contacts}))
        })
        .collect();
    for _ in 0..10 {
        start(&story, &many).unwrap();
        story.pass(5);
    }
    code_of(start(&story, &[corp(json!({}))]))
}

fn a_corp_whose_account_is_abnormal_imports_nobody() -> ErrCode {
    let story = Story::of(world(chain()).account_unusable());
    let code = code_of(start(&story, &[corp(json!({}))]));
    story.simulator.account_usable(true);
    start(&story, &[corp(json!({}))]).unwrap();
    story.pass(5);
    story.simulator.account_usable(false);
    assert_eq!(code_of(start(&story, &[corp(json!({}))])), code);
    code
}

fn a_job_of_more_than_a_thousand_corps_is_refused() -> ErrCode {
    code_of(start(&Story::demo(), &vec![corp(json!({})); 1001]))
}

fn no_new_corp_is_imported_when_as_many_have_joined_as_may() -> ErrCode {
    let joined = |corpid: &str| WorldCorp::joined(GroupId::ROOT, CorpId::new(corpid), format!("{corpid}商行"));
    let pending = wecom_upstream::ids::PendingCorpId::new("wptaihu");
    let chain = chain().corp(joined("ww1")).corp(WorldCorp::pending(GroupId::ROOT, pending.clone(), "太湖电器"));
    let other =
        WorldChain::new(wecom_upstream::ChainId::new("ChOther"), "其他").corp(joined("ww1")).corp(joined("ww2"));
    let story = Story::of(world(chain).chain(other).joined_corp_limit(3));
    // Of three places two are taken: ww1 is in both chains.
    assert_eq!(import(&story, &[corp(json!({}))]).0, ImportStatus::AllImported);
    story.simulator.join_corp(&dealers(), &pending, CorpId::new("ww3"));
    // Who is there already takes no place.
    assert_eq!(import(&story, &[corp(json!({}))]).0, ImportStatus::AllImported);
    fails_in(&story, corp(json!({"corp_name": "泰山电器"})))
}

fn the_name_of_a_corp_with_another_custom_id_is_refused() -> ErrCode {
    fails(corp(json!({"corp_name": "京西厨卫商贸", "custom_id": "BJ99"})))
}

fn a_custom_id_as_long_as_a_mobile_number_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"user_custom_id": "13000000001"}))]))
}

fn one_person_with_two_custom_ids_is_refused() -> ErrCode {
    fails(with_contacts(&[contact(json!({"user_custom_id": "1"})), contact(json!({"user_custom_id": "2"}))]))
}

fn two_people_of_a_corp_with_one_custom_id_are_refused() -> ErrCode {
    let other = contact(json!({"user_custom_id": "1", "mobile": "13000000002"}));
    fails(with_contacts(&[contact(json!({"user_custom_id": "1"})), other]))
}
