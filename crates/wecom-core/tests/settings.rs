//! What a builder is told reaches the client and its requests, and pointers and wrappers pass on what they are asked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use pollster::block_on;
use wecom_core::endpoint::RawCall;
use wecom_core::http::AsLocal;
use wecom_core::token::{StoredToken, TokenError, TokenKey, TokenProvider, TokenScope, TokenStore, TokenStoreError};
use wecom_core::{
    AccessToken, BaseUrl, CallEvent, Client, Credentials, Endpoint, Local, LocalTimer, Observer, Quotas, Request,
    Response, Retry, Secret, Timer, Transport, async_trait, from_fn,
};
use wecom_mock::ManualTimer;

const READ: Endpoint = Endpoint::post("read", "test/read");
const SECOND: Duration = Duration::from_secs(1);

/// A transport that keeps what it is given and answers that all is well.
fn recording(requests: &Arc<Mutex<Vec<Request>>>) -> impl Transport + Clone + 'static {
    let requests = Arc::clone(requests);
    from_fn(move |request| {
        requests.lock().unwrap().push(request);
        async { Ok(Response::new(200, r#"{"errcode":0,"access_token":"canary","expires_in":7200}"#)) }
    })
}

fn gateway() -> BaseUrl {
    BaseUrl::parse("https://gateway.example/wecom/").unwrap()
}

fn agent(request: &Request) -> String {
    let agent = request.headers().find(|(name, _)| *name == "user-agent");
    agent.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

#[test]
fn what_the_builder_is_told_reaches_every_request_the_fetch_of_the_token_included() {
    let requests = Arc::default();
    let client = Client::builder(recording(&requests))
        .base_url(gateway())
        .user_agent("dealer-sync/1.0")
        .time_limit(SECOND * 3)
        .credentials(Credentials::new("ww1", Secret::new("canary")))
        .build();
    assert_eq!(client.base_url(), &gateway());
    block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    let requests = requests.lock().unwrap();
    assert_eq!(requests.iter().map(|request| request.endpoint().name()).collect::<Vec<_>>(), ["gettoken", "read"]);
    for request in requests.iter() {
        assert_eq!((request.base_url(), agent(request).as_str()), (&gateway(), "dealer-sync/1.0"));
    }
    assert_eq!(requests.last().and_then(Request::time_limit), Some(SECOND * 3));
}

#[test]
fn a_client_that_is_told_nothing_calls_the_vendor_by_its_own_name_with_no_limit() {
    let requests = Arc::default();
    let client = Client::builder(recording(&requests)).token(AccessToken::new("canary")).build();
    assert_eq!(client.base_url(), &BaseUrl::default());
    block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    let request = requests.lock().unwrap().pop().unwrap();
    assert!(agent(&request).starts_with("wecom-core/"), "{}", agent(&request));
    assert_eq!((request.base_url(), request.time_limit()), (&BaseUrl::default(), None));
}

struct Nobody;

#[async_trait]
impl TokenProvider for Nobody {
    async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
        Err(TokenError::new("nobody has one"))
    }

    async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
        Ok(None)
    }
}

impl Observer for Nobody {
    fn on_event(&self, _: &CallEvent<'_>) {}
}

/// Keeps the keys that it is asked for.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<TokenKey>>>);

#[async_trait]
impl TokenStore for Keys {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        self.0.lock().unwrap().push(key.clone());
        Ok(Some(StoredToken::new(AccessToken::new("canary"))))
    }

    async fn compare_and_swap(
        &self,
        _: &TokenKey,
        _: Option<&AccessToken>,
        _: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        Ok(true)
    }
}

#[test]
fn a_store_is_asked_by_corp_app_and_whose_token_it_is() {
    let (requests, keys) = (Arc::default(), Keys::default());
    let credentials = Credentials::new("ww1", Secret::new("canary"));
    let builder = Client::builder(recording(&requests)).token_store("dealer-app", keys.clone());
    let upstream = builder.credentials(credentials).build();
    let app = wecom_core::token::DownstreamApp::new("ww2", 7).with_business_type(0);
    const EITHER: Endpoint =
        Endpoint::post("either", "test/either").with_token_kind(wecom_core::endpoint::TokenKind::UpstreamOrDownstream);
    for client in [upstream.clone(), upstream.downstream(app.clone())] {
        block_on(client.call_raw(RawCall::new(&EITHER))).unwrap();
    }
    let found: Vec<_> = keys.0.lock().unwrap().drain(..).collect();
    let names = ["ww1/dealer-app/upstream", "ww1/dealer-app/downstream/ww2/7/0"];
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), names);
    for (key, scope) in found.iter().zip([TokenScope::Upstream, TokenScope::Downstream(app)]) {
        assert_eq!((key.corp_id(), key.app(), key.scope()), ("ww1", "dealer-app", &scope));
    }
}

