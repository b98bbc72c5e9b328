//! Processes that share a store without leases.

use futures_util::FutureExt;
use wecom_core::endpoint::RawCall;
use wecom_core::http::AsLocal;
use wecom_core::token::{StoredToken, TokenKey, TokenScope, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, Client, async_trait};
use wecom_mock::{InMemoryStore, StoreFault};

use super::support::{Answer, MINUTE, READ, SECOND, Service, call, credentials};

/// A store without leases. Its clock is the timer of a service.
#[derive(Clone)]
struct SharedStore(InMemoryStore);

impl SharedStore {
    fn of(service: &Service) -> Self {
        Self(InMemoryStore::new(service.timer.clone()))
    }

    fn put(&self, token: &str) {
        let new = StoredToken::new(AccessToken::new(token)).expiring_in(SECOND * 7200);
        let stored = token_of(&self.0);
        let expected = stored.as_ref().map(StoredToken::token);
        let is_stored = TokenStore::compare_and_swap(&self.0, &key(), expected, &new).now_or_never();
        assert!(is_stored.unwrap().unwrap());
    }

    fn token(&self) -> Option<String> {
        token_of(&self.0).map(|stored| stored.token().expose().to_owned())
    }
}

fn key() -> TokenKey {
    TokenKey::new("ww1", "app", TokenScope::Upstream)
}

fn token_of(store: &InMemoryStore) -> Option<StoredToken> {
    TokenStore::get(store, &key()).now_or_never().unwrap().unwrap()
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        TokenStore::get(&self.0, key).await
    }

    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        TokenStore::compare_and_swap(&self.0, key, expected, new).await
    }
}

/// A process: a client that shares only the store with others.
fn process(service: &Service, store: &SharedStore) -> Client {
    service.client().token_store("app", store.clone()).credentials(credentials()).build()
}

#[test]
fn processes_that_share_a_store_share_one_token() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    for _ in 0..5 {
        service.run(call(&process(&service, &store), &READ)).unwrap();
    }
    assert_eq!(service.fetches(), 1);
    assert_eq!(store.token().as_deref(), Some("canary-1"));
}

#[test]
fn a_token_that_another_process_rotated_is_taken_from_the_store() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    let client = process(&service, &store);
    service.run(call(&client, &READ)).unwrap();
    store.put("canary-rotated");
    service.set(|script| script.dead_tokens = vec!["canary-1"]);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), service.calls().last().unwrap().token.as_str()), (1, "canary-rotated"));
}

#[test]
fn a_refused_token_that_is_still_in_the_store_is_replaced_there() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    let client = process(&service, &store);
    service.run(call(&client, &READ)).unwrap();
    service.set(|script| script.dead_tokens = vec!["canary-1"]);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
    assert_eq!(store.token().as_deref(), Some("canary-2"));
}

#[test]
fn a_token_that_another_process_renewed_is_used_early() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    let client = process(&service, &store);
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(SECOND * 7200 - MINUTE * 5);
    store.put("canary-renewed");
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), service.calls().last().unwrap().token.as_str()), (1, "canary-renewed"));
}

#[test]
fn the_store_decides_how_long_a_token_is_valid() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    service.run(call(&process(&service, &store), &READ)).unwrap();
    service.timer.advance(SECOND * 3600);
    let late = process(&service, &store);
    service.run(call(&late, &READ)).unwrap();
    service.timer.advance(SECOND * 3600);
    service.run(call(&late, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
}

#[test]
fn a_store_that_fails_is_skipped() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    store.0.set_fault(StoreFault::Fails);
    let client = process(&service, &store);
    service.run(call(&client, &READ)).unwrap();
    service.set(|script| script.dead_tokens = vec!["canary-1"]);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
}

