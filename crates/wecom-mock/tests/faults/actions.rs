//! What a fault does to a call.

use wecom_core::{
    AccessToken, Client, Delivery, ErrCode, LocalTransport, Request, Response, Transport, TransportError,
    TransportErrorKind, from_fn,
};
use wecom_mock::{Answer, Faults};

use crate::support::{GET_GROUPS, LIST_IDS, REPLY, call, healthy, panic_text, send};

#[test]
fn a_transport_without_faults_changes_nothing() {
    let (mock, faults) = healthy();
    let reply = send(&faults, &LIST_IDS).unwrap();
    assert_eq!((reply.status(), &reply.body()[..]), (200, REPLY.as_bytes()));
    assert_eq!(mock.journal().len(), 1);
}

#[test]
fn an_error_before_sending_does_not_reach_the_server() {
    let (mock, faults) = healthy();
    let rule = faults.on(&LIST_IDS).fail_before_sending(TransportErrorKind::Connect);
    let error = send(&faults, &LIST_IDS).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Connect, Delivery::NotSent));
    assert_eq!((mock.journal().len(), rule.injected()), (0, 1));
}

#[test]
fn an_error_after_sending_reaches_the_server_and_discards_the_reply() {
    let (mock, faults) = healthy();
    let rule = faults.on(&LIST_IDS).fail_after_sending(TransportErrorKind::ConnectionLost);
    let error = send(&faults, &LIST_IDS).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::ConnectionLost, Delivery::Unknown));
    assert_eq!((mock.journal().len(), rule.injected()), (1, 1));
}

#[test]
fn an_error_of_the_inner_transport_is_unchanged() {
    let refused = || async { Err::<Response, _>(TransportError::new(TransportErrorKind::Dns, Delivery::NotSent)) };
    let faults = Faults::new(from_fn(move |_| refused()));
    faults.on_any().fail_after_sending(TransportErrorKind::ConnectionLost);
    let error = pollster::block_on(Transport::send(&faults, Request::new(&LIST_IDS))).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Dns, Delivery::NotSent));
}

#[test]
fn an_errcode_and_a_status_do_not_reach_the_server() {
    let (mock, faults) = healthy();
    faults.on(&LIST_IDS).error_code(ErrCode::FREQUENCY_EXCEEDED);
    faults.on(&GET_GROUPS).status(502, "Bad Gateway");
    assert!(call(&faults, &LIST_IDS).unwrap_err().is_rate_limited());
    let reply = send(&faults, &GET_GROUPS).unwrap();
    assert_eq!((reply.status(), &reply.body()[..]), (502, &b"Bad Gateway"[..]));
    assert_eq!(mock.journal().len(), 0);
}

#[test]
fn a_replaced_reply_reaches_the_server() {
    let (mock, faults) = healthy();
    faults.on_any().replace_reply(Answer::status(504, "Gateway Timeout"));
    assert_eq!(send(&faults, &LIST_IDS).unwrap().status(), 504);
    assert_eq!(mock.journal().len(), 1);
}

#[test]
fn a_cut_reply_is_truncated() {
    let (mock, faults) = healthy();
    for bytes in [0, 1, 10, REPLY.len(), REPLY.len() + 1] {
        let rule = faults.on_any().cut_reply(bytes);
        let expected = &REPLY.as_bytes()[..bytes.min(REPLY.len())];
        assert_eq!(send(&faults, &LIST_IDS).unwrap().body(), expected);
        rule.stop();
    }
    assert_eq!(mock.journal().len(), 5);
}

