//! Calls that are not polled, stores and transports that hang, and the quotas meanwhile. Each test guards against a bug
//! that occurred once.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{join, join_all, join3};

use wecom_core::observe::CallOutcome;
use wecom_core::token::{StoredToken, TokenKey, TokenStore, TokenStoreError};
use wecom_core::{
    AccessToken, CallEvent, Client, Delivery, Endpoint, Error, Observer, Quotas, Request, Response, Retry, Safety,
    Timer, Transport, TransportError, TransportErrorKind, async_trait,
};
use wecom_mock::ManualTimer;

use super::support::{Answer, MINUTE, NARROW, RARE, READ, SECOND, Service, call, credentials, poll, token};

/// One call at a time.
const SINGLE: Endpoint = Endpoint::post("single", "test/single").with_safety(Safety::Safe).with_concurrency(1);

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// A call that was polled once and is not polled again unless the test does it.
fn unpolled<'a>(client: &'a Client, endpoint: &'static Endpoint) -> Call<'a> {
    let mut call: Call<'a> = Box::pin(call(client, endpoint));
    assert!(poll(call.as_mut()).is_pending());
    call
}

#[test]
fn an_unpolled_caller_that_began_a_fetch_delays_no_other_caller() {
    let service = Service::new();
    service.set(|script| script.latency_of_gettoken = SECOND);
    let client = service.client().deadline(SECOND * 90).credentials(credentials()).build();
    let _unpolled = unpolled(&client, &READ);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), service.timer.now()), (1, SECOND));
}

#[test]
fn a_fetch_that_was_not_polled_for_a_while_and_times_out_after_a_late_poll_fails_no_other_caller() {
    let service = Service::new();
    service.set(|script| script.latency_of_gettoken = MINUTE * 5);
    let client = service.client().credentials(credentials()).build();
    let mut dropped = unpolled(&client, &READ);
    service.timer.advance(SECOND * 9);
    assert!(poll(dropped.as_mut()).is_pending());
    drop(dropped);
    service.set(|script| script.latency_of_gettoken = SECOND / 4);
    // Less than two seconds after the last poll, and after the time limit.
    service.timer.advance(SECOND * 3 / 2);
    service.run(call(&client, &READ)).unwrap();
}

#[test]
fn an_unpolled_renewal_delays_no_other_caller_and_is_completed_by_others() {
    let service = Service::new();
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(Duration::from_secs(7000));
    service.set(|script| script.latency_of_gettoken = SECOND);
    let _unpolled = unpolled(&client, &READ);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.timer.now(), Duration::from_secs(7000), "the call waits for no renewal");
    service.timer.advance(SECOND);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), service.calls().last().unwrap().token.as_str()), (2, "canary-2"));
}

#[test]
fn a_waiting_call_is_not_passed_repeatedly_by_another_caller() {
    let service = Service::new();
    service.set(|script| script.latency = SECOND / 10);
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE)).token(token()).build();
    let greedy = async {
        for _ in 0..600 {
            call(&client, &SINGLE).await.unwrap();
        }
    };
    let other = async {
        call(&client, &SINGLE).await.unwrap();
        service.timer.now()
    };
    let ((), after) = service.run(join(greedy, other));
    assert!(after <= SECOND / 2, "the other call ended after {after:?}");
}

#[test]
fn an_unpolled_call_that_was_woken_is_passed() {
    let service = Service::new();
    service.set(|script| script.latency = SECOND);
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE)).token(token()).build();
    let mut first = unpolled(&client, &SINGLE);
    let _unpolled: Vec<_> = (0..5).map(|_| unpolled(&client, &SINGLE)).collect();
    let last = call(&client, &SINGLE);
    service.run(join(&mut first, last)).1.unwrap();
    assert!(service.timer.now() < SECOND * 3, "{:?}", service.timer.now());
}

#[test]
fn a_place_that_a_woken_call_cannot_use_goes_to_the_next_call() {
    for max_wait in [MINUTE * 60, Duration::MAX] {
        let service = Service::answering([Answer::Code(45009)]);
        service.set(|script| script.latency = SECOND);
        let client = service.client().quotas(Quotas::wait_at_most(max_wait)).token(token()).build();
        let hurried = client.with_deadline(SECOND * 10);
        let first = call(&client, &SINGLE);
        // The second call is woken when the first one ends. By then the endpoint is blocked beyond its deadline.
        let second = call(&hurried, &SINGLE);
        let third = call(&client, &SINGLE);
        let (first, second, third) = service.run(join3(first, second, third));
        assert!(first.unwrap_err().is_rate_limited() && second.unwrap_err().is_rate_limited());
        third.unwrap();
        assert!(service.timer.now() < MINUTE * 2, "{:?}", service.timer.now());
    }
}

