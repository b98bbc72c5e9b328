use std::time::Duration;

use wecom_core::endpoint::RawCall;
use wecom_core::error::CallPhase;
use wecom_core::{
    Client, Delivery, ErrCode, Error, ErrorKind, Quotas, Request, Response, Retry, Safety, TransportErrorKind, from_fn,
};

use super::support::{Answer, MINUTE, RARE, READ, SECOND, Service, call, credentials, token};

fn phase(error: &Error) -> (CallPhase, Duration) {
    let ErrorKind::Deadline(deadline) = error.kind() else { panic!("{error}") };
    (deadline.phase, deadline.limit)
}

#[test]
fn a_call_without_a_reply_fails_at_its_deadline_with_unknown_delivery() {
    let service = Service::always(Answer::Silence);
    let client = service.client().deadline(SECOND * 5).token(token()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(phase(&error), (CallPhase::AwaitingReply, SECOND * 5));
    assert!(error.is_timeout());
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
    assert_eq!(service.timer.now(), SECOND * 5);
    assert!(
        error.to_string().contains("deadline exceeded: no reply within 5s (sent, waiting for the reply"),
        "{error}"
    );
}

#[test]
fn a_call_without_a_token_fails_unsent_at_its_deadline() {
    let service = Service::new();
    // A fetch without a reply ends after ten seconds. Until then, the calls share it.
    service.set(|script| script.to_gettoken.push_back(Answer::Silence));
    let client = service.client().deadline(SECOND * 5).credentials(credentials()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(phase(&error).0, CallPhase::GettingToken);
    assert_eq!((error.delivery(), error.attempts(), service.timer.now()), (Delivery::NotSent, 0, SECOND * 5));
    service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(service.fetches(), 1);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
}

#[test]
fn a_call_that_is_not_admitted_before_its_deadline_fails_unsent() {
    let service = Service::new();
    service.set(|script| script.latency = MINUTE);
    let narrow = &super::support::NARROW;
    let quotas = Quotas::wait_at_most(MINUTE * 60).percent(20);
    let client = service.client().quotas(quotas).deadline(SECOND * 90).token(token()).build();
    let hurried = client.with_deadline(SECOND * 5);
    let (first, second) = service.run(futures_util::future::join(call(&client, narrow), call(&hurried, narrow)));
    first.unwrap();
    let error = second.unwrap_err();
    assert_eq!(phase(&error), (CallPhase::AwaitingQuota, SECOND * 5));
    assert_eq!((error.delivery(), service.calls().len()), (Delivery::NotSent, 1));
}

#[test]
fn a_call_that_cannot_be_admitted_before_its_deadline_fails_immediately() {
    let service = Service::new();
    let client = service.client().quotas(Quotas::wait_at_most(MINUTE * 60)).deadline(SECOND * 5).token(token()).build();
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    let error = service.run(call(&client, &RARE)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Quota(_)), "{error}");
    assert_eq!(service.timer.now(), Duration::ZERO);
}

#[test]
fn the_deadline_of_a_call_replaces_the_clients() {
    let service = Service::always(Answer::Silence);
    let client = service.client().deadline(SECOND * 60).token(token()).build();
    let error = service.run(call(&client.with_deadline(SECOND * 2), &READ)).unwrap_err();
    assert_eq!((phase(&error).1, service.timer.now()), (SECOND * 2, SECOND * 2));
}

#[test]
fn no_backoff_exceeds_the_deadline_and_the_last_error_is_returned() {
    for seed in 0..100 {
        let service = Service::always(Answer::Code(-1));
        let retry = Retry::new().attempts(20).budget_floor(1000).seed(seed);
        let client = service.client().retry(retry).deadline(SECOND * 3).token(token()).build();
        let error = service.run(call(&client, &READ)).unwrap_err();
        assert_eq!(error.code(), Some(ErrCode::BUSY), "{error}");
        assert!(error.attempts() >= 2 && service.timer.now() < SECOND * 3);
    }
}

#[test]
fn a_deadline_that_passes_in_a_later_attempt_names_the_error_of_the_previous_one() {
    let service = Service::answering([Answer::Code(-1)]);
    service.set(|script| script.otherwise = Answer::Silence);
    let client = service.client().retry(Retry::new()).deadline(SECOND * 5).token(token()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert_eq!((phase(&error).0, error.attempts(), error.code()), (CallPhase::AwaitingReply, 2, Some(ErrCode::BUSY)));
    assert!(error.to_string().contains("previous attempt: errcode -1"), "{error}");
    assert_eq!(service.timer.now(), SECOND * 5);
}

#[test]
fn a_deadline_that_passes_during_a_backoff_reports_an_unsent_call_as_not_sent() {
    let unsent = Answer::Fails(TransportErrorKind::Connect, Delivery::NotSent);
    let service = Service::always(unsent);
    service.set(|script| script.latency = SECOND);
    let client = service.client().retry(Retry::new().attempts(99)).deadline(SECOND * 5).token(token()).build();
    let error = service.run(call(&client, &super::support::ADD)).unwrap_err();
    assert!(service.timer.now() <= SECOND * 5);
    if !matches!(error.kind(), ErrorKind::Deadline(_)) {
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    }
}

#[test]
fn a_deadline_of_zero_sends_nothing() {
    let service = Service::new();
    let client = service.client().deadline(Duration::ZERO).token(token()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert_eq!((error.delivery(), service.calls().len()), (Delivery::NotSent, 0));
}

#[test]
fn each_attempt_has_its_own_limit_or_the_time_that_is_left() {
    use std::sync::{Arc, Mutex};

    let limits = Arc::new(Mutex::new(Vec::new()));
    let transport = {
        let limits = Arc::clone(&limits);
        move || {
            let limits = Arc::clone(&limits);
            from_fn(move |request: Request| {
                limits.lock().unwrap().push(request.time_limit());
                async { Ok(Response::new(200, r#"{"errcode":0}"#)) }
            })
        }
    };
    let timer = wecom_mock::ManualTimer::new();
    let timed = Client::builder(transport()).timer(timer).deadline(SECOND * 9).time_limit(SECOND * 4).token(token());
    let (timed, timeless) = (timed.build(), Client::builder(transport()).token(token()).build());
    let unlimited = Client::builder(transport()).timer(wecom_mock::ManualTimer::new()).deadline(SECOND * 9);
    let clients = [
        // A deadline does not replace the transport's own limit: an attempt without a reply would leave no time for
        // another one.
        unlimited.token(token()).build(),
        timed.clone(),
        timed.with_deadline(SECOND),
        timed.with_time_limit(SECOND * 30),
        timeless.clone(),
        timeless.with_time_limit(SECOND * 3),
    ];
    for client in clients {
        pollster::block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    }
    let expected = [None, Some(4), Some(1), Some(9), None, Some(3)].map(|limit| limit.map(Duration::from_secs));
    assert_eq!(*limits.lock().unwrap(), expected);
}

#[test]
fn with_a_deadline_or_a_retry_policy_but_no_timer_each_call_fails_with_a_remedy() {
    let client = Client::builder(from_fn(|_: Request| async { Ok(Response::new(200, r#"{"errcode":0}"#)) }));
    let client = client.token(token()).build();
    let broken = [client.with_deadline(SECOND), client.with_retry(Retry::new()), client.with_deadline(SECOND)];
    for (client, setting) in broken.iter().zip(["the deadline", "the retry policy", "the deadline"]) {
        let error = pollster::block_on(client.call_raw(RawCall::new(&READ))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidRequest(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("{setting} needs a timer")) && text.contains("ClientBuilder::timer"), "{text}");
    }
    for client in [client.without_retry(), client.with_safety(Safety::Safe), client] {
        pollster::block_on(client.call_raw(RawCall::new(&READ))).unwrap();
    }
}
