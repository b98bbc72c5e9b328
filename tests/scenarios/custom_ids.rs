//! The custom ids of members: those that the world defines, and those of an import into a corp that joins later.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::{
    GetChainCorpinfoList, GetChainUserCustomId, GetResult, ImportChainContact, ImportContact, ImportCorp,
};
use wecom_upstream::ids::UserCustomId;
use wecom_upstream::{CorpId, Upstream, UserId};

use crate::harness::{Control, Transcript, dealers, jingxi, run_everywhere};

async fn custom_ids(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let of = async |corpid: CorpId, userid: &str| {
        upstream.get_chain_user_custom_id(GetChainUserCustomId::new(dealers(), corpid, UserId::new(userid))).await
    };
    assert_eq!(transcript.expect_reply(of(jingxi(), "zhaomin").await).user_custom_id, UserCustomId::new("1001"));
    transcript.expect_refusal(of(jingxi(), "sunlei").await);
    transcript.expect_refusal(of(jingxi(), "unknown").await);

    let largest = UserCustomId::new((u64::MAX - 1).to_string());
    let contact = ImportContact::head("张三", "13000000001").user_custom_id(largest.clone());
    let call = ImportChainContact::new(dealers(), [ImportCorp::new("长城电器", [contact])]);
    let jobid = transcript.expect_reply(upstream.import_chain_contact(call).await).jobid;
    control.advance(5);
    assert!(transcript.expect_reply(upstream.get_result(GetResult::new(jobid)).await).is_finished());
    let list = GetChainCorpinfoList::new(dealers()).need_pending(true);
    let corps = transcript.expect_reply(upstream.get_chain_corpinfo_list(list).await).group_corps;
    let pending = corps.into_iter().find_map(|corp| corp.pending_corpid).unwrap();

    let joined = CorpId::new("wwchangcheng");
    assert_eq!(transcript.expect_refusal(of(joined.clone(), "13000000001").await), ErrCode::CORP_NOT_IN_CHAIN);
    control.change(|world| world.join_corp(&dealers(), &pending, &joined));
    assert_eq!(transcript.expect_reply(of(joined, "13000000001").await).user_custom_id, largest);
    transcript
}

#[tokio::test]
async fn members_are_known_by_the_ids_of_the_upstream_corp() {
    run_everywhere(World::demo(), custom_ids).await;
}
