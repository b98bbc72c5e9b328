//! Downstream corps: their lookup, cache and tokens.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{Client, Local, LocalTransport, Secret, Timer, from_fn};
use wecom_mock::faults::FaultRule;
use wecom_mock::{Faults, ManualTimer, Mock};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{
    ExternalUseridToPendingId, LIST_APP_SHARE_INFO, ListAppShareInfo, ListAppShareInfoReply, SharedCorp,
    TransferSession, TransferSessionReply, UnionidToPendingId,
};
use wecom_upstream::downstream::ShareError;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{
    AgentId, ChainId, CorpId, Downstream, ErrCode, ExternalUserId, GroupId, OpenId, Share, UnionId, Upstream, UserId,
};

assert_impl_all!(Downstream: Send, Sync, Clone);
assert_impl_all!(Share: Send, Sync, Clone);
assert_not_impl_any!(Downstream<Local>: Send);

const APP: AgentId = AgentId::new(1_000_002);

fn jingxi() -> CorpId {
    CorpId::new("wwjingxi")
}

#[test]
fn a_downstream_corp_is_looked_up_once_and_its_token_fetched_once() {
    let simulator = Simulator::demo();
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&LIST_APP_SHARE_INFO).at_most(0).error_code(-1);
    let tokens = faults.on(&CORP_GET_TOKEN).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).build();
    let share = Upstream::new(client).share(APP);
    pollster::block_on(async {
        for _ in 0..3 {
            let downstream = share.clone().downstream(jingxi()).await.unwrap();
            assert_eq!((downstream.corp_id(), downstream.agent_id()), (&jingxi(), AgentId::new(1_000_011)));
            let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
            downstream.external_userid_to_pending_id(call).await.unwrap();
        }
        assert_eq!((lookups.calls(), tokens.calls()), (1, 1));
        share.forget(&jingxi());
        share.downstream(jingxi()).await.unwrap();
        assert_eq!(lookups.calls(), 2);
    });
}

#[test]
fn a_corp_that_the_app_is_not_shared_with_is_an_error() {
    let share = Upstream::new(Simulator::demo().client()).share(APP);
    let error = pollster::block_on(share.downstream(CorpId::new("wwnobody"))).unwrap_err();
    let ShareError::Call(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), Some(ErrCode::APP_NOT_SHARED));

    let mock = Mock::new();
    let other = SharedCorp::new(CorpId::new("wwother"), "", AgentId::new(5));
    mock.on::<ListAppShareInfo>().reply(ListAppShareInfoReply::new([other]));
    let share = Upstream::new(mock.client()).share(APP);
    let error = pollster::block_on(share.downstream(jingxi())).unwrap_err();
    assert!(matches!(&error, ShareError::NotShared(corp) if *corp == jingxi()), "{error}");
    assert_eq!(error.to_string(), "app not shared with the corp wwjingxi: share it in the admin console");
}

#[test]
fn a_session_is_transferred_with_the_downstream_corps_token() {
    let mock = Mock::new();
    let found = ListAppShareInfoReply::new([SharedCorp::new(jingxi(), "京西厨卫商贸", AgentId::new(7))]);
    mock.on::<ListAppShareInfo>().when(|call| call.corpid == Some(jingxi()) && call.agentid == APP).reply(found);
    let token = serde_json::json!({"access_token": "a-downstream-token", "expires_in": 7200});
    mock.on_endpoint(&CORP_GET_TOKEN).json(token).times(1);
    mock.on::<TransferSession>()
        .when(|call| call.userid == UserId::new("wmup"))
        .reply(TransferSessionReply::new(UserId::new("wmdown"), Secret::new("a-downstream-key")));

    let share = Upstream::new(mock.client()).share(APP);
    let session = pollster::block_on(async {
        let downstream = share.downstream(jingxi()).await.unwrap();
        downstream.transfer_session(TransferSession::new(UserId::new("wmup"), Secret::new("a-key"))).await.unwrap()
    });
    assert_eq!((session.userid.as_str(), session.session_key.expose()), ("wmdown", "a-downstream-key"));
    let shown = format!("{share:?} {session:?}");
    assert!(!shown.contains("a-downstream-token") && !shown.contains("a-downstream-key"), "{shown}");
}

