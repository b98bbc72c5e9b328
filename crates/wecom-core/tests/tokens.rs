//! Access tokens: fetched once for all callers, replaced when refused, and never fetched again with wrong credentials.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::{join, join_all};
use pollster::block_on;
use serde::{Deserialize, Serialize};
use wecom_core::client::NoToken;
use wecom_core::token::{TokenError, TokenProvider, TokenScope};
use wecom_core::{
    AccessToken, ApiCall, Client, ClientBuilder, Credentials, Delivery, Endpoint, ErrCode, Error, Request, Response,
    Secret, Transport, TransportError, TransportErrorKind, async_trait,
};
use wecom_mock::ManualTimer;

#[derive(Serialize)]
struct GetChainList;

#[derive(Debug, PartialEq, Deserialize)]
struct GetChainListReply {}

const GET_CHAIN_LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");

impl ApiCall for GetChainList {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_LIST;
    type Reply = GetChainListReply;
}

/// A server whose answers a test sets and whose requests a test reads.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    fetches: u32,
    calls: Vec<String>,
    /// Whether a call is refused, by its token.
    refuse: Option<fn(token: &str) -> bool>,
    code: i64,
    /// The answer to every fetch instead of a token.
    fetch_answer: Option<Result<&'static str, TransportError>>,
    /// The text of every token, instead of one that counts up.
    same_token: Option<&'static str>,
    expires_in: Option<i64>,
    /// Whether fetches are answered only after [`Server::release`].
    is_holding: bool,
    held: Vec<Waker>,
}

impl Server {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Answers calls with this code if `tokens` returns `true` for their token.
    fn refuse(&self, code: i64, tokens: fn(&str) -> bool) {
        self.set(|state| (state.code, state.refuse) = (code, Some(tokens)));
    }

    /// Holds the answers to fetches until they are released.
    fn hold(&self) {
        self.set(|state| state.is_holding = true);
    }

    /// Answers the fetches that are held.
    fn release(&self) {
        self.set(|state| {
            state.is_holding = false;
            state.held.drain(..).for_each(Waker::wake);
        });
    }

    /// Runs calls that all wait for a token before it arrives, and returns their outcomes.
    fn release_after<F: Future>(&self, calls: Vec<F>) -> Vec<F::Output> {
        block_on(join(join_all(calls), async { self.release() })).0
    }

    fn fetches(&self) -> u32 {
        self.0.lock().unwrap().fetches
    }

    fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }

    fn fetched(&self) -> Result<Response, TransportError> {
        let state = self.0.lock().unwrap();
        match &state.fetch_answer {
            Some(answer) => answer.clone().map(|body| Response::new(200, body)),
            None => {
                let token = state.same_token.map_or_else(|| format!("canary-token-{}", state.fetches), str::to_owned);
                let expires_in = state.expires_in.unwrap_or(7200);
                let body =
                    format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{token}","expires_in":{expires_in}}}"#);
                Ok(Response::new(200, body))
            }
        }
    }

    fn called(&self, token: &str) -> Response {
        let mut state = self.0.lock().unwrap();
        state.calls.push(token.to_owned());
        let code = match state.refuse {
            Some(refuse) if refuse(token) => state.code,
            _ => 0,
        };
        Response::new(200, format!(r#"{{"errcode":{code},"errmsg":"token {token}"}}"#))
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if let Some(token) = request.token() {
            return Ok(self.called(token.expose()));
        }
        assert_eq!(
            request.expose_url(),
            "https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww1&corpsecret=canary-secret"
        );
        self.set(|state| state.fetches += 1);
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if !state.is_holding {
                return Poll::Ready(());
            }
            state.held.push(context.waker().clone());
            Poll::Pending
        })
        .await;
        self.fetched()
    }
}

fn builder(server: &Server) -> ClientBuilder<NoToken> {
    Client::builder(server.clone())
}

fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new("canary-secret"))
}

fn client(server: &Server) -> Client {
    builder(server).credentials(credentials()).build()
}

