//! Tokens shared through a real Redis, which each test starts on loopback.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wecom_core::{CallEvent, Client, Observer, Request, Response, Transport, TransportError, async_trait};
use wecom_simulator::{Simulator, World};
use wecom_tests::programs::is_installed;
use wecom_upstream::Upstream;

#[path = "examples/token_store_redis.rs"]
#[allow(dead_code, reason = "the example's main")]
mod token_store_redis;

use token_store_redis::RedisTokenStore;

/// A running Redis server. Dropping it stops the server.
struct Redis {
    server: Child,
    url: String,
}

impl Redis {
    /// Starts a server, or returns `None` where a missing program may be skipped.
    fn start() -> Option<Self> {
        if !is_installed("redis-server") {
            return None;
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(log.any(|line| line.contains("Ready to accept connections")), "redis-server did not start");
        // The server would block on a pipe that is full.
        std::thread::spawn(move || log.for_each(drop));
        Some(Self { server, url: format!("redis://127.0.0.1:{port}/") })
    }

    async fn store(&self) -> RedisTokenStore {
        RedisTokenStore::connect(&self.url, "test").await.unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A transport that counts the token fetches.
#[derive(Clone)]
struct Counting {
    simulator: Simulator,
    fetches: Arc<AtomicU32>,
}

impl Counting {
    fn new() -> Self {
        Self { simulator: Simulator::new(World::demo()), fetches: Arc::default() }
    }

    fn process(&self, store: RedisTokenStore) -> Upstream {
        let client = Client::builder(self.clone()).credentials(self.simulator.credentials());
        Upstream::new(client.token_store("app", store).observer(NoSecrets).build())
    }

    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.fetches.fetch_add(u32::from(request.endpoint().name() == "gettoken"), Ordering::SeqCst);
        Transport::send(&self.simulator, request).await
    }
}

struct NoSecrets;

impl Observer for NoSecrets {
    fn on_event(&self, event: &CallEvent<'_>) {
        assert!(!format!("{event:?}").contains("access_token="));
    }
}

#[tokio::test]
async fn processes_share_a_token_refresh_it_once_and_fall_back_to_their_own_without_redis() {
    let Some(redis) = Redis::start() else { return };
    let counting = Counting::new();

    // Ten processes, one fetch.
    for _ in 0..10 {
        counting.process(redis.store().await).get_chain_list().await.unwrap();
    }
    assert_eq!(counting.fetches(), 1);

    // The service revokes the token. The first process that notices stores another token, and the others use that one.
    let processes = [counting.process(redis.store().await), counting.process(redis.store().await)];
    for process in &processes {
        process.get_chain_list().await.unwrap();
    }
    counting.simulator.revoke_tokens();
    for process in &processes {
        process.get_chain_list().await.unwrap();
    }
    assert_eq!(counting.fetches(), 2);

    // Redis has stopped. A process with a token keeps using it. A new process fetches its own token.
    let late = redis.store().await;
    drop(redis);
    processes[0].get_chain_list().await.unwrap();
    counting.process(late).get_chain_list().await.unwrap();
    assert_eq!(counting.fetches(), 3);
}

#[tokio::test]
async fn redis_expires_tokens_and_replaces_only_the_expected_one() {
    use wecom_core::AccessToken;
    use wecom_core::token::{StoredToken, TokenStore};

    let Some(redis) = Redis::start() else { return };
    let (store, counting) = (redis.store().await, Counting::new());
    counting.process(store.clone()).get_chain_list().await.unwrap();
    let key = KeyRecorder::key_of(&counting).await;

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

/// A store that records the key of a client's token. Only core can build keys.
#[derive(Clone, Default)]
struct KeyRecorder(Arc<std::sync::Mutex<Option<wecom_core::token::TokenKey>>>);

impl KeyRecorder {
    async fn key_of(counting: &Counting) -> wecom_core::token::TokenKey {
        let recorder = Self::default();
        let client = Client::builder(counting.clone()).credentials(counting.simulator.credentials());
        let upstream = Upstream::new(client.token_store("app", recorder.clone()).build());
        upstream.get_chain_list().await.unwrap();
        recorder.0.lock().unwrap().clone().unwrap()
    }
}

#[async_trait]
impl wecom_core::token::TokenStore for KeyRecorder {
    async fn get(
        &self,
        key: &wecom_core::token::TokenKey,
    ) -> Result<Option<wecom_core::token::StoredToken>, wecom_core::token::TokenStoreError> {
        *self.0.lock().unwrap() = Some(key.clone());
        Ok(None)
    }

    async fn compare_and_swap(
        &self,
        _: &wecom_core::token::TokenKey,
        _: Option<&wecom_core::AccessToken>,
        _: &wecom_core::token::StoredToken,
    ) -> Result<bool, wecom_core::token::TokenStoreError> {
        Ok(true)
    }
}
