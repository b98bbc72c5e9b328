use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde::de::IgnoredAny;
use wecom_core::endpoint::Quota;
use wecom_core::error::CallPhase;
use wecom_core::quota::{QuotaError, QuotaLimit};
use wecom_core::token::{TokenError, TokenProvider, TokenScope};
use wecom_core::{
    AccessToken, ApiCall, Client, Delivery, Endpoint, ErrorKind, Quotas, Retry, Safety, Timer, async_trait,
};
use wecom_mock::ManualTimer;

use super::support::{Answer, MINUTE, NARROW, RARE, READ, SECOND, Service, call, credentials, poll, token};

const ONE: Endpoint = Endpoint::post("one", "test/one").with_safety(Safety::Idempotent).with_concurrency(1);

fn refusing(service: &Service) -> Client {
    service.client().quotas(Quotas::refuse()).token(token()).build()
}

fn patient(service: &Service) -> Client {
    service.client().quotas(Quotas::wait_at_most(MINUTE * 600)).token(token()).build()
}

fn quota_error(error: &wecom_core::Error) -> QuotaError {
    let ErrorKind::Quota(quota) = error.kind() else { panic!("{error}") };
    quota.clone()
}

#[test]
fn four_fifths_of_the_documented_calls_are_admitted_and_the_next_is_refused_unsent() {
    let service = Service::new();
    let client = refusing(&service);
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    let error = service.run(call(&client, &RARE)).unwrap_err();
    let quota = quota_error(&error);
    assert_eq!(quota.limit, QuotaLimit::Frequency);
    assert_eq!(quota.retry_after, Some(SECOND * 61));
    assert!(error.is_rate_limited());
    assert_eq!((error.delivery(), error.attempts(), service.calls().len()), (Delivery::NotSent, 0, 8));
    // Other endpoints are not affected, and this one is admitted when the window has passed.
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(SECOND * 61);
    service.run(call(&client, &RARE)).unwrap();
}