#[test]
fn a_builder_shows_what_it_was_told_and_no_secret() {
    let builder = || Client::builder(recording(&Arc::default())).base_url(gateway()).user_agent("agent/1");
    let timed = || builder().timer(ManualTimer::new()).retry(Retry::new()).quotas(Quotas::refuse());
    let token = AccessToken::new("canary");
    let credentials = Credentials::new("ww1", Secret::new("canary"));
    let table = [
        (format!("{:?}", builder()), vec!["gateway.example", "agent/1", "time_limit: None", "observers: 0", "NoTimer"]),
        (format!("{:?}", builder().time_limit(SECOND)), vec!["time_limit: Some(1s)", "has_token_store: false"]),
        (format!("{:?}", builder().observer(Nobody).observer(Nobody)), vec!["observers: 2"]),
        (format!("{:?}", builder().token_store("app", Keys::default())), vec!["has_token_store: true"]),
        (format!("{:?}", builder().token(token)), vec!["a fixed token"]),
        (format!("{:?}", builder().credentials(credentials)), vec!["credentials"]),
        (format!("{:?}", builder().token_provider(Nobody)), vec!["token provider"]),
        (format!("{:?}", timed().deadline(SECOND * 9)), vec!["Retry {", "Quotas {", "deadline: Some(9s)"]),
    ];
    for (text, parts) in table {
        for part in parts {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_client_shows_where_it_calls_and_no_secret() {
    let client = Client::builder(recording(&Arc::default())).base_url(gateway()).token(AccessToken::new("canary"));
    let text = format!("{:?}", client.build());
    assert!(text.contains("gateway.example") && !text.contains("canary"), "{text}");
    assert!(!format!("{:?}", recording_fn()).is_empty());
}

fn recording_fn() -> impl std::fmt::Debug {
    from_fn(|_| async { Ok(Response::new(200, "")) })
}

#[test]
fn a_client_without_a_timer_keeps_a_deadline_by_the_request() {
    let requests = Arc::default();
    let client = Client::builder(recording(&requests)).token(AccessToken::new("canary")).build();
    for client in [client.with_deadline(SECOND * 2), client.with_time_limit(SECOND * 4)] {
        block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    }
    let limits: Vec<_> = requests.lock().unwrap().iter().map(Request::time_limit).collect();
    assert_eq!(limits, [Some(SECOND * 2), Some(SECOND * 4)]);
}

/// Comes to its end when the time of the timer has, and not before.
fn sleeps(timer: &ManualTimer, sleep: impl Future<Output = ()>) {
    let mut sleep = pin!(sleep);
    let mut context = Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(&mut context).is_pending());
    timer.advance(SECOND);
    assert!(sleep.as_mut().poll(&mut context).is_pending());
    timer.advance(SECOND);
    assert!(sleep.as_mut().poll(&mut context).is_ready());
}

#[test]
fn pointers_to_a_timer_and_a_shared_one_for_one_thread_tell_its_time_and_sleep_by_it() {
    let timer = ManualTimer::new();
    let (arc, rc, local) = (Arc::new(timer.clone()), Rc::new(timer.clone()), AsLocal(timer.clone()));
    timer.advance(SECOND * 7);
    assert_eq!([Timer::now(&arc), LocalTimer::now(&rc), LocalTimer::now(&local)], [SECOND * 7; 3]);
    sleeps(&timer, Timer::sleep(&arc, SECOND * 2));
    sleeps(&timer, LocalTimer::sleep(&rc, SECOND * 2));
    sleeps(&timer, LocalTimer::sleep(&local, SECOND * 2));
}

#[test]
fn pointers_to_a_layer_tell_it() {
    #[derive(Default)]
    struct Count(Mutex<u32>);
    impl Observer for Count {
        fn on_event(&self, _: &CallEvent<'_>) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let (rc, arc) = (Rc::new(Count::default()), Arc::new(Count::default()));
    let client: Client<Local> = Client::local(AsLocal(recording(&Arc::default())))
        .observer(Rc::clone(&rc))
        .observer(Arc::clone(&arc))
        .token(AccessToken::new("canary"))
        .build();
    block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    // Began, sending, ended.
    assert_eq!((*rc.0.lock().unwrap(), *arc.0.lock().unwrap()), (3, 3));
}
