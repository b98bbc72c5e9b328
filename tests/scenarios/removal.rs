//! The removal of joined and pending corps.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::{GetChainCorpinfo, GetChainCorpinfoList, GetCorpSharedChainList, RemoveCorp};
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::{GroupId, Upstream};

use crate::harness::{Control, Transcript, dealers, jingxi, run_everywhere};

async fn removal(upstream: &Upstream, _: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let joined = || RemoveCorp::new(dealers(), jingxi());
    transcript.expect_reply(upstream.remove_corp(joined()).await);
    assert_eq!(transcript.expect_refusal(upstream.remove_corp(joined()).await), ErrCode::CORP_NOT_IN_CHAIN);

    let pending = || RemoveCorp::new(dealers(), PendingCorpId::new("wpjinyang"));
    transcript.expect_reply(upstream.remove_corp(pending()).await);
    transcript.expect_refusal(upstream.remove_corp(pending()).await);

    let gone = upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())).await;
    assert_eq!(transcript.expect_refusal(gone), ErrCode::CORP_NOT_IN_CHAIN);
    transcript.expect_refusal(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(jingxi())).await);
    for (group, left) in [(2, ["冀北电器商行"]), (3, ["燕山家电服务部"])] {
        let list = GetChainCorpinfoList::new(dealers()).groupid(GroupId::new(group)).need_pending(true);
        let corps = transcript.expect_reply(upstream.get_chain_corpinfo_list(list).await).group_corps;
        assert_eq!(corps.iter().map(|corp| corp.corp_name.as_str()).collect::<Vec<_>>(), left);
    }
    transcript
}

#[tokio::test]
async fn a_corp_is_removed_once() {
    run_everywhere(World::demo(), removal).await;
}
