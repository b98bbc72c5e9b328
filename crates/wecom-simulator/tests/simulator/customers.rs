//! WeChat users, before and after they become customers.

use wecom_core::ErrCode;
use wecom_upstream::calls::{ExternalUseridToPendingId, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId};
use wecom_upstream::ids::ChatId;
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId};

use crate::support::{Story, dealers, granted, jingxi, refused};

const NINETY_DAYS: u64 = 90 * 24 * 60 * 60;

fn chen() -> UnionidToExternalUserid {
    UnionidToExternalUserid::new(UnionId::new("oUnionChen"), OpenId::new("oOpenChen"))
}

fn wang() -> UnionidToPendingId {
    UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"))
}

#[test]
fn a_customer_of_two_corps_has_an_id_in_each() {
    let story = Story::demo();
    let ids = |call| {
        let found = granted(story.upstream.unionid_to_external_userid(call)).external_userid_info;
        found.into_iter().map(|info| info.external_userid.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(chen()), ["wmChenOfJingxi", "wmChenOfPujiang"]);
    assert_eq!(ids(chen().corpid(CorpId::new("wwpujiang"))), ["wmChenOfPujiang"]);
    granted(story.upstream.remove_corp(RemoveCorp::new(dealers(), jingxi())));
    assert_eq!(ids(chen()), ["wmChenOfPujiang"]);
}

#[test]
fn who_is_nobodys_customer_or_comes_from_another_account_is_refused() {
    let story = Story::demo();
    let ask = |call| refused(story.upstream.unionid_to_external_userid(call));
    let wang = UnionidToExternalUserid::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
    assert_eq!(ask(wang), ErrCode::NOT_AN_EXTERNAL_CONTACT);
    assert_eq!(ask(chen().corpid(CorpId::new("wwstranger"))), ErrCode::CORP_NOT_IN_CHAIN);
    let mixed = UnionidToExternalUserid::new(UnionId::new("oUnionChen"), OpenId::new("oOpenLiu"));
    assert_eq!(ask(mixed), ErrCode::INVALID_OPEN_ID);
}

#[test]
fn a_pending_id_is_found_again_once_the_user_has_become_a_customer() {
    let story = Story::demo();
    let pending_id = granted(story.upstream.unionid_to_pending_id(wang())).pending_id;
    let added = ExternalUserId::new("wmWangOfJingxi");
    let ask = || story.upstream.external_userid_to_pending_id(ExternalUseridToPendingId::new([&added]));
    assert_eq!(refused(ask()), ErrCode::INVALID_EXTERNAL_USER_ID);

    story.simulator.add_customer(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"), jingxi(), &added);
    let found = granted(ask()).result;
    assert_eq!(found.into_iter().map(|it| it.pending_id).collect::<Vec<_>>(), [pending_id]);
}

#[test]
fn a_pending_id_stays_the_same_for_ninety_days_and_no_longer() {
    let story = Story::demo();
    let ask = || granted(story.upstream.unionid_to_pending_id(wang())).pending_id;
    let first = ask();
    story.pass(NINETY_DAYS - 1);
    assert_eq!(ask(), first);
    story.pass(1);
    assert_ne!(ask(), first);
}

#[test]
fn customers_without_a_pending_id_and_those_outside_the_chat_are_passed_over() {
    let story = Story::demo();
    for (unionid, openid) in [("oUnionChen", "oOpenChen"), ("oUnionLiu", "oOpenLiu")] {
        let call = UnionidToPendingId::new(UnionId::new(unionid), OpenId::new(openid));
        granted(story.upstream.unionid_to_pending_id(call));
    }
    let both = ["wmChenOfJingxi", "wmLiuOfJingxi"].map(ExternalUserId::new);
    let found = |call| granted(story.upstream.external_userid_to_pending_id(call)).result.len();
    let call = ExternalUseridToPendingId::new(&both);
    assert_eq!(found(call.clone()), 2);
    assert_eq!(found(call.clone().chat_id(ChatId::new("wrKitchenFriends"))), 1);
    story.pass(NINETY_DAYS);
    assert_eq!(found(call.clone()), 0);
    let elsewhere = call.chat_id(ChatId::new("wrNowhere"));
    assert_eq!(refused(story.upstream.external_userid_to_pending_id(elsewhere)), ErrCode(40050));
}