#[test]
fn a_connect_failure_after_a_busy_reply_has_an_unknown_delivery() {
    for code in [-1, 6000] {
        let failed = Answer::Fails(TransportErrorKind::Connect, Delivery::NotSent);
        let service = Service::answering([Answer::Code(code), failed.clone(), failed]);
        let client = service.client().retry(Retry::new()).token(token()).build();
        let error = service.run(call(&client, &READ)).unwrap_err();
        assert!(error.is_connect());
        assert_eq!(error.delivery(), Delivery::Unknown, "after {code}: the busy service may have acted");
    }
}

#[test]
fn the_concurrency_recovers_after_a_45033_while_calls_wait() {
    let service = Service::new();
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE * 60)).retry(Retry::new()).token(token()).build();
    service.set(|script| {
        script.latency = SECOND;
        script.answers.extend(vec![Answer::Code(45033); 4]);
    });
    service.run(join_all((0..200).map(|_| call(&client, &NARROW)))).into_iter().for_each(Result::unwrap);
    // Four concurrent calls take 50 seconds in all; two would take a hundred.
    assert!(service.timer.now() < SECOND * 60, "{:?}", service.timer.now());
    service.set(|script| script.most_under_way = 0);
    service.run(join_all((0..20).map(|_| call(&client, &NARROW)))).into_iter().for_each(Result::unwrap);
    assert_eq!(service.set(|script| script.most_under_way), 4);
}

/// A token store whose operations never complete.
struct HangingStore;

#[async_trait]
impl TokenStore for HangingStore {
    async fn get(&self, _: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        pending().await
    }

    async fn compare_and_swap(
        &self,
        _: &TokenKey,
        _: Option<&AccessToken>,
        _: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        pending().await
    }
}

#[test]
fn a_token_store_that_hangs_is_skipped() {
    let service = Service::new();
    let client = service.client().token_store("app", HangingStore).deadline(MINUTE).credentials(credentials()).build();
    let outcomes = service.run(join_all((0..100).map(|_| call(&client, &READ))));
    outcomes.into_iter().for_each(Result::unwrap);
    assert_eq!(service.fetches(), 1);
    assert!(service.timer.now() <= SECOND * 10, "{:?}", service.timer.now());
}

#[test]
fn calls_whose_deadline_is_shorter_than_a_fetch_share_one_that_succeeds() {
    let service = Service::new();
    service.set(|script| script.latency_of_gettoken = SECOND * 3);
    let client = service.client().deadline(SECOND).credentials(credentials()).build();
    let outcomes: Vec<_> = (0..300).map(|_| service.run(call(&client, &READ))).collect();
    assert_eq!(service.fetches(), 1);
    assert_eq!(outcomes.iter().position(Result::is_ok), Some(3), "the calls that come after the token succeed");
    assert!(outcomes.iter().skip(3).all(Result::is_ok));
}

#[test]
fn a_gettoken_refused_for_frequency_or_ip_is_not_repeated_for_a_while() {
    for (code, pause) in [(45009, MINUTE), (60020, SECOND * 10)] {
        let service = Service::new();
        service.set(|script| script.to_gettoken.extend([Answer::Code(code), Answer::Code(code)]));
        let client = service.client().retry(Retry::new()).credentials(credentials()).build();
        for _ in 0..100 {
            assert_eq!(service.run(call(&client, &READ)).unwrap_err().code().unwrap().0, code);
        }
        assert_eq!(service.fetches(), 1, "{code}");
        service.timer.advance(pause);
        assert!(service.run(call(&client, &READ)).is_err());
        assert_eq!(service.fetches(), 2, "{code}");
        // The second block after a frequency refusal lasts longer.
        service.timer.advance(if code == 45009 { MINUTE * 60 } else { pause });
        service.run(call(&client, &READ)).unwrap();
    }
}

/// A transport that blocks within one poll.
#[derive(Clone)]
struct Blocking(Service);

#[async_trait]
impl Transport for Blocking {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.timer.advance(Duration::from_millis(1200));
        self.0.send(request).await
    }
}

#[test]
fn the_time_that_a_transport_blocks_in_its_first_poll_counts() {
    #[derive(Clone, Default)]
    struct Elapsed(Arc<Mutex<Vec<Duration>>>);
    impl Observer for Elapsed {
        fn on_event(&self, event: &CallEvent<'_>) {
            if let CallEvent::Ended { elapsed: Some(elapsed), outcome: CallOutcome::Replied, .. } = event {
                self.0.lock().unwrap().push(*elapsed);
            }
        }
    }

    let (service, elapsed) = (Service::new(), Elapsed::default());
    let client = Client::builder(Blocking(service.clone())).timer(service.timer.clone()).token(token());
    let client = client.observer(elapsed.clone()).deadline(SECOND / 2).build();
    // A reply that has arrived is not thrown away.
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(*elapsed.0.lock().unwrap(), [Duration::from_millis(1200)]);
    // No further attempt begins after the deadline.
    let client = client.with_deadline(SECOND);
    service.set(|script| script.answers = VecDeque::from([Answer::Code(-1)]));
    let before = service.calls().len();
    service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(service.calls().len(), before + 1);
}

