//! Delays.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind, from_fn};
use wecom_mock::{Faults, ManualTimer};

use crate::support::{LIST_IDS, healthy};

type Outcome = Result<Response, TransportError>;

const SECOND: Duration = Duration::from_secs(1);

fn poll<F: Future<Output = Outcome> + Unpin>(future: &mut F) -> Poll<Outcome> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn request() -> Request {
    Request::new(&LIST_IDS).with_body("{}")
}

#[test]
fn a_delayed_reply_is_ready_after_the_delay_and_the_request_was_sent_before() {
    let (mock, faults) = healthy();
    let timer = ManualTimer::new();
    let rule = faults.on(&LIST_IDS).nth(1).delay(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request()));
    assert!(poll(&mut reply).is_pending());
    assert_eq!(mock.journal().len(), 1);
    timer.advance(SECOND);
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    assert!(matches!(poll(&mut reply), Poll::Ready(Ok(_))));
    assert_eq!(rule.injected(), 1);
}

#[test]
fn delays_add_up_and_combine_with_another_fault() {
    let (mock, faults) = healthy();
    let timer = ManualTimer::new();
    let failure = faults.on_any().fail_before_sending(TransportErrorKind::Connect);
    let delays = [1, 2].map(|seconds| faults.on_any().delay(SECOND * seconds, timer.clone()));
    let mut reply = pin!(Transport::send(&faults, request()));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND * 2);
    let Poll::Ready(Err(error)) = poll(&mut reply) else { panic!("expected the injected error after three seconds") };
    assert_eq!((error.kind(), mock.journal().len()), (TransportErrorKind::Connect, 0));
    assert_eq!((failure.injected(), delays.map(|rule| rule.injected())), (1, [1, 1]));
}

#[test]
fn a_delay_over_the_time_limit_is_a_timeout_after_sending() {
    let (mock, faults) = healthy();
    let timer = ManualTimer::new();
    faults.on_any().delay(SECOND * 2, timer.clone());
    faults.on_any().delay(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request().with_time_limit(SECOND * 3)));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND * 2);
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(&mut reply) else { panic!("expected a timeout after three seconds") };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout, Delivery::Unknown));
    assert_eq!(mock.journal().len(), 1);
}

#[test]
fn the_timeout_of_an_unsent_request_is_not_sent() {
    let (_mock, faults) = healthy();
    let timer = ManualTimer::new();
    faults.on_any().fail_before_sending(TransportErrorKind::Connect);
    faults.on_any().delay(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request().with_time_limit(SECOND)));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(&mut reply) else { panic!("expected a timeout after one second") };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout, Delivery::NotSent));
}

#[test]
fn dropping_a_delayed_call_leaves_no_sleeper_and_the_next_call_succeeds() {
    let (_mock, faults) = healthy();
    let timer = ManualTimer::new();
    faults.on_any().nth(1).delay(SECOND, timer.clone());
    {
        let mut reply = pin!(Transport::send(&faults, request()));
        assert!(poll(&mut reply).is_pending());
        assert_eq!(timer.sleepers(), 1);
    }
    assert_eq!(timer.sleepers(), 0);
    assert!(pollster::block_on(Transport::send(&faults, request())).is_ok());
}

#[test]
fn a_request_delayed_before_sending_reaches_the_server_after_the_delay() {
    let (mock, faults) = healthy();
    let timer = ManualTimer::new();
    let rule = faults.on(&LIST_IDS).nth(1).delay_before_sending(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request()));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    assert!(poll(&mut reply).is_pending());
    assert_eq!(mock.journal().len(), 0);
    timer.advance(SECOND);
    assert!(matches!(poll(&mut reply), Poll::Ready(Ok(_))));
    assert_eq!((mock.journal().len(), rule.injected()), (1, 1));
}

#[test]
fn a_delay_before_sending_over_the_time_limit_is_a_timeout_that_is_not_sent() {
    let (mock, faults) = healthy();
    let timer = ManualTimer::new();
    faults.on_any().delay_before_sending(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request().with_time_limit(SECOND)));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(&mut reply) else { panic!("expected a timeout after one second") };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout, Delivery::NotSent));
    assert_eq!(mock.journal().len(), 0);
}

#[test]
fn a_delay_before_sending_reduces_the_time_limit() {
    let timer = ManualTimer::new();
    let limits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&limits);
    let faults = Faults::new(from_fn(move |request: Request| {
        seen.lock().unwrap().push(request.time_limit());
        async { Ok(Response::new(200, "{}")) }
    }));
    faults.on_any().delay_before_sending(SECOND * 2, timer.clone());
    faults.on_any().delay(SECOND * 2, timer.clone());
    let mut reply = pin!(Transport::send(&faults, request().with_time_limit(SECOND * 3)));
    assert!(poll(&mut reply).is_pending());
    timer.advance(SECOND * 2);
    assert!(poll(&mut reply).is_pending());
    assert_eq!(*limits.lock().unwrap(), [Some(SECOND)]);
    timer.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(&mut reply) else { panic!("expected a timeout after three seconds") };
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Timeout, Delivery::Unknown));
}

#[test]
fn a_delay_as_long_as_the_time_limit_is_no_timeout() {
    let (_mock, faults) = healthy();
    let timer = ManualTimer::new();
    faults.on(&LIST_IDS).delay(SECOND, timer.clone());
    assert!(timer.run(Transport::send(&faults, request().with_time_limit(SECOND))).is_ok());
}