#[test]
fn the_second_process_to_store_a_token_uses_the_first_token() {
    /// Another process stores its token while this one fetches.
    #[derive(Clone)]
    struct Overtaken(SharedStore);

    #[async_trait]
    impl TokenStore for Overtaken {
        async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
            self.0.get(key).await
        }

        async fn compare_and_swap(
            &self,
            key: &TokenKey,
            expected: Option<&AccessToken>,
            new: &StoredToken,
        ) -> Result<bool, TokenStoreError> {
            self.0.put("canary-theirs");
            self.0.compare_and_swap(key, expected, new).await
        }
    }

    let service = Service::new();
    let store = Overtaken(SharedStore::of(&service));
    let client = service.client().token_store("app", store).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.calls()[0].token, "canary-theirs");
}

#[test]
fn a_local_client_uses_a_token_store() {
    let service = Service::new();
    let store = InMemoryStore::new(service.timer.clone());
    for _ in 0..2 {
        let client = Client::local(AsLocal(service.clone())).token_store("app", store.clone());
        let client = client.timer(service.timer.clone()).credentials(credentials()).build();
        service.run(client.call_raw(RawCall::new(&READ))).unwrap();
    }
    assert_eq!(service.fetches(), 1);
}

#[test]
fn no_debug_form_of_a_store_shows_a_token() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    let client = process(&service, &store);
    service.set(|script| script.otherwise = Answer::Code(60020));
    let error = service.run(call(&client, &READ)).unwrap_err();
    let stored = StoredToken::new(AccessToken::new("canary-1")).expiring_in(MINUTE);
    let text = format!("{error:#?} {stored:?} {client:?}");
    assert!(!text.contains("canary"), "{text}");
}

/// A store that never answers.
struct Hanging;

#[async_trait]
impl TokenStore for Hanging {
    async fn get(&self, _: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        std::future::pending().await
    }

    async fn compare_and_swap(
        &self,
        _: &TokenKey,
        _: Option<&AccessToken>,
        _: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        std::future::pending().await
    }
}

#[test]
fn a_fetch_is_continued_by_rare_calls_with_short_deadlines() {
    let service = Service::new();
    let client = service.client().token_store("app", Hanging).credentials(credentials()).deadline(SECOND).build();
    let outcomes = [(); 3].map(|()| {
        let outcome = service.run(call(&client, &READ));
        service.timer.advance(SECOND * 20);
        outcome.is_ok()
    });
    assert_eq!(outcomes, [false, true, true]);
    assert_eq!(service.fetches(), 1);
}

#[test]
fn a_renewal_that_fails_after_a_hanging_store_is_repeated_after_a_minute() {
    let service = Service::new();
    let client = service.client().token_store("app", Hanging).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(SECOND * 7200 - MINUTE * 5);
    service.set(|script| script.to_gettoken.push_back(Answer::Silence));
    for _ in 0..60 {
        service.run(call(&client, &READ)).unwrap();
        service.timer.advance(SECOND);
    }
    assert_eq!(service.fetches(), 2);
}

#[test]
fn during_a_pause_after_45009_the_store_is_asked_every_ten_seconds() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    service.set(|script| script.to_gettoken.extend([Answer::Code(45009)]));
    let client = process(&service, &store);
    service.run(call(&client, &READ)).unwrap_err();
    store.put("canary-of-another");
    service.timer.advance(SECOND * 9);
    service.run(call(&client, &READ)).unwrap_err();
    service.timer.advance(SECOND);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), service.calls().last().unwrap().token.as_str()), (1, "canary-of-another"));
}

#[test]
fn a_store_without_a_token_does_not_shorten_a_pause() {
    let service = Service::new();
    let store = SharedStore::of(&service);
    service.set(|script| script.to_gettoken.extend([Answer::Code(45009)]));
    let client = process(&service, &store);
    for _ in 0..5 {
        let error = service.run(call(&client, &READ)).unwrap_err();
        assert_eq!(error.code().map(|code| code.0), Some(45009));
        service.timer.advance(SECOND * 11);
    }
    assert_eq!(service.fetches(), 1);
    service.timer.advance(MINUTE);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
}