#[test]
fn a_waiting_client_never_exceeds_its_share_in_any_minute() {
    let service = Service::new();
    let client = patient(&service);
    service.run(join_all((0..80).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    let at: Vec<_> = service.calls().iter().map(|seen| seen.at).collect();
    assert_eq!(at.len(), 80);
    for window in at.windows(9) {
        assert!(window[8] - window[0] >= MINUTE, "nine calls within a minute: {window:?}");
    }
    assert!(service.timer.now() < MINUTE * 11, "{:?}", service.timer.now());
}

#[test]
fn the_longer_window_is_enforced_too() {
    let service = Service::new();
    let client = patient(&service);
    service.run(join_all((0..100).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    let at: Vec<_> = service.calls().iter().map(|seen| seen.at).collect();
    // 80 of the 100 an hour.
    assert!(at[80] - at[0] >= MINUTE * 60, "{:?}", at[80]);
}

#[test]
fn a_call_that_has_waited_for_its_maximum_is_refused() {
    let service = Service::new();
    let client = service.client().quotas(Quotas::wait_at_most(SECOND * 30)).token(token()).build();
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    quota_error(&service.run(call(&client, &RARE)).unwrap_err());
    assert_eq!(service.timer.now(), Duration::ZERO, "the call waits although it is known to be admitted too late");

    service.set(|script| script.latency = MINUTE);
    let (all, limit) = (join_all((0..5).map(|_| call(&client, &NARROW))), QuotaLimit::Concurrency);
    let refused: Vec<_> = service.run(all).into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.iter().map(quota_error).map(|quota| quota.limit).collect::<Vec<_>>(), [limit]);
}

#[test]
fn no_more_calls_are_under_way_than_the_share_of_the_documented_concurrency() {
    let service = Service::new();
    service.set(|script| script.latency = SECOND);
    let client = patient(&service);
    service.run(join_all((0..40).map(|_| call(&client, &NARROW)))).into_iter().for_each(Result::unwrap);
    assert_eq!(service.set(|script| script.most_under_way), 4);
    assert_eq!(service.timer.now(), SECOND * 10, "a permit stays unused");
}

#[test]
fn a_permit_passes_to_the_next_call_when_a_call_is_dropped() {
    let service = Service::always(Answer::Silence);
    let client = patient(&service);
    let mut first = Box::pin(call(&client, &ONE));
    let mut second = Box::pin(call(&client, &ONE));
    let mut third = Box::pin(call(&client, &ONE));
    for one in [&mut first, &mut second, &mut third] {
        assert!(poll(one.as_mut()).is_pending());
    }
    assert_eq!(service.calls().len(), 1);
    drop(first);
    // The second call is woken and dropped before it checks for room, so the third one is woken.
    drop(second);
    service.set(|script| script.otherwise = Answer::Code(0));
    service.run(third).unwrap();
}

#[test]
fn frequency_exceeded_blocks_that_endpoint_for_a_minute_and_no_other() {
    let service = Service::answering([Answer::Code(45009)]);
    let client = service.client().quotas(Quotas::refuse()).retry(Retry::new()).token(token()).build();
    assert!(service.run(call(&client, &RARE)).unwrap_err().is_rate_limited());
    assert_eq!(service.calls().len(), 1, "the call is repeated");
    let error = service.run(call(&client, &RARE)).unwrap_err();
    let quota = quota_error(&error);
    assert_eq!((quota.limit, quota.retry_after), (QuotaLimit::Blocked, Some(MINUTE)));
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(MINUTE);
    service.run(call(&client, &RARE)).unwrap();
}

#[test]
fn an_endpoint_without_documented_limits_is_blocked_and_limited_too() {
    let service = Service::answering([Answer::Code(45009)]);
    let client = refusing(&service);
    service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(quota_error(&service.run(call(&client, &READ)).unwrap_err()).limit, QuotaLimit::Blocked);
}

#[test]
fn repeated_blocks_last_a_minute_an_hour_and_a_day() {
    let service = Service::always(Answer::Code(45009));
    let client = patient(&service);
    let mut at = Vec::new();
    for _ in 0..4 {
        let outcome = service.run(call(&client, &READ));
        if outcome.is_err_and(|error| error.code().is_some()) {
            at.push(service.timer.now());
        }
    }
    assert_eq!(at, [Duration::ZERO, MINUTE, MINUTE * 61]);
}

#[test]
fn concurrency_exceeded_halves_the_limit_which_grows_again() {
    let service = Service::new();
    service.set(|script| (script.latency, script.answers) = (SECOND, vec![Answer::Code(45033); 16].into()));
    let quotas = Quotas::wait_at_most(MINUTE * 60);
    let client = service.client().quotas(quotas).retry(Retry::new().budget_floor(1000)).token(token()).build();
    let all = |count: usize| service.run(join_all((0..count).map(|_| call(&client, &READ))));
    // Sixteen concurrent calls are refused. At the next attempt, at most eight are under way.
    all(16).into_iter().for_each(Result::unwrap);
    assert_eq!(service.set(|script| std::mem::take(&mut script.most_under_way)), 16);
    let most = |count| {
        all(count).into_iter().for_each(Result::unwrap);
        service.set(|script| std::mem::take(&mut script.most_under_way))
    };
    let then = most(10);
    assert!((8..=10).contains(&then), "{then}");
    most(200);
    assert_eq!(most(40), 40);
}

#[test]
fn after_concurrency_exceeded_half_as_many_calls_are_under_way() {
    let service = Service::new();
    service.set(|script| (script.latency, script.answers) = (SECOND, vec![Answer::Code(45033); 16].into()));
    let client = patient(&service);
    let all = || service.run(join_all((0..16).map(|_| call(&client, &READ))));
    assert!(all().iter().all(|outcome| outcome.as_ref().is_err_and(wecom_core::Error::is_rate_limited)));
    assert_eq!(service.set(|script| std::mem::take(&mut script.most_under_way)), 16);
    all().into_iter().for_each(Result::unwrap);
    assert_eq!(service.set(|script| script.most_under_way), 8);
}

#[test]
fn a_refused_token_fetch_does_not_block_the_endpoint() {
    let service = Service::new();
    service.set(|script| script.to_gettoken.push_back(Answer::Code(45009)));
    let client = service.client().quotas(Quotas::refuse()).credentials(super::support::credentials()).build();
    service.run(call(&client, &READ)).unwrap_err();
    service.timer.advance(MINUTE);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
}

#[test]
fn clones_share_the_counts() {
    let service = Service::new();
    let client = refusing(&service);
    for _ in 0..8 {
        service.run(call(&client.clone(), &RARE)).unwrap();
    }
    assert!(service.run(call(&client, &RARE)).is_err());
}

/// A timer that panics if one poll reads it in an endless loop.
struct LoopDetector(ManualTimer, AtomicU32);

#[async_trait]
impl Timer for LoopDetector {
    fn now(&self) -> Duration {
        assert!(self.1.fetch_add(1, Ordering::Relaxed) < 1000, "one poll reads the clock in an endless loop");
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        Timer::sleep(&self.0, duration).await;
    }
}

#[test]
fn a_later_call_waits_while_an_earlier_one_has_an_unused_wake_up() {
    let service = Service::always(Answer::Silence);
    let timer = LoopDetector(service.timer.clone(), AtomicU32::new(0));
    let quotas = Quotas::wait_at_most(MINUTE);
    let client = Client::builder(service.clone()).timer(timer).quotas(quotas).token(token()).build();
    let [mut under_way, mut first, mut second] = [(); 3].map(|()| Box::pin(call(&client, &ONE)));
    for one in [&mut under_way, &mut first, &mut second] {
        assert!(poll(one.as_mut()).is_pending());
    }
    // The first call is woken. The second one checks for room before it.
    drop(under_way);
    service.timer.advance(SECOND / 10);
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(service.calls().len(), 1);
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(service.calls().len(), 2);
}

#[test]
fn unpolled_calls_are_passed_together_not_one_at_a_time() {
    let service = Service::always(Answer::Silence);
    let client = patient(&service);
    let mut under_way = Box::pin(call(&client, &ONE));
    let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(call(&client, &ONE))).collect();
    assert!(poll(under_way.as_mut()).is_pending());
    assert!(waiting.iter_mut().all(|call| poll(call.as_mut()).is_pending()));
    drop(under_way);
    service.set(|script| script.otherwise = Answer::Code(0));
    let before = service.timer.now();
    service.run(call(&client, &ONE)).unwrap();
    let took = service.timer.now() - before;
    assert!(took <= SECOND / 2, "{took:?}");
}

#[test]
fn an_unpolled_request_counts_as_under_way_until_its_time_limit() {
    for (limit, expected) in [(None, MINUTE), (Some(SECOND * 10), SECOND * 10)] {
        let service = Service::always(Answer::Silence);
        let client = patient(&service);
        let client = limit.map_or(client.clone(), |limit| client.with_time_limit(limit));
        let mut kept = Box::pin(call(&client, &ONE));
        assert!(poll(kept.as_mut()).is_pending());
        service.set(|script| script.otherwise = Answer::Code(0));
        service.run(call(&client, &ONE)).unwrap();
        let took = service.timer.now();
        assert!(took >= expected && took <= expected + SECOND / 2, "{took:?}");
    }
}

#[test]
fn a_call_past_its_deadline_uses_no_quota() {
    let service = Service::new();
    let client = patient(&service);
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    let hurried = client.with_deadline(MINUTE + SECOND * 2);
    let mut late = Box::pin(call(&hurried, &RARE));
    assert!(poll(late.as_mut()).is_pending());
    service.timer.advance(MINUTE * 2);
    let Poll::Ready(Err(error)) = poll(late.as_mut()) else { panic!("it is past its deadline") };
    let ErrorKind::Deadline(deadline) = error.kind() else { panic!("{error}") };
    assert_eq!((deadline.phase, service.calls().len()), (CallPhase::AwaitingQuota, 8));
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    assert_eq!(service.timer.now(), MINUTE * 2, "all eight are admitted at once");
}

#[test]
fn frequency_exceeded_blocks_the_endpoint_for_a_minute_from_the_reply() {
    let service = Service::answering([Answer::Code(45009)]);
    service.set(|script| script.latency = SECOND * 10);
    let client = refusing(&service);
    service.run(call(&client, &READ)).unwrap_err();
    let quota = quota_error(&service.run(call(&client, &READ)).unwrap_err());
    assert_eq!((quota.limit, quota.retry_after), (QuotaLimit::Blocked, Some(MINUTE)));
}

/// Ten calls a minute and 20 an hour, of which eight and 16 are used; with a ticket 20 a minute, of which 16 are used.
const LIFTED: Endpoint = Endpoint::post("lifted", "test/lifted")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10).with_per_hour(20))
    .with_ticketed_quota(Quota::new().with_per_minute(20));

