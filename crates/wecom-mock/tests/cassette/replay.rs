//! Recording and replaying.

use bytes::Bytes;
use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::http::Query;
use wecom_core::{
    AccessToken, Client, Delivery, LocalTransport, Request, Response, Secret, TransportError, TransportErrorKind,
    from_fn,
};
use wecom_mock::{Faults, Player, Recorder};

use crate::support::{
    GET_RESULT, LIST_IDS, client, credentials, get_result, list_ids, recorded, recorded_once, replay, service,
    through_file,
};

#[test]
fn a_client_with_credentials_replays_a_token_renewal_and_a_retry() {
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
fn a_local_client_is_recorded_and_replayed() {
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
fn recording_does_not_change_the_reply() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(502, "x").with_header("x-a", "b")) }));
    let reply = block_on(LocalTransport::send(&recorder, get_result("job1"))).unwrap();
    assert_eq!(reply, Response::new(502, "x").with_header("x-a", "b"));
}

#[test]
fn a_body_that_is_not_json_is_replayed_byte_by_byte() {
    let bodies: [&'static [u8]; 5] = [
        b"",
        b"<html>\n\t502 \xE4\xBC\x81</html>",
        b"\xFF\xFE\x00binary",
        b"{\"errcode\":0,\"errm",
        b"\\u4e00 \"quoted\"",
    ];
    for body in bodies {
        let cassette = recorded_once(get_result("job1"), Ok(Response::new(200, Bytes::from_static(body))));
        let player = Player::new(through_file(&cassette));
        assert_eq!(replay(&player, get_result("job1")).unwrap().body(), body);
    }
}

#[test]
fn a_json_body_is_replayed_by_value() {
    let body = "{ \"errcode\" : 0, \"name\": \"\\u4f01\", \"big\": 18446744073709551615, \"none\": null }";
    let player = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, body)))));
    let reply = replay(&player, get_result("job1")).unwrap();
    let value = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).unwrap();
    assert_eq!(value(reply.body()), value(body.as_bytes()));
    let null = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, "null")))));
    assert_eq!(replay(&null, get_result("job1")).unwrap().body(), "null");
}

#[test]
fn json_that_a_client_repairs_is_replayed_as_its_value() {
    for (body, replayed) in [
        (&b"\xEF\xBB\xBF{\"errcode\":0}"[..], r#"{"errcode":0}"#),
        (b"{\"a\":\"line\nbreak\"}", r#"{"a":"line\nbreak"}"#),
        (b"{\"a\":\"\xB7\x7D\"}", "{\"a\":\"\u{fffd}}\"}"),
        (b"{\"access_token\":\"canary\n\"}", r##"{"access_token":"#1"}"##),
    ] {
        let player = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, body)))));
        assert_eq!(replay(&player, get_result("job1")).unwrap().body(), replayed);
    }
}

