//! Processes that share a quota store stay within the quota together.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use wecom_core::endpoint::{Quota, RawCall};
use wecom_core::http::AsLocal;
use wecom_core::quota::{
    CallKind, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError, QuotaWindow,
};
use wecom_core::{Client, Endpoint, ErrorKind, Quotas, Timer, async_trait};
use wecom_mock::{InMemoryStore, StoreFault};

use super::support::{Answer, MINUTE, NARROW, RARE, READ, SECOND, Service, call, token};

/// The documented limit of `RARE` is ten calls a minute, of which clients use eight.
const ALLOWED: usize = 8;

/// Documented limit: a thousand calls a minute, of which a client uses 800.
const FREQUENT: Endpoint = Endpoint::post("frequent", "test/frequent").with_quota(Quota::new().with_per_minute(1000));

/// Documented limit: 10,000 calls a minute, of which clients use 8,000.
const ENDLESS: Endpoint = Endpoint::post("endless", "test/endless").with_quota(Quota::new().with_per_minute(10_000));

struct Company {
    service: Service,
    store: InMemoryStore,
    quotas: Quotas,
}

impl Company {
    fn new(quotas: Quotas) -> Self {
        let service = Service::new();
        let store = InMemoryStore::new(service.timer.clone());
        Self { service, store, quotas }
    }

    fn process(&self) -> Client {
        let client = self.service.client().quotas(self.quotas.clone());
        client.quota_store("ww1", self.store.clone()).token(token()).build()
    }

    /// A process, and the number of its requests for admissions.
    fn counted_process(&self) -> (Client, Arc<AtomicU64>) {
        let store = CountedStore { store: self.store.clone(), requests: Arc::default() };
        let requests = Arc::clone(&store.requests);
        let client = self.service.client().quotas(self.quotas.clone());
        (client.quota_store("ww1", store).token(token()).build(), requests)
    }

    /// The number of calls that count against the quota of `ENDLESS`.
    fn counted(&self) -> u32 {
        let window = QuotaWindow::new(CallKind::Usual, MINUTE, u32::MAX);
        let key = QuotaKey::new("ww1", ENDLESS.path());
        let request = QuotaRequest::new(key, CallKind::Usual, vec![window], u32::MAX);
        let grant = self.service.run(QuotaStore::take(&self.store, &request)).unwrap();
        self.service.run(QuotaStore::give_back(&self.store, &request, grant.counted_at, grant.admitted)).unwrap();
        u32::MAX - grant.admitted
    }

    fn most_within_a_minute(&self) -> usize {
        let times: Vec<Duration> = self.service.calls().iter().map(|call| call.at).collect();
        let within = |first: Duration| times.iter().filter(|&&at| at >= first && at - first < MINUTE).count();
        times.iter().map(|&first| within(first)).max().unwrap_or(0)
    }
}

/// Counts the requests for admissions.
struct CountedStore {
    store: InMemoryStore,
    requests: Arc<AtomicU64>,
}

#[async_trait]
impl QuotaStore for CountedStore {
    async fn take(&self, request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        QuotaStore::take(&self.store, request).await
    }

    async fn give_back(&self, request: &QuotaRequest, counted_at: u64, unused: u32) -> Result<(), QuotaStoreError> {
        QuotaStore::give_back(&self.store, request, counted_at, unused).await
    }

    async fn report(&self, key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError> {
        QuotaStore::report(&self.store, key, refusal).await
    }
}

#[test]
fn processes_that_wait_exceed_the_quota_in_no_window_and_use_it_up() {
    let company = Company::new(Quotas::wait_at_most(MINUTE * 20));
    let processes: Vec<_> = (0..4).map(|_| company.process()).collect();
    let calls = processes.iter().flat_map(|process| (0..20).map(|_| call(process, &RARE)));
    for outcome in company.service.run(join_all(calls)) {
        outcome.unwrap();
    }
    assert_eq!((company.service.calls().len(), company.most_within_a_minute()), (80, ALLOWED));
    let took = company.service.timer.now();
    assert!(took <= (MINUTE + SECOND * 2) * 9, "{took:?}");
}

#[test]
fn a_process_that_refuses_calls_refuses_them_when_others_have_used_the_quota() {
    let company = Company::new(Quotas::refuse());
    let (first, second) = (company.process(), company.process());
    for _ in 0..ALLOWED {
        company.service.run(call(&first, &RARE)).unwrap();
    }
    let error = company.service.run(call(&second, &RARE)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Quota(quota) if quota.retry_after.is_some()), "{error}");
}

