//! What was recorded comes back.

use bytes::Bytes;
use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::{
    AccessToken, Client, Delivery, LocalTransport, Request, Response, TransportError, TransportErrorKind, from_fn,
};
use wecom_mock::{Faults, Player, Recorder};

use crate::support::{
    LIST_IDS, client, credentials, get_result, list_ids, recorded, recorded_once, replay, service, text, through_file,
};

#[test]
fn a_client_with_credentials_replays_what_it_did_with_refresh_and_repetition() {
    let recorder = Recorder::new(service());
    let live = list_ids(&client(recorder.clone(), "canary-secret"), "ch1").unwrap();
    let player = Player::new(through_file(&recorder.cassette()));
    for remaining in [4, 0] {
        assert_eq!(player.remaining(), remaining);
        if remaining == 4 {
            let replayed = list_ids(&client(player.clone(), "another-secret"), "ch1").unwrap();
            assert_eq!(replayed, live);
        }
    }
    player.verify();
}

#[test]
fn a_local_client_is_recorded_and_replayed_too() {
    let recorder = Recorder::new(service());
    let call = || RawCall::new(&LIST_IDS).with_body(&json!({"chain_id": "ch1"})).unwrap();
    let live = Client::local(recorder.clone()).credentials(credentials("canary-secret")).build();
    let live = block_on(live.call_raw(call())).unwrap();
    let player = Player::new(through_file(&recorder.cassette()));
    let replayed = Client::local(player.clone()).credentials(credentials("any")).build();
    assert_eq!(block_on(replayed.call_raw(call())).unwrap(), live);
    player.verify();
}

#[test]
fn recording_changes_nothing_for_the_caller() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(502, "x").with_header("x-a", "b")) }));
    let reply = block_on(LocalTransport::send(&recorder, get_result("job1"))).unwrap();
    assert_eq!(reply, Response::new(502, "x").with_header("x-a", "b"));
}

#[test]
fn a_body_that_is_not_json_comes_back_byte_by_byte() {
    let bodies: [&'static [u8]; 10] = [
        b"",
        b"<html>\n\t502 \xE4\xBC\x81</html>",
        b"\xFF\xFE\x00binary",
        b"{\"errcode\":0,\"errm",
        b"\xEF\xBB\xBF{\"errcode\":0}",
        b"{\"a\":\"line\nbreak\"}",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":1.50}",
        b"{\"a\":123456789012345678901234567890}",
        b"\\u4e00 \"quoted\"",
    ];
    for body in bodies {
        let cassette = recorded_once(get_result("job1"), Ok(Response::new(200, Bytes::from_static(body))));
        let player = Player::new(through_file(&cassette));
        assert_eq!(replay(&player, get_result("job1")).unwrap().body(), body);
    }
}

#[test]
fn a_json_body_comes_back_with_the_same_meaning() {
    let body = "{ \"errcode\" : 0, \"name\": \"\\u4f01\", \"big\": 18446744073709551615, \"none\": null }";
    let player = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, body)))));
    let reply = replay(&player, get_result("job1")).unwrap();
    let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
    assert_eq!(value(reply.body()), value(body.as_bytes()));
    let null = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, "null")))));
    assert_eq!(replay(&null, get_result("job1")).unwrap().body(), "null");
}

#[test]
fn status_and_the_headers_that_mean_something_come_back() {
    let reply = Response::new(403, "{}")
        .with_header("Content-Type", "application/json")
        .with_header("Error-Code", "60020")
        .with_header("Set-Cookie", "canary")
        .with_header("date", "today");
    let player = Player::new(through_file(&recorded_once(get_result("job1"), Ok(reply))));
    let reply = replay(&player, get_result("job1")).unwrap();
    assert_eq!((reply.status(), reply.headers().len()), (403, 2));
    assert_eq!(reply.headers().get("error-code"), Some(&b"60020"[..]));
}