/// A simulator with an app that is shared with a number of corps.
fn shared_with(count: usize) -> Simulator {
    let corp = |number: usize| CorpId::new(format!("ww{number}"));
    let mut app = WorldApp::new(APP, Secret::new("app-secret"));
    let mut chain = WorldChain::new(ChainId::new("Ch1"), "经销商");
    for number in 0..count {
        app = app.shared_with(SharedCorp::new(corp(number), "", AgentId::new(number as i64 + 10)));
        chain = chain.corp(WorldCorp::joined(GroupId::ROOT, corp(number), format!("企业{number}")));
    }
    Simulator::new(World::new(CorpId::new("wwup")).app(app).chain(chain))
}

#[test]
fn the_corps_of_a_share_are_listed_page_by_page_without_further_calls() {
    let simulator = shared_with(250);
    let faults = Faults::new(simulator.clone());
    let listed = faults.on(&LIST_APP_SHARE_INFO).nth(2).error_code(ErrCode::BUSY);
    let client = Client::builder(faults).credentials(simulator.credentials()).build();
    let share = Upstream::new(client).share(APP);
    let mut corps = share.corps();
    let (mut agent_ids, mut failures) = (Vec::new(), 0);
    pollster::block_on(async {
        loop {
            match corps.next_item().await {
                Ok(Some(corp)) => agent_ids.push(share.downstream_of(&corp).agent_id().get()),
                Ok(None) => break,
                Err(_) => failures += 1,
            }
        }
    });
    assert_eq!(agent_ids, (10..260).collect::<Vec<_>>());
    assert_eq!((listed.calls(), failures), (3 + 1, 1), "a failed page is requested again");
}

#[test]
fn both_calls_of_a_share_send_the_business_type() {
    let downstream = SharedCorp::new(CorpId::new("wwsub"), "子公司", AgentId::new(9));
    let app = WorldApp::new(APP, Secret::new("app-secret")).shared_in_corp_group(downstream);
    let simulator = Simulator::new(World::new(CorpId::new("wwup")).app(app));
    let upstream = Upstream::new(simulator.client());
    pollster::block_on(async {
        assert!(upstream.share(APP).downstream(CorpId::new("wwsub")).await.is_err());
        let share = upstream.share(APP).with_business_type(BusinessType::CorpGroup);
        let found = share.downstream(CorpId::new("wwsub")).await.unwrap();
        let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmNobody")]);
        // The token was valid: the error is about the unknown customer.
        let error = found.external_userid_to_pending_id(call).await.unwrap_err();
        assert_eq!(error.code(), Some(ErrCode::INVALID_EXTERNAL_USER_ID));
    });
}

#[test]
fn a_local_downstream_works_over_a_transport_that_is_not_send() {
    let simulator = Rc::new(Simulator::demo());
    let service = Rc::clone(&simulator);
    let transport = from_fn(move |request| {
        let service = Rc::clone(&service);
        async move { LocalTransport::send(&*service, request).await }
    });
    let upstream: Upstream<Local> =
        Upstream::new(Client::local(transport).credentials(simulator.credentials()).build());
    pollster::block_on(async {
        let call = UnionidToPendingId::new(UnionId::new("oUnionLiu"), OpenId::new("oOpenLiu"));
        let expected = upstream.unionid_to_pending_id(call).await.unwrap().pending_id;
        let downstream = upstream.share(APP).downstream(jingxi()).await.unwrap();
        let mut ids = downstream.pending_ids([ExternalUserId::new("wmLiuOfJingxi")]);
        assert_eq!(ids.next().await.unwrap().pending_id.unwrap(), Some(expected));
    });
}

#[test]
fn the_futures_of_a_shared_downstream_are_send() {
    fn assert_send<T: Send>(_: T) {}
    let share = Upstream::new(Simulator::demo().client()).share(APP);
    assert_send(share.downstream(jingxi()));
    assert_send(share.corps().next_item());
    let downstream = share.downstream_of(&SharedCorp::new(jingxi(), "", AgentId::new(1)));
    assert_send(downstream.transfer_session(TransferSession::new(UserId::new("wm"), Secret::new("key"))));
}

