//! Channels, receive ids, the window, and the answers.

use std::time::Duration;

use wecom_callback::{CallbackKeys, Channel, ErrorKind, Query, ReceiveIds, Receiver, Sender};
use wecom_core::ids::{CorpId, SuiteId};

use crate::support::*;

#[test]
fn a_url_check_is_answered_with_only_the_echo() {
    let check = sender().url_check("1616140317555161061", now(), random()).unwrap();
    let answer = receiver().verify_url(check.query(), now()).unwrap();
    assert_eq!((answer.body(), answer.content_type()), ("1616140317555161061", "text/plain; charset=utf-8"));
    assert_eq!(check.body(), b"");
}

/// A person who recorded the request of an event sends its `Encrypt` as `echostr`. The signature is valid.
#[test]
fn an_event_sent_as_a_url_check_is_refused_as_a_wrong_signature_is() {
    let documents = ["<xml><AuthCode>a-code</AuthCode></xml>", "\u{FEFF}<xml/>", " \n<xml/>", " \u{FEFF}", "<"];
    for message in documents.map(str::to_owned).into_iter().chain(["7".repeat(129)]) {
        let check = sender().url_check(&message, now(), random()).unwrap();
        let refused = receiver().verify_url(check.query(), now()).unwrap_err();
        assert_eq!((refused.kind(), refused.http_status()), (ErrorKind::Echo, 403), "{message}");
        assert!(!refused.to_string().contains("a-code"));
    }
    let longest = "7".repeat(128);
    let check = sender().url_check(&longest, now(), random()).unwrap();
    assert_eq!(receiver().verify_url(check.query(), now()).unwrap().body(), longest);
}

#[test]
fn an_app_channel_is_acknowledged_with_an_empty_body_and_a_suite_channel_with_success() {
    assert_eq!(opened("<xml/>").acknowledge().body(), "");
    let request = suite_sender().xml_request("<xml/>", now(), random()).unwrap();
    let callback = suite_receiver().open(request.query(), request.body(), now()).unwrap();
    assert_eq!(callback.acknowledge().body(), "success");
    assert_eq!(callback.reply_text("hello", now(), random()).unwrap_err().kind(), ErrorKind::NoReply);
}

#[test]
fn a_timestamp_outside_the_window_is_refused_on_both_sides() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let open =
        |receiver: &Receiver, now| receiver.open(request.query(), request.body(), now).map_err(|error| error.kind());
    for (seconds, inside) in [(0, true), (600, true), (601, false), (86_400, false)] {
        let distance = Duration::from_secs(seconds);
        for now in [now() + distance, now() - distance] {
            assert_eq!(open(&receiver(), now).is_ok(), inside, "{seconds}");
        }
    }
    let narrow = receiver().with_window(Duration::from_secs(5));
    assert_eq!(open(&narrow, now() + Duration::from_secs(6)).unwrap_err(), ErrorKind::Timestamp);
    assert!(open(&receiver().without_window(), now() + Duration::from_secs(1 << 40)).is_ok());
}

#[test]
fn the_window_applies_to_a_url_check_too() {
    let check = sender().url_check("1", now(), random()).unwrap();
    let refused = receiver().verify_url(check.query(), now() + Duration::from_secs(601)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Timestamp);
}

#[test]
fn every_form_of_receive_ids_accepts_what_it_names_and_nothing_else() {
    for (ids, accepted, refused) in [
        (ReceiveIds::from("ww1"), "ww1", "ww2"),
        (ReceiveIds::from("ww1".to_owned()), "ww1", ""),
        (ReceiveIds::from(&CorpId::new("ww1")), "ww1", "ww11"),
        (ReceiveIds::from(&SuiteId::new("ww1")), "ww1", "WW1"),
        (ReceiveIds::from(["ww1", "ww2"]), "ww2", "ww3"),
        (ReceiveIds::from(vec!["ww1".to_owned()]), "ww1", "w"),
        (ReceiveIds::when(|id| id.starts_with("ww")), "ww9", "xx"),
        (ReceiveIds::from(""), "", "ww1"),
    ] {
        let receiver = Receiver::new(Channel::app(keys(), ids));
        for (id, expected) in [(accepted, true), (refused, false)] {
            let request = Sender::app(keys(), id).xml_request("<xml/>", now(), random()).unwrap();
            assert_eq!(receiver.open(request.query(), request.body(), now()).is_ok(), expected, "{id}");
        }
    }
    let any = Receiver::new(Channel::app(keys(), ReceiveIds::any()));
    let request = Sender::app(keys(), "wwcustomer").xml_request("<xml/>", now(), random()).unwrap();
    assert_eq!(any.open(request.query(), request.body(), now()).unwrap().receive_id(), "wwcustomer");
}

