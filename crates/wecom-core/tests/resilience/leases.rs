//! Processes that share a store with leases fetch one token.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use futures_util::future::join_all;
use wecom_core::endpoint::RawCall;
use wecom_core::http::AsLocal;
use wecom_core::token::{FetchLease, TokenKey, TokenScope, TokenStore};
use wecom_core::{Client, Error};
use wecom_mock::{InMemoryStore, StoreFault};

use super::support::{Answer, MINUTE, READ, SECOND, Service, call, credentials};

struct Company {
    service: Service,
    store: InMemoryStore,
    processes: Vec<Client>,
}

impl Company {
    fn with(processes: usize) -> Self {
        let service = Service::new();
        service.set(|script| script.latency_of_gettoken = SECOND / 4);
        let store = InMemoryStore::new(service.timer.clone());
        let process = |_| service.client().token_store("app", store.clone()).credentials(credentials()).build();
        let processes = (0..processes).map(process).collect();
        Self { service, store, processes }
    }

    /// Makes a call with each process, all at the same time.
    fn call_all(&self) -> Vec<Result<(), Error>> {
        self.service.run(join_all(self.processes.iter().map(|process| call(process, &READ))))
    }

    /// Another process acquires the lease, and ends.
    fn lose_a_holder(&self) {
        let key = TokenKey::new("ww1", "app", TokenScope::Upstream);
        let lease = self.service.run(TokenStore::lease_fetch(&self.store, &key, SECOND * 5)).unwrap();
        assert!(matches!(lease, FetchLease::Granted { .. }));
    }
}

fn all_succeed(outcomes: Vec<Result<(), Error>>) {
    for outcome in outcomes {
        outcome.unwrap();
    }
}

#[test]
fn a_cold_start_of_fifty_processes_fetches_one_token() {
    let company = Company::with(50);
    all_succeed(company.call_all());
    assert_eq!(company.service.fetches(), 1);
    assert!(company.service.timer.now() < SECOND);
}

#[test]
fn fifty_processes_whose_token_is_revoked_fetch_one_token() {
    let company = Company::with(50);
    all_succeed(company.call_all());
    company.service.set(|script| script.dead_tokens = vec!["canary-1"]);
    all_succeed(company.call_all());
    assert_eq!(company.service.fetches(), 2);
}

#[test]
fn a_holder_that_ends_costs_the_others_its_lease() {
    let company = Company::with(20);
    company.lose_a_holder();
    all_succeed(company.call_all());
    assert_eq!(company.service.fetches(), 1);
    assert!(company.service.timer.now() < SECOND * 6, "{:?}", company.service.timer.now());
}

#[test]
fn a_lease_that_never_ends_is_ignored_after_ten_seconds() {
    let company = Company::with(1);
    let key = TokenKey::new("ww1", "app", TokenScope::Upstream);
    company.service.run(TokenStore::lease_fetch(&company.store, &key, MINUTE)).unwrap();
    all_succeed(company.call_all());
    let took = company.service.timer.now();
    assert!(took >= SECOND * 10 && took < SECOND * 11, "{took:?}");
}

#[test]
fn a_renewal_does_not_wait_for_that_of_another_process() {
    let company = Company::with(2);
    all_succeed(company.call_all());
    company.service.timer.advance(SECOND * 7200 - MINUTE * 4);
    company.lose_a_holder();
    let before = company.service.timer.now();
    all_succeed(company.call_all());
    assert!(company.service.timer.now() - before < SECOND * 2);
    assert_eq!(company.service.fetches(), 1);
}

#[test]
fn a_fetch_that_fails_releases_its_lease() {
    let company = Company::with(2);
    company.service.set(|script| script.to_gettoken.push_back(Answer::Code(60020)));
    company.service.run(call(&company.processes[0], &READ)).unwrap_err();
    company.service.run(call(&company.processes[1], &READ)).unwrap();
    assert!(company.service.timer.now() < SECOND);
}

#[test]
fn a_call_during_the_release_of_a_lease_does_not_get_the_failure_of_the_fetch_before() {
    let company = Company::with(1);
    let process = &company.processes[0];
    company.service.set(|script| script.latency_of_gettoken = MINUTE * 5);
    let mut unpolled = pin!(call(process, &READ));
    assert!(unpolled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    company.service.timer.advance(MINUTE);
    company.service.set(|script| script.latency_of_gettoken = SECOND / 4);
    // The fetch has timed out without a poll, and its lease is released while the second call begins.
    company.store.set_fault(StoreFault::Hangs);
    assert!(unpolled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    company.service.run(call(process, &READ)).unwrap();
    company.service.run(unpolled).unwrap();
}

#[test]
fn without_the_store_each_process_fetches_its_own_token() {
    for (fault, limit) in [(StoreFault::Fails, SECOND), (StoreFault::Hangs, SECOND * 3)] {
        let company = Company::with(5);
        company.store.set_fault(fault);
        all_succeed(company.call_all());
        assert_eq!(company.service.fetches(), 5);
        assert!(company.service.timer.now() < limit, "{fault:?}: {:?}", company.service.timer.now());
    }
}

#[test]
fn a_client_without_a_timer_does_not_wait_for_a_lease() {
    let company = Company::with(0);
    company.lose_a_holder();
    let client = Client::builder(company.service.clone()).token_store("app", company.store.clone());
    company.service.run(call(&client.credentials(credentials()).build(), &READ)).unwrap();
    assert!(company.service.timer.now() < SECOND);
}

#[test]
fn local_clients_share_one_fetch_too() {
    let company = Company::with(0);
    let process = |_| {
        let client = Client::local(AsLocal(company.service.clone())).token_store("app", company.store.clone());
        client.timer(company.service.timer.clone()).credentials(credentials()).build()
    };
    let processes: Vec<_> = (0..10).map(process).collect();
    let calls = processes.iter().map(|process| process.call_raw(RawCall::new(&READ)));
    for outcome in company.service.run(join_all(calls)) {
        outcome.unwrap();
    }
    assert_eq!(company.service.fetches(), 1);
}
