//! A WeChat user who becomes a customer keeps the earlier `pending_id`.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::{ExternalUseridToPendingId, UnionidToExternalUserid, UnionidToPendingId};
use wecom_upstream::{ExternalUserId, OpenId, UnionId, Upstream};

use crate::harness::{Control, Transcript, jingxi, run_everywhere};

async fn customers(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let (unionid, openid) = (UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
    let external_userid = ExternalUserId::new("wmWangOfJingxi");
    let who = || UnionidToExternalUserid::new(&unionid, &openid);
    let which = || ExternalUseridToPendingId::new([&external_userid]);

    let pending = UnionidToPendingId::new(&unionid, &openid);
    let pending_id = transcript.expect_reply(upstream.unionid_to_pending_id(pending).await).pending_id;
    let stranger = transcript.expect_refusal(upstream.unionid_to_external_userid(who()).await);
    assert_eq!(stranger, ErrCode::NOT_AN_EXTERNAL_CONTACT);
    let unknown = transcript.expect_refusal(upstream.external_userid_to_pending_id(which()).await);
    assert_eq!(unknown, ErrCode::INVALID_EXTERNAL_USER_ID);

    control.change(|world| world.add_customer(&unionid, &openid, jingxi(), &external_userid));
    let found = transcript.expect_reply(upstream.unionid_to_external_userid(who()).await).external_userid_info;
    assert_eq!((&found[0].corpid, &found[0].external_userid, found.len()), (&jingxi(), &external_userid, 1));
    let again = transcript.expect_reply(upstream.external_userid_to_pending_id(which()).await).result;
    assert_eq!((&again[0].pending_id, again.len()), (&pending_id, 1));
    transcript
}

#[tokio::test]
async fn a_new_customer_is_found_by_the_pending_id() {
    run_everywhere(World::demo(), customers).await;
}
