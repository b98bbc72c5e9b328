use std::time::Duration;

use futures_util::future::join_all;
use pollster::block_on;
use wecom_core::endpoint::RawCall;
use wecom_core::{AccessToken, Client, Delivery, Endpoint, ErrCode, ErrorKind, Retry, TransportErrorKind};

use super::support::{ADD, Answer, MINUTE, READ, SECOND, SET, Service, call, credentials, token};

const LOST: Answer = Answer::Fails(TransportErrorKind::ConnectionLost, Delivery::Unknown);
const UNSENT: Answer = Answer::Fails(TransportErrorKind::Connect, Delivery::NotSent);

/// How often a call is sent that always gets this answer.
fn attempts(endpoint: &'static Endpoint, answer: Answer) -> usize {
    let service = Service::always(answer);
    let client = service.client().retry(Retry::new()).token(token()).build();
    let error = service.run(call(&client, endpoint)).unwrap_err();
    assert_eq!(error.attempts() as usize, service.calls().len(), "{error}");
    service.calls().len()
}

#[test]
fn what_is_repeated_follows_from_delivery_safety_and_code() {
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    let fails = Answer::Fails;
    let (unsent, unknown) = (Delivery::NotSent, Delivery::Unknown);
    // What always comes back, and how often a call is sent that reads, sets and adds.
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
fn a_client_that_was_given_no_retry_repeats_nothing() {
    let service = Service::always(UNSENT);
    let client = service.client().token(token()).build();
    assert_eq!(service.run(call(&client, &READ)).unwrap_err().attempts(), 1);
}

#[test]
fn busy_twice_and_then_well_is_well_after_waits_of_up_to_half_a_second_and_a_second() {
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
fn too_many_at_once_waits_at_least_a_second() {
    let service = Service::answering([Answer::Code(45033)]);
    let client = service.client().retry(Retry::new()).token(token()).build();
    service.run(call(&client, &ADD)).unwrap();
    assert!(service.calls()[1].at >= SECOND);
}

#[test]
fn what_the_server_asks_for_in_retry_after_is_waited() {
    let service = Service::answering([Answer::StatusWith(503, "Retry-After", "7")]);
    let client = service.client().retry(Retry::new()).token(token()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.calls()[1].at, SECOND * 7);
}

#[test]
fn what_the_server_asks_for_beyond_the_deadline_ends_the_call_at_once() {
    for asked in ["11", "4000000000"] {
        let service = Service::always(Answer::StatusWith(429, "Retry-After", asked));
        let client = service.client().retry(Retry::new()).deadline(SECOND * 10).token(token()).build();
        let error = service.run(call(&client, &READ)).unwrap_err();
        assert_eq!((error.status(), error.attempts(), service.timer.now()), (Some(429), 1, Duration::ZERO));
        assert!(error.is_rate_limited() && error.to_string().contains("to try again after"), "{error}");
    }
}

#[test]
fn the_error_is_that_of_the_last_attempt_and_says_how_many_there_were() {
    let service = Service::answering([UNSENT, LOST]);
    service.set(|script| script.otherwise = Answer::Code(-1));
    let client = service.client().retry(Retry::new()).token(token()).build();
    let error = service.run(call(&client, &SET)).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(ErrCode::BUSY), 3));
    assert!(error.to_string().ends_with("(after 3 attempts)"), "{error}");
}

#[test]
fn a_call_that_may_have_been_carried_out_once_is_not_said_to_be_unsent_later() {
    let service = Service::answering([LOST]);
    service.set(|script| script.otherwise = UNSENT);
    let client = service.client().retry(Retry::new()).token(token()).build();
    assert_eq!(service.run(call(&client, &SET)).unwrap_err().delivery(), Delivery::Unknown);

    let unsent = Service::always(UNSENT);
    let client = unsent.client().retry(Retry::new()).token(token()).build();
    assert_eq!(unsent.run(call(&client, &SET)).unwrap_err().delivery(), Delivery::NotSent);
}

#[test]
fn a_call_for_which_no_token_could_be_had_is_repeated_as_the_fetch_may_be() {
    // Refused credentials are asked for once; what may pass, as often as any call. The call itself, never sent, may be
    // one that must not be repeated.
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
fn a_token_that_is_replaced_is_no_try_of_its_own() {
    let service = Service::answering([Answer::Code(42001), Answer::Code(-1), Answer::Code(-1)]);
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.calls().len(), service.fetches()), (4, 2));
}

#[test]
fn a_token_that_is_refused_for_ever_is_replaced_once() {
    let service = Service::always(Answer::Code(40014));
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert!(error.is_token_rejected());
    assert_eq!((service.calls().len(), service.fetches(), error.attempts()), (2, 2, 2));
}

#[test]
fn a_minute_of_total_failure_meets_no_more_than_a_fifth_of_extra_load_and_then_all_is_well() {
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
fn a_client_that_stays_on_one_thread_repeats_as_well() {
    let service = Service::answering([UNSENT, UNSENT]);
    let transport = wecom_core::http::AsLocal(service.clone());
    let client = Client::local(transport).timer(service.timer.clone()).retry(Retry::new()).token(token()).build();
    service.run(client.call_raw(RawCall::new(&ADD))).unwrap();
    assert_eq!(service.calls().len(), 3);
}

#[test]
fn a_wait_that_is_dropped_half_way_leaves_the_client_as_it_was() {
    let service = Service::answering([Answer::Code(-1)]);
    let client = service.client().retry(Retry::new()).token(AccessToken::new("canary")).build();
    let mut one = Box::pin(call(&client, &READ));
    assert!(super::support::poll(one.as_mut()).is_pending());
    drop(one);
    assert_eq!(service.timer.sleepers(), 0);
    block_on(call(&client, &READ)).unwrap();
}