#[test]
fn the_corp_of_a_downstream_members_message_differs_from_its_receive_id() {
    let callback = opened("<xml><ToUserName>wwdownstream</ToUserName><FromUserName>zhangsan</FromUserName></xml>");
    assert_eq!(callback.receive_id(), CORP);
    assert_eq!(callback.message().to_user_name().as_deref(), Some("wwdownstream"));
    assert_eq!(callback.message().from_user_name().as_deref(), Some("zhangsan"));
}

#[test]
fn app_and_suite_share_a_url() {
    let suite_keys = CallbackKeys::new("suite", &"b".repeat(43)).unwrap();
    let receiver = receiver().with_channel(Channel::suite(suite_keys.clone(), SUITE)).unwrap();
    let request = Sender::suite(suite_keys, SUITE).xml_request("<xml/>", now(), random()).unwrap();
    let callback = receiver.open(request.query(), request.body(), now()).unwrap();
    assert!(callback.channel().is_suite());
    assert_eq!(callback.acknowledge().body(), "success");
}

#[test]
fn each_missing_parameter_is_named() {
    let request = sender().url_check("1", now(), random()).unwrap();
    for name in ["msg_signature", "timestamp", "nonce", "echostr"] {
        let query = request.query().replace(&format!("{name}="), "x=");
        let refused = receiver().verify_url(&query, now()).unwrap_err();
        assert_eq!((refused.kind(), refused.http_status()), (ErrorKind::MissingParameter(name), 400));
    }
    let refused = receiver().open(Query::default(), b"<xml><Encrypt/></xml>", now()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::MissingParameter("msg_signature"));
}

#[test]
fn a_body_that_is_not_an_envelope_is_a_bad_request() {
    let query = "msg_signature=0&timestamp=0&nonce=0";
    for body in
        ["", "hello", "{\"Encrypt\":\"A\"}", "<xml>", "<xml></xml><xml/>", "<xml/>", "<xml><encrypt/></xml>", "</xml>"]
    {
        assert_eq!(receiver().open(query, body.as_bytes(), now()).unwrap_err().http_status(), 400, "{body}");
    }
}

#[test]
fn a_query_or_body_over_its_limit_is_too_large() {
    let query = format!("msg_signature=0&timestamp=0&nonce={}", "0".repeat(wecom_callback::MAX_QUERY));
    let refused = receiver().open(&query, b"<xml><Encrypt/></xml>", now()).unwrap_err();
    assert_eq!((refused.kind(), refused.http_status()), (ErrorKind::QueryTooLong(wecom_callback::MAX_QUERY), 413));
    let small = receiver().with_body_limit(20);
    assert_eq!(small.body_limit(), 20);
    let refused = small.open("", b"<xml><Encrypt/></xml>", now()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::BodyTooLarge(20));
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let exact = receiver().with_body_limit(request.body().len());
    assert!(exact.open(request.query(), request.body(), now()).is_ok());
}

#[test]
fn the_default_body_limit_allows_a_message_of_95_kib() {
    let message = format!("<xml><Content><![CDATA[{}]]></Content></xml>", "a".repeat(96 << 10));
    let request = sender().xml_request(&message, now(), random()).unwrap();
    assert!(request.body().len() > Receiver::DEFAULT_BODY_LIMIT);
    let message = format!("<xml><Content><![CDATA[{}]]></Content></xml>", "a".repeat(95 << 10));
    let request = sender().xml_request(&message, now(), random()).unwrap();
    assert!(open(&request).is_ok());
}

#[cfg(feature = "getrandom")]
#[test]
fn random_bytes_from_the_operating_system_differ() {
    let seal = || {
        let random = wecom_callback::RandomBytes::generate().unwrap();
        sender().xml_request("<xml/>", now(), random).unwrap()
    };
    assert_ne!(seal().query(), seal().query());
    assert_ne!(seal().body(), seal().body());
}
