//! The codes of imports: those that reject a job, and those in its result.

use serde_json::{Value, json};
use wecom_core::{ErrCode, Secret};
use wecom_simulator::{World, WorldApp, WorldChain, WorldCorp, WorldPerson};
use wecom_upstream::calls::{FailedCorp, GetResult, Group, IMPORT_CHAIN_CONTACT, ImportStatus};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, CorpId, GroupId};

use crate::codes::cases;
use crate::support::{Harness, code_of, dealers, expect_ok};

pub(crate) mod table {
    use wecom_core::ErrCode;

    super::cases! {
        ErrCode::CHAIN_CORPS_EXCEEDED => a_corp_over_the_limit_of_the_chain,
        ErrCode::GROUP_NOT_UNIQUE => a_group_path_that_matches_two_groups,
        ErrCode::CUSTOM_ID_NOT_UNIQUE => the_custom_id_of_another_corp,
        ErrCode::HEADS_EXCEEDED => a_corp_with_six_heads,
        ErrCode::INVALID_CUSTOM_ID => a_custom_id_with_a_dash,
        ErrCode::CORP_NAME_EMPTY => a_corp_without_a_name,
        ErrCode::INVALID_CORP_NAME => a_corp_with_a_slash_in_its_name,
        ErrCode::CONTACT_NAME_EMPTY => a_contact_without_a_name,
        ErrCode::INVALID_CONTACT_NAME => a_contact_with_a_name_of_33_characters,
        ErrCode::INVALID_IDENTITY => a_contact_that_is_neither_member_nor_head,
        ErrCode(60_103) => a_contact_with_half_a_mobile_number,
        ErrCode::GROUP_NAME_TAKEN_BY_CORP => a_new_group_with_the_name_of_a_corp_in_the_same_group,
        ErrCode::CONTACT_ACCOUNT_UNUSABLE => a_contact_with_a_barred_account,
        ErrCode::CORP_MEMBERS_EXCEEDED => people_over_the_limit_of_a_corp,
        ErrCode::GROUP_TOO_DEEP => a_group_path_with_ten_levels,
        ErrCode::INVALID_GROUP_NAME => a_group_path_with_an_empty_name,
        ErrCode::IMPORT_RUNNING => a_second_import_while_one_is_running,
        ErrCode::DAILY_IMPORT_EXCEEDED => the_twenty_thousand_and_first_contact_of_a_day,
        ErrCode::IMPORT_ACCOUNT_UNUSABLE => an_import_by_an_account_that_cannot_import,
        ErrCode::IMPORT_TOO_LARGE => a_job_with_more_than_a_thousand_corps,
        ErrCode::SPACE_CORPS_EXCEEDED => a_new_corp_at_the_limit_of_joined_corps,
        ErrCode::CORP_NAME_NOT_UNIQUE => the_name_of_a_corp_with_another_custom_id,
        ErrCode::CONTACT_MAY_NOT_JOIN => a_contact_whose_administrator_forbids_joining,
        ErrCode::INVALID_USER_CUSTOM_ID => a_user_custom_id_as_long_as_a_mobile_number,
        ErrCode::SEVERAL_USER_CUSTOM_IDS => one_person_with_two_custom_ids,
        ErrCode::USER_CUSTOM_ID_NOT_UNIQUE => two_people_of_a_corp_with_one_custom_id,
    }
}

/// Starts a job. The typed client would reject many of them.
fn start(sim: &Harness, corps: &[Value]) -> Result<JobId, wecom_core::Error> {
    let reply = sim.raw(&IMPORT_CHAIN_CONTACT, &json!({"chain_id": "ChDealers", "contact_list": corps}))?;
    Ok(serde_json::from_value(reply["jobid"].clone()).unwrap())
}

/// Imports corps and returns the status and the failures.
fn import(sim: &Harness, corps: &[Value]) -> (ImportStatus, Vec<FailedCorp>) {
    let job = start(sim, corps).unwrap();
    sim.advance(5);
    let result = expect_ok(sim.upstream.get_result(GetResult::new(job))).result.unwrap();
    (result.import_status, result.fail_list)
}

