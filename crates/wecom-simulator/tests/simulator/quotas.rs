//! How often and how many at once, and when it is over.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use wecom_core::token::GetToken;
use wecom_core::{Credentials, ErrCode, Secret};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GetChainGroup, GetResult, RemoveCorp, UnionidToPendingId};
use wecom_upstream::ids::JobId;
use wecom_upstream::{CorpId, OpenId, UnionId, Upstream};

use crate::support::{Story, dealers, granted, jingxi, refused, slow, with};

/// The demo world with ten calls a minute and 150 an hour, where the vendor says 10,000 and 150,000.
fn narrow() -> Story {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(1000);
    Story { upstream: Upstream::new(simulator.client()), simulator, timer }
}

#[test]
fn the_call_past_the_minutes_limit_is_refused_with_45009_for_a_minute() {
    let story = narrow();
    for _ in 0..10 {
        granted(story.upstream.get_chain_list());
    }
    story.pass(30);
    assert_eq!(refused(story.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    // Another endpoint has a limit of its own.
    granted(story.upstream.get_chain_group(GetChainGroup::new(dealers())));
    story.pass(59);
    assert_eq!(refused(story.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(1);
    granted(story.upstream.get_chain_list());
}

#[test]
fn the_call_past_the_hours_limit_is_refused_for_an_hour() {
    let story = narrow();
    for _ in 0..15 {
        for _ in 0..10 {
            granted(story.upstream.get_chain_list());
        }
        story.pass(60);
    }
    assert_eq!(refused(story.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(3599);
    assert_eq!(refused(story.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(1);
    granted(story.upstream.get_chain_list());
}

#[test]
fn the_calls_by_unionid_have_a_limit_of_the_day_too() {
    let story = narrow();
    let ask = || {
        let call = UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
        story.upstream.unionid_to_pending_id(call)
    };
    // Eight hours of sixty calls each are the 480 of a day.
    for _ in 0..8 {
        for _ in 0..6 {
            for _ in 0..10 {
                granted(ask());
            }
            story.pass(60);
        }
        story.pass(60 * 54);
    }
    assert_eq!(refused(ask()), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(60 * 60);
    assert_eq!(refused(ask()), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(24 * 60 * 60);
    granted(ask());
}

#[test]
fn without_a_timer_there_is_no_limit() {
    let upstream = Upstream::new(Simulator::demo().divide_quotas(10_000).client());
    for _ in 0..3 {
        granted(upstream.get_chain_list());
    }
}

#[test]
fn a_second_removal_at_the_same_time_is_refused_with_45033() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = slow(&simulator, &timer);
    let remove = |corpid: &str| upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new(corpid)));
    let (first, second) = pollster::block_on(with(&timer, join(remove("wwjingxi"), remove("wwyanshan"))));
    assert!(first.is_ok());
    assert_eq!(second.unwrap_err().code(), Some(ErrCode::CONCURRENCY_EXCEEDED));
    pollster::block_on(with(&timer, remove("wwyanshan"))).unwrap();
}

#[test]
fn five_at_once_may_ask_for_a_result() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = slow(&simulator, &timer);
    let ask = || upstream.get_result(GetResult::new(JobId::new("none")));
    let outcomes = pollster::block_on(with(&timer, join_all((0..6).map(|_| ask()))));
    let codes: Vec<_> = outcomes.into_iter().map(|it| it.unwrap_err().code().unwrap()).collect();
    assert_eq!(codes[..5], [ErrCode::UNKNOWN_JOB; 5]);
    assert_eq!(codes[5], ErrCode::CONCURRENCY_EXCEEDED);
}

#[test]
fn a_call_that_is_given_up_is_under_way_no_more_and_has_done_nothing() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = slow(&simulator, &timer);
    let remove = || upstream.remove_corp(RemoveCorp::new(dealers(), jingxi()));
    assert!(remove().now_or_never().is_none());
    pollster::block_on(with(&timer, remove())).unwrap();
}

#[test]
fn one_address_may_make_so_many_calls_a_minute_in_all() {
    // 20 calls a minute from the address, and 10 of each kind.
    let story = narrow();
    granted(story.upstream.get_chain_list());
    let of_each_kind = |count| {
        for _ in 0..count {
            granted(story.upstream.get_chain_group(GetChainGroup::new(dealers())));
        }
    };
    of_each_kind(9);
    for _ in 0..9 {
        granted(story.upstream.get_chain_list());
    }
    // The twentieth was the last: the token was one too.
    let other = || {
        let call = UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
        story.upstream.unionid_to_pending_id(call)
    };
    assert_eq!(refused(other()), ErrCode::FREQUENCY_EXCEEDED);
    assert_eq!(refused(ask_for_token(&story, "demo-secret-of-yunzao")), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(60);
    granted(other());
}

fn ask_for_token(story: &Story, secret: &str) -> impl Future<Output = Result<(), wecom_core::Error>> {
    let call = GetToken::new(Credentials::new("wwyunzao", Secret::new(secret)));
    let client = story.upstream.client().clone();
    async move { client.call(call).await.map(drop) }
}

#[test]
fn five_wrong_secrets_ban_the_address_for_an_hour() {
    let story = Story::demo();
    let (wrong, right) = ("a-wrong-secret", "demo-secret-of-yunzao");
    granted(story.upstream.get_chain_list());
    for _ in 0..5 {
        assert_eq!(refused(ask_for_token(&story, wrong)), ErrCode::INVALID_SECRET);
    }
    for secret in [wrong, right] {
        assert_eq!(refused(ask_for_token(&story, secret)), ErrCode::FREQUENCY_EXCEEDED);
    }
    // Only tokens are refused: who has one goes on.
    granted(story.upstream.get_chain_list());
    story.pass(3599);
    assert_eq!(refused(ask_for_token(&story, right)), ErrCode::FREQUENCY_EXCEEDED);
    story.pass(1);
    granted(ask_for_token(&story, right));
}

#[test]
fn four_wrong_secrets_do_not_nor_do_five_with_a_right_one_or_an_hour_between_them() {
    for pause in
        [|story: &Story| granted(ask_for_token(story, "demo-secret-of-yunzao")), |story: &Story| story.pass(3600)]
    {
        let story = Story::demo();
        for _ in 0..4 {
            assert_eq!(refused(ask_for_token(&story, "a-wrong-secret")), ErrCode::INVALID_SECRET);
        }
        pause(&story);
        assert_eq!(refused(ask_for_token(&story, "a-wrong-secret")), ErrCode::INVALID_SECRET);
        granted(ask_for_token(&story, "demo-secret-of-yunzao"));
    }
}
