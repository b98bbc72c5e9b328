//! No cassette contains a secret. Every secret contains `canary`.

use pollster::block_on;
use serde_json::json;
use wecom_core::http::Query;
use wecom_core::{AccessToken, LocalTransport, Request, Response, Secret, from_fn};
use wecom_mock::{Cassette, Player, Recorder};

use crate::support::{GET_RESULT, LIST_IDS, get_result, recorded, recorded_once, replay, through_file};

#[track_caller]
fn clean(cassette: &Cassette) -> String {
    let text = cassette.to_json().unwrap();
    assert!(!text.contains("anary") && !format!("{cassette:?}").contains("anary"), "{text}");
    text
}

#[test]
fn tokens_and_secrets_have_different_aliases() {
    let json: serde_json::Value = serde_json::from_str(&clean(&recorded())).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let tokens: Vec<_> = entries.iter().map(|entry| &entry["request"]["token"]).collect();
    assert_eq!(tokens, [&json!(null), &json!("token-1"), &json!(null), &json!("token-2")]);
    assert_eq!(entries[0]["request"]["query"], json!(["corpid=ww1234567890abcdef", "corpsecret=secret-1"]));
    assert_eq!(entries[0]["reply"]["body"]["json"]["access_token"], "token-1");
    assert_eq!(entries[2]["reply"]["body"]["json"]["access_token"], "token-2");
}

#[test]
fn a_secret_is_replaced_in_every_part_of_an_exchange() {
    let request = Request::new(&LIST_IDS)
        .with_token(AccessToken::new("canary/\"1"))
        .with_body(r#"{"note":"has canary/\"1","canary/\"1":[]}"#);
    for body in [
        r#"{"errmsg":"for ?access_token=canary%2F%221 and %2f: canary%2f%221"}"#,
        r#"<a href="/?access_token=canary%2F%221">"#,
        r#"{"errcode":0,"access_token":"canary\/\"1","expi"#,
        r#"{"errcode":0,"access\u005ftoken":"canary\u002f\u00221"}"#,
        r#"{"errcode":0,"access\u005ftoken":"unknown-c\u0061nary","expi"#,
        r#"{"sessionKey":"canary-2","accessToken":"canary-3","note":"canary-2 &#99;anary-3"}"#,
        "plain canary/\"1 text",
        "plain c\\u0061nary%2f%221 text",
    ] {
        let reply = Response::new(200, body).with_header("error-msg", "canary/\"1");
        let cassette = recorded_once(request.clone(), Ok(reply));
        let text = clean(&cassette);
        assert!(text.contains("\"token-1\"") && text.contains("error-msg: token-1"), "{text}");
        replay(&Player::new(through_file(&cassette)), request.clone()).unwrap();
    }
    let binary = Response::new(200, &b"\xFF\xFEcanary/\"1"[..]);
    let player = Player::new(through_file(&recorded_once(request.clone(), Ok(binary))));
    assert_eq!(replay(&player, request).unwrap().body(), "\u{fffd}\u{fffd}***");
}

#[test]
fn a_reply_that_carries_a_credential_is_masked_completely_if_it_is_not_json() {
    let request = Request::new(&wecom_core::token::GET_TOKEN);
    let player = Player::new(recorded_once(request.clone(), Ok(Response::new(200, "the token is canary"))));
    assert_eq!(replay(&player, request).unwrap().body(), "***");
}

#[test]
fn two_tokens_have_two_aliases_even_if_one_looks_like_an_alias() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    for token in ["token-2", "canary-1", "token-1", "canary-2"] {
        let request = get_result("job1").with_token(AccessToken::new(token));
        block_on(LocalTransport::send(&recorder, request)).unwrap();
    }
    let json: serde_json::Value = serde_json::from_str(&clean(&recorder.cassette())).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let tokens: Vec<_> = entries.iter().map(|entry| entry["request"]["token"].as_str().unwrap()).collect();
    assert_eq!(tokens, ["token-3", "token-4", "token-5", "token-6"]);
}