#[test]
fn many_calls_of_a_process_that_refuses_are_admitted_at_the_same_time() {
    let company = Company::new(Quotas::refuse());
    let process = company.process();
    let outcomes = company.service.run(join_all((0..ALLOWED + 2).map(|_| call(&process, &RARE))));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), ALLOWED);
}

#[test]
fn without_the_store_a_process_uses_its_own_share() {
    for (fault, limit) in [(StoreFault::Fails, Duration::ZERO), (StoreFault::Hangs, SECOND)] {
        let company = Company::new(Quotas::refuse().own_share(20));
        company.store.set_fault(fault);
        let process = company.process();
        let outcomes = company.service.run(join_all((0..ALLOWED).map(|_| call(&process, &RARE))));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2, "{fault:?}");
        assert!(company.service.timer.now() <= limit, "{fault:?}: {:?}", company.service.timer.now());
    }
}

#[test]
fn a_call_that_is_not_polled_for_its_maximum_wait_still_gets_its_answer() {
    let company = Company::new(Quotas::wait_at_most(SECOND * 20).own_share(20));
    company.store.set_fault(StoreFault::Hangs);
    let process = company.process();
    let mut unpolled = pin!(call(&process, &RARE));
    assert!(unpolled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    company.service.timer.advance(MINUTE);
    company.service.run(unpolled).unwrap();
}

#[test]
fn a_store_that_returns_is_used_again_after_five_seconds() {
    let company = Company::new(Quotas::refuse().own_share(10));
    let process = company.process();
    company.store.set_fault(StoreFault::Fails);
    company.service.run(call(&process, &RARE)).unwrap();
    company.store.set_fault(None);
    company.service.run(call(&process, &RARE)).unwrap_err();
    company.service.timer.advance(SECOND * 5);
    for _ in 0..ALLOWED {
        company.service.run(call(&process, &RARE)).unwrap();
    }
}

#[test]
fn a_store_that_fails_in_every_second_minute_admits_no_more_than_the_documented_quota() {
    let company = Company::new(Quotas::wait_at_most(MINUTE * 20).own_share(5));
    let processes: Vec<_> = (0..2).map(|_| company.process()).collect();
    for minute in 0..4 {
        company.store.set_fault((minute % 2 == 1).then_some(StoreFault::Fails));
        let calls = processes.iter().flat_map(|process| (0..2).map(|_| call(process, &RARE)));
        company.service.run(join_all(calls)).into_iter().for_each(|outcome| outcome.unwrap());
    }
    assert!(company.most_within_a_minute() <= 10, "{}", company.most_within_a_minute());
}

#[test]
fn a_block_of_one_process_is_known_to_the_others() {
    let company = Company::new(Quotas::refuse());
    let (first, second) = (company.process(), company.process());
    company.service.set(|script| script.answers.push_back(Answer::Code(45009)));
    company.service.run(call(&first, &RARE)).unwrap_err();
    let error = company.service.run(call(&second, &RARE)).unwrap_err();
    assert!(error.to_string().contains("blocks"), "{error}");
    assert_eq!(company.service.calls().len(), 1);
    company.service.timer.advance(MINUTE + SECOND);
    company.service.run(call(&second, &RARE)).unwrap();
}

#[test]
fn unused_admissions_are_given_back() {
    let company = Company::new(Quotas::refuse());
    let process = company.process();
    // Of the last batch of each burst, most admissions expire.
    for _ in 0..20 {
        for _ in 0..40 {
            company.service.run(call(&process, &FREQUENT)).unwrap();
            company.service.timer.advance(Duration::from_millis(1));
        }
        company.service.timer.advance(SECOND * 2);
    }
    company.service.run(call(&process, &FREQUENT)).unwrap_err();
}

#[test]
fn twenty_processes_that_start_at_once_are_admitted_at_once() {
    let company = Company::new(Quotas::refuse());
    company.service.set(|script| script.latency = Duration::from_millis(1));
    let processes: Vec<_> = (0..20).map(|_| company.process()).collect();
    let calls = processes.iter().flat_map(|process| (0..2).map(|_| call(process, &ENDLESS)));
    for outcome in company.service.run(join_all(calls)) {
        outcome.unwrap();
    }
    assert!(company.counted() <= 20 * 3, "{}", company.counted());
}

#[test]
fn a_process_that_ends_after_a_few_calls_leaves_few_admissions_counted() {
    for calls in 1..20 {
        let company = Company::new(Quotas::refuse());
        for _ in 0..100 {
            let process = company.process();
            for _ in 0..calls {
                company.service.run(call(&process, &ENDLESS)).unwrap();
            }
        }
        let counted = company.counted();
        assert!((calls * 100..calls * 200).contains(&counted), "{calls} calls: {counted}");
    }
}

#[test]
fn a_process_that_ends_can_give_back_what_it_has_not_used() {
    let company = Company::new(Quotas::refuse());
    let process = company.process();
    for _ in 0..20 {
        company.service.run(call(&process, &ENDLESS)).unwrap();
    }
    assert!(company.counted() > 20);
    company.service.run(process.give_back_quota());
    assert_eq!(company.counted(), 20);
    // It can go on.
    company.service.run(call(&process, &ENDLESS)).unwrap();
    assert_eq!(company.counted(), 21);
}

#[test]
fn admissions_that_are_given_back_to_no_store_end_within_the_time_limit() {
    let company = Company::new(Quotas::refuse());
    let process = company.process();
    for _ in 0..2 {
        company.service.run(call(&process, &ENDLESS)).unwrap();
    }
    company.store.set_fault(StoreFault::Hangs);
    company.service.run(process.give_back_quota());
    assert_eq!(company.service.timer.now(), Duration::from_millis(500));
}

#[test]
fn a_process_without_room_uses_what_another_one_gives_back_within_seconds() {
    let company = Company::new(Quotas::wait_at_most(MINUTE * 2));
    let (first, second) = (company.process(), company.process());
    for _ in 0..32 {
        company.service.run(call(&first, &FREQUENT)).unwrap();
    }
    // The first process has taken 1, 2, 4, 8, 16 and 32 admissions.
    for outcome in company.service.run(join_all((0..800 - 63).map(|_| call(&second, &FREQUENT)))) {
        outcome.unwrap();
    }
    let waiting = pin!(call(&second, &FREQUENT));
    let timer = &company.service.timer;
    let Either::Right((_, waiting)) = timer.run(select(waiting, Timer::sleep(timer, SECOND * 10))) else {
        panic!("admitted without room");
    };
    company.service.run(first.give_back_quota());
    let given_back = timer.now();
    company.service.run(waiting).unwrap();
    assert!(timer.now() - given_back <= SECOND * 2, "{:?}", timer.now() - given_back);
}

#[test]
fn a_process_without_room_asks_the_store_at_most_every_two_seconds() {
    let company = Company::new(Quotas::wait_at_most(MINUTE * 2));
    let (process, requests) = company.counted_process();
    let calls = || (0..ALLOWED + 4).map(|_| call(&process, &RARE));
    company.service.run(join_all(calls())).into_iter().for_each(|outcome| outcome.unwrap());
    let took = company.service.timer.now().as_secs();
    let requests = requests.load(Ordering::Relaxed);
    assert!((took / 4..=took / 2 + 20).contains(&requests), "{requests} requests in {took} s");
}

#[test]
fn a_busy_process_makes_most_calls_without_a_request_to_the_store() {
    let company = Company::new(Quotas::wait_at_most(MINUTE));
    company.service.set(|script| script.latency = Duration::from_millis(20));
    let (process, requests) = company.counted_process();
    let worker = || async {
        for _ in 0..100 {
            call(&process, &ENDLESS).await.unwrap();
        }
    };
    company.service.run(join_all((0..64).map(|_| worker())));
    let requests = requests.load(Ordering::Relaxed);
    assert!(requests <= 6_400 / 8, "{requests} requests for 6,400 calls");
}

#[test]
fn an_endpoint_without_a_quota_does_not_ask_the_store() {
    let company = Company::new(Quotas::refuse());
    company.store.set_fault(StoreFault::Hangs);
    let process = company.process();
    company.service.run(call(&process, &READ)).unwrap();
    company.service.run(call(&process, &NARROW)).unwrap();
    assert_eq!(company.service.timer.now(), Duration::ZERO);
}

#[test]
fn local_clients_share_a_quota_too() {
    let company = Company::new(Quotas::refuse());
    let process = || {
        let client = Client::local(AsLocal(company.service.clone())).timer(company.service.timer.clone());
        client.quotas(Quotas::refuse()).quota_store("ww1", company.store.clone()).token(token()).build()
    };
    let processes = [process(), process()];
    let calls = processes.iter().flat_map(|process| (0..6).map(|_| process.call_raw(RawCall::new(&RARE))));
    let outcomes = company.service.run(join_all(calls));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), ALLOWED);
}
