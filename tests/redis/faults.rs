//! Faults of Redis. Each operation behaves as the documentation of `wecom-redis` states.

use std::time::{Duration, Instant};

use wecom_callback::{MessageDigest, Seen, SeenEvents};
use wecom_core::token::TokenStore;
use wecom_redis::{RedisStore, RedisStoreError};
use wecom_tests::redis_server::RedisServer;

use crate::company::Company;
use crate::store;

const DIGEST: MessageDigest = MessageDigest::from_bytes([7; 20]);

#[tokio::test]
async fn gone_each_process_fetches_its_own_token_and_keeps_it() {
    let Some(mut server) = RedisServer::start() else { return };
    let (company, shared) = (Company::new(), store(&server));
    company.process(shared.clone()).get_chain_list().await.unwrap();
    server.kill();
    let process = company.process(shared.clone());
    process.get_chain_list().await.unwrap();
    process.get_chain_list().await.unwrap();
    assert_eq!(company.fetches(), 2);
    let error = shared.begin(&DIGEST).await.unwrap_err();
    assert!(error.to_string().starts_with("connection refused: "), "{error}");

    // A process can start without Redis, and uses it as soon as it is there.
    let early = store(&server);
    assert!(early.ping().await.is_err());
    server.restart();
    early.ping().await.unwrap();
    assert_eq!(shared.begin(&DIGEST).await.unwrap(), Seen::New);
}

#[tokio::test]
async fn restarted_the_next_operation_succeeds() {
    let Some(mut server) = RedisServer::start() else { return };
    let (company, shared) = (Company::new(), store(&server));
    for fetches in 1..=3 {
        company.process(shared.clone()).get_chain_list().await.unwrap();
        company.process(shared.clone()).get_chain_list().await.unwrap();
        assert_eq!(company.fetches(), fetches);
        assert_eq!(shared.begin(&DIGEST).await.unwrap(), Seen::New);
        server.restart();
    }
}

#[tokio::test]
async fn emptied_its_scripts_and_its_token_are_stored_again() {
    let Some(server) = RedisServer::start() else { return };
    let (company, shared) = (Company::new(), store(&server));
    for fetches in 1..=3 {
        company.process(shared.clone()).get_chain_list().await.unwrap();
        company.process(shared.clone()).get_chain_list().await.unwrap();
        assert_eq!(company.fetches(), fetches);
        assert_eq!(server.command(&["FLUSHALL"]).trim(), "OK");
        assert_eq!(server.command(&["SCRIPT", "FLUSH"]).trim(), "OK");
    }
}

#[tokio::test]
async fn without_a_reply_an_operation_ends_at_its_time_limit_and_the_next_one_opens_a_connection() {
    let Some(server) = RedisServer::start() else { return };
    let limit = Duration::from_millis(200);
    let shared = RedisStore::builder().time_limit(limit).connect(&server.url()).await.unwrap();
    server.pause();
    let began = Instant::now();
    assert_eq!(shared.ping().await, Err(RedisStoreError::Timeout { limit }));
    assert_eq!(shared.ping().await, Err(RedisStoreError::Timeout { limit }));
    assert!((limit * 2..Duration::from_secs(5)).contains(&began.elapsed()), "{:?}", began.elapsed());

    let company = Company::new();
    let process = company.process(shared.clone());
    process.get_chain_list().await.unwrap();
    process.get_chain_list().await.unwrap();
    assert_eq!(company.fetches(), 1);
    server.resume();
    shared.ping().await.unwrap();
}

#[tokio::test]
async fn out_of_memory_calls_go_on_with_own_tokens() {
    let Some(server) = RedisServer::start_with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]) else {
        return;
    };
    let company = Company::new();
    company.process(store(&server)).get_chain_list().await.unwrap();
    assert_eq!(store(&server).begin(&DIGEST).await, Err(RedisStoreError::OutOfMemory));
    store(&server).ping().await.unwrap();
    assert_eq!(server.command(&["CONFIG", "SET", "maxmemory", "0"]).trim(), "OK");
    assert_eq!(store(&server).begin(&DIGEST).await, Ok(Seen::New));
}