#[test]
fn a_secret_that_contains_another_secret_is_replaced_completely() {
    let request = get_result("job1").with_token(AccessToken::new("canary"));
    let mut query = Query::new();
    query.push_secret("corpsecret", Secret::new("canary-with-a-tail"));
    let request = request.with_query(query);
    let text = clean(&recorded_once(request, Ok(Response::new(200, r#"{"note":"of canary-with-a-tail"}"#))));
    assert!(text.contains("\"note\": \"of ***\""), "{text}");
}

#[test]
fn a_truncated_reply_keeps_no_piece_of_an_unknown_token() {
    let reply = Response::new(200, r#"{"errcode":0,"access_token":"canary-canary-can"#);
    let text = clean(&recorded_once(get_result("job1"), Ok(reply)));
    assert!(text.contains("access_token***"), "{text}");
}

#[test]
fn a_secret_is_replaced_in_the_exchanges_before_its_first_use() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"note":"canary-1"}"#)) }));
    block_on(LocalTransport::send(&recorder, get_result("job1"))).unwrap();
    let later = get_result("job2").with_token(AccessToken::new("canary-1"));
    block_on(LocalTransport::send(&recorder, later)).unwrap();
    let text = clean(&recorder.cassette());
    assert_eq!(text.matches("\"note\": \"token-1\"").count(), 2, "{text}");
}

#[test]
fn a_hidden_text_is_replaced_and_matches_any_text_in_a_replay() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"mobile":"canary-phone"}"#)) }));
    let recorder = recorder.hide(Secret::new("canary-phone"));
    block_on(LocalTransport::send(&recorder, get_result("of canary-phone"))).unwrap();
    let text = clean(&recorder.cassette());
    assert!(text.contains("jobid=***") && text.contains("\"mobile\": \"secret-1\""), "{text}");
    let player = Player::new(through_file(&recorder.cassette()));
    replay(&player, get_result("of canary-other")).unwrap();
    player.verify();
}

#[test]
fn writing_fails_without_a_file_if_a_secret_is_left() {
    let request = || get_result("job1").with_token(AccessToken::new("123456789"));
    let cassette = recorded_once(request(), Ok(Response::new(200, r#"{"errcode":0,"id":123456789}"#)));
    let error = cassette.to_json().unwrap_err();
    assert!(error.is_secret_left(), "{error}");
    assert!(error.to_string().contains("in entry 1") && !format!("{error}{error:?}").contains("123456789"), "{error}");

    let path = std::env::temp_dir().join(format!("wecom-mock-left-{}.json", std::process::id()));
    assert!(cassette.write(&path).unwrap_err().is_secret_left());
    assert!(!path.exists());
}

#[test]
fn a_secret_that_is_a_word_is_replaced_where_a_secret_is_expected_and_nowhere_else() {
    for word in ["corpgroup", "entries", "token"] {
        let mut query = Query::new();
        query.push("jobid", word);
        query.push_secret("corpsecret", Secret::new(word));
        let cassette = recorded_once(Request::new(&GET_RESULT).with_query(query), Ok(Response::new(200, "{}")));
        let json: serde_json::Value = serde_json::from_str(&cassette.to_json().unwrap()).unwrap();
        let query = &json["entries"][0]["request"]["query"];
        assert_eq!(*query, json!([format!("jobid={word}"), "corpsecret=secret-1"]));
    }
}

#[test]
fn no_debug_text_contains_a_secret() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    let request = get_result("job1").with_token(AccessToken::new("canary"));
    block_on(LocalTransport::send(&recorder, request)).unwrap();
    let cassette = recorder.cassette();
    let player = Player::new(cassette.clone());
    let text = format!("{recorder:?} {recorder:#?} {cassette:?} {player:?} {player:#?}");
    assert!(text.contains("get_result") && !text.contains("canary"), "{text}");
    assert!(player.try_verify().is_err());
}
