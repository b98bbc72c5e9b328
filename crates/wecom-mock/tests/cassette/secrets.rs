//! No secret in any cassette: `canary` stands in each of them.

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
fn tokens_and_secrets_have_aliases_that_say_which_is_which() {
    let json: serde_json::Value = serde_json::from_str(&clean(&recorded())).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let tokens: Vec<_> = entries.iter().map(|entry| &entry["request"]["token"]).collect();
    assert_eq!(tokens, [&json!(null), &json!("token-1"), &json!(null), &json!("token-2")]);
    assert_eq!(entries[0]["request"]["query"], json!(["corpid=ww1234567890abcdef", "corpsecret=secret-1"]));
    assert_eq!(entries[0]["reply"]["body"]["json"]["access_token"], "token-1");
    assert_eq!(entries[2]["reply"]["body"]["json"]["access_token"], "token-2");
}

#[test]
fn a_secret_is_replaced_wherever_it_comes_back() {
    let request = Request::new(&LIST_IDS)
        .with_token(AccessToken::new("canary/\"1"))
        .with_body(r#"{"note":"has canary/\"1","canary/\"1":[]}"#);
    for body in [
        r#"{"errmsg":"for ?access_token=canary%2F%221 and %2f: canary%2f%221"}"#,
        r#"<a href="/?access_token=canary%2F%221">"#,
        r#"{"errcode":0,"access_token":"canary\/\"1","expi"#,
        "plain canary/\"1 text",
    ] {
        let reply = Response::new(200, body).with_header("error-msg", "canary/\"1");
        let text = clean(&recorded_once(request.clone(), Ok(reply)));
        assert!(text.matches("token-1").count() >= 5, "{text}");
    }
    let binary = Response::new(200, &b"\xFF\xFEcanary/\"1"[..]);
    let player = Player::new(through_file(&recorded_once(request.clone(), Ok(binary))));
    assert_eq!(&replay(&player, request).unwrap().body()[..], b"\xFF\xFEtoken-1");
}

#[test]
fn a_reply_that_breaks_off_in_a_token_nobody_knows_yet_keeps_no_piece_of_it() {
    let reply = Response::new(200, r#"{"errcode":0,"access_token":"canary-canary-can"#);
    let text = clean(&recorded_once(get_result("job1"), Ok(reply)));
    assert!(text.contains("token-1"), "{text}");
}

#[test]
fn a_secret_that_was_seen_before_it_was_known_is_replaced_too() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"note":"canary-1"}"#)) }));
    block_on(LocalTransport::send(&recorder, get_result("job1"))).unwrap();
    let later = get_result("job2").with_token(AccessToken::new("canary-1"));
    block_on(LocalTransport::send(&recorder, later)).unwrap();
    let text = clean(&recorder.cassette());
    assert_eq!(text.matches("\"note\": \"token-1\"").count(), 2, "{text}");
}

#[test]
fn what_is_hidden_by_hand_has_an_alias_too() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"mobile":"canary-phone"}"#)) }));
    let recorder = recorder.hide(Secret::new("canary-phone"));
    block_on(LocalTransport::send(&recorder, get_result("of canary-phone"))).unwrap();
    let text = clean(&recorder.cassette());
    assert!(text.contains("jobid=of secret-1") && text.contains("\"mobile\": \"secret-1\""), "{text}");
    let player = Player::new(through_file(&recorder.cassette())).with_secret("secret-1", Secret::new("canary-other"));
    assert!(replay(&player, get_result("of canary-phone")).is_err());
    replay(&player, get_result("of canary-other")).unwrap();
    assert!(player.try_verify().is_err());
}

#[test]
fn writing_fails_where_a_secret_is_left_and_writes_nothing() {
    let request = || get_result("job1").with_token(AccessToken::new("123456789"));
    let cassette = recorded_once(request(), Ok(Response::new(200, r#"{"errcode":0,"id":123456789}"#)));
    let error = cassette.to_json().unwrap_err();
    assert!(error.is_secret_left() && error.to_string().contains("token-1"), "{error}");
    assert!(error.to_string().contains("in entry 1") && !format!("{error}{error:?}").contains("123456789"), "{error}");

    let path = std::env::temp_dir().join(format!("wecom-mock-left-{}.json", std::process::id()));
    assert!(cassette.write(&path).unwrap_err().is_secret_left());
    assert!(!path.exists());
}

#[test]
fn writing_fails_where_the_secret_is_part_of_the_form_of_the_file() {
    for word in ["corpgroup", "entries"] {
        let mut query = Query::new();
        query.push_secret("corpsecret", Secret::new(word));
        let cassette = recorded_once(Request::new(&GET_RESULT).with_query(query), Ok(Response::new(200, "{}")));
        assert!(cassette.to_json().unwrap_err().is_secret_left(), "{word}");
    }
}

#[test]
fn debug_texts_show_no_secret() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    let request = get_result("job1").with_token(AccessToken::new("canary"));
    block_on(LocalTransport::send(&recorder, request)).unwrap();
    let cassette = recorder.cassette();
    let player = Player::new(cassette.clone());
    let text = format!("{recorder:?} {recorder:#?} {cassette:?} {player:?} {player:#?}");
    assert!(text.contains("get_result") && !text.contains("canary"), "{text}");
    assert!(player.try_verify().is_err());
}
