//! What a reply may look like on the wire, and which error each kind of bad reply becomes.

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

/// Every error that a test here meets is checked for the token.
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
fn a_payload_is_read_wherever_the_envelope_stands() {
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
fn an_errcode_of_zero_is_read_as_number_and_as_string() {
    for code in ["0", "\"0\"", "null"] {
        let body = format!(r#"{{"errcode":{code},"errmsg":null,"chains":null}}"#);
        assert_eq!(read(&body).unwrap().chains, [], "{body}");
    }
}

#[test]
fn an_errcode_that_is_missing_is_success_when_the_reply_is_the_endpoints() {
    assert_eq!(ids(&read(r#"{"chains":[{"chain_id":"a"}]}"#).unwrap()), ["a"]);
    assert_eq!(read(r#"{"chains":[]}"#).unwrap().chains, []);
}

#[test]
fn an_object_of_somebody_else_is_not_taken_for_an_empty_success() {
    for body in ["{}", r#"{"message":"no route"}"#, r#"{"errmsg":"ok"}"#] {
        assert_eq!(problem(body), DecodeProblem::Foreign, "{body}");
        let response = Response::new(200, body);
        assert!(decode::<RemoveCorp>(&request(&RemoveCorp), &response).is_err(), "{body}");
    }
}

#[test]
fn a_reply_without_payload_needs_its_errcode_alone() {
    let response = Response::new(200, r#"{"errcode":0}"#);
    assert_eq!(decode::<RemoveCorp>(&request(&RemoveCorp), &response).unwrap(), RemoveCorpReply {});
}

#[test]
fn unknown_fields_are_ignored() {
    let body = r#"{"errcode":0,"new":{"a":[1,{"b":null}]},"chains":[{"chain_id":"a","newer":[]}],"newest":1.5}"#;
    assert_eq!(ids(&read(body).unwrap()), ["a"]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(ids(&read("\u{feff}{\"errcode\":0,\"chains\":[{\"chain_id\":\"a\"}]}").unwrap()), ["a"]);
}

#[test]
fn raw_control_characters_in_strings_are_kept() {
    let reply = read("{\"errcode\":0,\"chains\":[{\"chain_id\":\"a\",\"chain_name\":\"x\ny\tz\u{1}\"}]}").unwrap();
    assert_eq!(reply.chains[0].chain_name, "x\ny\tz\u{1}");
}

#[test]
fn a_refusal_is_an_api_error_wherever_the_errcode_stands_and_however_it_is_written() {
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
fn a_refusal_whose_payload_does_not_fit_is_still_a_refusal() {
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
fn a_code_that_nobody_knows_passes_through_as_a_number() {
    let error = read(r#"{"errcode":987654321,"errmsg":"new"}"#).unwrap_err();
    assert_eq!(error.code(), Some(ErrCode(987_654_321)));
    assert!(error.to_string().contains("devtool/query?e=987654321"), "{error}");
}

#[test]
fn an_errcode_that_is_no_number_is_a_wrong_shape() {
    for body in [r#"{"errcode":"x","chains":[]}"#, r#"{"errcode":[],"chains":[]}"#, r#"{"errcode":1e30,"chains":[]}"#] {
        assert_eq!(problem(body), DecodeProblem::Shape, "{body}");
    }
}

#[test]
fn each_kind_of_bad_reply_is_named_for_what_it_is() {
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
fn what_has_the_wrong_shape_is_named_by_its_path() {
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
fn garbage_of_any_size_and_kind_is_an_error_of_bounded_length() {
    let megabyte = |byte: u8| vec![byte; 1 << 20];
    for body in
        [megabyte(0), megabyte(0xff), megabyte(b'['), megabyte(b'{'), megabyte(b'"'), megabyte(b'\\'), megabyte(b' ')]
    {
        assert!(read(&body).is_err());
    }
    let deep = format!("{{\"errcode\":0,\"x\":{}", "[".repeat(1 << 20));
    assert!(read(deep).is_err());
    let strange = "{\"errcode\":0,\"chains\":[{\"chain_id\":\"\\ud800\"}]}";
    assert!(read(strange).is_err());
    assert!(read(b"{\"errcode\":0,\"chains\":[{\"chain_id\":\"\xff\"}]}").is_err());
}

#[test]
fn a_status_that_is_not_2xx_is_a_status_error_with_advice() {
    for (status, word) in [
        (301, "redirect"),
        (302, "base URL"),
        (403, "gateway"),
        (404, "base URL"),
        (407, "proxy"),
        (429, "too often"),
        (500, "try again"),
        (502, "gateway"),
        (503, "try again"),
        (600, "WeCom itself"),
    ] {
        let error = answer(status, "<html>no</html>").unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(error.to_string().contains(&format!("HTTP {status}")), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("<html>no</html>"), "{error}");
    }
    assert!(answer(429, "").unwrap_err().is_rate_limited());
}

#[test]
fn an_errcode_in_a_reply_that_is_not_2xx_can_be_read_from_the_error() {
    assert_eq!(answer(500, r#"{"errcode":-1,"errmsg":"busy"}"#).unwrap_err().code(), Some(ErrCode::BUSY));
    assert_eq!(answer(500, r#"{"errcode":0}"#).unwrap_err().code(), None);
}

#[test]
fn a_reply_that_echoes_the_token_does_not_bring_it_into_an_error() {
    let url = format!("https://qyapi.weixin.qq.com/cgi-bin/corpgroup/corp/get_chain_list?access_token={TOKEN}");
    for body in [
        format!("<html>{url}</html>"),
        format!(r#"{{"errcode":40058,"errmsg":"bad {url}"}}"#),
        format!(r#"{{"errcode":0,"chains":"{url}"}}"#),
        format!(r#"{{"errcode":0,"chains":[{{"{TOKEN}":1}}]}}"#),
        format!(r#"{{"errcode":"{TOKEN}"}}"#),
        TOKEN.repeat(10_000),
    ] {
        // answer() looks for the token in every text.
        assert!(read(&body).is_err(), "{body}");
        assert!(answer(502, &body).is_err());
    }
}

#[test]
fn a_secret_reply_is_shown_in_no_error() {
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
