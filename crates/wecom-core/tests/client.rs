//! What a client passes to its transport, and what it does with the transport's errors.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::cell::RefCell;
use std::error::Error as StdError;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::http::AsLocal;
use wecom_core::{
    AccessToken, ApiCall, BaseUrl, Client, Delivery, Endpoint, Error, LocalTransport, Request, Response, Safety,
    Transport, TransportError, TransportErrorKind, async_trait, from_fn,
};

const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids").with_safety(Safety::Safe);
const GET_RESULT: Endpoint = Endpoint::get("get_result", "corpgroup/getresult");

/// Records its requests.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Request>>>);

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.lock().unwrap().push(request);
        Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok","rule_ids":[1,2]}"#))
    }
}

impl Recorder {
    fn last(&self) -> Request {
        self.0.lock().unwrap().last().unwrap().clone()
    }
}

fn token() -> AccessToken {
    AccessToken::new("canary-token")
}

fn headers(request: &Request) -> Vec<(String, String)> {
    request.headers().map(|(name, value)| (name.into(), String::from_utf8_lossy(value).into_owned())).collect()
}

#[test]
fn a_raw_post_sends_json_and_returns_the_payload_without_the_envelope() {
    let recorder = Recorder::default();
    let client = Client::builder(recorder.clone()).token(token()).build();
    let reply =
        block_on(client.call_raw(RawCall::new(&LIST_IDS).with_body(&json!({"chain_id": "c"})).unwrap())).unwrap();
    assert_eq!(reply, json!({"rule_ids": [1, 2]}));
    let request = recorder.last();
    assert_eq!(&request.body().unwrap()[..], br#"{"chain_id":"c"}"#);
    assert_eq!(
        request.expose_url(),
        "https://qyapi.weixin.qq.com/cgi-bin/corpgroup/rule/list_ids?access_token=canary-token"
    );
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        ("accept", "application/json".to_owned()),
        ("user-agent", format!("wecom-core/{version}")),
        ("content-type", "application/json".to_owned()),
    ];
    assert_eq!(headers(&request), expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn a_raw_get_sends_its_query_and_no_body() {
    let recorder = Recorder::default();
    let client = Client::builder(recorder.clone()).token(token()).build();
    block_on(client.call_raw(RawCall::new(&GET_RESULT).with_query("jobid", "j 1"))).unwrap();
    let request = recorder.last();
    assert_eq!(request.body(), None);
    assert!(request.expose_url().ends_with("/corpgroup/getresult?access_token=canary-token&jobid=j%201"));
    assert!(headers(&request).iter().all(|(name, _)| name != "content-type"));
}

#[test]
fn base_url_user_agent_and_time_limit_reach_the_transport() {
    let recorder = Recorder::default();
    let client = Client::builder(recorder.clone())
        .base_url(BaseUrl::parse("http://127.0.0.1:1/prefix").unwrap())
        .user_agent("dealer-sync/1.0")
        .token(token())
        .build()
        .with_time_limit(Duration::from_secs(3));
    block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap();
    let request = recorder.last();
    assert!(request.expose_url().starts_with("http://127.0.0.1:1/prefix/corpgroup/rule/list_ids?"));
    assert!(headers(&request).contains(&("user-agent".to_owned(), "dealer-sync/1.0".to_owned())));
    assert_eq!(request.time_limit(), Some(Duration::from_secs(3)));
    assert_eq!(request.body().unwrap(), "{}");
}

fn texts(error: &Error) -> String {
    let mut texts = format!("{error} {error:?} {error:#?}");
    let mut source = error.kind().source();
    while let Some(error) = source {
        texts += &format!(" {error} {error:?}");
        source = error.source();
    }
    texts
}

/// An HTTP library that prints the URL in its errors.
fn printing_the_url(in_source: bool) -> impl Transport + 'static {
    #[derive(Debug)]
    struct Outer(String, Option<std::io::Error>);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "error sending request for url ({})", self.0)
        }
    }
    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_ref().map(|error| error as _)
        }
    }
    from_fn(move |request: Request| async move {
        let url = request.expose_url();
        let inner = std::io::Error::other(format!("connection reset while writing {url}"));
        let outer = if in_source { Outer("…".into(), Some(inner)) } else { Outer(url, None) };
        Err(TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown).with_source(outer))
    })
}