#[tokio::test]
async fn a_replica_accepts_no_write_until_it_is_the_primary() {
    let Some(server) = RedisServer::start() else { return };
    let (company, shared) = (Company::new(), store(&server));
    // Of a server that does not exist.
    assert_eq!(server.command(&["REPLICAOF", "127.0.0.1", "1"]).trim(), "OK");
    assert_eq!(shared.begin(&DIGEST).await, Err(RedisStoreError::ReadOnly));
    company.process(shared.clone()).get_chain_list().await.unwrap();
    assert_eq!(server.command(&["REPLICAOF", "NO", "ONE"]).trim(), "OK");
    assert_eq!(shared.begin(&DIGEST).await, Ok(Seen::New));
}

#[tokio::test]
async fn a_server_that_is_not_redis_and_a_foreign_value_are_invalid_replies() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let foreign = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let company = Company::new();
    let garbage = RedisStore::open(&format!("redis://{address}/")).unwrap();
    company.process(garbage.clone()).get_chain_list().await.unwrap();
    garbage.ping().await.unwrap_err();
    foreign.abort();

    let Some(server) = RedisServer::start() else { return };
    assert_eq!(server.command(&["LPUSH", &format!("wecom:token:{{{}}}", company.key()), "1"]).trim(), "1");
    let error = store(&server).get(&company.key()).await.unwrap_err();
    assert!(error.to_string().contains("invalid reply from Redis"), "{error}");
    company.process(store(&server)).get_chain_list().await.unwrap();
    assert_eq!(company.fetches(), 2);
}

#[tokio::test]
async fn no_text_shows_the_user_the_password_or_a_token() {
    let Some(server) = RedisServer::start_with(&["--requirepass", "canary"]) else { return };
    let key = Company::new().key();
    let open = |authority: &str| RedisStore::open(&server.url().replace("127.0.0.1", authority));
    let (right, wrong, none) =
        (open(":canary@127.0.0.1").unwrap(), open(":canary-2@127.0.0.1").unwrap(), store(&server));
    right.ping().await.unwrap();
    assert_eq!(wrong.ping().await, Err(RedisStoreError::AccessDenied));
    let error = none.get(&key).await.unwrap_err();
    assert!(error.to_string().contains("authentication failed"), "{error}");
    let mut text = format!("{error} {error:?} {right:?} {wrong:?} {:?}", right.saved_state("import"));
    for invalid in
        ["canary", "http://canary@127.0.0.1/", "redis://canary:canary@127.0.0.1:canary/", "rediss://canary@h/"]
    {
        let error = RedisStore::open(invalid).unwrap_err();
        assert!(error.to_string().starts_with("invalid setting: the URL must be "), "{error}");
        text += &format!("{error} {error:?}");
    }
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn a_host_without_an_address_is_an_unknown_host() {
    let store = RedisStore::builder().time_limit(Duration::from_secs(30)).open("redis://redis.invalid/").unwrap();
    assert_eq!(store.ping().await, Err(RedisStoreError::UnknownHost));
}

#[test]
fn a_password_that_is_not_percent_encoded_is_an_invalid_url_with_that_hint() {
    for url in [
        "redis://:a#b@127.0.0.1/",
        "redis://:a/b@127.0.0.1/",
        "redis://user:12#b@127.0.0.1/",
        "redis://user:12?b@127.0.0.1/",
    ] {
        let error = RedisStore::open(url).unwrap_err().to_string();
        assert!(error.contains("percent-encoded") && error.contains("%23") && error.contains("%2F"), "{error}");
    }
    RedisStore::open("redis://:a%23%2Fb@127.0.0.1/").unwrap();
}

#[test]
fn on_a_runtime_without_timers_or_without_io_an_operation_fails_and_does_not_panic() {
    let Some(server) = RedisServer::start() else { return };
    let mut with_timers = tokio::runtime::Builder::new_current_thread();
    with_timers.enable_time();
    let mut with_io = tokio::runtime::Builder::new_current_thread();
    with_io.enable_io();
    for mut builder in [tokio::runtime::Builder::new_current_thread(), with_timers, with_io] {
        let runtime = builder.build().unwrap();
        assert_eq!(runtime.block_on(store(&server).ping()), Err(RedisStoreError::NoRuntime));
    }
}

#[test]
fn outside_a_runtime_an_operation_fails_and_does_not_panic() {
    let store = RedisStore::open("redis://127.0.0.1/").unwrap();
    assert_eq!(pollster::block_on(store.ping()), Err(RedisStoreError::NoRuntime));
    store.abandon(&DIGEST);
}