#[test]
fn a_quota_counts_when_a_request_is_sent_and_not_while_its_token_is_fetched() {
    let service = Service::new();
    service.set(|script| script.latency_of_gettoken = SECOND * 9);
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE * 10)).credentials(credentials()).build();
    service.run(join_all((0..8).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    // If the first calls counted from the start of the fetch, eight more would be sent within a minute of them.
    service.run(join_all((0..8).map(|_| call(&client, &RARE)))).into_iter().for_each(Result::unwrap);
    let at: Vec<_> = service.calls().iter().map(|seen| seen.at).collect();
    for window in at.windows(9) {
        assert!(window[8] - window[0] >= MINUTE, "nine calls within a minute: {window:?}");
    }
}

/// A token store in which the old token expires right after it has been read for the second time.
#[derive(Clone, Default)]
struct Expiring(Arc<Mutex<(u32, Option<StoredToken>)>>);

#[async_trait]
impl TokenStore for Expiring {
    async fn get(&self, _: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        let (reads, stored) = &mut *self.0.lock().unwrap();
        *reads += 1;
        let old = StoredToken::new(AccessToken::new("canary-old"));
        Ok(if *reads <= 2 { Some(old) } else { stored.clone() })
    }

    async fn compare_and_swap(
        &self,
        _: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        let (_, stored) = &mut *self.0.lock().unwrap();
        let is_expected = stored.as_ref().map(|token| token.token().expose()) == expected.map(AccessToken::expose);
        if is_expected {
            *stored = Some(new.clone());
        }
        Ok(is_expected)
    }
}

#[test]
fn a_token_is_stored_although_the_old_one_expires_before_the_swap() {
    let (service, store) = (Service::new(), Expiring::default());
    let client = service.client().token_store("app", store.clone()).credentials(credentials()).build();
    service.set(|script| script.dead_tokens = vec!["canary-old"]);
    service.run(call(&client, &READ)).unwrap();
    let stored = store.0.lock().unwrap().1.clone().expect("the new token is stored");
    assert_eq!(stored.token().expose(), "canary-1");
}

#[test]
fn a_panic_of_the_transport_while_a_token_is_fetched_fails_only_that_fetch() {
    #[derive(Clone)]
    struct Panics(Service, Arc<Mutex<bool>>);

    #[async_trait]
    impl Transport for Panics {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            if std::mem::take(&mut *self.1.lock().unwrap()) {
                panic!("a bug in the transport");
            }
            self.0.send(request).await
        }
    }

    let service = Service::new();
    let transport = Panics(service.clone(), Arc::new(Mutex::new(true)));
    let client = Client::builder(transport).timer(service.timer.clone()).credentials(credentials()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    service.run(call(&client, &READ)).unwrap();
}

/// A timer whose sleeps never end if they begin while `is_stopped` is set, like those of a runtime that no longer runs.
#[derive(Clone)]
struct Stoppable {
    timer: ManualTimer,
    is_stopped: Arc<AtomicBool>,
}

#[async_trait]
impl Timer for Stoppable {
    fn now(&self) -> Duration {
        self.timer.now()
    }

    async fn sleep(&self, duration: Duration) {
        match self.is_stopped.load(Ordering::Relaxed) {
            true => std::future::pending().await,
            false => self.timer.sleep(duration).await,
        }
    }
}

#[test]
fn a_fetch_that_began_on_a_runtime_that_no_longer_runs_is_replaced() {
    let service = Service::new();
    service.set(|script| script.to_gettoken.extend([Answer::Silence, Answer::Code(0)]));
    let timer = Stoppable { timer: service.timer.clone(), is_stopped: Arc::new(AtomicBool::new(true)) };
    let client = Client::builder(service.clone()).timer(timer.clone()).credentials(credentials()).build();
    let mut kept = Box::pin(call(&client, &READ));
    assert!(poll(kept.as_mut()).is_pending());
    timer.is_stopped.store(false, Ordering::Relaxed);
    let outcomes = service.run(join_all((0..3).map(|_| call(&client, &READ))));
    outcomes.into_iter().for_each(Result::unwrap);
    // Twice the limits of a fetch: ten seconds for the request, and ten for the store.
    assert!(service.timer.now() <= SECOND * 42, "{:?}", service.timer.now());
    assert!(poll(kept.as_mut()).is_pending(), "its own time limit is on the runtime that no longer runs");
}

#[test]
fn a_fetch_delayed_by_a_caller_that_was_not_polled_is_completed_and_not_replaced() {
    let service = Service::new();
    service.set(|script| script.latency_of_gettoken = SECOND);
    let client = service.client().token_store("app", HangingStore).credentials(credentials()).build();
    let mut delayed = unpolled(&client, &READ);
    service.timer.advance(MINUTE);
    assert!(poll(delayed.as_mut()).is_pending(), "the fetch goes on from the store to the service");
    service.run(delayed).unwrap();
    assert_eq!(service.fetches(), 1);
}