/// Checks every error for canaries.
async fn call(client: &Client) -> Result<GetChainListReply, Error> {
    let outcome = client.call(GetChainList).await;
    if let Err(error) = &outcome {
        let mut texts = format!("{error} {error:?} {error:#?} {client:?}");
        let mut source = std::error::Error::source(error.kind());
        while let Some(error) = source {
            texts += &format!(" {error} {error:?}");
            source = error.source();
        }
        assert!(!texts.contains("canary"), "{texts}");
        assert!(error.to_string().starts_with("get_chain_list: "), "{error}");
    }
    outcome
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_thousand_first_calls_fetch_one_token() {
    let server = Server::default();
    server.hold();
    let client = client(&server);
    let outcomes = server.release_after((0..1000).map(|_| call(&client)).collect());
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!((server.fetches(), server.calls().len()), (1, 1000));
}

#[test]
fn clones_of_a_client_share_its_token() {
    let server = Server::default();
    let client = client(&server);
    for _ in 0..3 {
        block_on(call(&client.clone())).unwrap();
    }
    assert_eq!(server.fetches(), 1);
}

#[test]
fn a_thousand_waiting_calls_share_one_failed_fetch() {
    let server = Server::default();
    let refused = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
    server.set(|state| state.fetch_answer = Some(Err(refused)));
    server.hold();
    let client = client(&server);
    let outcomes = server.release_after((0..1000).map(|_| call(&client)).collect());
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().is_connect()));
    assert_eq!((server.fetches(), server.calls().len()), (1, 0));

    server.set(|state| state.fetch_answer = None);
    block_on(call(&client)).unwrap();
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_refused_token_is_replaced_once_and_the_call_repeated_once() {
    for code in [40014, 42001, 41001, 40001] {
        let server = Server::default();
        server.refuse(code, |token| token == "canary-token-1");
        block_on(call(&client(&server))).unwrap();
        assert_eq!(
            (server.fetches(), server.calls()),
            (2, vec!["canary-token-1".into(), "canary-token-2".into()]),
            "{code}"
        );
    }
}

#[test]
fn a_refusal_for_another_reason_is_not_repeated() {
    let server = Server::default();
    server.refuse(45009, |_| true);
    let error = block_on(call(&client(&server))).unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!((server.fetches(), server.calls().len(), error.attempts()), (1, 1, 1));
}

#[test]
fn tokens_that_are_always_refused_end_the_call_after_one_repetition() {
    let server = Server::default();
    server.refuse(40014, |_| true);
    let error = block_on(call(&client(&server))).unwrap_err();
    assert!(error.is_token_rejected());
    assert_eq!((server.fetches(), server.calls().len(), error.attempts()), (2, 2, 2));
    assert!(error.to_string().contains("after 2 attempts"), "{error}");
}

