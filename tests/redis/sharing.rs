//! Processes share one token.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use wecom_core::AccessToken;
use wecom_core::token::{FetchLease, StoredToken, TokenStore};
use wecom_tests::redis_server::RedisServer;
use wecom_upstream::Upstream;

use crate::company::Company;
use crate::store;

#[tokio::test]
async fn a_cold_start_of_fifty_processes_fetches_one_token_and_so_does_a_revocation() {
    let Some(server) = RedisServer::start() else { return };
    let company = Company::new();
    let processes: Vec<Upstream> = (0..50).map(|_| company.process(store(&server))).collect();
    for generation in 1..=3 {
        for outcome in join_all(processes.iter().map(Upstream::get_chain_list)).await {
            outcome.unwrap();
        }
        assert_eq!(company.fetches(), generation);
        company.simulator.revoke_tokens();
    }
}

#[tokio::test]
async fn a_process_that_ends_during_its_fetch_costs_the_others_at_most_its_lease() {
    let Some(server) = RedisServer::start() else { return };
    let (company, lease) = (Company::new(), Duration::from_millis(700));
    let ended = store(&server).lease_fetch(&company.key(), lease).await.unwrap();
    assert!(matches!(ended, FetchLease::Granted { .. }));

    let began = Instant::now();
    let processes: Vec<Upstream> = (0..10).map(|_| company.process(store(&server))).collect();
    for outcome in join_all(processes.iter().map(Upstream::get_chain_list)).await {
        outcome.unwrap();
    }
    assert_eq!(company.fetches(), 1);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn only_its_owner_releases_a_lease_and_it_expires() {
    let Some(server) = RedisServer::start() else { return };
    let (company, store) = (Company::new(), store(&server));
    let key = company.key();
    let granted = store.lease_fetch(&key, Duration::from_secs(60)).await.unwrap();
    let FetchLease::Granted { id } = granted else { unreachable!("{granted:?}") };
    assert_eq!(store.lease_fetch(&key, Duration::from_secs(60)).await.unwrap(), FetchLease::Held);
    store.end_fetch(&key, id.wrapping_add(1)).await.unwrap();
    assert_eq!(store.lease_fetch(&key, Duration::from_secs(60)).await.unwrap(), FetchLease::Held);
    store.end_fetch(&key, id).await.unwrap();
    let short = store.lease_fetch(&key, Duration::from_millis(1)).await.unwrap();
    assert!(matches!(short, FetchLease::Granted { .. }));
    while store.lease_fetch(&key, Duration::from_secs(60)).await.unwrap() == FetchLease::Held {}
}

#[tokio::test]
async fn redis_expires_tokens_and_replaces_only_the_expected_one() {
    let Some(server) = RedisServer::start() else { return };
    let (store, company) = (store(&server), Company::new());
    company.process(store.clone()).get_chain_list().await.unwrap();
    let key = company.key();

    let found = store.get(&key).await.unwrap().unwrap();
    assert!(found.expires_in().unwrap() > Duration::from_secs(7100));
    let (new, other) = (StoredToken::new(AccessToken::new("new")), AccessToken::new("another"));
    assert!(!store.compare_and_swap(&key, Some(&other), &new).await.unwrap());
    assert!(!store.compare_and_swap(&key, None, &new).await.unwrap());
    let short = new.clone().expiring_in(Duration::from_millis(1));
    assert!(store.compare_and_swap(&key, Some(found.token()), &short).await.unwrap());
    // Until Redis lets it expire.
    while store.get(&key).await.unwrap().is_some() {}
    assert!(store.compare_and_swap(&key, None, &new).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap().unwrap().token().expose(), "new");
}
