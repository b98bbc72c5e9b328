//! Tokens that expire or are revoked between calls. The client refreshes them, and no call fails.

use wecom_simulator::World;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GetChainCorpinfo, GetChainGroup};

use crate::harness::{Control, Transcript, dealers, jingxi, run_everywhere};

const TWO_HOURS: u64 = 2 * 60 * 60;

async fn tokens(upstream: &Upstream, control: &Control) -> Transcript {
    let mut transcript = Transcript::default();
    transcript.expect_reply(upstream.get_chain_list().await);
    control.advance(TWO_HOURS);
    transcript.expect_reply(upstream.get_chain_group(GetChainGroup::new(dealers())).await);
    control.change(wecom_simulator::Simulator::revoke_tokens);
    transcript.expect_reply(upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi())).await);
    transcript.expect_reply(upstream.get_chain_list().await);
    transcript
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_refreshed() {
    let cassette = run_everywhere(World::demo(), tokens).await;
    let count = |words: &str| cassette.matches(words).count();
    assert_eq!(count(r#""call": "GET gettoken""#), 3);
    assert_eq!((count(r#""errcode": 42001"#), count(r#""errcode": 40014"#)), (1, 1));
    // Four calls, two of them sent twice.
    assert_eq!(count(r#""call": "GET corpgroup/"#) + count(r#""call": "POST corpgroup/"#), 6);
}