#[test]
fn the_status_and_the_relevant_headers_are_replayed() {
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
fn a_transport_error_is_replayed_with_its_kind_and_delivery() {
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
fn injected_faults_are_recorded() {
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
fn a_replay_may_use_other_tokens() {
    let request = |token: &str| get_result("job1").with_token(AccessToken::new(token));
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    for token in ["canary-1", "canary-1", "canary-2"] {
        block_on(LocalTransport::send(&recorder, request(token))).unwrap();
    }
    let player = Player::new(through_file(&recorder.cassette()));
    for token in ["mine-1", "mine-2", "mine-2"] {
        replay(&player, request(token)).unwrap();
    }
    player.verify();
}

#[test]
fn the_entry_with_the_same_token_is_preferred() {
    let request = |token: &str| get_result("job1").with_token(AccessToken::new(token));
    let recorder = Recorder::new(from_fn(|request: Request| async move {
        Ok(Response::new(200, request.token().map_or("", |token| token.expose()).replace("canary", "reply")))
    }));
    for token in ["canary-1", "canary-2"] {
        block_on(LocalTransport::send(&recorder, request(token))).unwrap();
    }
    let player = Player::new(through_file(&recorder.cassette()));
    for (token, reply) in [("#2", "reply-2"), ("#1", "reply-1")] {
        assert_eq!(replay(&player, request(token)).unwrap().body(), reply);
    }
}

#[test]
fn calls_are_replayed_in_any_order() {
    let recorder = Recorder::new(from_fn(|request: Request| async move {
        Ok(Response::new(200, json!({"of": format!("{:?}", request.query())}).to_string()))
    }));
    let jobs: Vec<_> = (0..50).map(|number| format!("job{number}")).collect();
    let live = jobs.iter().map(|job| block_on(LocalTransport::send(&recorder, get_result(job))).unwrap());
    let live: Vec<_> = live.collect();
    let player = Player::new(through_file(&recorder.cassette()));
    for (job, reply) in jobs.iter().zip(&live).rev() {
        assert_eq!(replay(&player, get_result(job)).unwrap().body(), reply.body());
    }
    player.verify();
}

#[test]
fn two_apps_are_replayed_with_one_dummy_secret() {
    let recorder =
        Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"access_token":"a","expires_in":1}"#)) }));
    let fetch = |transport: &dyn Fn(Request) -> Response, secret: &'static str| {
        let mut query = Query::new();
        query.push_secret("corpsecret", Secret::new(secret));
        transport(Request::new(&GET_RESULT).with_query(query))
    };
    for secret in ["canary-1", "canary-2"] {
        fetch(&|request| block_on(LocalTransport::send(&recorder, request)).unwrap(), secret);
    }
    let player = Player::new(through_file(&recorder.cassette()));
    for _ in 0..2 {
        fetch(&|request| replay(&player, request).unwrap(), "test");
    }
    player.verify();
}

/// A recording of calls whose body has a number and a hidden text, which is a whole value.
fn recorded_with_hidden_values(numbers: std::ops::Range<usize>) -> wecom_mock::Cassette {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    let recorder = recorder.hide(Secret::new("canary-13800001234"));
    for number in numbers {
        drop(block_on(LocalTransport::send(&recorder, numbered(number, "canary-13800001234"))));
    }
    through_file(&recorder.cassette())
}

fn numbered(number: usize, mobile: &str) -> Request {
    Request::new(&LIST_IDS).with_body(json!({"number": number, "contacts": [{"mobile": mobile}]}).to_string())
}

#[test]
fn a_hidden_value_of_a_request_matches_any_text() {
    for mobile in ["canary-13800001234", "13900005678", "#1"] {
        let player = Player::new(recorded_with_hidden_values(0..1));
        replay(&player, numbered(0, mobile)).unwrap();
        player.verify();
    }
    let player = Player::new(recorded_with_hidden_values(0..1));
    for request in [numbered(0, "#2"), numbered(1, "13900005678")] {
        replay(&player, request).unwrap_err();
    }
    assert!(player.remaining() == 1 && player.try_verify().is_err());
}

/// Takes many minutes if replaying is quadratic.
#[test]
fn two_thousand_calls_with_a_hidden_value_are_replayed() {
    let player = Player::new(recorded_with_hidden_values(0..2_000));
    (0..2_000).rev().for_each(|number| drop(replay(&player, numbered(number, "13900005678")).unwrap()));
    player.verify();
}

#[test]
fn texts_that_look_like_aliases_are_replayed_in_any_order_with_other_secrets() {
    let request = |token: &str, note: &str| {
        Request::new(&LIST_IDS).with_token(AccessToken::new(token)).with_body(json!({"note": note}).to_string())
    };
    let recorder = Recorder::new(from_fn(|request: Request| async move {
        Ok(Response::new(200, request.body().cloned().unwrap_or_default()))
    }));
    for note in ["#5", "#6", "#1"] {
        block_on(LocalTransport::send(&recorder, request("canary", note))).unwrap();
    }
    let player = Player::new(through_file(&recorder.cassette()));
    for note in ["#1", "#5", "#6"] {
        let reply = replay(&player, request("another", note)).unwrap();
        assert_eq!(reply.body(), &json!({"note": note}).to_string());
    }
    player.verify();
}

#[test]
fn the_secret_of_a_replay_may_be_a_recorded_text() {
    let request = |token: &str| get_result("job1").with_token(AccessToken::new(token));
    let player = Player::new(recorded_once(request("canary"), Ok(Response::new(200, "{}"))));
    replay(&player, request("job1")).unwrap();
    player.verify();
}

/// Two apps that differ in nothing but their secret, each with its own reply.
fn apps(transport: &dyn Fn(Request) -> Result<Response, TransportError>, secret: &'static str) -> String {
    let mut query = Query::new();
    query.push_secret("corpsecret", Secret::new(secret));
    let token = transport(Request::new(&wecom_core::token::GET_TOKEN).with_query(query)).unwrap();
    let token: serde_json::Value = serde_json::from_slice(token.body()).unwrap();
    let token = AccessToken::new(token.get("access_token").unwrap().as_str().unwrap());
    let reply = transport(Request::new(&LIST_IDS).with_token(token).with_body("{}")).unwrap();
    String::from_utf8(reply.body().to_vec()).unwrap()
}

fn recorded_apps() -> wecom_mock::Cassette {
    let recorder = Recorder::new(from_fn(|request: Request| async move {
        let secret = request.expose_secrets().next().unwrap_or_default();
        let number = if secret.contains("canary-one") { 1 } else { 2 };
        let token = format!("{secret}-token");
        let token = if request.token().is_some() { "none" } else { &token };
        Ok(Response::new(200, json!({"errcode": 0, "access_token": token, "rule_ids": [number]}).to_string()))
    }));
    for secret in ["canary-one", "canary-two"] {
        apps(&|request| block_on(LocalTransport::send(&recorder, request)), secret);
    }
    through_file(&recorder.cassette())
}

#[test]
fn two_apps_are_replayed_in_another_order_by_the_aliases_of_their_secrets() {
    let player = Player::new(recorded_apps());
    let file = recorded_apps().to_json().unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    for (entry, number) in [(2, 2), (0, 1)] {
        let alias = file["entries"][entry]["request"]["secrets"]["corpsecret"].as_str().unwrap();
        let alias: &'static str = alias.to_owned().leak();
        let reply = apps(&|request| replay(&player, request), alias);
        assert!(reply.contains(&format!("\"rule_ids\":[{number}]")), "{reply}");
    }
    player.verify();
}

#[test]
fn two_apps_without_aliases_are_refused_instead_of_confused() {
    let player = Player::new(recorded_apps());
    let mut query = Query::new();
    query.push_secret("corpsecret", Secret::new("dummy"));
    let error = replay(&player, Request::new(&wecom_core::token::GET_TOKEN).with_query(query)).unwrap_err();
    let text = crate::support::text(&error);
    assert!(text.contains("only the secrets differ") && text.contains("entry 3: {"), "{text}");
    assert!(text.contains(r##""corpsecret":"#1""##) && text.contains(r##""corpsecret":"#4""##), "{text}");
    assert!(player.try_verify().is_err());
}

#[test]
fn the_token_of_one_app_does_not_find_the_entry_of_another() {
    let request = |token: &str| get_result("job1").with_token(AccessToken::new(token));
    let player = Player::new(through_file(&recorded_once(request("canary"), Ok(Response::new(200, "{}")))));
    let error = replay(&player, request("#2")).unwrap_err();
    assert!(crate::support::text(&error).contains("only the secrets differ"), "{error}");
    replay(&player, request("#1")).unwrap();
    assert!(player.try_verify().is_err());
}

#[test]
fn a_replay_may_use_ordinary_words_as_secrets() {
    let reply = json!({"errcode": 0, "errmsg": "ok", "access_token": "chain", "expires_in": 7200});
    let mock = wecom_mock::Mock::new();
    mock.on_endpoint(&wecom_core::token::GET_TOKEN).json(reply);
    let groups = json!({"errcode": 0, "errmsg": "a test of a chain", "chain_id": "test", "test": "chain"});
    mock.on_endpoint(&LIST_IDS).json(groups);
    let recorder = Recorder::new(mock);
    let live = list_ids(&client(recorder.clone(), "test"), "a chain to test").unwrap();
    let player = Player::new(through_file(&recorder.cassette()));
    assert_eq!(list_ids(&client(player.clone(), "test"), "a chain to test").unwrap(), live);
    player.verify();
}

#[test]
fn a_json_body_that_is_not_exact_is_replayed_as_its_value() {
    for (body, replayed) in [(r#"{"a":1,"a":2}"#, r#"{"a":2}"#), (r#"{"a":1.50}"#, r#"{"a":1.5}"#)] {
        let player = Player::new(through_file(&recorded_once(get_result("job1"), Ok(Response::new(200, body)))));
        assert_eq!(replay(&player, get_result("job1")).unwrap().body(), replayed);
    }
}

/// Takes many minutes if recording or replaying is quadratic.
#[test]
fn four_megabytes_and_two_thousand_calls_are_recorded_and_replayed() {
    let recorder = Recorder::new(from_fn(|request: Request| async move {
        let size = if request.token().is_some_and(|token| token.expose().ends_with(":0")) { 4 << 20 } else { 10 };
        Ok(Response::new(200, format!(r#"{{"filling":"{}"}}"#, "\\u0061b".repeat(size / 7))))
    }));
    let request =
        |number: usize| get_result(&number.to_string()).with_token(AccessToken::new(format!("canary:{number}")));
    (0..2_000).for_each(|number| drop(block_on(LocalTransport::send(&recorder, request(number)))));
    let player = Player::new(through_file(&recorder.cassette()));
    (0..2_000).rev().for_each(|number| drop(replay(&player, request(number)).unwrap()));
    player.verify();
}

#[test]
fn entries_are_in_the_order_of_sending_without_cancelled_calls() {
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
    let jobs: Vec<_> = entries.iter().map(|entry| entry["request"]["query"]["jobid"].as_str().unwrap()).collect();
    assert_eq!(jobs, ["slow", "quick"]);
}

#[test]
fn an_empty_cassette_is_replayed_without_calls() {
    assert!(!recorded().is_empty() && recorded().len() == 4);
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