/// An upstream over a slow service, its timer, and a rule that counts the lookups.
fn slow_service() -> (Upstream, ManualTimer, FaultRule) {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(20));
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&LIST_APP_SHARE_INFO).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone()).build();
    (Upstream::new(client), timer, lookups)
}

#[test]
fn a_thousand_tasks_share_the_lookup_of_one_corp() {
    let (upstream, timer, lookups) = slow_service();
    let share = upstream.share(APP);
    let tasks = (0..1_000).map(|_| share.downstream(jingxi()));
    let found = timer.run(futures_util::future::join_all(tasks));
    assert!(found.iter().all(|found| found.as_ref().unwrap().agent_id() == AgentId::new(1_000_011)));
    assert_eq!(lookups.calls(), 1);
}

#[test]
fn a_lookup_does_not_wait_on_a_caller_that_is_not_polled() {
    let (upstream, timer, lookups) = slow_service();
    let share = upstream.share(APP);
    let mut parked = pin!(share.downstream(jingxi()));
    assert!(parked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(timer.run(share.downstream(jingxi())).unwrap().agent_id(), AgentId::new(1_000_011));
    assert!(timer.run(parked).is_ok());
    assert_eq!(lookups.calls(), 1);
}

#[test]
fn a_lookup_whose_callers_are_all_dropped_continues_with_the_next_caller() {
    let (upstream, timer, lookups) = slow_service();
    let share = upstream.share(APP);
    {
        let mut dropped = pin!(share.downstream(jingxi()));
        // The token's fetch, then the lookup.
        for _ in 0..2 {
            assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            timer.advance(Duration::from_millis(15));
        }
    }
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert_eq!(lookups.calls(), 1);
}

/// An upstream over a service that replies to a lookup after a latency, its timer, and a rule that counts the lookups.
fn service_with_slow_lookups(latency: Duration) -> (Upstream, ManualTimer, FaultRule) {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo();
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&LIST_APP_SHARE_INFO).delay(latency, timer.clone());
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone());
    (Upstream::new(client.time_limit(Duration::from_secs(10)).build()), timer, lookups)
}

/// Awaits a downstream corp and drops the future at each tick of 3 s. Returns the outcome; `None` after 100 ticks.
fn with_ticks(share: &Share, timer: &ManualTimer) -> Option<Result<Downstream, ShareError>> {
    (0..100).find_map(|_| {
        let tick = pin!(Timer::sleep(timer, Duration::from_secs(3)));
        match timer.run(select(tick, pin!(share.downstream(jingxi())))) {
            Either::Left(_) => None,
            Either::Right((outcome, _)) => Some(outcome),
        }
    })
}

#[test]
fn a_lookup_whose_future_is_dropped_at_each_tick_ends() {
    let (upstream, timer, lookups) = service_with_slow_lookups(Duration::from_secs(8));
    assert!(with_ticks(&upstream.share(APP), &timer).is_some_and(|found| found.is_ok()));
    assert_eq!((lookups.calls(), timer.now()), (1, Duration::from_secs(8)));
}

#[test]
fn a_lookup_without_a_reply_whose_future_is_dropped_at_each_tick_times_out() {
    let (upstream, timer, lookups) = service_with_slow_lookups(Duration::from_secs(3600));
    let outcome = with_ticks(&upstream.share(APP), &timer);
    assert!(matches!(outcome, Some(Err(ShareError::Call(error))) if error.is_timeout()));
    assert_eq!((lookups.calls(), timer.now()), (1, Duration::from_secs(10)));
}