#[derive(Serialize)]
struct Lifted {
    #[serde(skip)]
    has_ticket: bool,
}

impl ApiCall for Lifted {
    const ENDPOINT: &'static Endpoint = &LIFTED;
    type Reply = IgnoredAny;

    fn has_ticket(&self) -> bool {
        self.has_ticket
    }
}

async fn lifted(client: &Client, has_ticket: bool) -> Result<(), wecom_core::Error> {
    client.call(&Lifted { has_ticket }).await.map(drop)
}

#[test]
fn a_call_with_a_ticket_is_limited_only_by_the_lifted_limits_which_count_all_calls() {
    let service = Service::new();
    let client = refusing(&service);
    for _ in 0..8 {
        service.run(lifted(&client, false)).unwrap();
    }
    quota_error(&service.run(lifted(&client, false)).unwrap_err());
    // 8 of the 16 are left.
    for _ in 0..8 {
        service.run(lifted(&client, true)).unwrap();
    }
    quota_error(&service.run(lifted(&client, true)).unwrap_err());
    for _ in 0..4 {
        service.timer.advance(SECOND * 61);
        for _ in 0..16 {
            service.run(lifted(&client, true)).unwrap();
        }
    }
    // Calls with a ticket do not count towards the hourly limit of calls without one.
    service.timer.advance(SECOND * 61);
    for _ in 0..8 {
        service.run(lifted(&client, false)).unwrap();
    }
    service.timer.advance(SECOND * 61);
    quota_error(&service.run(lifted(&client, false)).unwrap_err());
    service.run(lifted(&client, true)).unwrap();
}