#[track_caller]
fn fails_in(sim: &Harness, corp: Value) -> ErrCode {
    let (status, failed) = import(sim, &[corp]);
    assert_eq!(status, ImportStatus::NoneImported);
    failed[0].errcode
}

#[track_caller]
fn fails(corp: Value) -> ErrCode {
    fails_in(&Harness::demo(), corp)
}

/// A valid contact, except for these fields.
fn contact(changes: Value) -> Value {
    let mut contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
    contact.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    contact
}

/// A valid corp, except for these fields.
fn corp(changes: Value) -> Value {
    let mut corp = json!({"corp_name": "长城电器", "contact_info_list": [contact(json!({}))]});
    corp.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
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

fn a_corp_over_the_limit_of_the_chain() -> ErrCode {
    let sim = Harness::of(world(chain().corp_limit(1)));
    let (status, failed) = import(&sim, &[corp(json!({})), corp(json!({"corp_name": "泰山电器"}))]);
    assert_eq!(status, ImportStatus::SomeImported);
    failed[0].errcode
}

fn a_group_path_that_matches_two_groups() -> ErrCode {
    let twins = [2, 3].map(|id| Group::new(GroupId::new(id), "华北区", GroupId::ROOT));
    let sim = Harness::of(world(twins.into_iter().fold(chain(), WorldChain::group)));
    fails_in(&sim, corp(json!({"group_path": "华北区"})))
}

fn the_custom_id_of_another_corp() -> ErrCode {
    fails(corp(json!({"custom_id": "BJ01"})))
}

fn a_corp_with_six_heads() -> ErrCode {
    fails(with_contacts(&[0; 6].map(|_| contact(json!({"identity_type": 2})))))
}

fn a_custom_id_with_a_dash() -> ErrCode {
    fails(corp(json!({"custom_id": "N-1"})))
}

fn a_corp_without_a_name() -> ErrCode {
    fails(corp(json!({"corp_name": ""})))
}

fn a_corp_with_a_slash_in_its_name() -> ErrCode {
    fails(corp(json!({"corp_name": "长城/电器"})))
}

fn a_contact_without_a_name() -> ErrCode {
    fails(with_contacts(&[contact(json!({"name": ""}))]))
}

fn a_contact_with_a_name_of_33_characters() -> ErrCode {
    fails(with_contacts(&[contact(json!({"name": "长".repeat(33)}))]))
}

fn a_contact_that_is_neither_member_nor_head() -> ErrCode {
    fails(with_contacts(&[contact(json!({"identity_type": 3}))]))
}

fn a_contact_with_half_a_mobile_number() -> ErrCode {
    fails(with_contacts(&[contact(json!({"mobile": "13000"}))]))
}

fn a_new_group_with_the_name_of_a_corp_in_the_same_group() -> ErrCode {
    fails(corp(json!({"group_path": "中原家电配送中心"})))
}

fn a_contact_with_a_barred_account() -> ErrCode {
    let sim = Harness::of(world(chain()).person(WorldPerson::new("13000000002").account_unusable()));
    let (status, failed) = import(
        &sim,
        &[
            with_contacts(&[contact(json!({})), contact(json!({"mobile": "13000000002"}))]),
            corp(json!({"corp_name": "泰山电器"})),
        ],
    );
    assert_eq!((status, failed.len()), (ImportStatus::SomeImported, 1));
    assert_eq!(failed[0].contact_info_list[0].mobile, "13000000002");
    failed[0].contact_info_list[0].errcode
}

fn a_contact_whose_administrator_forbids_joining() -> ErrCode {
    let sim = Harness::of(world(chain()).person(WorldPerson::new("13000000001").may_not_join()));
    fails_in(&sim, corp(json!({})))
}

fn people_over_the_limit_of_a_corp() -> ErrCode {
    let there = WorldCorp::joined(GroupId::ROOT, CorpId::new("wwchangcheng"), "长城电器");
    let there = there.member(wecom_upstream::UserId::new("zhang"));
    let sim = Harness::of(world(chain().corp(there).corp_people_limit(2)));
    // With the member there are two. Importing the same contact again adds none.
    for _ in 0..2 {
        assert_eq!(import(&sim, &[corp(json!({}))]).0, ImportStatus::AllImported);
    }
    fails_in(&sim, with_contacts(&[contact(json!({"mobile": "13000000002"}))]))
}

fn a_group_path_with_ten_levels() -> ErrCode {
    fails(corp(json!({"group_path": "1/2/3/4/5/6/7/8/9/10"})))
}

fn a_group_path_with_an_empty_name() -> ErrCode {
    fails(corp(json!({"group_path": "华北区//海淀区"})))
}

fn a_second_import_while_one_is_running() -> ErrCode {
    let sim = Harness::demo();
    start(&sim, &[corp(json!({}))]).unwrap();
    sim.advance(4);
    code_of(start(&sim, &[corp(json!({"corp_name": "泰山电器"}))]))
}

fn the_twenty_thousand_and_first_contact_of_a_day() -> ErrCode {
    let sim = Harness::demo();
    let many: Vec<_> = (0..10)
        .map(|at| {
            let contacts: Vec<_> = (0..200)
                .map(|person| contact(json!({"mobile": (13_000_000_000_u64 + at * 200 + person).to_string()})))
                .collect();
            corp(json!({"corp_name": format!("第{at}号"), "contact_info_list": contacts}))
        })
        .collect();
    for _ in 0..10 {
        start(&sim, &many).unwrap();
        sim.advance(5);
    }
    code_of(start(&sim, &[corp(json!({}))]))
}

fn an_import_by_an_account_that_cannot_import() -> ErrCode {
    let sim = Harness::of(world(chain()).account_unusable());
    let code = code_of(start(&sim, &[corp(json!({}))]));
    sim.simulator.set_account_usable(true);
    start(&sim, &[corp(json!({}))]).unwrap();
    sim.advance(5);
    sim.simulator.set_account_usable(false);
    assert_eq!(code_of(start(&sim, &[corp(json!({}))])), code);
    code
}

fn a_job_with_more_than_a_thousand_corps() -> ErrCode {
    code_of(start(&Harness::demo(), &vec![corp(json!({})); 1001]))
}

fn a_new_corp_at_the_limit_of_joined_corps() -> ErrCode {
    let joined = |corpid: &str| WorldCorp::joined(GroupId::ROOT, CorpId::new(corpid), format!("{corpid}商行"));
    let pending = wecom_upstream::ids::PendingCorpId::new("wptaihu");
    let chain = chain().corp(joined("ww1")).corp(WorldCorp::pending(GroupId::ROOT, pending.clone(), "太湖电器"));
    let other =
        WorldChain::new(wecom_upstream::ChainId::new("ChOther"), "其他").corp(joined("ww1")).corp(joined("ww2"));
    let sim = Harness::of(world(chain).chain(other).joined_corp_limit(3));
    // Two of three corps have joined: ww1 is in both chains.
    assert_eq!(import(&sim, &[corp(json!({}))]).0, ImportStatus::AllImported);
    sim.simulator.join_corp(&dealers(), &pending, CorpId::new("ww3"));
    // An existing corp does not count.
    assert_eq!(import(&sim, &[corp(json!({}))]).0, ImportStatus::AllImported);
    fails_in(&sim, corp(json!({"corp_name": "泰山电器"})))
}

fn the_name_of_a_corp_with_another_custom_id() -> ErrCode {
    fails(corp(json!({"corp_name": "京西厨卫商贸", "custom_id": "BJ99"})))
}

fn a_user_custom_id_as_long_as_a_mobile_number() -> ErrCode {
    fails(with_contacts(&[contact(json!({"user_custom_id": "13000000001"}))]))
}

fn one_person_with_two_custom_ids() -> ErrCode {
    fails(with_contacts(&[contact(json!({"user_custom_id": "1"})), contact(json!({"user_custom_id": "2"}))]))
}

fn two_people_of_a_corp_with_one_custom_id() -> ErrCode {
    let other = contact(json!({"user_custom_id": "1", "mobile": "13000000002"}));
    fails(with_contacts(&[contact(json!({"user_custom_id": "1"})), other]))
}