#[test]
fn a_failure_comes_back_with_its_kind_and_delivery() {
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    for kind in [Dns, Connect, Tls, Timeout, ConnectionLost, Protocol, ReplyTooLarge, Unsupported, NoRuntime, Other] {
        for delivery in [Delivery::NotSent, Delivery::Unknown] {
            let failure = TransportError::new(kind, delivery).with_source("https://canary");
            let cassette = recorded_once(get_result("job1"), Err(failure));
            assert!(!cassette.to_json().unwrap().contains("canary"));
            let error = replay(&Player::new(through_file(&cassette)), get_result("job1")).unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (kind, delivery));
        }
    }
}

#[test]
fn what_faults_did_is_recorded_above_them() {
    let faults = Faults::new(service());
    faults.on(&LIST_IDS).nth(2).fail_after_sending(TransportErrorKind::ConnectionLost);
    let recorder = Recorder::new(faults);
    assert!(list_ids(&client(recorder.clone(), "canary-secret"), "ch1").is_err());
    let player = Player::new(recorder.cassette());
    let error = list_ids(&client(player.clone(), "any"), "ch1").unwrap_err();
    assert!(error.to_string().contains("connection lost"), "{error}");
    player.verify();
}

#[test]
fn a_fixed_token_may_be_another_one_in_the_replay_but_stays_the_same() {
    let request = |token: &str| get_result("job1").with_token(AccessToken::new(token));
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    for token in ["canary-1", "canary-1", "canary-2"] {
        block_on(LocalTransport::send(&recorder, request(token))).unwrap();
    }
    let player = Player::new(through_file(&recorder.cassette()));
    replay(&player, request("mine-1")).unwrap();
    let error = text(&replay(&player, request("mine-2")).unwrap_err());
    assert!(error.contains("its access token is another one than token-1") && !error.contains("mine"), "{error}");
    replay(&player, request("mine-1")).unwrap();
    let error = text(&replay(&player, request("mine-1")).unwrap_err());
    assert!(error.contains("another one than token-2"), "{error}");
    replay(&player, request("mine-2")).unwrap();
    assert!(player.try_verify().is_err());
}

#[test]
fn entries_stand_in_the_order_of_sending_and_dropped_calls_are_left_out() {
    let timer = wecom_mock::ManualTimer::new();
    let faults = Faults::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    faults.on_any().first(2).delay(std::time::Duration::from_secs(1), timer.clone());
    let recorder = Recorder::new(faults);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut slow = LocalTransport::send(&recorder, get_result("slow"));
    assert!(slow.as_mut().poll(&mut context).is_pending());
    let mut dropped = LocalTransport::send(&recorder, get_result("dropped"));
    assert!(dropped.as_mut().poll(&mut context).is_pending());
    drop(dropped);
    block_on(LocalTransport::send(&recorder, get_result("quick"))).unwrap();
    timer.advance(std::time::Duration::from_secs(1));
    assert!(slow.as_mut().poll(&mut context).is_ready());
    let json: serde_json::Value = serde_json::from_str(&recorder.cassette().to_json().unwrap()).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let jobs: Vec<_> = entries.iter().map(|entry| entry["request"]["query"][0].as_str().unwrap()).collect();
    assert_eq!(jobs, ["jobid=slow", "jobid=quick"]);
}

#[test]
fn an_empty_cassette_is_played_by_calling_nothing() {
    let cassette = Recorder::new(service_without_stubs()).cassette();
    assert!(cassette.is_empty());
    Player::new(through_file(&cassette)).verify();
    assert_eq!(recorded().len(), 4);
}

fn service_without_stubs() -> wecom_mock::Mock {
    wecom_mock::Mock::new()
}

#[test]
fn the_order_of_fields_does_not_matter_in_a_request() {
    let request = |body: &'static str| Request::new(&LIST_IDS).with_body(body);
    let cassette = recorded_once(request(r#"{"a":1,"b":[2]}"#), Ok(Response::new(200, "{}")));
    replay(&Player::new(cassette), request(r#"{ "b": [2], "a": 1 }"#)).unwrap();
}