#[test]
fn a_lookup_that_had_no_caller_for_a_minute_is_made_again() {
    let (upstream, timer, lookups) = service_with_slow_lookups(Duration::from_secs(8));
    let share = upstream.share(APP);
    {
        let dropped = pin!(share.downstream(jingxi()));
        assert!(dropped.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    timer.advance(Duration::from_secs(60));
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert_eq!((lookups.calls(), timer.now()), (2, Duration::from_secs(68)));
}

#[test]
fn callers_of_two_lookups_of_a_corp_get_one_downstream_with_one_token() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo();
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&LIST_APP_SHARE_INFO).delay(Duration::from_secs(8), timer.clone());
    let tokens = faults.on(&CORP_GET_TOKEN).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone()).build();
    let share = Upstream::new(client).share(APP);
    let mut unpolled = pin!(share.downstream(jingxi()));
    assert!(unpolled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    timer.advance(Duration::from_secs(31));
    // The second lookup replaces the first one, whose reply is there.
    let mut second = pin!(share.downstream(jingxi()));
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let found = timer.run(futures_util::future::join(unpolled, second));
    for downstream in [found.0.unwrap(), found.1.unwrap()] {
        let call = ExternalUseridToPendingId::new([ExternalUserId::new("wmNobody")]);
        // The service knows no such customer, but it accepts the token.
        assert_eq!(
            timer.run(downstream.external_userid_to_pending_id(call)).unwrap_err().code(),
            Some(ErrCode::INVALID_EXTERNAL_USER_ID)
        );
    }
    assert_eq!((lookups.calls(), tokens.calls()), (2, 1));
}

#[test]
fn the_end_of_a_forgotten_lookup_does_not_end_the_lookup_that_replaced_it() {
    let (upstream, timer, lookups) = service_with_slow_lookups(Duration::from_secs(8));
    let share = upstream.share(APP);
    timer.run(upstream.get_chain_list()).unwrap(); // Fetches the token.
    let mut forgotten = pin!(share.downstream(jingxi()));
    assert!(forgotten.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    share.forget(&jingxi());
    timer.advance(Duration::from_secs(4));
    let mut second = pin!(share.downstream(jingxi()));
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(timer.run(forgotten).is_ok());
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert_eq!((lookups.calls(), timer.now()), (2, Duration::from_secs(12)), "the forgotten reply is not kept");
    assert!(timer.run(second).is_ok());
}

#[test]
fn the_text_of_a_downstream_names_its_corp_and_its_app() {
    let share = Upstream::new(Simulator::demo().client()).share(APP);
    let downstream = share.downstream_of(&SharedCorp::new(jingxi(), "", AgentId::new(1)));
    let text = format!("{downstream:?}");
    assert!(text.contains("wwjingxi") && text.contains('1') && !text.contains("client"), "{text}");
}

#[test]
fn a_failed_lookup_is_shared_and_not_kept() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_millis(20));
    let faults = Faults::new(simulator.clone());
    let failures = faults.on(&LIST_APP_SHARE_INFO).nth(1).error_code(ErrCode::API_NOT_AUTHORIZED);
    let client = Client::builder(faults).credentials(simulator.credentials()).build();
    let share = Upstream::new(client).share(APP);
    let found = timer.run(futures_util::future::join_all((0..10).map(|_| share.downstream(jingxi()))));
    assert!(found.iter().all(|found| matches!(found, Err(ShareError::Call(_)))));
    assert_eq!(failures.calls(), 1);
    assert!(timer.run(share.downstream(jingxi())).is_ok());
}

#[test]
fn a_lookup_that_timed_out_because_its_caller_was_not_polled_is_made_again() {
    let (upstream, timer, lookups) = slow_service();
    let share = upstream.with_deadline(Duration::from_secs(5)).share(APP);
    timer.run(upstream.get_chain_list()).unwrap(); // Fetches the token.
    let mut parked = pin!(share.downstream(jingxi()));
    assert!(parked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    timer.advance(Duration::from_secs(60));
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert!(lookups.calls() <= 2);
}

#[test]
fn a_lookup_that_its_next_caller_finds_timed_out_is_made_again() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo();
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&LIST_APP_SHARE_INFO).nth(1).delay(Duration::from_secs(3600), timer.clone());
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone());
    let upstream = Upstream::new(client.time_limit(Duration::from_secs(10)).build());
    let share = upstream.share(APP);
    timer.run(upstream.get_chain_list()).unwrap(); // Fetches the token.
    {
        let mut dropped = pin!(share.downstream(jingxi()));
        assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    timer.advance(Duration::from_secs(20));
    assert!(timer.run(share.downstream(jingxi())).is_ok());
    assert_eq!((lookups.calls(), timer.now()), (2, Duration::from_secs(20)));
}
