use std::time::Duration;

use futures_util::future::join_all;
use pollster::block_on;
use wecom_core::endpoint::RawCall;
use wecom_core::{AccessToken, Client, Delivery, Endpoint, ErrCode, ErrorKind, Retry, Safety, TransportErrorKind};

use super::support::{ADD, Answer, MINUTE, READ, SECOND, SET, Service, call, credentials, token};

const LOST: Answer = Answer::Fails(TransportErrorKind::ConnectionLost, Delivery::Unknown);
const UNSENT: Answer = Answer::Fails(TransportErrorKind::Connect, Delivery::NotSent);

/// The number of attempts of a call that always gets this answer.
fn attempts(endpoint: &'static Endpoint, answer: Answer) -> usize {
    let service = Service::always(answer);
    let client = service.client().retry(Retry::new()).token(token()).build();
    let error = service.run(call(&client, endpoint)).unwrap_err();
    assert_eq!(error.attempts() as usize, service.calls().len(), "{error}");
    service.calls().len()
}

#[test]
fn repetition_depends_on_delivery_safety_and_code() {
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    let fails = Answer::Fails;
    let (unsent, unknown) = (Delivery::NotSent, Delivery::Unknown);
    // The answer to every attempt, and the number of attempts of a call that reads, sets and adds.
    let table = [
        (fails(Dns, unsent), [3, 3, 3]),
        (fails(Connect, unsent), [3, 3, 3]),
        (fails(Timeout, unsent), [3, 3, 3]),
        (fails(ConnectionLost, unsent), [3, 3, 3]),
        (fails(Other, unsent), [3, 3, 3]),
        (fails(Timeout, unknown), [3, 3, 1]),
        (fails(ConnectionLost, unknown), [3, 3, 1]),
        (fails(Protocol, unknown), [3, 3, 1]),
        (fails(Other, unknown), [3, 3, 1]),
        (fails(Tls, unsent), [1, 1, 1]),
        (fails(Unsupported, unsent), [1, 1, 1]),
        (fails(NoRuntime, unsent), [1, 1, 1]),
        (fails(ReplyTooLarge, unknown), [1, 1, 1]),
        (Answer::Status(500), [3, 3, 1]),
        (Answer::Status(502), [3, 3, 1]),
        (Answer::Status(503), [3, 3, 1]),
        (Answer::Status(504), [3, 3, 1]),
        (Answer::Status(429), [3, 3, 1]),
        (Answer::Status(404), [1, 1, 1]),
        (Answer::Status(407), [1, 1, 1]),
        (Answer::Status(302), [1, 1, 1]),
        (Answer::Code(-1), [3, 3, 1]),
        (Answer::Code(6000), [3, 3, 1]),
        (Answer::Code(45033), [3, 3, 3]),
        (Answer::Code(45009), [1, 1, 1]),
        (Answer::Code(60020), [1, 1, 1]),
        (Answer::Code(670_002), [1, 1, 1]),
        (Answer::Code(40014), [1, 1, 1]),
    ];
    for (answer, expected) in table {
        let found = [&READ, &SET, &ADD].map(|endpoint| attempts(endpoint, answer.clone()));
        assert_eq!(found, expected, "{answer:?}");
    }
}

#[test]
fn a_client_without_a_retry_policy_repeats_nothing() {
    let service = Service::always(UNSENT);
    let client = service.client().token(token()).build();
    assert_eq!(service.run(call(&client, &READ)).unwrap_err().attempts(), 1);
}

#[test]
fn a_call_succeeds_after_two_busy_replies_and_backoffs_of_up_to_half_a_second_and_a_second() {
    for seed in 0..50 {
        let service = Service::answering([Answer::Code(-1), Answer::Code(-1)]);
        let client = service.client().retry(Retry::new().seed(seed)).token(token()).build();
        service.run(call(&client, &READ)).unwrap();
        let at: Vec<_> = service.calls().iter().map(|seen| seen.at).collect();
        assert_eq!(service.calls().iter().map(|seen| seen.attempt).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(at[1] - at[0] <= SECOND / 2 && at[2] - at[1] <= SECOND, "{at:?}");
    }
}

#[test]
fn concurrency_exceeded_waits_at_least_a_second() {
    let service = Service::answering([Answer::Code(45033)]);
    let client = service.client().retry(Retry::new()).token(token()).build();
    service.run(call(&client, &ADD)).unwrap();
    assert!(service.calls()[1].at >= SECOND);
}

#[test]
fn retry_after_is_obeyed() {
    let service = Service::answering([Answer::StatusWith(503, "Retry-After", "7")]);
    let client = service.client().retry(Retry::new()).token(token()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.calls()[1].at, SECOND * 7);
}

#[test]
fn a_retry_after_beyond_the_deadline_ends_the_call_at_once() {
    for asked in ["11", "4000000000"] {
        let service = Service::always(Answer::StatusWith(429, "Retry-After", asked));
        let client = service.client().retry(Retry::new()).deadline(SECOND * 10).token(token()).build();
        let error = service.run(call(&client, &READ)).unwrap_err();
        assert_eq!((error.status(), error.attempts(), service.timer.now()), (Some(429), 1, Duration::ZERO));
        assert!(error.is_rate_limited() && error.to_string().contains("retry after "), "{error}");
    }
}

#[test]
fn the_error_is_that_of_the_last_attempt_and_counts_the_attempts() {
    let service = Service::answering([UNSENT, LOST]);
    service.set(|script| script.otherwise = Answer::Code(-1));
    let client = service.client().retry(Retry::new()).token(token()).build();
    let error = service.run(call(&client, &SET)).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(ErrCode::BUSY), 3));
    assert!(error.to_string().ends_with("(after 3 attempts)"), "{error}");
}

