//! A builder's settings reach the client and its requests. Pointers and wrappers forward to the value in them.

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

/// A transport that records its requests and answers errcode 0.
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
fn the_builders_settings_reach_every_request_including_the_token_fetch() {
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
fn by_default_a_client_calls_the_vendor_with_its_own_user_agent_and_no_limit() {
    let requests = Arc::default();
    let client = Client::builder(recording(&requests)).token(AccessToken::new("canary")).build();
    assert_eq!(client.base_url(), &BaseUrl::default());
    block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    let request = requests.lock().unwrap().pop().unwrap();
    assert!(agent(&request).starts_with("wecom-core/"), "{}", agent(&request));
    assert_eq!((request.base_url(), request.time_limit()), (&BaseUrl::default(), None));
}

struct NoTokens;

#[async_trait]
impl TokenProvider for NoTokens {
    async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
        Err(TokenError::new("there is no token"))
    }

    async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
        Ok(None)
    }
}

impl Observer for NoTokens {
    fn on_event(&self, _: &CallEvent<'_>) {}
}

/// Records the keys that are read from it.
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
fn the_key_of_a_stored_token_has_corp_app_and_scope() {
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
fn debug_of_a_builder_shows_its_settings_and_no_secret() {
    let builder = || Client::builder(recording(&Arc::default())).base_url(gateway()).user_agent("agent/1");
    let timed = || builder().timer(ManualTimer::new()).retry(Retry::new()).quotas(Quotas::refuse());
    let token = AccessToken::new("canary");
    let credentials = Credentials::new("ww1", Secret::new("canary"));
    let table = [
        (format!("{:?}", builder()), vec!["gateway.example", "agent/1", "time_limit: None", "observers: 0", "NoTimer"]),
        (format!("{:?}", builder().time_limit(SECOND)), vec!["time_limit: Some(1s)", "has_token_store: false"]),
        (format!("{:?}", builder().observer(NoTokens).observer(NoTokens)), vec!["observers: 2"]),
        (format!("{:?}", builder().token_store("app", Keys::default())), vec!["has_token_store: true"]),
        (format!("{:?}", builder().token(token)), vec!["a fixed token"]),
        (format!("{:?}", builder().credentials(credentials)), vec!["credentials"]),
        (format!("{:?}", builder().token_provider(NoTokens)), vec!["token provider"]),
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
fn debug_of_a_client_shows_its_base_url_and_no_secret() {
    let client = Client::builder(recording(&Arc::default())).base_url(gateway()).token(AccessToken::new("canary"));
    let text = format!("{:?}", client.build());
    assert!(text.contains("gateway.example") && !text.contains("canary"), "{text}");
    assert!(!format!("{:?}", recording_fn()).is_empty());
}

fn recording_fn() -> impl std::fmt::Debug {
    from_fn(|_| async { Ok(Response::new(200, "")) })
}

#[test]
fn a_client_with_a_time_limit_passes_it_to_each_request() {
    let requests = Arc::default();
    let client = Client::builder(recording(&requests)).token(AccessToken::new("canary")).build();
    for client in [client.with_time_limit(SECOND * 4), client.with_time_limit(SECOND).with_time_limit(SECOND * 2)] {
        block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    }
    let limits: Vec<_> = requests.lock().unwrap().iter().map(Request::time_limit).collect();
    assert_eq!(limits, [Some(SECOND * 4), Some(SECOND * 2)]);
}

/// Checks that a sleep ends when the timer reaches its end, and not before.
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
fn pointers_to_timers_are_timers() {
    let timer = ManualTimer::new();
    let (arc, rc, local) = (Arc::new(timer.clone()), Rc::new(timer.clone()), AsLocal(timer.clone()));
    timer.advance(SECOND * 7);
    assert_eq!([Timer::now(&arc), LocalTimer::now(&rc), LocalTimer::now(&local)], [SECOND * 7; 3]);
    sleeps(&timer, Timer::sleep(&arc, SECOND * 2));
    sleeps(&timer, LocalTimer::sleep(&rc, SECOND * 2));
    sleeps(&timer, LocalTimer::sleep(&local, SECOND * 2));
}

#[test]
fn pointers_to_observers_are_observers() {
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
