//! The feature `tracing`: one span for each call with its outcome, and no secret.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::sync::{Arc, Mutex};

use pollster::block_on;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use wecom_core::endpoint::RawCall;
use wecom_core::{Client, Credentials, Endpoint, Request, Response, Retry, Safety, Secret, from_fn};
use wecom_mock::ManualTimer;

const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);

/// The log of a call that gets these codes in turn.
fn logged(codes: &'static [i64]) -> String {
    let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .without_time()
        .with_writer(|| log.make_writer())
        .finish();
    let calls = Arc::new(Mutex::new(codes.iter()));
    let transport = from_fn(move |request: Request| {
        let code = request.token().and_then(|_| calls.lock().unwrap().next().copied()).unwrap_or(0);
        let body = format!(r#"{{"errcode":{code},"errmsg":"canary-token","access_token":"canary-token"}}"#);
        async { Ok(Response::new(200, body)) }
    });
    let timer = ManualTimer::new();
    let client = Client::builder(transport)
        .credentials(Credentials::new("ww1", Secret::new("canary-secret")))
        .timer(timer.clone())
        .retry(Retry::new())
        .build();
    tracing::subscriber::with_default(subscriber, || {
        let _ = timer.run(client.call_raw(RawCall::new(&READ).with_query("q", "canary-query")));
    });
    let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    text
}

#[test]
fn a_call_is_a_span_with_endpoint_attempts_and_outcome() {
    let text = logged(&[0]);
    for part in
        [r#"wecom_call{endpoint="read""#, "attempts=1", "errcode=0", "elapsed_ms=0", r#"outcome="replied""#, "close"]
    {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn repetitions_are_events_of_the_calls_span() {
    let text = logged(&[42001, -1, 60020]);
    for part in
        ["replacing the access token errcode=42001", "retrying wait_ms=", "errcode=-1", "attempts=3", "errcode=60020"]
    {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(text.contains(r#"outcome="failed""#), "{text}");
    for part in ["INFO wecom_call", "fetched an access token", "reason=Missing", "reason=Refused"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let last = text.lines().rfind(|line| line.contains("failed")).unwrap();
    assert!(text.lines().any(|line| line.contains("WARN") && line.contains("failed errcode=60020")), "{last}");
}

#[test]
fn the_target_of_every_span_and_event_is_wecom() {
    for line in logged(&[42001, -1, 60020]).lines() {
        assert!(line.contains(" wecom: "), "{line}");
    }
}

#[test]
fn a_dropped_call_is_a_span_with_that_outcome() {
    let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
    let subscriber =
        tracing_subscriber::fmt().with_span_events(FmtSpan::CLOSE).with_writer(|| log.make_writer()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let transport = from_fn(|_| std::future::pending());
        let client = Client::builder(transport).token(wecom_core::AccessToken::new("canary")).build();
        let mut call = Box::pin(client.call_raw(RawCall::new(&READ)));
        block_on(std::future::poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        }));
    });
    let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(text.contains("cancelled") && !text.contains("canary"), "{text}");
}