#[test]
fn a_token_in_the_error_of_an_http_library_is_redacted_at_any_depth() {
    for in_source in [false, true] {
        let client = Client::builder(printing_the_url(in_source)).token(token()).build();
        let error = block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap_err();
        let texts = texts(&error);
        assert!(!texts.contains("canary"), "{texts}");
        assert!(error.to_string().contains("***") && !error.to_string().contains("://"), "{error}");
        assert!(error.to_string().starts_with("list_ids: connection lost: "), "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
}

#[test]
fn a_source_with_control_characters_or_of_any_length_is_replaced_by_a_short_text() {
    for text in ["reset\u{1b}[2J\u{202e}".to_owned(), "x ".repeat(1_000_000)] {
        let client = Client::builder(from_fn(move |_| {
            let lost = TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown);
            let outcome = Err(lost.with_source(std::io::Error::other(text.clone())));
            async { outcome }
        }));
        let error = block_on(client.token(token()).build().call_raw(RawCall::new(&LIST_IDS))).unwrap_err();
        let texts = texts(&error);
        assert!(!texts.contains(['\u{1b}', '\u{202e}']) && texts.len() < 5000, "{texts}");
        assert!(error.to_string().starts_with("list_ids: connection lost: "), "{error}");
    }
}

#[test]
fn a_source_without_a_secret_keeps_its_type() {
    let client = Client::builder(from_fn(|_| async {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        Err(TransportError::new(TransportErrorKind::Connect, Delivery::NotSent).with_source(refused))
    }));
    let error = block_on(client.token(token()).build().call_raw(RawCall::new(&LIST_IDS))).unwrap_err();
    let source = error.kind().source().and_then(|source| source.downcast_ref::<std::io::Error>());
    assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::ConnectionRefused));
    assert!(error.is_connect() && !error.is_timeout());
}