#[test]
fn a_thousand_calls_whose_token_is_refused_replace_it_once() {
    let server = Server::default();
    server.hold();
    server.refuse(40014, |token| token == "canary-token-1");
    let client = client(&server);
    let outcomes = server.release_after((0..1000).map(|_| call(&client)).collect());
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_late_refusal_of_an_old_token_keeps_the_new_one() {
    /// Holds a slow call back until it is released.
    #[derive(Clone)]
    struct Late {
        server: Server,
        released: Arc<Mutex<bool>>,
    }

    #[async_trait]
    impl Transport for Late {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            if request.body().is_some() && request.attempt() == 1 {
                poll_fn(|_| if *self.released.lock().unwrap() { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            self.server.send(request).await
        }
    }

    #[derive(Serialize)]
    struct Slow {}
    const SLOW: Endpoint = Endpoint::post("slow", "slow");
    impl ApiCall for Slow {
        const ENDPOINT: &'static Endpoint = &SLOW;
        type Reply = GetChainListReply;
    }

    // The generation distinguishes tokens of equal text too.
    for same_token in [None, Some("canary-token-1")] {
        let server = Server::default();
        let late = Late { server: server.clone(), released: Arc::default() };
        let client = Client::builder(late.clone()).credentials(credentials()).build();
        server.set(|state| state.same_token = same_token);

        let mut slow = pin!(client.call(Slow {}));
        assert!(poll(slow.as_mut()).is_pending());
        server.refuse(40014, |token| token == "canary-token-1");
        let _ = block_on(call(&client));
        assert_eq!(server.fetches(), 2);

        *late.released.lock().unwrap() = true;
        let _ = block_on(slow);
        assert_eq!(server.fetches(), 2, "the late refusal replaced the new token");
    }
}

#[test]
fn wrong_credentials_are_not_sent_again() {
    for (body, code) in [
        (r#"{"errcode":40001,"errmsg":"invalid credential canary-secret"}"#, ErrCode::INVALID_SECRET),
        (r#"{"errcode":40013,"errmsg":"invalid corpid"}"#, ErrCode::INVALID_CORP_ID),
    ] {
        let server = Server::default();
        server.set(|state| state.fetch_answer = Some(Ok(body)));
        server.hold();
        let client = client(&server);
        let outcomes = server.release_after((0..100).map(|_| call(&client)).collect());
        for outcome in outcomes.into_iter().chain([block_on(call(&client))]) {
            let error = outcome.unwrap_err();
            assert!(error.is_credentials_rejected() && !error.is_token_rejected(), "{error}");
            assert_eq!((error.code(), error.attempts()), (Some(code), 0));
            assert_eq!(error.delivery(), Delivery::NotSent);
        }
        assert_eq!((server.fetches(), server.calls().len()), (1, 0));
    }
}

#[test]
fn another_refusal_of_gettoken_is_repeated_by_the_next_call() {
    let server = Server::default();
    server.set(|state| state.fetch_answer = Some(Ok(r#"{"errcode":60020,"errmsg":"from ip: 10.0.0.1"}"#)));
    let client = client(&server);
    let error = block_on(call(&client)).unwrap_err();
    assert!(error.is_ip_not_trusted() && error.to_string().contains("10.0.0.1"), "{error}");
    server.set(|state| state.fetch_answer = None);
    block_on(call(&client)).unwrap();
    assert_eq!(server.fetches(), 2);
}

#[test]
fn a_fetch_outlives_the_caller_that_began_it() {
    let server = Server::default();
    server.hold();
    let client = client(&server);
    let mut first = Box::pin(call(&client));
    assert!(poll(first.as_mut()).is_pending());
    let mut others: Vec<_> = (0..100).map(|_| Box::pin(call(&client))).collect();
    for other in &mut others {
        assert!(poll(other.as_mut()).is_pending());
    }
    drop(first);
    assert!(server.release_after(others).iter().all(Result::is_ok));
    assert_eq!((server.fetches(), server.calls().len()), (1, 100));
}

#[test]
fn a_caller_that_is_never_polled_again_delays_no_other_caller() {
    let server = Server::default();
    server.hold();
    let client = client(&server);
    let mut unpolled = Box::pin(call(&client));
    assert!(poll(unpolled.as_mut()).is_pending());
    server.release();
    // The unpolled call began the fetch, and may even have been woken for the reply.
    block_on(call(&client)).unwrap();
    block_on(call(&client)).unwrap();
    assert_eq!(server.fetches(), 1);
    block_on(unpolled).unwrap();
    assert_eq!((server.fetches(), server.calls().len()), (1, 3));
}

#[test]
fn a_fetch_without_waiting_callers_is_continued_by_the_next_call() {
    let server = Server::default();
    server.hold();
    let client = client(&server);
    let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(call(&client))).collect();
    for one in &mut waiting {
        assert!(poll(one.as_mut()).is_pending());
    }
    drop(waiting);
    server.release();
    block_on(call(&client)).unwrap();
    assert_eq!(server.fetches(), 1);
}

#[test]
fn a_fixed_token_that_is_refused_is_not_repeated() {
    let server = Server::default();
    server.refuse(40014, |_| true);
    let client = builder(&server).token(AccessToken::new("canary-fixed")).build();
    let error = block_on(call(&client)).unwrap_err();
    assert!(error.is_token_rejected());
    assert_eq!((server.fetches(), server.calls()), (0, vec!["canary-fixed".into()]));
}

#[test]
fn with_a_timer_an_expired_token_is_replaced() {
    let (server, timer) = (Server::default(), ManualTimer::new());
    let client = builder(&server).credentials(credentials()).timer(timer.clone()).build();
    // From one call to the next, the token expires.
    for fetches in 1..4 {
        block_on(call(&client)).unwrap();
        assert_eq!(server.fetches(), fetches);
        timer.advance(Duration::from_secs(7200));
    }
}

#[test]
fn a_zero_negative_or_endless_validity_does_not_cause_a_fetch_for_each_call() {
    for expires_in in [0, -1, i64::MIN, i64::MAX] {
        let (server, timer) = (Server::default(), ManualTimer::new());
        server.set(|state| state.expires_in = Some(expires_in));
        timer.advance(Duration::MAX - Duration::from_secs(1));
        let client = builder(&server).credentials(credentials()).timer(timer.clone()).build();
        block_on(call(&client)).unwrap();
        block_on(call(&client)).unwrap();
        assert_eq!(server.fetches(), 1, "{expires_in}");
    }
}

#[test]
fn a_token_provider_supplies_and_replaces_tokens() {
    #[derive(Clone, Default)]
    struct RecordingProvider(Arc<Mutex<Vec<String>>>);

    #[async_trait]
    impl TokenProvider for RecordingProvider {
        async fn token(&self, scope: &TokenScope) -> Result<AccessToken, TokenError> {
            self.0.lock().unwrap().push(format!("token for {scope:?}"));
            Ok(AccessToken::new("canary-old"))
        }

        async fn replace(&self, _: &TokenScope, refused: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
            self.0.lock().unwrap().push(format!("not {}", refused.expose()));
            Ok(Some(AccessToken::new("canary-new")))
        }
    }

    let (server, provider) = (Server::default(), RecordingProvider::default());
    server.refuse(40014, |token| token == "canary-old");
    let client = builder(&server).token_provider(provider.clone()).build();
    block_on(call(&client)).unwrap();
    assert_eq!(*provider.0.lock().unwrap(), ["token for Upstream", "not canary-old"]);
    assert_eq!(server.calls(), ["canary-old", "canary-new"]);
}

#[test]
fn the_error_of_a_failing_provider_is_part_of_the_text() {
    struct Failing;

    #[async_trait]
    impl TokenProvider for Failing {
        async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
            Err(TokenError::new("the token service is down"))
        }

        async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
            Ok(None)
        }
    }

    let server = Server::default();
    let error = block_on(call(&builder(&server).token_provider(Failing).build())).unwrap_err();
    assert!(error.to_string().contains("the token service is down"), "{error}");
    assert_eq!((error.attempts(), server.calls().len()), (0, 0));
}
