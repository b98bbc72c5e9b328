//! What WeCom refuses, in its own codes and words.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId, GetCorpSharedChainList, GetResult,
    ImportChainContact, ImportContact, ImportCorp, ListAppShareInfo, RemoveCorp, UnionidToExternalUserid,
    UnionidToPendingId,
};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::stage::{Behind, Told, dealers, jingxi, play};

async fn unknown_chain(upstream: &Upstream, _: &Behind) -> Told {
    let mut told = Told::default();
    let nowhere = ChainId::new("ChNowhere");
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    let codes = [
        told.refused(upstream.get_chain_group(GetChainGroup::new(&nowhere)).await),
        told.refused(upstream.get_chain_corpinfo_list(GetChainCorpinfoList::new(&nowhere)).await),
        told.refused(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&nowhere, jingxi())).await),
        told.refused(upstream.import_chain_contact(ImportChainContact::new(&nowhere, [corp])).await),
        told.refused(upstream.remove_corp(RemoveCorp::new(&nowhere, jingxi())).await),
        told.refused(
            upstream
                .get_chain_user_custom_id(GetChainUserCustomId::new(&nowhere, jingxi(), UserId::new("zhaomin")))
                .await,
        ),
    ];
    assert_eq!(codes, [ErrCode::UNKNOWN_CHAIN; 6]);
    told
}

#[tokio::test]
async fn a_chain_that_does_not_exist_is_refused_by_each_call_about_chains() {
    play(World::demo(), unknown_chain).await;
}

async fn unknown_corp(upstream: &Upstream, _: &Behind) -> Told {
    let mut told = Told::default();
    let stranger = CorpId::new("wwstranger");
    let codes = [
        told.refused(upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), &stranger)).await),
        told.refused(upstream.remove_corp(RemoveCorp::new(dealers(), &stranger)).await),
        told.refused(
            upstream
                .get_chain_user_custom_id(GetChainUserCustomId::new(dealers(), &stranger, UserId::new("zhaomin")))
                .await,
        ),
    ];
    assert_eq!(codes, [ErrCode::CORP_NOT_IN_CHAIN; 3]);
    told.refused(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(&stranger)).await);
    told
}

#[tokio::test]
async fn a_corp_that_is_in_no_chain_is_refused() {
    play(World::demo(), unknown_corp).await;
}

async fn others(upstream: &Upstream, behind: &Behind) -> Told {
    let mut told = Told::default();
    let job = upstream.get_result(GetResult::new(JobId::new("job-of-another"))).await;
    assert_eq!(told.refused(job), ErrCode::UNKNOWN_JOB);
    let (chen, of_liu) = (UnionId::new("oUnionChen"), OpenId::new("oOpenLiu"));
    let mixed = upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&chen, &of_liu)).await;
    assert_eq!(told.refused(mixed), ErrCode::INVALID_OPEN_ID);
    told.refused(upstream.unionid_to_pending_id(UnionidToPendingId::new(&chen, &of_liu)).await);
    told.refused(upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1))).await);
    let group = GetChainCorpinfoList::new(dealers()).groupid(GroupId::new(99));
    told.refused(upstream.get_chain_corpinfo_list(group).await);
    behind.act(|world| world.trust_ip(false));
    let error = upstream.get_chain_list().await.unwrap_err();
    assert!(error.is_ip_not_trusted(), "{error}");
    told.refused::<()>(Err(error));
    behind.act(|world| world.trust_ip(true));
    told.granted(upstream.get_chain_list().await);
    told
}

#[tokio::test]
async fn jobs_people_apps_groups_and_addresses_that_are_not_known_are_refused() {
    play(World::demo(), others).await;
}
