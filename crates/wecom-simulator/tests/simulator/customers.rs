//! WeChat users before and after they become customers.

use serde_json::json;
use wecom_core::ErrCode;
use wecom_upstream::calls::{
    EXTERNAL_USERID_TO_PENDING_ID, ExternalUseridToPendingId, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::ChatId;
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId};

use crate::support::{Harness, code_of, dealers, expect_code, expect_ok, jingxi};

const NINETY_DAYS: u64 = 90 * 24 * 60 * 60;

fn chen() -> UnionidToExternalUserid {
    UnionidToExternalUserid::new(UnionId::new("oUnionChen"), OpenId::new("oOpenChen"))
}

fn wang() -> UnionidToPendingId {
    UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"))
}

#[test]
fn a_customer_of_two_corps_has_an_id_in_each() {
    let sim = Harness::demo();
    let ids = |call| {
        let found = expect_ok(sim.upstream.unionid_to_external_userid(call)).external_userid_info;
        found.into_iter().map(|info| info.external_userid.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(chen()), ["wmChenOfJingxi", "wmChenOfPujiang"]);
    assert_eq!(ids(chen().corpid(CorpId::new("wwpujiang"))), ["wmChenOfPujiang"]);
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(ids(chen()), ["wmChenOfPujiang"]);
}

#[test]
fn a_user_that_is_no_customer_and_ids_of_two_users_are_rejected() {
    let sim = Harness::demo();
    let ask = |call| expect_code(sim.upstream.unionid_to_external_userid(call));
    let wang = UnionidToExternalUserid::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
    assert_eq!(ask(wang), ErrCode::NOT_AN_EXTERNAL_CONTACT);
    assert_eq!(ask(chen().corpid(CorpId::new("wwstranger"))), ErrCode::CORP_NOT_IN_CHAIN);
    let mixed = UnionidToExternalUserid::new(UnionId::new("oUnionChen"), OpenId::new("oOpenLiu"));
    assert_eq!(ask(mixed), ErrCode::INVALID_OPEN_ID);
}

#[test]
fn a_pending_id_is_found_after_the_user_has_become_a_customer() {
    let sim = Harness::demo();
    let pending_id = expect_ok(sim.upstream.unionid_to_pending_id(wang())).pending_id;
    let added = ExternalUserId::new("wmWangOfJingxi");
    let ask = || sim.upstream.external_userid_to_pending_id(ExternalUseridToPendingId::new([&added]));
    assert_eq!(expect_code(ask()), ErrCode::INVALID_EXTERNAL_USER_ID);

    sim.simulator.add_customer(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"), jingxi(), &added);
    let found = expect_ok(ask()).result;
    assert_eq!(found.into_iter().map(|it| it.pending_id).collect::<Vec<_>>(), [pending_id]);
}

#[test]
fn a_pending_id_is_valid_for_ninety_days() {
    let sim = Harness::demo();
    let ask = || expect_ok(sim.upstream.unionid_to_pending_id(wang())).pending_id;
    let first = ask();
    sim.advance(NINETY_DAYS - 1);
    assert_eq!(ask(), first);
    sim.advance(1);
    assert_ne!(ask(), first);
}

#[test]
fn customers_without_a_pending_id_and_customers_outside_the_chat_are_omitted() {
    let sim = Harness::demo();
    for (unionid, openid) in [("oUnionChen", "oOpenChen"), ("oUnionLiu", "oOpenLiu")] {
        let call = UnionidToPendingId::new(UnionId::new(unionid), OpenId::new(openid));
        expect_ok(sim.upstream.unionid_to_pending_id(call));
    }
    let both = ["wmChenOfJingxi", "wmLiuOfJingxi"].map(ExternalUserId::new);
    let found = |call| expect_ok(sim.upstream.external_userid_to_pending_id(call)).result.len();
    let call = ExternalUseridToPendingId::new(&both);
    assert_eq!(found(call.clone()), 2);
    assert_eq!(found(call.clone().chat_id(ChatId::new("wrKitchenFriends"))), 1);
    sim.advance(NINETY_DAYS);
    assert_eq!(found(call.clone()), 0);
    let elsewhere = call.chat_id(ChatId::new("wrNowhere"));
    assert_eq!(expect_code(sim.upstream.external_userid_to_pending_id(elsewhere)), ErrCode(40050));
}

#[test]
fn a_call_may_ask_for_the_pending_ids_of_100_customers_and_not_of_101() {
    let sim = Harness::demo();
    let ask = |count| {
        let customers = vec!["wmChenOfJingxi"; count];
        sim.raw(&EXTERNAL_USERID_TO_PENDING_ID, &json!({"external_userid": customers}))
    };
    ask(100).unwrap();
    assert_eq!(code_of(ask(101)), ErrCode::INVALID_PARAMETER);
}
