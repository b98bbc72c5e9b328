//! A Redis whose replies are late: a proxy passes them on after a delay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use wecom_callback::{MessageDigest, Seen, SeenEvents};
use wecom_redis::{RedisStore, RedisStoreError};
use wecom_tests::redis_server::RedisServer;

use crate::company::Company;
use crate::store;

const LIMIT: Duration = Duration::from_millis(400);
const WITHIN_LIMIT: Duration = Duration::from_millis(40);
const BEYOND_LIMIT: Duration = Duration::from_secs(60);
const DIGEST: MessageDigest = MessageDigest::from_bytes([7; 20]);

/// A proxy before a Redis. Each reply passes after the delay that is set when it comes.
struct SlowRedis {
    server: RedisServer,
    url: String,
    delay: Arc<AtomicU64>,
}

impl SlowRedis {
    async fn start() -> Option<Self> {
        let server = RedisServer::start()?;
        let target = server.url().trim_start_matches("redis://").trim_end_matches('/').to_owned();
        let (listener, delay) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::<AtomicU64>::default());
        let (url, delays) = (format!("redis://{}/", listener.local_addr().unwrap()), Arc::clone(&delay));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(pass_on(client, server, Arc::clone(&delays)));
            }
        });
        Some(Self { server, url, delay })
    }

    fn set_delay(&self, delay: Duration) {
        self.delay.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn store(&self) -> RedisStore {
        RedisStore::builder().time_limit(LIMIT).open(&self.url).unwrap()
    }
}

async fn pass_on(mut client: TcpStream, mut server: TcpStream, delay: Arc<AtomicU64>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.split(), server.split());
    let replies = async {
        let mut bytes = vec![0; 65536];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            tokio::time::sleep(Duration::from_millis(delay.load(Ordering::SeqCst))).await;
            if to_client.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        () = replies => {}
    }
}

#[tokio::test]
async fn slow_replies_are_awaited_within_the_time_limit() {
    let Some(redis) = SlowRedis::start().await else { return };
    let shared = redis.store();
    shared.ping().await.unwrap();
    redis.set_delay(WITHIN_LIMIT);
    let began = Instant::now();
    assert_eq!(shared.begin(&DIGEST).await.unwrap(), Seen::New);
    assert!(began.elapsed() >= WITHIN_LIMIT);
    let company = Company::new();
    company.process(shared.clone()).get_chain_list().await.unwrap();
    company.process(shared).get_chain_list().await.unwrap();
    assert_eq!(company.fetches(), 1);
}

#[tokio::test]
async fn without_replies_in_time_calls_go_on_with_own_tokens_and_the_store_is_used_again_later() {
    let Some(redis) = SlowRedis::start().await else { return };
    let (company, shared) = (Company::new(), redis.store());
    redis.set_delay(BEYOND_LIMIT);
    assert_eq!(shared.ping().await, Err(RedisStoreError::Timeout { limit: LIMIT }));
    let process = company.process(shared.clone());
    process.get_chain_list().await.unwrap();
    process.get_chain_list().await.unwrap();
    assert_eq!(company.fetches(), 1);
    redis.set_delay(Duration::ZERO);
    shared.ping().await.unwrap();
}

#[tokio::test]
async fn an_operation_whose_reply_is_late_was_carried_out_and_can_be_repeated() {
    let Some(redis) = SlowRedis::start().await else { return };
    let shared = redis.store();
    let saved = shared.saved_state("import");
    saved.save(b"1").await.unwrap();
    redis.set_delay(BEYOND_LIMIT);
    assert_eq!(saved.save(b"2").await, Err(RedisStoreError::Timeout { limit: LIMIT }));
    assert_eq!(store(&redis.server).saved_state("import").load().await.unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(shared.begin(&DIGEST).await, Err(RedisStoreError::Timeout { limit: LIMIT }));
    redis.set_delay(Duration::ZERO);
    saved.save(b"3").await.unwrap();
    assert_eq!(saved.load().await.unwrap().as_deref(), Some(&b"3"[..]));
    // Nothing handles the message, so another process may.
    while store(&redis.server).begin(&DIGEST).await.unwrap() == Seen::InProgress {}
}