#[test]
fn empty_garbage_and_html_replace_the_body_and_keep_status_and_headers() {
    let inner = from_fn(|_| async {
        let reply = Response::new(201, REPLY).with_header("Content-Type", "application/json");
        Ok(reply.with_header("error-code", "0"))
    });
    let faults = Faults::new(inner);
    let spoilt = || {
        let reply = pollster::block_on(Transport::send(&faults, Request::new(&LIST_IDS))).unwrap();
        assert_eq!((reply.status(), reply.headers().get("error-code")), (201, Some(&b"0"[..])));
        reply
    };
    faults.on_any().nth(1).empty_reply();
    faults.on_any().calls(2..=3).garbage_reply();
    faults.on_any().nth(4).html_reply();

    assert!(spoilt().body().is_empty());
    let (one, other) = (spoilt(), spoilt());
    assert_eq!((one.body().len(), other.body().len()), (REPLY.len(), REPLY.len()));
    assert!(std::str::from_utf8(one.body()).is_err() && one.body() != other.body());
    let page = spoilt();
    assert_eq!(page.headers().get("content-type"), Some(&b"text/html"[..]));
    assert_eq!(page.headers().len(), 2);
    assert!(page.body().starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn each_kind_of_damaged_reply_causes_a_different_error() {
    let (_mock, faults) = healthy();
    faults.on_any().nth(1).cut_reply(12);
    faults.on_any().nth(2).empty_reply();
    faults.on_any().nth(3).garbage_reply();
    faults.on_any().nth(4).html_reply();
    let texts: Vec<_> = (0..4).map(|_| call(&faults, &LIST_IDS).unwrap_err().to_string()).collect();
    for (at, text) in texts.iter().enumerate() {
        assert!(!texts[..at].contains(text) && !text.contains("canary"), "{texts:#?}");
    }
}

#[test]
fn an_injected_error_shows_its_location_and_the_number_of_the_call() {
    let (_mock, faults) = healthy();
    faults.on(&LIST_IDS).nth(2).fail_before_sending(TransportErrorKind::Connect);
    send(&faults, &LIST_IDS).unwrap();
    let text = call(&faults, &LIST_IDS).unwrap_err().to_string();
    assert!(text.contains("the fault for list_ids (") && text.contains("actions.rs:"), "{text}");
    assert!(text.contains("at call 2") && !text.contains("canary"), "{text}");
}

#[test]
fn an_invalid_fault_panics() {
    let (_mock, faults) = healthy();
    let fault = || faults.on(&LIST_IDS);
    for (text, run) in [
        ("Connect means that the request was not sent", 0),
        ("ReplyTooLarge requires a reply", 1),
        ("nth(0)", 2),
        ("every(0)", 3),
        ("the probability 1.5 is not between", 4),
        ("the probability NaN is not between", 5),
    ] {
        let report = panic_text(|| match run {
            0 => drop(fault().fail_after_sending(TransportErrorKind::Connect)),
            1 => drop(fault().fail_before_sending(TransportErrorKind::ReplyTooLarge)),
            2 => drop(fault().nth(0)),
            3 => drop(fault().every(0)),
            4 => drop(fault().with_probability(1.5, 0)),
            _ => drop(fault().with_probability(f64::NAN, 0)),
        });
        assert!(report.contains(text), "{report}");
    }
    assert!(send(&faults, &LIST_IDS).is_ok());
}

#[test]
fn faults_are_injected_into_a_local_transport() {
    let sent = std::rc::Rc::new(std::cell::Cell::new(0));
    let counter = std::rc::Rc::clone(&sent);
    let faults = Faults::new(from_fn(move |_| {
        counter.set(counter.get() + 1);
        async { Ok(Response::new(200, REPLY)) }
    }));
    faults.on_any().nth(1).fail_before_sending(TransportErrorKind::Connect);
    let client = Client::local(faults.clone()).token(AccessToken::new("the-canary-token")).build();
    let call = || pollster::block_on(client.call_raw(wecom_core::endpoint::RawCall::new(&LIST_IDS)));
    assert!(call().is_err());
    assert!(call().is_ok());
    assert!(pollster::block_on(LocalTransport::send(faults.inner(), Request::new(&LIST_IDS))).is_ok());
    assert_eq!(sent.get(), 2);
}
