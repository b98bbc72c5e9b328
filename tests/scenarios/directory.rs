//! The whole directory: chains, their groups, the corps of each group page by page, and the details of each corp.

use wecom_simulator::World;
use wecom_upstream::calls::{GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetCorpSharedChainList, GroupCorp};
use wecom_upstream::ids::Cursor;
use wecom_upstream::{ChainId, GroupId, Upstream};

use crate::harness::{Control, Transcript, run_everywhere};

async fn directory(upstream: &Upstream, _: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let mut names = Vec::new();
    for chain in transcript.expect_reply(upstream.get_chain_list().await).chains {
        let groups =
            transcript.expect_reply(upstream.get_chain_group(GetChainGroup::new(&chain.chain_id)).await).groups;
        for groupid in groups.iter().map(|group| group.groupid).chain([GroupId::ROOT]) {
            for corp in corps_of(upstream, &mut transcript, &chain.chain_id, groupid).await {
                check_corp(upstream, &mut transcript, &chain.chain_id, &corp).await;
                names.push(corp.corp_name);
            }
        }
    }
    assert_eq!(names.len(), 11, "{names:?}");
    transcript
}

/// The corps of a group, including pending ones. Asserts that pages of one corp and a single page list the same.
async fn corps_of(
    upstream: &Upstream,
    transcript: &mut Transcript,
    chain_id: &ChainId,
    groupid: GroupId,
) -> Vec<GroupCorp> {
    let list = GetChainCorpinfoList::new(chain_id).groupid(groupid).need_pending(true);
    let at_once = transcript.expect_reply(upstream.get_chain_corpinfo_list(list.clone()).await).group_corps;
    let (mut paged, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let page = list.clone().limit(1);
        let page = cursor.take().map_or(page.clone(), |cursor| page.cursor(cursor));
        let page = transcript.expect_reply(upstream.get_chain_corpinfo_list(page).await);
        paged.extend(page.group_corps);
        cursor = page.next_cursor;
        if !page.has_more {
            break;
        }
    }
    assert_eq!(paged, at_once);
    paged
}

async fn check_corp(upstream: &Upstream, transcript: &mut Transcript, chain_id: &ChainId, corp: &GroupCorp) {
    let call = match (&corp.corpid, &corp.pending_corpid) {
        (Some(corpid), _) => GetChainCorpinfo::new(chain_id, corpid),
        (None, Some(pending)) => GetChainCorpinfo::new(chain_id, pending),
        (None, None) => panic!("{corp:?} has no id"),
    };
    let info = transcript.expect_reply(upstream.get_chain_corpinfo(call).await);
    assert_eq!((&info.corp_name, info.is_joined), (&corp.corp_name, corp.is_joined));
    if let Some(corpid) = &corp.corpid {
        let chains = transcript
            .expect_reply(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(corpid)).await)
            .chains;
        assert!(chains.iter().any(|chain| chain.chain_id == *chain_id));
    }
}

#[tokio::test]
async fn the_whole_directory_is_walked() {
    run_everywhere(World::demo(), directory).await;
}
