//! Decoding: the forms of good replies, and the errors of bad ones.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::error::DecodeProblem;
use wecom_core::{
    AccessToken, ApiCall, Delivery, Endpoint, ErrCode, Error, ErrorKind, Request, Response, decode, encode,
};

#[derive(Serialize)]
struct GetChainList;

#[derive(Debug, PartialEq, Deserialize)]
struct GetChainListReply {
    #[serde(default, deserialize_with = "wire::list")]
    chains: Vec<Chain>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Chain {
    chain_id: String,
    #[serde(default, deserialize_with = "wire::text")]
    chain_name: String,
}

const GET_CHAIN_LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");

impl ApiCall for GetChainList {
    const ENDPOINT: &'static Endpoint = &GET_CHAIN_LIST;
    type Reply = GetChainListReply;
}

#[derive(Serialize)]
struct RemoveCorp;

#[derive(Debug, PartialEq, Deserialize)]
struct RemoveCorpReply {}

const REMOVE_CORP: Endpoint = Endpoint::post("remove_corp", "corpgroup/corp/remove_corp");

impl ApiCall for RemoveCorp {
    const ENDPOINT: &'static Endpoint = &REMOVE_CORP;
    type Reply = RemoveCorpReply;
}

const TOKEN: &str = "canary-token_0123456789";

fn request<C: ApiCall>(call: &C) -> Request {
    encode(call).unwrap().with_token(AccessToken::new(TOKEN))
}

fn read(body: impl AsRef<[u8]>) -> Result<GetChainListReply, Error> {
    answer(200, body)
}

/// Decodes a reply, and asserts of every error that it is short and shows no token.
fn answer(status: u16, body: impl AsRef<[u8]>) -> Result<GetChainListReply, Error> {
    let response = Response::new(status, body.as_ref().to_vec());
    let outcome = decode::<GetChainList>(&request(&GetChainList), &response);
    if let Err(error) = &outcome {
        let texts = format!("{error} {error:?} {error:#?}");
        assert!(!texts.contains("canary"), "{texts}");
        assert!(error.to_string().starts_with("get_chain_list: "), "{error}");
        assert!(error.to_string().len() < 1500, "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
    outcome
}

fn problem(body: impl AsRef<[u8]>) -> DecodeProblem {
    match read(body).unwrap_err().kind() {
        ErrorKind::Decode(error) => error.problem,
        other => panic!("{other:?}"),
    }
}

fn ids(reply: &GetChainListReply) -> Vec<&str> {
    reply.chains.iter().map(|chain| chain.chain_id.as_str()).collect()
}

#[test]
fn a_payload_is_decoded_before_after_and_between_the_envelope_fields() {
    for body in [
        r#"{"errcode":0,"errmsg":"ok","chains":[{"chain_id":"a"},{"chain_id":"b"}]}"#,
        r#"{"chains":[{"chain_id":"a"},{"chain_id":"b"}],"errcode":0,"errmsg":"ok"}"#,
        r#"{"errmsg":"ok","chains":[{"chain_id":"a"},{"chain_id":"b"}],"errcode":0}"#,
        r#"{"err\u0063ode":0,"chains":[{"chain_id":"a"},{"chain_id":"b"}]}"#,
    ] {
        assert_eq!(ids(&read(body).unwrap()), ["a", "b"], "{body}");
    }
}

#[test]
fn an_errcode_of_zero_may_be_a_number_a_string_or_null() {
    for code in ["0", "\"0\"", "null"] {
        let body = format!(r#"{{"errcode":{code},"errmsg":null,"chains":null}}"#);
        assert_eq!(read(&body).unwrap().chains, [], "{body}");
    }
}

#[test]
fn a_reply_without_an_errcode_is_a_success_if_it_has_a_known_field() {
    assert_eq!(ids(&read(r#"{"chains":[{"chain_id":"a"}]}"#).unwrap()), ["a"]);
    assert_eq!(read(r#"{"chains":[]}"#).unwrap().chains, []);
}

#[test]
fn an_object_of_another_service_is_not_an_empty_success() {
    for body in ["{}", r#"{"message":"no route"}"#, r#"{"errmsg":"ok"}"#] {
        assert_eq!(problem(body), DecodeProblem::Foreign, "{body}");
        let response = Response::new(200, body);
        assert!(decode::<RemoveCorp>(&request(&RemoveCorp), &response).is_err(), "{body}");
    }
}

#[test]
fn a_reply_without_a_payload_needs_only_an_errcode() {
    let response = Response::new(200, r#"{"errcode":0}"#);
    assert_eq!(decode::<RemoveCorp>(&request(&RemoveCorp), &response).unwrap(), RemoveCorpReply {});
}

#[test]
fn unknown_fields_are_ignored() {
    let body = r#"{"errcode":0,"new":{"a":[1,{"b":null}]},"chains":[{"chain_id":"a","newer":[]}],"newest":1.5}"#;
    assert_eq!(ids(&read(body).unwrap()), ["a"]);
}

#[test]
fn a_byte_order_mark_is_ignored() {
    assert_eq!(ids(&read("\u{feff}{\"errcode\":0,\"chains\":[{\"chain_id\":\"a\"}]}").unwrap()), ["a"]);
}

#[test]
fn raw_control_characters_in_strings_are_kept() {
    let reply = read("{\"errcode\":0,\"chains\":[{\"chain_id\":\"a\",\"chain_name\":\"x\ny\tz\u{1}\"}]}").unwrap();
    assert_eq!(reply.chains[0].chain_name, "x\ny\tz\u{1}");
}

#[test]
fn a_refusal_is_an_api_error_in_any_order_of_fields_and_form_of_the_errcode() {
    for body in [
        r#"{"errcode":670002,"errmsg":"invalid chain_id"}"#,
        r#"{"errcode":"670002","errmsg":"invalid chain_id"}"#,
        r#"{"errmsg":"invalid chain_id","chains":[],"errcode":670002}"#,
    ] {
        let error = read(body).unwrap_err();
        assert_eq!(error.code(), Some(ErrCode::UNKNOWN_CHAIN), "{body}");
        assert!(error.to_string().contains("invalid chain_id"), "{error}");
        assert!(error.to_string().contains("无效上下游chain_id"), "{error}");
    }
}

#[test]
fn a_refusal_with_an_unexpected_payload_is_a_refusal() {
    for body in [
        r#"{"errcode":45009,"errmsg":"api freq out of limit","chains":"none"}"#,
        r#"{"chains":"none","errcode":45009,"errmsg":"api freq out of limit"}"#,
        r#"{"chains":[{"no_id":1}],"errcode":45009}"#,
        "{\"chains\":\"a\nb\",\"errcode\":45009}",
        r#"{"errcode":45009,"errmsg":"cut o"#,
    ] {
        assert_eq!(read(body).unwrap_err().code(), Some(ErrCode::FREQUENCY_EXCEEDED), "{body}");
    }
}

#[test]
fn an_unknown_code_passes_through_as_a_number() {
    let error = read(r#"{"errcode":987654321,"errmsg":"new"}"#).unwrap_err();
    assert_eq!(error.code(), Some(ErrCode(987_654_321)));
    assert!(error.to_string().contains("devtool/query?e=987654321"), "{error}");
}

#[test]
fn an_errcode_that_is_not_a_number_is_a_shape_error() {
    for body in [r#"{"errcode":"x","chains":[]}"#, r#"{"errcode":[],"chains":[]}"#, r#"{"errcode":1e30,"chains":[]}"#] {
        assert_eq!(problem(body), DecodeProblem::Shape, "{body}");
    }
}

#[test]
fn each_kind_of_bad_reply_has_its_problem() {
    for (body, expected) in [
        ("", DecodeProblem::Empty),
        (" \r\n", DecodeProblem::Empty),
        ("\u{feff}", DecodeProblem::Empty),
        ("<html><body>502 Bad Gateway</body></html>", DecodeProblem::Html),
        ("\n<!DOCTYPE html>", DecodeProblem::Html),
        ("upstream connect error", DecodeProblem::NotJson),
        ("{\"errcode\":0,\"chains\":[{\"chain_id\":\"a\"}", DecodeProblem::Truncated),
        ("{\"errcode\":0}{\"errcode\":0}", DecodeProblem::NotJson),
        ("{\"errcode\":0,}", DecodeProblem::NotJson),
        ("[]", DecodeProblem::Shape),
        ("null", DecodeProblem::Shape),
        ("0", DecodeProblem::Shape),
        ("\"ok\"", DecodeProblem::Shape),
        ("{\"errcode\":0,\"chains\":7}", DecodeProblem::Shape),
    ] {
        assert_eq!(problem(body), expected, "{body:?}");
    }
}

#[test]
fn a_shape_error_has_the_path() {
    for (body, path) in [
        (r#"{"errcode":0,"chains":[{"chain_id":"a"},{"chain_name":"b"}]}"#, "chains[1]"),
        (r#"{"errcode":0,"chains":[{"chain_id":"a"},{"chain_id":7}]}"#, "chains[1].chain_id"),
        (r#"{"errcode":0,"chains":{}}"#, "chains"),
    ] {
        match read(body).unwrap_err().kind() {
            ErrorKind::Decode(error) => assert!(error.path.starts_with(path), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn garbage_of_any_kind_and_size_is_an_error_of_bounded_length() {
    let megabyte = |byte: u8| vec![byte; 1 << 20];
    for body in
        [megabyte(0), megabyte(0xff), megabyte(b'['), megabyte(b'{'), megabyte(b'"'), megabyte(b'\\'), megabyte(b' ')]
    {
        assert!(read(&body).is_err());
    }
    let deep = format!("{{\"errcode\":0,\"x\":{}", "[".repeat(1 << 20));
    assert!(read(deep).is_err());
}

#[test]
fn a_status_that_is_not_2xx_is_a_status_error_with_a_remedy() {
    for (status, word) in [
        (301, "redirect"),
        (302, "base URL"),
        (403, "gateway denied access"),
        (404, "base URL"),
        (407, "proxy"),
        (429, "rate limit"),
        (500, "retry later"),
        (502, "gateway"),
        (503, "retry later"),
        (600, "WeCom itself"),
    ] {
        let error = answer(status, "<html>no</html>").unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(error.to_string().contains(&format!("HTTP {status}")), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("[reply: HTML, 15 bytes]"), "{error}");
    }
    assert!(answer(429, "").unwrap_err().is_rate_limited());
}

#[test]
fn a_status_error_has_the_errcode_of_the_reply() {
    assert_eq!(answer(500, r#"{"errcode":-1,"errmsg":"busy"}"#).unwrap_err().code(), Some(ErrCode::BUSY));
    assert_eq!(answer(500, r#"{"errcode":0}"#).unwrap_err().code(), None);
}

#[test]
fn no_error_shows_the_token_that_a_reply_echoes() {
    let url = format!("https://qyapi.weixin.qq.com/cgi-bin/corpgroup/corp/get_chain_list?access_token={TOKEN}");
    for body in [
        format!("<html>{url}</html>"),
        format!(r#"{{"errcode":40058,"errmsg":"bad {url}"}}"#),
        format!(r#"{{"errcode":0,"chains":"{url}"}}"#),
        format!(r#"{{"errcode":0,"chains":[{{"{TOKEN}":1}}]}}"#),
        format!(r#"{{"errcode":"{TOKEN}"}}"#),
        TOKEN.repeat(10_000),
    ] {
        // `answer` asserts that no text shows the token.
        assert!(read(&body).is_err(), "{body}");
        assert!(answer(502, &body).is_err());
    }
}

#[test]
fn no_error_shows_a_part_of_a_secret_reply() {
    use wecom_core::token::GetToken;
    use wecom_core::{Credentials, Secret};
    let request = encode(&GetToken::new(Credentials::new("ww1", Secret::new("canary-secret")))).unwrap();
    for body in [
        r#"{"errcode":0,"access_token":"canary-new-token","expires_in":"canary"}"#,
        r#"{"errcode":0,"access_token":{"canary":1}}"#,
        r#"{"errcode":0,"access_token":"canary-new-tok"#,
        "canary",
        r#"{"errcode":40001,"errmsg":"invalid credential canary-secret"}"#,
    ] {
        for status in [200, 500] {
            let error = decode::<GetToken>(&request, &Response::new(status, body)).unwrap_err();
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("canary"), "{texts}");
        }
    }
}

/// Bytes that are invalid in a JSON string.
const BAD_CHARACTERS: [&[u8]; 8] =
    [b"\\ud800", b"\\udc00\\ud83d", b"\xe4\xbc", b"\xff", b"\xc6\xf3\xd2\xb5", b"\xd5\x5c", b"\x00", b"\\x41"];

/// Replaces `{bad}` in a body by bytes.
fn with_bad(body: &str, bad: &[u8]) -> Vec<u8> {
    let (before, behind) = body.split_once("{bad}").unwrap();
    [before.as_bytes(), bad, behind.as_bytes()].concat()
}

#[test]
fn one_bad_character_does_not_fail_a_page_of_valid_corps() {
    let good: Vec<String> = (0..99).map(|number| format!(r#"{{"chain_id":"c{number}","chain_name":"好"}}"#)).collect();
    let body =
        format!(r#"{{"errcode":0,"chains":[{},{{"chain_id":"c99","chain_name":"a{{bad}}#b"}}]}}"#, good.join(","));
    for bad in BAD_CHARACTERS {
        let reply = read(with_bad(&body, bad)).unwrap();
        assert_eq!((reply.chains.len(), reply.chains[0].chain_name.as_str()), (100, "好"));
        let name = &reply.chains[99].chain_name;
        assert!(name.starts_with('a') && name.ends_with('b') && name.len() > 2, "{name:?}");
    }
}

#[test]
fn a_bad_errmsg_does_not_hide_the_errcode_after_it() {
    for bad in BAD_CHARACTERS {
        for body in [
            r#"{"errmsg":"无效的{bad}","errcode":40014}"#,
            r#"{"errcode":40014,"errmsg":"无效的{bad}"}"#,
            r#"{"chains":"x","errmsg":"无效的{bad}","errcode":40014}"#,
        ] {
            let error = read(with_bad(body, bad)).unwrap_err();
            assert!(error.is_token_rejected() && error.to_string().contains("无效的"), "{error}");
        }
    }
    for errmsg in ["[]", r#"{"text":["x"]}"#, "true", "1.5", "-1", "18446744073709551615", "null"] {
        assert!(read(format!(r#"{{"errmsg":{errmsg},"errcode":40014}}"#)).unwrap_err().is_token_rejected(), "{errmsg}");
        assert!(read(format!(r#"{{"errmsg":{errmsg},"errcode":0}}"#)).is_ok(), "{errmsg}");
    }
}

#[test]
fn an_errmsg_after_an_unexpected_payload_is_shown() {
    let error = read(r#"{"errcode":45009,"chains":"none","errmsg":"api freq out of limit"}"#).unwrap_err();
    assert!(error.to_string().contains("api freq out of limit"), "{error}");
}

#[test]
fn no_error_quotes_a_value_of_the_reply() {
    let person = "张三13800000000";
    for body in [
        format!(r#"{{"errcode":0,"chains":"{person}"}}"#),
        r#"{"errcode":0,"chains":[{"chain_id":13800000000}]}"#.to_owned(),
        format!(r#"{{"errcode":0,"chains":[{{"{person}":1}}]}}"#),
        format!(r#"{{"errcode":"{person}"}}"#),
        format!(r#"{{"errcode":0,"chains":[{{"chain_id":"{person}"#),
        format!(r#"{{"message":"{person}"}}"#),
        format!("<html>{person}</html>"),
        person.to_owned(),
    ] {
        for error in [read(&body).unwrap_err(), answer(502, &body).unwrap_err()] {
            let texts = format!("{error} {error:?} {error:#?}");
            assert!(!texts.contains("1380") && !texts.contains('张'), "{texts}");
            assert!(texts.contains(&format!("{} bytes", body.len())), "{texts}");
        }
    }
}

/// The `errmsg` as the error of a refusal shows it.
fn shown_message(request: &Request, errmsg: &str) -> String {
    let body = format!(r#"{{"errcode":40058,"errmsg":{}}}"#, serde_json::Value::from(errmsg));
    match decode::<GetChainList>(request, &Response::new(200, body)).unwrap_err().kind() {
        ErrorKind::Api(api) => api.message.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_errmsg_shows_no_secret_in_any_form() {
    // A session_key is base64, so `+`, `/` and `=` are usual.
    let secret = "tiih+Nczf5v6/KRyjwEUhQ==";
    let request = encode(&GetChainList).unwrap().with_token(AccessToken::new(secret));
    for form in [
        secret.to_owned(),
        secret.to_ascii_lowercase(),
        "tiih%2bNczf5v6%2fKRyjwEUhQ%3d%3d".to_owned(),
        "tiih%252BNczf5v6%252FKRyjwEUhQ%253D%253D".to_owned(),
        "tiih&#43;Nczf5v6&#x2F;KRyjwEUhQ&equals;&equals;".to_owned(),
        r"tiih\x2bNczf5v6\x2fKRyjwEUhQ\x3d\x3d".to_owned(),
        r"tiih\u002bNczf5v6\u002fKRyjwEUhQ\u003d\u003d".to_owned(),
        secret.bytes().map(|byte| format!("&#{byte};")).collect(),
        "tiih+Nczf5v6".to_owned(),
        "tiih+Nc".to_owned(),
        "KRyjwEUhQ==".to_owned(),
        "tiih+Ncz\r\nf5v6/KRy\r\njwEUhQ==".to_owned(),
    ] {
        let shown = shown_message(&request, &format!("bad key {form}"));
        assert!(shown.starts_with("bad key ***") && shown.trim_end_matches('=').ends_with("***"), "{form}: {shown}");
    }
}

#[test]
fn an_errmsg_shows_no_token_of_an_earlier_attempt() {
    let request = request(&GetChainList).with_token(AccessToken::new("another-one"));
    assert_eq!(shown_message(&request, &format!("{TOKEN} is not another-one")), "*** is not ***");
}

#[test]
fn an_errmsg_shows_no_secret_of_another_call_and_no_telephone_number() {
    let request = request(&GetChainList);
    for secret in ["tiihtNczf5v6AKRyjwEUhQ", "HyVrK4bNGgdEzF2cCTnAj5mxLqXUoRZSYiWPvOJfe8M", "13800000000"] {
        assert_eq!(shown_message(&request, &format!("invalid {secret}")), "invalid ***");
    }
}

#[test]
fn an_errmsg_of_gettoken_shows_no_token_of_the_same_reply() {
    use wecom_core::token::GetToken;
    use wecom_core::{Credentials, Secret};
    let request = encode(&GetToken::new(Credentials::new("ww1", Secret::new("the-app-secret")))).unwrap();
    for body in [
        r#"{"errcode":-1,"errmsg":"canary-new token canary-new-token","access_token":"canary-new-token"}"#,
        r#"{"errcode":-1,"errmsg":"canary-new-token","access_token":"canary-new-tok"#,
        r#"{"errcode":-1,"errmsg":"CANARY-new-token","data":[{"token":"canary-new-token"}]}"#,
    ] {
        let error = decode::<GetToken>(&request, &Response::new(200, body)).unwrap_err();
        assert_eq!(error.code(), Some(ErrCode::BUSY));
        assert!(!format!("{error} {error:?} {error:#?}").to_lowercase().contains("canary-new-"), "{error}");
    }
}

#[test]
fn a_token_with_a_bad_character_is_refused() {
    use wecom_core::token::GetToken;
    use wecom_core::{Credentials, Secret};
    let request = encode(&GetToken::new(Credentials::new("ww1", Secret::new("the-app-secret")))).unwrap();
    let response = Response::new(200, &b"{\"errcode\":0,\"access_token\":\"canary-\xff\"}"[..]);
    match decode::<GetToken>(&request, &response).unwrap_err().kind() {
        ErrorKind::Decode(error) => {
            assert_eq!((error.problem, error.path.as_str()), (DecodeProblem::Shape, "access_token"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_errmsg_is_one_line_without_direction_controls() {
    let shown =
        shown_message(&request(&GetChainList), "a\u{2028}b\u{2029}c\u{202e}d\u{2066}e\u{200f}f\n\u{1b}[0m\u{85}g");
    assert_eq!(shown, "a b c\u{fffd}d\u{fffd}e\u{fffd}f \u{fffd}[0m g");
}

#[test]
fn an_error_has_the_address_of_the_lookup_page_once() {
    let errmsg = "invalid chain_id, hint: [1691412528612130566906556], from ip: 192.0.2.1, \
                  more info at https://open.work.weixin.qq.com/devtool/query?e=40058";
    let body = format!(r#"{{"errcode":40058,"errmsg":"{errmsg}"}}"#);
    let text = read(body).unwrap_err().to_string();
    assert!(text.contains("hint: [1691412528612130566906556], from ip: 192.0.2.1]"), "{text}");
    assert_eq!(text.matches("https://").count(), 1, "{text}");
}

#[test]
fn a_hostile_reply_of_any_size_is_diagnosed_in_linear_time() {
    let megabytes = |piece: &str| piece.repeat((4 << 20) / piece.len());
    for body in [
        format!(r#"{{"errcode":1,"errmsg":"{}"}}"#, megabytes("%25")),
        format!(r#"{{"errcode":1,"errmsg":"{}"}}"#, megabytes("\\ud800")),
        format!(r#"{{"errcode":0,"chains":"{}"}}"#, megabytes(", expected ")),
        format!(r#"{{"errcode":0,"chains":[{{"{}":1}}]}}"#, megabytes("chains")),
        format!(r#"{{"errcode":0,"chains":[{}"#, megabytes("{\"chain_id\":\"\u{1}\"},")),
        format!(r#"{{"errcode":1,{}"a":1}}"#, megabytes("\"errmsg\":\"x\",")),
    ] {
        assert!(read(&body).is_err());
    }
}
