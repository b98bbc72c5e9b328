//! Processes that share a quota store stay within the quota together.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::join_all;
use wecom_core::endpoint::{Quota, RawCall};
use wecom_core::http::AsLocal;
use wecom_core::{Client, Endpoint, ErrorKind, Quotas};
use wecom_mock::{InMemoryStore, StoreFault};

use super::support::{Answer, MINUTE, NARROW, RARE, READ, SECOND, Service, call, token};

/// The documented limit of `RARE` is ten calls a minute, of which clients use eight.
const ALLOWED: usize = 8;

/// Documented limit: a thousand calls a minute, of which a client uses 800.
const FREQUENT: Endpoint = Endpoint::post("frequent", "test/frequent").with_quota(Quota::new().with_per_minute(1000));

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

    fn most_within_a_minute(&self) -> usize {
        let times: Vec<Duration> = self.service.calls().iter().map(|call| call.at).collect();
        let within = |first: Duration| times.iter().filter(|&&at| at >= first && at - first < MINUTE).count();
        times.iter().map(|&first| within(first)).max().unwrap_or(0)
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
