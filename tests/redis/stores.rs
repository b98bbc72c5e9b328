//! Seen events, saved states, customers, and the keys of all stores.

use std::time::Duration;

use futures_util::future::join_all;
use wecom_callback::{MessageDigest, Seen, SeenEvents};
use wecom_core::quota::{CallKind, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaWindow};
use wecom_core::token::TokenStore;
use wecom_redis::{RedisStore, RedisStoreError, SavedState};
use wecom_tests::redis_server::RedisServer;
use wecom_upstream::UnionId;
use wecom_upstream::ids::{OpenId, PendingId};
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore, RememberedPendingId};

use crate::company::Company;
use crate::store;

const DIGEST: [u8; 20] = [7; 20];

#[tokio::test]
async fn a_message_is_new_for_one_of_many_then_in_progress_then_handled() {
    let Some(server) = RedisServer::start() else { return };
    let (stores, digest) = ([(); 20].map(|()| store(&server)), MessageDigest::from_bytes(DIGEST));
    let seen = join_all(stores.iter().map(|store| store.begin(&digest))).await;
    let seen: Vec<Seen> = seen.into_iter().map(Result::unwrap).collect();
    assert_eq!(seen.iter().filter(|&&seen| seen == Seen::New).count(), 1);
    assert_eq!(seen.iter().filter(|&&seen| seen == Seen::InProgress).count(), 19);

    stores[0].finish(&digest).await.unwrap();
    for store in &stores {
        store.forget(&digest).await.unwrap();
        assert_eq!(store.begin(&digest).await.unwrap(), Seen::Handled);
    }
}

#[tokio::test]
async fn a_message_whose_handler_failed_is_new_again_but_not_through_the_failure_of_another_process() {
    let Some(server) = RedisServer::start() else { return };
    let (first, second, digest) = (store(&server), store(&server), MessageDigest::from_bytes(DIGEST));
    assert_eq!(first.begin(&digest).await.unwrap(), Seen::New);
    second.forget(&digest).await.unwrap();
    assert_eq!(second.begin(&digest).await.unwrap(), Seen::InProgress);
    first.forget(&digest).await.unwrap();
    assert_eq!(second.begin(&digest).await.unwrap(), Seen::New);
    // A handler whose future is dropped.
    second.abandon(&digest);
    while first.begin(&digest).await.unwrap() != Seen::New {}
}

#[tokio::test]
async fn a_message_is_not_marked_after_the_future_that_marks_it_was_dropped() {
    let Some(server) = RedisServer::start() else { return };
    let (first, second, digest) = (store(&server), store(&server), MessageDigest::from_bytes(DIGEST));
    first.ping().await.unwrap();
    // Redis gets the operation, and replies after the future was dropped.
    server.pause();
    let mut begun = Box::pin(first.begin(&digest));
    assert!(futures_util::future::poll_immediate(begun.as_mut()).await.is_none());
    drop(begun);
    server.resume();
    // Much sooner than the mark would expire.
    let began = std::time::Instant::now();
    while second.begin(&digest).await.unwrap() != Seen::New {}
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_message_is_marked_while_its_handler_runs_and_new_after_its_process_has_ended() {
    let Some(server) = RedisServer::start() else { return };
    let (other, digest) = (store(&server), MessageDigest::from_bytes(DIGEST));
    let key = format!("wecom:seen:{{{digest}}}");
    let left = || server.command(&["PTTL", &key]).trim().parse::<i64>().unwrap();
    let process = std::thread::spawn({
        let store = store(&server);
        move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async move { assert_eq!(store.begin(&digest).await.unwrap(), Seen::New) });
            runtime
        }
    });
    let runtime = process.join().unwrap();
    // Until the mark has been prolonged.
    let mut last = left();
    loop {
        let now = left();
        assert!(now > 0, "the mark has expired");
        if now > last {
            break;
        }
        last = now;
    }
    assert_eq!(other.begin(&digest).await.unwrap(), Seen::InProgress);
    runtime.shutdown_background();
    while other.begin(&digest).await.unwrap() == Seen::InProgress {}
    other.finish(&digest).await.unwrap();
    assert!(left() > 3_000_000);
}

#[tokio::test]
async fn a_mark_is_prolonged_up_to_the_limit() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::builder().handling_limit(Duration::ZERO).open(&server.url()).unwrap();
    let digest = MessageDigest::from_bytes(DIGEST);
    assert_eq!(store.begin(&digest).await.unwrap(), Seen::New);
    // After five seconds.
    while store.begin(&digest).await.unwrap() == Seen::InProgress {}
}

#[tokio::test]
async fn a_saved_state_is_loaded_by_another_process_whose_predecessor_can_no_longer_save() {
    let Some(server) = RedisServer::start() else { return };
    let [first, second] = [store(&server), store(&server)].map(|store| store.saved_state("import/1"));
    assert_eq!(first.load().await.unwrap(), None);
    first.save(b"1").await.unwrap();
    first.save(b"2").await.unwrap();
    // It has not loaded the state.
    assert_eq!(second.save(b"other").await, Err(RedisStoreError::Conflict));
    assert_eq!(second.load().await.unwrap().as_deref(), Some(&b"2"[..]));
    second.save(b"3").await.unwrap();

    assert_eq!(first.save(b"late").await, Err(RedisStoreError::Conflict));
    assert_eq!(first.remove().await, Err(RedisStoreError::Conflict));
    assert_eq!(first.load().await.unwrap().as_deref(), Some(&b"3"[..]));
    second.remove().await.unwrap();
    assert_eq!(second.load().await.unwrap(), None);
}