#[test]
fn a_transport_that_is_not_send_serves_a_local_client() {
    struct OneThread(Rc<RefCell<u32>>);

    #[async_trait(?Send)]
    impl LocalTransport for OneThread {
        async fn send(&self, _: Request) -> Result<Response, TransportError> {
            *self.0.borrow_mut() += 1;
            Ok(Response::new(200, r#"{"errcode":0}"#))
        }
    }

    let sent = Rc::new(RefCell::new(0));
    let client = Client::local(OneThread(Rc::clone(&sent))).token(token()).build();
    block_on(client.call_raw(RawCall::new(&GET_RESULT).with_query("jobid", "j"))).unwrap();
    block_on(client.clone().call_raw(RawCall::new(&GET_RESULT).with_query("jobid", "j"))).unwrap();
    assert_eq!(*sent.borrow(), 2);
}

#[test]
fn a_shared_transport_serves_a_local_client_too() {
    let recorder = Recorder::default();
    let client = Client::local(AsLocal(recorder.clone())).token(token()).build();
    block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap();
    assert_eq!(recorder.last().endpoint().name(), "list_ids");
}

#[test]
fn pointers_to_a_transport_are_transports() {
    fn is_transport(_: impl Transport) {}
    fn is_local_transport(_: impl LocalTransport) {}
    let recorder = Recorder::default();
    is_transport(&recorder);
    is_transport(Box::new(recorder.clone()) as Box<dyn Transport>);
    is_transport(Arc::new(recorder) as Arc<dyn Transport>);
    is_local_transport(Rc::new(AsLocal(Recorder::default())) as Rc<dyn LocalTransport>);
}

#[test]
fn a_request_that_cannot_be_serialized_as_json_is_not_sent() {
    struct NoJson;
    impl serde::Serialize for NoJson {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a map key is not a string"))
        }
    }
    let error = RawCall::new(&LIST_IDS).with_body(&NoJson).unwrap_err();
    assert!(error.is_invalid_request() && error.attempts() == 0);
    assert!(error.to_string().contains("a map key is not a string"), "{error}");
}

#[test]
fn debug_shows_the_text_and_alternate_debug_the_parts() {
    let error = RawCall::new(&LIST_IDS).with_body(&std::collections::HashMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(format!("{error:#?}").contains("attempts: 0"));
}

#[test]
fn a_local_client_works_with_a_local_timer_and_a_local_token_provider() {
    use wecom_core::token::{LocalTokenProvider, TokenError, TokenScope};
    use wecom_core::{Credentials, LocalTimer, Secret};

    struct Clock(Rc<RefCell<Duration>>);

    #[async_trait(?Send)]
    impl LocalTimer for Clock {
        fn now(&self) -> Duration {
            *self.0.borrow()
        }

        async fn sleep(&self, _: Duration) {}
    }

    struct CountingProvider(Rc<RefCell<u32>>);

    #[async_trait(?Send)]
    impl LocalTokenProvider for CountingProvider {
        async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
            *self.0.borrow_mut() += 1;
            Ok(token())
        }

        async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
            Ok(None)
        }
    }

    let (now, fetches, requested) = (Rc::new(RefCell::default()), Rc::new(RefCell::new(0)), Rc::new(RefCell::new(0)));
    let counted = Rc::clone(&fetches);
    let transport = move || {
        let counted = Rc::clone(&counted);
        from_fn(move |request: Request| {
            *counted.borrow_mut() += u32::from(request.token().is_none());
            async { Ok(Response::new(200, r#"{"errcode":0,"access_token":"token","expires_in":7200}"#)) }
        })
    };
    let call = |client: &Client<wecom_core::Local>| block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap();

    let credentials = Credentials::new("ww1", Secret::new("canary-secret"));
    let client = Client::local(transport()).timer(Clock(Rc::clone(&now))).credentials(credentials).build();
    for (seconds, expected) in [(0, 1), (6800, 1), (7200, 2)] {
        *now.borrow_mut() = Duration::from_secs(seconds);
        call(&client);
        assert_eq!(*fetches.borrow(), expected, "at {seconds} s");
    }

    let client = Client::local(transport()).token_provider(CountingProvider(Rc::clone(&requested))).build();
    call(&client);
    assert_eq!((*requested.borrow(), *fetches.borrow()), (1, 2));
}

#[test]
fn a_call_can_return_its_response_beside_the_reply() {
    #[derive(serde::Serialize)]
    struct ListIds;
    #[derive(serde::Deserialize)]
    struct Ids {
        rule_ids: Vec<i64>,
    }
    impl ApiCall for ListIds {
        const ENDPOINT: &'static Endpoint = &LIST_IDS;
        type Reply = Ids;
    }
    let client = Client::builder(Recorder::default()).token(token()).build();
    let (reply, response) = block_on(client.call_with_response(ListIds)).unwrap();
    assert_eq!((reply.rule_ids, response.status()), (vec![1, 2], 200));
    assert!(response.body().ends_with(br#""rule_ids":[1,2]}"#));
}

#[test]
fn an_empty_token_is_refused_before_sending_and_white_space_around_one_is_removed() {
    let recorder = Recorder::default();
    for text in ["", " \n"] {
        let client = Client::builder(recorder.clone()).token(AccessToken::new(text)).build();
        let error = block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap_err();
        assert!(error.to_string().contains("the access token is empty"), "{error}");
    }
    assert!(recorder.0.lock().unwrap().is_empty());
    let client = Client::builder(recorder.clone()).token(AccessToken::new("the-token\n")).build();
    block_on(client.call_raw(RawCall::new(&LIST_IDS))).unwrap();
    assert_eq!(recorder.last().token().unwrap().expose(), "the-token");
}
