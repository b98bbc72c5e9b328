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
    let tokens: Vec<_> = entries.iter().map(|entry| &entry["request"]["secrets"]["access_token"]).collect();
    assert_eq!(tokens, [&json!(null), &json!("#2"), &json!(null), &json!("#3")]);
    assert_eq!(entries[0]["request"]["query"], json!({"corpid": "ww1234567890abcdef"}));
    assert_eq!(entries[0]["request"]["secrets"], json!({"corpsecret": "#1"}));
    assert_eq!(entries[0]["reply"]["body"]["json"]["access_token"], "#2");
    assert_eq!(entries[2]["reply"]["body"]["json"]["access_token"], "#3");
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
        assert!(text.contains("\"error-msg\": \"#1\""), "{text}");
        replay(&Player::new(through_file(&cassette)), request.clone()).unwrap();
    }
    let binary = Response::new(200, &b"\xFF\xFEcanary/\"1"[..]);
    let player = Player::new(through_file(&recorded_once(request.clone(), Ok(binary))));
    assert_eq!(replay(&player, request).unwrap().body(), "***");
}

#[test]
fn a_query_parameter_with_the_name_of_a_secret_is_replaced() {
    let mut query = Query::new();
    query.push("corpsecret", "canary-pushed");
    let request = Request::new(&LIST_IDS).with_query(query);
    let text = clean(&recorded_once(request, Ok(Response::new(200, r#"{"note":"of canary-pushed"}"#))));
    assert!(text.contains(r##""corpsecret": "#1""##), "{text}");
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
    for token in ["#2", "canary-1", "#1", "canary-2"] {
        let request = get_result("job1").with_token(AccessToken::new(token));
        block_on(LocalTransport::send(&recorder, request)).unwrap();
    }
    let json: serde_json::Value = serde_json::from_str(&clean(&recorder.cassette())).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let tokens = entries.iter().map(|entry| entry["request"]["secrets"]["access_token"].as_str().unwrap());
    assert_eq!(tokens.collect::<Vec<_>>(), ["#1", "#2", "#3", "#4"]);
}

#[test]
fn a_secret_that_contains_another_secret_is_replaced_completely() {
    let request = get_result("job1").with_token(AccessToken::new("canary"));
    let mut query = Query::new();
    query.push_secret("corpsecret", Secret::new("canary-with-a-tail"));
    let request = request.with_query(query);
    let text = clean(&recorded_once(request, Ok(Response::new(200, r#"{"note":"of canary-with-a-tail"}"#))));
    assert!(text.contains("\"note\": \"***\""), "{text}");
}

#[test]
fn a_truncated_reply_keeps_no_piece_of_an_unknown_token() {
    let reply = Response::new(200, r#"{"errcode":0,"access_token":"canary-canary-can"#);
    let text = clean(&recorded_once(get_result("job1"), Ok(reply)));
    assert!(text.contains("\"text\": \"***\""), "{text}");
}

#[test]
fn a_secret_is_replaced_in_the_exchanges_before_its_first_use() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"note":"canary-1"}"#)) }));
    block_on(LocalTransport::send(&recorder, get_result("job1"))).unwrap();
    let later = get_result("job2").with_token(AccessToken::new("canary-1"));
    block_on(LocalTransport::send(&recorder, later)).unwrap();
    let text = clean(&recorder.cassette());
    assert_eq!(text.matches("\"note\": \"#1\"").count(), 2, "{text}");
}

#[test]
fn a_hidden_text_is_replaced_and_matches_any_text_in_a_replay() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"mobile":"canary-phone"}"#)) }));
    let recorder = recorder.hide(Secret::new("canary-phone"));
    block_on(LocalTransport::send(&recorder, get_result("of canary-phone"))).unwrap();
    let text = clean(&recorder.cassette());
    assert!(text.contains("\"jobid\": \"***\"") && text.contains("\"mobile\": \"#1\""), "{text}");
    let player = Player::new(through_file(&recorder.cassette()));
    replay(&player, get_result("of canary-other")).unwrap();
    player.verify();
}

#[test]
fn a_number_that_contains_a_secret_is_replaced() {
    let request = || get_result("job1").with_token(AccessToken::new("123456789"));
    let text = recorded_once(request(), Ok(Response::new(200, r#"{"errcode":0,"id":123456789}"#))).to_json().unwrap();
    assert!(text.contains("\"id\": \"***\"") && !text.contains("123456789"), "{text}");
}

#[test]
fn an_encoded_secret_is_replaced() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let secret = "canary/secret+with=signs?>";
    let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    let entities: String = secret.bytes().map(|byte| format!("&#{byte}")).collect();
    let basic = |before: &str| STANDARD.encode(format!("{before}{secret}"));
    let url_safe = |before: &str| URL_SAFE_NO_PAD.encode(format!("{before}{secret}"));
    let forms = [hex, entities, basic(""), basic("a"), basic("ww:"), basic("user"), url_safe(""), url_safe("ab")];
    for form in forms {
        for body in [format!(r#"{{"note":"x {form} y"}}"#), format!("a={form}&b=1"), format!("<p>{form}</p>")] {
            let request = get_result("job1").with_token(AccessToken::new(secret));
            let text = clean(&recorded_once(request.with_body(body.clone()), Ok(Response::new(200, body))));
            assert!(!text.contains(&form) && text.contains("\"***\""), "{text}");
        }
    }
}

#[test]
fn a_form_encoded_secret_in_a_name_is_replaced() {
    let request = get_result("job1").with_token(AccessToken::new("canary a<%b canary"));
    let reply = Response::new(200, r#"{"canary+a%3C%25b+canary":1,"access_token_of_canary_a":2}"#);
    let text = recorded_once(request, Ok(reply)).to_json().unwrap();
    assert!(!text.contains("%3C") && text.contains("\"access_token_of_canary_a\": 2"), "{text}");
}

#[test]
fn an_unknown_secret_after_its_name_is_replaced() {
    let token = "canary-hzQ0-9EbW3pZ_kT1vXy7cNmA6sDfGj";
    for text in [
        format!("access_token {token} expired"),
        format!("<access_token>{token}</access_token>"),
        format!("corpid=ww1&corpsecret={token}"),
        format!("the session_key of the user is {token}"),
        "token: canary".to_owned(),
    ] {
        for body in [json!({"errmsg": text}).to_string(), text] {
            let reply = Ok(Response::new(200, body));
            assert!(clean(&recorded_once(get_result("job1"), reply)).contains("\"***\""));
        }
    }
}

#[test]
fn the_errmsg_of_a_rejected_token_is_kept() {
    let errmsg = "access_token expired, hint: [1691412528612130566906556], from ip: 192.0.2.1, more info at \
                  https://open.work.weixin.qq.com/devtool/query?e=42001";
    let reply = Response::new(200, json!({"errcode": 42001, "errmsg": errmsg}).to_string());
    let request = get_result("job1").with_token(AccessToken::new("canary"));
    assert!(clean(&recorded_once(request, Ok(reply))).contains(errmsg));
}

#[test]
fn an_undocumented_credential_is_replaced() {
    const GET_CODE: wecom_core::Endpoint =
        wecom_core::Endpoint::get("get_code", "service/get_code").with_secret_reply();
    let reply = r#"{"errcode":0,"errmsg":"ok","permanent_code":"canary-permanent-code"}"#;
    let text = clean(&recorded_once(Request::new(&GET_CODE), Ok(Response::new(200, reply))));
    assert!(text.contains("\"permanent_code\": \"#1\"") && text.contains("\"ok\""), "{text}");
}

#[test]
fn a_secret_that_is_a_word_is_replaced_where_a_secret_is_expected_and_nowhere_else() {
    for word in ["corpgroup", "entries", "token"] {
        let mut query = Query::new();
        query.push("jobid", word);
        query.push_secret("corpsecret", Secret::new(word));
        let cassette = recorded_once(Request::new(&GET_RESULT).with_query(query), Ok(Response::new(200, "{}")));
        let json: serde_json::Value = serde_json::from_str(&cassette.to_json().unwrap()).unwrap();
        let request = &json["entries"][0]["request"];
        assert_eq!(request["query"], json!({"jobid": word}));
        assert_eq!(request["secrets"], json!({"corpsecret": "#1"}));
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
    assert!(text.contains("GET corpgroup/getresult") && !text.contains("canary"), "{text}");
    assert!(player.try_verify().is_err());
}

#[test]
fn a_secret_of_sixteen_letters_is_not_an_ordinary_word() {
    for (token, note) in [("canaryabcdefghij", "***"), ("canaryabcdefghi", "a canaryabcdefghi note")] {
        let request = Request::new(&LIST_IDS).with_token(AccessToken::new(token));
        let reply = Response::new(200, json!({"note": format!("a {token} note")}).to_string());
        let player = Player::new(recorded_once(request.clone(), Ok(reply)));
        assert_eq!(replay(&player, request).unwrap().body(), json!({"note": note}).to_string().as_bytes());
    }
}

#[test]
fn a_secret_of_eight_bytes_is_found_in_hexadecimal_digits() {
    let request = Request::new(&LIST_IDS).with_token(AccessToken::new("canary-1"));
    let reply = Response::new(200, r#"{"note":"63616e6172792d31"}"#);
    let player = Player::new(recorded_once(request.clone(), Ok(reply)));
    assert_eq!(replay(&player, request).unwrap().body(), r#"{"note":"***"}"#);
}

#[test]
fn the_debug_text_of_a_player_has_the_number_of_unused_entries_only() {
    let request = get_result("canary");
    let player = Player::new(recorded_once(request.clone(), Ok(Response::new(200, r#"{"note":"canary"}"#))));
    assert_eq!(format!("{player:?}"), "Player { remaining: 1, .. }");
    replay(&player, request).unwrap();
    assert_eq!(format!("{player:?}"), "Player { remaining: 0, .. }");
}

#[test]
fn the_debug_text_of_a_recorder_has_the_number_of_calls_only() {
    let recorder = Recorder::new(from_fn(|_| async { Ok(Response::new(200, r#"{"note":"canary"}"#)) }));
    block_on(wecom_core::Transport::send(&recorder, get_result("canary"))).unwrap();
    assert_eq!(format!("{recorder:?}"), "Recorder { calls: 1, .. }");
}

#[test]
fn a_number_in_a_field_with_the_name_of_a_secret_is_replaced() {
    let reply = Response::new(200, r#"{"access_token":20261124,"note":7}"#);
    let player = Player::new(recorded_once(get_result("job1"), Ok(reply)));
    assert_eq!(replay(&player, get_result("job1")).unwrap().body(), r#"{"access_token":"***","note":7}"#);
}
