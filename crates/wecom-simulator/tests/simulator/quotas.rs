//! Rate limits and concurrency limits.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use wecom_core::token::GetToken;
use wecom_core::{Credentials, ErrCode, Secret};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GetChainGroup, GetResult, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId};
use wecom_upstream::ids::JobId;
use wecom_upstream::{CorpId, OpenId, UnionId, Upstream};

use crate::support::{Harness, dealers, drive, expect_code, expect_ok, jingxi, warmed_up};

/// The demo world with 10 calls a minute and 150 an hour, instead of 10,000 and 150,000.
fn with_low_quotas() -> Harness {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(1000);
    Harness { upstream: Upstream::new(simulator.client()), simulator, timer }
}

#[test]
fn a_call_over_the_limit_of_a_minute_fails_with_45009_for_a_minute() {
    let sim = with_low_quotas();
    for _ in 0..10 {
        expect_ok(sim.upstream.get_chain_list());
    }
    sim.advance(30);
    assert_eq!(expect_code(sim.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    // Another endpoint has a limit of its own.
    expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers())));
    sim.advance(59);
    assert_eq!(expect_code(sim.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(1);
    expect_ok(sim.upstream.get_chain_list());
}

#[test]
fn a_call_over_the_limit_of_an_hour_fails_for_an_hour() {
    let sim = with_low_quotas();
    for _ in 0..15 {
        for _ in 0..10 {
            expect_ok(sim.upstream.get_chain_list());
        }
        sim.advance(60);
    }
    assert_eq!(expect_code(sim.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(3599);
    assert_eq!(expect_code(sim.upstream.get_chain_list()), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(1);
    expect_ok(sim.upstream.get_chain_list());
}

#[test]
fn calls_with_a_unionid_have_a_daily_limit_too() {
    let sim = with_low_quotas();
    let ask = || {
        let call = UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
        sim.upstream.unionid_to_pending_id(call)
    };
    // 60 calls an hour reach the daily limit of 480 after eight hours.
    for _ in 0..8 {
        for _ in 0..6 {
            for _ in 0..10 {
                expect_ok(ask());
            }
            sim.advance(60);
        }
        sim.advance(60 * 54);
    }
    assert_eq!(expect_code(ask()), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(60 * 60);
    assert_eq!(expect_code(ask()), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(24 * 60 * 60);
    expect_ok(ask());
}

#[test]
fn a_mass_call_ticket_is_issued_once_and_lifts_the_daily_limit_until_it_expires() {
    let sim = with_low_quotas();
    let ticket = expect_ok(sim.upstream.apply_mass_call_ticket()).mass_call_ticket;
    assert_eq!(expect_code(sim.upstream.apply_mass_call_ticket()), ErrCode::API_FORBIDDEN);
    let ask = |ticket: Option<&Secret>| {
        let mut call = UnionidToExternalUserid::new(UnionId::new("oUnionChen"), OpenId::new("oOpenChen"));
        call.mass_call_ticket = ticket.cloned();
        sim.upstream.unionid_to_external_userid(call)
    };
    // 150 calls an hour exceed the 100 without a ticket, and in four hours the 480 a day.
    for _ in 0..4 {
        for _ in 0..15 {
            for _ in 0..10 {
                expect_ok(ask(Some(&ticket)));
            }
            sim.advance(60);
        }
        sim.advance(60 * 45);
    }
    // Those calls do not count against the limits without a ticket, where a wrong ticket lifts nothing.
    for call in 0..100 {
        expect_ok(ask([None, Some(&Secret::new("another"))][call % 2]));
        sim.advance(6);
    }
    assert_eq!(expect_code(ask(None)), ErrCode::FREQUENCY_EXCEEDED);
    expect_ok(ask(Some(&ticket)));
    sim.advance(7 * 24 * 60 * 60);
    for _ in 0..10 {
        expect_ok(ask(Some(&ticket)));
    }
    for _ in 0..9 {
        sim.advance(60);
        for _ in 0..10 {
            expect_ok(ask(Some(&ticket)));
        }
    }
    sim.advance(60);
    assert_eq!(expect_code(ask(Some(&ticket))), ErrCode::FREQUENCY_EXCEEDED, "an expired ticket lifts nothing");
}

#[test]
fn without_a_timer_there_are_no_rate_limits() {
    let upstream = Upstream::new(Simulator::demo().divide_quotas(10_000).client());
    for _ in 0..3 {
        expect_ok(upstream.get_chain_list());
    }
}

#[test]
fn a_second_simultaneous_removal_fails_with_45033() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = warmed_up(&simulator, &timer);
    let remove = |corpid: &str| upstream.remove_corp(RemoveCorp::new(dealers(), CorpId::new(corpid)));
    let (first, second) = pollster::block_on(drive(&timer, join(remove("wwjingxi"), remove("wwyanshan"))));
    assert!(first.is_ok());
    assert_eq!(second.unwrap_err().code(), Some(ErrCode::CONCURRENCY_EXCEEDED));
    pollster::block_on(drive(&timer, remove("wwyanshan"))).unwrap();
}

#[test]
fn five_simultaneous_calls_of_getresult_succeed_and_a_sixth_fails() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = warmed_up(&simulator, &timer);
    let ask = || upstream.get_result(GetResult::new(JobId::new("none")));
    let outcomes = pollster::block_on(drive(&timer, join_all((0..6).map(|_| ask()))));
    let codes: Vec<_> = outcomes.into_iter().map(|it| it.unwrap_err().code().unwrap()).collect();
    assert_eq!(codes[..5], [ErrCode::UNKNOWN_JOB; 5]);
    assert_eq!(codes[5], ErrCode::CONCURRENCY_EXCEEDED);
}

#[test]
fn a_dropped_call_releases_its_permit_and_changes_nothing() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(200));
    let upstream = warmed_up(&simulator, &timer);
    let remove = || upstream.remove_corp(RemoveCorp::new(dealers(), jingxi()));
    assert!(remove().now_or_never().is_none());
    pollster::block_on(drive(&timer, remove())).unwrap();
}

#[test]
fn all_calls_of_one_address_share_a_limit_of_a_minute() {
    // The limits are 20 calls a minute for the address and 10 for each endpoint.
    let sim = with_low_quotas();
    expect_ok(sim.upstream.get_chain_list());
    let get_groups = |count| {
        for _ in 0..count {
            expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers())));
        }
    };
    get_groups(9);
    for _ in 0..9 {
        expect_ok(sim.upstream.get_chain_list());
    }
    // These are 20 calls, including `gettoken`.
    let other = || {
        let call = UnionidToPendingId::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
        sim.upstream.unionid_to_pending_id(call)
    };
    assert_eq!(expect_code(other()), ErrCode::FREQUENCY_EXCEEDED);
    assert_eq!(expect_code(get_token(&sim, "demo-secret-of-yunzao")), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(60);
    expect_ok(other());
}

