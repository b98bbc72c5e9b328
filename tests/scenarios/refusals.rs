//! Calls that WeCom refuses, with its error codes and texts.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, GetCorpSharedChainList, GetResult,
    ImportChainContact, ImportContact, ImportCorp, ListAppShareInfo, RemoveCorp, UnionidToExternalUserid,
    UnionidToPendingId,
};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::harness::{Control, Transcript, dealers, jingxi, run_everywhere};

async fn unknown_chain(upstream: &Upstream, _: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let nowhere = ChainId::new("ChNowhere");
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    let codes = [
        transcript.expect_refusal(upstream.get_chain_group(GetChainGroup::new(&nowhere)).await),
        transcript.expect_refusal(upstream.get_chain_corpinfo_list(GetChainCorpinfoList::new(&nowhere)).await),
        transcript.expect_refusal(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&nowhere, jingxi())).await),
        transcript.expect_refusal(upstream.import_chain_contact(ImportChainContact::new(&nowhere, [corp])).await),
        transcript.expect_refusal(upstream.remove_corp(RemoveCorp::new(&nowhere, jingxi())).await),
        transcript.expect_refusal(
            upstream
                .get_chain_user_custom_id(GetChainUserCustomId::new(&nowhere, jingxi(), UserId::new("zhaomin")))
                .await,
        ),
    ];
    assert_eq!(codes, [ErrCode::UNKNOWN_CHAIN; 6]);
    transcript
}

#[tokio::test]
async fn a_chain_that_does_not_exist_is_refused_by_each_call_about_chains() {
    run_everywhere(World::demo(), unknown_chain).await;
}

async fn unknown_corp(upstream: &Upstream, _: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let stranger = CorpId::new("wwstranger");
    let codes = [
        transcript.expect_refusal(upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), &stranger)).await),
        transcript.expect_refusal(upstream.remove_corp(RemoveCorp::new(dealers(), &stranger)).await),
        transcript.expect_refusal(
            upstream
                .get_chain_user_custom_id(GetChainUserCustomId::new(dealers(), &stranger, UserId::new("zhaomin")))
                .await,
        ),
    ];
    assert_eq!(codes, [ErrCode::CORP_NOT_IN_CHAIN; 3]);
    transcript.expect_refusal(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(&stranger)).await);
    transcript
}

#[tokio::test]
async fn a_corp_that_is_in_no_chain_is_refused() {
    run_everywhere(World::demo(), unknown_corp).await;
}

async fn others(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let job = upstream.get_result(GetResult::new(JobId::new("job-of-another"))).await;
    assert_eq!(transcript.expect_refusal(job), ErrCode::UNKNOWN_JOB);
    let (chen, of_liu) = (UnionId::new("oUnionChen"), OpenId::new("oOpenLiu"));
    let mixed = upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&chen, &of_liu)).await;
    assert_eq!(transcript.expect_refusal(mixed), ErrCode::INVALID_OPEN_ID);
    transcript.expect_refusal(upstream.unionid_to_pending_id(UnionidToPendingId::new(&chen, &of_liu)).await);
    transcript.expect_refusal(upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1))).await);
    let group = GetChainCorpinfoList::new(dealers()).groupid(GroupId::new(99));
    transcript.expect_refusal(upstream.get_chain_corpinfo_list(group).await);
    control.change(|world| world.set_ip_trusted(false));
    let error = upstream.get_chain_list().await.unwrap_err();
    assert!(error.is_ip_not_trusted(), "{error}");
    transcript.expect_refusal::<()>(Err(error));
    control.change(|world| world.set_ip_trusted(true));
    transcript.expect_reply(upstream.get_chain_list().await);
    transcript
}

#[tokio::test]
async fn unknown_jobs_users_apps_groups_and_addresses_are_refused() {
    run_everywhere(World::demo(), others).await;
}
