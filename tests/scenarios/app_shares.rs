//! The corps that an app is shared with: in one page, in several pages, and for one corp.

use wecom_core::ErrCode;
use wecom_simulator::World;
use wecom_upstream::calls::ListAppShareInfo;
use wecom_upstream::ids::Cursor;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, Upstream};

use crate::harness::{Control, Transcript, jingxi, run_everywhere};

const APP: AgentId = AgentId::new(1_000_002);

async fn app_shares(upstream: &Upstream, _: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    let at_once = transcript.expect_reply(upstream.list_app_share_info(ListAppShareInfo::new(APP)).await);
    assert_eq!((at_once.corp_list.len(), at_once.ending), (3, true));

    let (mut paged, mut cursor, mut pages) = (Vec::new(), None::<Cursor>, 0);
    loop {
        let page = ListAppShareInfo::new(APP).limit(2);
        let page = cursor.take().map_or(page.clone(), |cursor| page.cursor(cursor));
        let page = transcript.expect_reply(upstream.list_app_share_info(page).await);
        paged.extend(page.corp_list);
        (cursor, pages) = (page.next_cursor, pages + 1);
        if page.ending {
            break;
        }
    }
    assert_eq!((&paged, pages), (&at_once.corp_list, 2));

    let of_one =
        transcript.expect_reply(upstream.list_app_share_info(ListAppShareInfo::new(APP).corpid(jingxi())).await);
    assert_eq!(of_one.corp_list.iter().map(|corp| &corp.corpid).collect::<Vec<_>>(), [&jingxi()]);

    let in_corp_group = ListAppShareInfo::new(APP).business_type(BusinessType::CorpGroup);
    assert!(transcript.expect_reply(upstream.list_app_share_info(in_corp_group).await).corp_list.is_empty());
    let stale = ListAppShareInfo::new(APP).limit(2).cursor(Cursor::new("of-another-list"));
    assert_eq!(transcript.expect_refusal(upstream.list_app_share_info(stale).await), ErrCode::INVALID_PARAMETER);
    transcript
}

#[tokio::test]
async fn the_shares_of_an_app_are_listed() {
    run_everywhere(World::demo(), app_shares).await;
}