fn get_token(sim: &Harness, secret: &str) -> impl Future<Output = Result<(), wecom_core::Error>> {
    let call = GetToken::new(Credentials::new("wwyunzao", Secret::new(secret)));
    let client = sim.upstream.client().clone();
    async move { client.call(call).await.map(drop) }
}

#[test]
fn five_wrong_secrets_ban_the_address_for_an_hour() {
    let sim = Harness::demo();
    let (wrong, right) = ("a-wrong-secret", "demo-secret-of-yunzao");
    expect_ok(sim.upstream.get_chain_list());
    for _ in 0..5 {
        assert_eq!(expect_code(get_token(&sim, wrong)), ErrCode::INVALID_SECRET);
    }
    for secret in [wrong, right] {
        assert_eq!(expect_code(get_token(&sim, secret)), ErrCode::FREQUENCY_EXCEEDED);
    }
    // Only `gettoken` is banned. A client with a token can continue.
    expect_ok(sim.upstream.get_chain_list());
    sim.advance(3599);
    assert_eq!(expect_code(get_token(&sim, right)), ErrCode::FREQUENCY_EXCEEDED);
    sim.advance(1);
    expect_ok(get_token(&sim, right));
}

#[test]
fn wrong_secrets_do_not_ban_with_a_correct_one_or_an_hour_in_between() {
    for pause in [|sim: &Harness| expect_ok(get_token(sim, "demo-secret-of-yunzao")), |sim: &Harness| sim.advance(3600)]
    {
        let sim = Harness::demo();
        for _ in 0..4 {
            assert_eq!(expect_code(get_token(&sim, "a-wrong-secret")), ErrCode::INVALID_SECRET);
        }
        pause(&sim);
        assert_eq!(expect_code(get_token(&sim, "a-wrong-secret")), ErrCode::INVALID_SECRET);
        expect_ok(get_token(&sim, "demo-secret-of-yunzao"));
    }
}