#[test]
fn a_call_that_may_have_been_carried_out_is_never_reported_as_unsent_later() {
    let service = Service::answering([LOST]);
    service.set(|script| script.otherwise = UNSENT);
    let client = service.client().retry(Retry::new()).token(token()).build();
    assert_eq!(service.run(call(&client, &SET)).unwrap_err().delivery(), Delivery::Unknown);

    let unsent = Service::always(UNSENT);
    let client = unsent.client().retry(Retry::new()).token(token()).build();
    assert_eq!(unsent.run(call(&client, &SET)).unwrap_err().delivery(), Delivery::NotSent);
}

#[test]
fn a_call_without_a_token_is_repeated_if_the_fetch_may_be_repeated() {
    // Refused credentials are sent once. A fetch whose failure may be temporary is repeated like any call, even for a call
    // that must not be repeated, because that call was never sent.
    let table = [
        (UNSENT, 3),
        (LOST, 3),
        (Answer::Code(-1), 3),
        (Answer::Status(502), 3),
        (Answer::Code(45009), 1),
        (Answer::Code(40001), 1),
        (Answer::Code(40013), 1),
        (Answer::Status(404), 1),
    ];
    for (answer, fetches) in table {
        let service = Service::new();
        service.set(|script| script.to_gettoken.extend(vec![answer.clone(); 3]));
        let client = service.client().retry(Retry::new()).credentials(credentials()).build();
        let error = service.run(call(&client, &ADD)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Token(_)), "{error}");
        assert_eq!((service.fetches(), service.calls().len()), (fetches, 0), "{answer:?}");
    }
}

#[test]
fn replacing_a_token_does_not_count_as_an_attempt_of_the_retry_policy() {
    let service = Service::answering([Answer::Code(42001), Answer::Code(-1), Answer::Code(-1)]);
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.calls().len(), service.fetches()), (4, 2));
}

#[test]
fn a_token_that_is_always_refused_is_replaced_once() {
    let service = Service::always(Answer::Code(40014));
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert!(error.is_token_rejected());
    assert_eq!((service.calls().len(), service.fetches(), error.attempts()), (2, 2, 2));
}

#[test]
fn a_minute_of_total_failure_adds_at_most_a_fifth_of_load_and_then_calls_succeed() {
    let service = Service::always(UNSENT);
    let client = service.client().retry(Retry::new()).token(token()).build();
    let every = Duration::from_millis(10);
    let calls = |count: u32| {
        let one = async |at: u32| {
            wecom_core::Timer::sleep(&service.timer, every * at).await;
            call(&client, &READ).await
        };
        service.run(join_all((0..count).map(one)))
    };
    let outcomes = calls(6000);
    assert!(outcomes.iter().all(Result::is_err) && service.timer.now() >= MINUTE - every);
    let sent = service.calls().len();
    // A fifth, and the floor of ten in each ten seconds.
    assert!(sent <= 6000 + 1200 + 7 * 10, "{sent}");
    assert!(sent >= 6000 + 1000, "{sent}");

    service.set(|script| script.otherwise = Answer::Code(0));
    assert!(calls(100).iter().all(Result::is_ok));
    assert_eq!(service.calls().len(), sent + 100);
}

#[test]
fn a_local_client_repeats_failed_calls() {
    let service = Service::answering([UNSENT, UNSENT]);
    let transport = wecom_core::http::AsLocal(service.clone());
    let client = Client::local(transport).timer(service.timer.clone()).retry(Retry::new()).token(token()).build();
    service.run(client.call_raw(RawCall::new(&ADD))).unwrap();
    assert_eq!(service.calls().len(), 3);
}

#[test]
fn a_backoff_that_is_dropped_leaves_the_client_unchanged() {
    let service = Service::answering([Answer::Code(-1)]);
    let client = service.client().retry(Retry::new()).token(AccessToken::new("canary")).build();
    let mut one = Box::pin(call(&client, &READ));
    assert!(super::support::poll(one.as_mut()).is_pending());
    drop(one);
    assert_eq!(service.timer.sleepers(), 0);
    block_on(call(&client, &READ)).unwrap();
}

#[test]
fn a_client_can_replace_the_retry_policy_and_the_safety_of_calls() {
    let attempts = |endpoint, change: fn(Client) -> Client| {
        let service = Service::always(LOST);
        let client = change(service.client().retry(Retry::new()).token(token()).build());
        service.run(call(&client, endpoint)).unwrap_err();
        service.calls().len()
    };
    assert_eq!(attempts(&READ, |client| client.with_retry(Retry::new().attempts(5))), 5);
    assert_eq!(attempts(&READ, |client| client.without_retry()), 1);
    assert_eq!(attempts(&READ, |client| client.without_retry().with_retry(Retry::new())), 3);
    assert_eq!(attempts(&ADD, |client| client), 1);
    assert_eq!(attempts(&ADD, |client| client.with_safety(Safety::Idempotent)), 3);
    assert_eq!(attempts(&READ, |client| client.with_safety(Safety::NotIdempotent)), 1);
}

#[test]
fn a_retry_policy_can_be_added_to_a_client_without_one_and_has_its_own_budget() {
    let service = Service::always(UNSENT);
    let plain = service.client().token(token()).build();
    let careful = plain.with_retry(Retry::new().attempts(9).budget_floor(2).budget_percent(0));
    for client in [careful.clone(), careful, plain.with_retry(Retry::new().attempts(2))] {
        service.run(call(&client, &READ)).unwrap_err();
    }
    // Two repetitions for both calls of `careful`, and one of the other policy's budget.
    assert_eq!(service.calls().len(), 3 + 1 + 2);
}