#[test]
fn a_call_with_a_ticket_does_not_wait_for_calls_without_one() {
    let service = Service::new();
    let client = patient(&service);
    service.run(join_all((0..8).map(|_| lifted(&client, false)))).into_iter().for_each(Result::unwrap);
    let mut waiting = Box::pin(lifted(&client, false));
    assert!(poll(waiting.as_mut()).is_pending());
    let mut passing = Box::pin(lifted(&client, true));
    assert!(poll(passing.as_mut()).is_ready());
    service.run(waiting).unwrap();
}

#[test]
fn a_refusal_of_a_call_without_a_ticket_does_not_block_calls_with_one() {
    let service = Service::answering([Answer::Code(45009), Answer::Code(0), Answer::Code(45009)]);
    let client = refusing(&service);
    service.run(lifted(&client, false)).unwrap_err();
    assert_eq!(quota_error(&service.run(lifted(&client, false)).unwrap_err()).limit, QuotaLimit::Blocked);
    service.run(lifted(&client, true)).unwrap();
    service.run(lifted(&client, true)).unwrap_err();
    assert_eq!(quota_error(&service.run(lifted(&client, true)).unwrap_err()).limit, QuotaLimit::Blocked);
}

#[test]
fn a_waiting_call_is_sent_as_soon_as_another_ends() {
    let service = Service::new();
    let latency = Duration::from_millis(1234);
    service.set(|script| script.latency = latency);
    let client = patient(&service);
    service.run(join_all((0..3).map(|_| call(&client, &ONE)))).into_iter().for_each(Result::unwrap);
    assert_eq!(service.calls().iter().map(|seen| seen.at).collect::<Vec<_>>(), [Duration::ZERO, latency, latency * 2]);
}

#[test]
fn a_call_that_is_woken_for_a_place_and_then_blocked_waits_again() {
    let service = Service::answering([Answer::Code(0), Answer::Code(45009)]);
    let soon = SECOND / 10;
    service.set(|script| script.latency = soon);
    let client = patient(&service);
    let [mut first, mut refused, mut third, mut fourth, mut waiting] =
        std::array::from_fn(|_| Box::pin(call(&client, &NARROW)));
    for call in [&mut first, &mut refused, &mut third, &mut fourth, &mut waiting] {
        assert!(poll(call.as_mut()).is_pending());
    }
    service.timer.advance(soon);
    assert!(matches!(poll(first.as_mut()), Poll::Ready(Ok(()))));
    assert!(matches!(poll(refused.as_mut()), Poll::Ready(Err(_))));
    assert!(poll(waiting.as_mut()).is_pending());
    service.run(waiting).unwrap();
    assert_eq!(service.calls().last().unwrap().at, soon + MINUTE);
}

#[test]
fn a_call_whose_token_expires_while_it_waits_is_sent_with_a_new_one() {
    let service = Service::new();
    service.set(|script| script.expires_in = 30);
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE * 2)).credentials(credentials()).build();
    service.run(join_all((0..9).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    let tokens: Vec<_> = service.calls().into_iter().map(|seen| seen.token).collect();
    assert_eq!((tokens[7].as_str(), tokens[8].as_str()), ("canary-1", "canary-2"));
}

#[test]
fn a_call_that_waits_requests_a_token_from_the_provider_once() {
    #[derive(Clone, Default)]
    struct Counting(Arc<AtomicU32>);

    #[async_trait]
    impl TokenProvider for Counting {
        async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(token())
        }

        async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
            Ok(None)
        }
    }

    let (service, provider) = (Service::new(), Counting::default());
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE * 2)).token_provider(provider.clone()).build();
    service.run(join_all((0..9).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    assert_eq!(provider.0.load(Ordering::Relaxed), 9);
}