#[tokio::test]
async fn a_job_continues_after_redis_has_lost_its_state() {
    let Some(server) = RedisServer::start() else { return };
    let saved = store(&server).saved_state("walk");
    saved.save(b"1").await.unwrap();
    assert_eq!(server.command(&["FLUSHALL"]).trim(), "OK");
    saved.save(b"2").await.unwrap();
    assert_eq!(saved.load().await.unwrap().as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn a_save_is_repeated_until_redis_is_back_but_not_after_a_conflict() {
    let Some(mut server) = RedisServer::start() else { return };
    let saved = store(&server).saved_state("import");
    server.kill();
    let limit = Duration::from_millis(300);
    assert!(matches!(saved.save_within(b"1", limit).await, Err(RedisStoreError::Connection(_))));
    let restarted = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    saved.save_within(b"1", Duration::from_secs(60)).await.unwrap();
    let server = restarted.await.unwrap();
    let other = store(&server).saved_state("import");
    assert_eq!(other.save_within(b"2", Duration::from_secs(60)).await, Err(RedisStoreError::Conflict));
}

#[tokio::test]
async fn a_state_may_have_32_mib() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::builder().time_limit(Duration::from_secs(30)).open(&server.url()).unwrap();
    let (saved, largest) = (store.saved_state("import"), vec![b'1'; SavedState::MAX_SIZE]);
    saved.save(&largest).await.unwrap();
    assert_eq!(saved.load().await.unwrap().unwrap(), largest);
    let error = saved.save(&[largest, vec![b'1']].concat()).await.unwrap_err();
    assert!(error.to_string().starts_with("too large: "), "{error}");
}

#[tokio::test]
async fn a_customer_is_found_by_unionid_and_by_its_current_pending_id() {
    let Some(server) = RedisServer::start() else { return };
    let mut store = store(&server);
    let mut record = CustomerRecord::new(UnionId::new("oU1"), OpenId::new("oO1"));
    let [old, new] = ["pend1", "pend2"].map(PendingId::new);
    for id in [&old, &new] {
        record.pending = Some(RememberedPendingId::new(id, Duration::from_secs(7)));
        store.put(&record).await.unwrap();
        assert_eq!(store.find(id).await.unwrap().as_ref(), Some(&record));
    }
    assert_eq!(store.find(&old).await.unwrap(), None);
    assert_eq!(CustomerStore::get(&mut store, &record.unionid).await.unwrap(), Some(record));
    assert_eq!(CustomerStore::get(&mut store, &UnionId::new("oU2")).await.unwrap(), None);
}

/// A server with cluster mode refuses an operation whose keys are on different nodes.
#[tokio::test]
async fn every_key_expires_and_every_operation_works_in_cluster_mode() {
    let Some(server) = RedisServer::start_with(&["--cluster-enabled", "yes"]) else { return };
    assert_eq!(server.command(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).trim(), "OK");
    while !server.command(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {}
    let mut store = RedisStore::builder().namespace("shop").open(&server.url()).unwrap();

    let company = Company::new();
    company.process(store.clone()).get_chain_list().await.unwrap();
    store.lease_fetch(&company.key(), Duration::from_secs(60)).await.unwrap();
    let [first, second] = [DIGEST, [8; 20]].map(MessageDigest::from_bytes);
    store.begin(&first).await.unwrap();
    store.finish(&second).await.unwrap();
    store.saved_state("import").save(b"1").await.unwrap();
    let mut record = CustomerRecord::new(UnionId::new("oU1"), OpenId::new("oO1"));
    record.pending = Some(RememberedPendingId::new(PendingId::new("pend1"), Duration::from_secs(7)));
    store.put(&record).await.unwrap();
    store.find(&PendingId::new("pend1")).await.unwrap();
    let [taken, blocked, refused] = ["a", "b", "c"].map(|path| QuotaKey::new("ww1", path));
    let window = QuotaWindow::new(CallKind::Ticketed, Duration::from_secs(60), 10);
    store.take(&QuotaRequest::new(taken, CallKind::Usual, vec![window], 1)).await.unwrap();
    let block = QuotaRefusal::Frequency { kind: CallKind::Usual, block: Duration::from_secs(60) };
    store.report(&blocked, block).await.unwrap();
    store.report(&refused, QuotaRefusal::Concurrency).await.unwrap();

    let keys = server.command(&["KEYS", "*"]);
    assert_eq!(keys.lines().count(), 10, "{keys}");
    for key in keys.lines() {
        assert!(key.starts_with("shop:") && key.matches('{').count() == 1 && key.ends_with('}'), "{key}");
        let left: i64 = server.command(&["PTTL", key]).trim().parse().unwrap();
        assert!(left > 0, "{key} does not expire");
    }
}
