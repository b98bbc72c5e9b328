//! The parts of calls: endpoints, requests, replies and their values return what was set, and hide secrets.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::HashSet;
use std::error::Error;
use std::panic::catch_unwind;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Method, Quota, RawCall, TokenKind, Violations};
use wecom_core::http::{Headers, Query, QueryValue};
use wecom_core::token::{
    CORP_GET_TOKEN, CorpGetToken, DownstreamApp, GET_TOKEN, GetToken, GetTokenReply, StoredToken, TokenError,
    TokenScope, TokenStoreError,
};
use wecom_core::{
    AccessToken, ApiCall, BaseUrl, Credentials, Delivery, Endpoint, ErrCode, Request, Response, Safety, Secret,
    TransportError, TransportErrorKind, encode,
};

const GET: Endpoint = Endpoint::get("get_result", "corpgroup/getresult");
const POST: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids")
    .with_title("获取对接规则id列表")
    .with_documents(&[95631, 95632])
    .with_token_kind(TokenKind::Downstream)
    .with_safety(Safety::Idempotent)
    .with_quota(Quota::new().with_per_minute(2).with_per_hour(3).with_per_day(4).with_per_month(5))
    .with_concurrency(6)
    .with_secret_reply();

#[test]
fn an_endpoint_returns_what_was_set() {
    assert_eq!((POST.name(), POST.path()), ("list_ids", "corpgroup/rule/list_ids"));
    assert_eq!((POST.title(), POST.documents()), ("获取对接规则id列表", &[95631, 95632][..]));
    assert_eq!((POST.method(), POST.safety()), (Method::Post, Safety::Idempotent));
    assert_eq!((POST.token_kind(), POST.has_secret_reply()), (TokenKind::Downstream, true));
    assert_eq!(POST.concurrency(), Some(6));
    let quota = POST.quota();
    assert_eq!([quota.per_minute(), quota.per_hour(), quota.per_day(), quota.per_month()], [2, 3, 4, 5].map(Some));
}

#[test]
fn by_default_an_endpoint_has_no_limits_and_the_upstream_token() {
    assert_eq!((GET.title(), GET.documents()), ("", &[][..]));
    assert_eq!((GET.method(), GET.safety()), (Method::Get, Safety::Safe));
    assert_eq!((GET.token_kind(), GET.has_secret_reply()), (TokenKind::Upstream, false));
    assert_eq!(GET.concurrency(), None);
    let quota = GET.quota();
    assert_eq!([quota.per_minute(), quota.per_hour(), quota.per_day(), quota.per_month()], [None; 4]);
}

#[test]
fn an_endpoint_displays_its_name_and_its_debug_form_has_method_and_path() {
    assert_eq!((GET.to_string(), POST.to_string()), ("get_result".to_owned(), "list_ids".to_owned()));
    for part in ["list_ids", "POST", "corpgroup/rule/list_ids"] {
        assert!(format!("{POST:?}").contains(part), "{POST:?}");
    }
    assert_eq!([Method::Get, Method::Post].map(|method| method.to_string()), ["GET", "POST"]);
    assert_eq!([Method::Get, Method::Post].map(Method::as_str), ["GET", "POST"]);
}

#[test]
fn an_endpoint_with_a_malformed_name_or_path_panics() {
    for (name, path) in [("", "a"), ("A", "a"), ("a b", "a"), ("企", "a"), ("a-b", "a"), ("a", ""), ("a", "/a")] {
        assert!(catch_unwind(|| Endpoint::get(name, path)).is_err(), "{name:?} {path:?}");
    }
    let well = Endpoint::post("az_09", "AZ/az/09/-_");
    assert_eq!((well.name(), well.path()), ("az_09", "AZ/az/09/-_"));
}

#[test]
fn a_request_returns_what_was_set() {
    let mut query = Query::new();
    query.push("jobid", "j");
    let base = BaseUrl::parse("https://gateway.example/wecom").unwrap();
    let request = Request::new(&POST)
        .with_base_url(base.clone())
        .with_token(AccessToken::new("canary"))
        .with_query(query.clone())
        .with_body("{}")
        .with_user_agent("agent/1")
        .with_header("x-gateway", "key")
        .with_time_limit(Duration::from_secs(3))
        .with_attempt(2);
    assert_eq!((request.endpoint(), request.method()), (&POST, Method::Post));
    assert_eq!((request.base_url(), request.query()), (&base, &query));
    assert_eq!(request.token().map(AccessToken::expose), Some("canary"));
    assert_eq!(request.body().map(|body| &body[..]), Some(&b"{}"[..]));
    assert_eq!((request.time_limit(), request.attempt()), (Some(Duration::from_secs(3)), 2));
    let headers: Vec<_> = request.headers().collect();
    let json = b"application/json".as_slice();
    let expected = [("accept", json), ("user-agent", b"agent/1"), ("content-type", json), ("x-gateway", b"key")];
    assert_eq!(headers, expected);
    assert_eq!(
        request.expose_url(),
        "https://gateway.example/wecom/corpgroup/rule/list_ids?access_token=canary&jobid=j"
    );
}

#[test]
fn a_new_request_is_a_first_attempt_without_settings() {
    let request = Request::new(&GET);
    assert_eq!(request.base_url(), &BaseUrl::default());
    assert!(request.token().is_none() && request.query().is_empty() && request.body().is_none());
    assert_eq!((request.time_limit(), request.attempt()), (None, 1));
    assert_eq!(request.headers().map(|(name, _)| name).collect::<Vec<_>>(), ["accept"]);
    assert_eq!(request.expose_url(), "https://qyapi.weixin.qq.com/cgi-bin/corpgroup/getresult");
}

#[test]
fn debug_of_a_request_shows_the_masked_token_and_the_length_of_the_body() {
    let mut query = Query::new();
    query.push("jobid", "j");
    let bare = Request::new(&GET);
    let with_token = bare.clone().with_token(AccessToken::new("canary"));
    for (request, shown) in [
        (bare.clone(), "query: ,"),
        (bare.with_query(query.clone()), "query: jobid=j,"),
        (with_token.clone(), "query: access_token=***,"),
        (with_token.with_query(query), "query: access_token=***&jobid=j,"),
        (Request::new(&POST).with_body("canary"), "body_bytes: Some(6)"),
        (Request::new(&POST), "\"corpgroup/rule/list_ids\""),
    ] {
        let text = format!("{request:?}");
        assert!(text.contains(shown) && !text.contains("canary"), "no {shown:?} in {text}");
    }
}

#[test]
fn a_response_has_status_headers_and_body_and_its_debug_form_no_body() {
    let response = Response::new(404, "canary").with_header("X-One", "canary").with_header("X-Two", "2");
    assert_eq!((response.status(), &response.body()[..]), (404, &b"canary"[..]));
    assert_eq!((response.headers().len(), response.headers().get("x-two")), (2, Some(&b"2"[..])));
    let text = format!("{response:?}");
    for part in ["404", "X-One", "X-Two", "body_bytes: 6"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(!text.contains("canary"), "{text}");

    let mut others = Headers::new();
    others.push("X-Three", "3");
    let response = response.with_headers(others);
    assert_eq!((response.headers().get("x-one"), response.headers().get("x-three")), (None, Some(&b"3"[..])));
}

#[test]
fn headers_are_counted_ordered_and_found_in_any_case() {
    let mut headers = Headers::with_capacity(2);
    assert!(headers.is_empty() && headers.get("a").is_none());
    headers.push("Set-Cookie", "canary-1");
    headers.push("set-cookie", b"\xff");
    assert!(!headers.is_empty());
    assert_eq!((headers.len(), headers.get("SET-COOKIE")), (2, Some(&b"canary-1"[..])));
    let all: Vec<_> = headers.iter().collect();
    assert_eq!(all, [("Set-Cookie", &b"canary-1"[..]), ("set-cookie", b"\xff")]);
    assert_eq!(format!("{headers:?}"), r#"["Set-Cookie", "set-cookie"]"#);
}

#[test]
fn a_query_has_its_parameters_in_order_and_masks_secret_values() {
    let mut query = Query::new();
    assert!(query.is_empty());
    query.push("a", "1");
    query.push_secret("b", Secret::new("canary"));
    assert!(!query.is_empty());
    let pairs: Vec<_> = query.iter().map(|(name, value)| (name, value.clone())).collect();
    let expected = [("a", QueryValue::Public("1".to_owned())), ("b", QueryValue::Secret(Secret::new("canary")))];
    assert_eq!(pairs, expected);
    assert_eq!(format!("{query:?}"), "a=1&b=***");
}

#[test]
fn a_parameter_with_the_name_of_a_secret_is_secret() {
    let mut query = Query::new();
    query.push("corpsecret", "canary");
    query.push("chain_id", "ch1");
    assert_eq!(format!("{query:?}"), "corpsecret=***&chain_id=ch1");
}

#[test]
fn a_base_url_is_parsed_and_states_whether_it_is_https() {
    for (text, is_https) in [("https://a.example/b/", true), ("http://a.example/b/", false)] {
        let base: BaseUrl = text.parse().unwrap();
        assert_eq!((base.as_str(), base.is_https()), (text, is_https));
        assert!(format!("{base:?}").contains(text), "{base:?}");
    }
    assert!(BaseUrl::default().is_https());
    assert!("a.example".parse::<BaseUrl>().is_err());
}

#[test]
fn a_base_url_has_a_valid_host_and_port() {
    for text in ["https://a-b_c.d~e:0/", "https://a:65535/", "https://[::1]/", "https://[2001:db8::1]:443/"] {
        assert_eq!(BaseUrl::parse(text).unwrap().as_str(), text);
    }
    for (text, reason) in [
        ("ftp://a", "https://"),
        ("https://a\tb", "percent-encoded"),
        ("https://a{b}", "percent-encoded"),
        ("https://a/?b", "query"),
        ("https://user@a", "user name"),
        ("https://", "no valid host"),
        ("https://a+b", "no valid host"),
        ("https://[::1", "no valid host"),
        ("https://a:65536", "port"),
        ("https://[::1]:x", "port"),
    ] {
        let error = BaseUrl::parse(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn tokens_are_equal_if_text_and_generation_are() {
    let token = AccessToken::new("a").with_generation(1);
    assert_eq!(token, AccessToken::new("a").with_generation(1));
    assert_ne!(token, AccessToken::new("a").with_generation(2));
    assert_ne!(token, AccessToken::new("b").with_generation(1));
    assert_eq!((token.generation(), AccessToken::new("a").generation()), (1, 0));
}

#[test]
fn types_with_secrets_expose_them_and_hide_them_in_their_debug_form() {
    let secret = Secret::new("canary");
    let credentials = Credentials::new("ww1", secret.clone());
    assert_eq!((credentials.corp_id(), credentials.secret()), ("ww1", &secret));
    let stored = StoredToken::new(AccessToken::new("canary")).expiring_in(Duration::from_secs(9));
    assert_eq!((stored.token().expose(), stored.expires_in()), ("canary", Some(Duration::from_secs(9))));
    assert_eq!(StoredToken::new(AccessToken::new("canary")).expires_in(), None);
    let reply: GetTokenReply = serde_json::from_str(r#"{"access_token":"canary","expires_in":"7200"}"#).unwrap();
    assert_eq!((reply.access_token.expose(), reply.expires_in), ("canary", Some(7200)));
    for (text, part) in [
        (format!("{secret:?}"), "***"),
        (format!("{credentials:?}"), "ww1"),
        (format!("{stored:?}"), "9s"),
        (format!("{reply:?}"), "7200"),
        (format!("{:?}", AccessToken::new("canary")), "***"),
        (format!("{:?}", GetToken::new(credentials)), "ww1"),
    ] {
        assert!(text.contains(part) && !text.contains("canary"), "{text}");
    }
}

#[test]
fn a_reply_with_an_empty_token_is_an_error() {
    for body in [r#"{"access_token":""}"#, r#"{"access_token":null}"#, "{}"] {
        assert!(serde_json::from_str::<GetTokenReply>(body).is_err(), "{body}");
    }
}

#[test]
fn a_downstream_app_has_corp_agent_and_business_type() {
    let app = DownstreamApp::new("wwdealer", 1_000_004);
    assert_eq!((app.corp_id(), app.agent_id(), app.business_type()), ("wwdealer", 1_000_004, 1));
    let other = app.clone().with_business_type(7);
    assert_eq!((other.corp_id(), other.agent_id(), other.business_type()), ("wwdealer", 1_000_004, 7));
    assert_ne!(TokenScope::Downstream(app), TokenScope::Downstream(other.clone()));

    let request = encode(&CorpGetToken::new(other)).unwrap();
    assert_eq!(&request.body().unwrap()[..], br#"{"corpid":"wwdealer","agentid":1000004,"business_type":7}"#);
}

#[test]
fn token_calls_without_corp_or_secret_are_invalid() {
    let fields = |outcome: Result<Request, wecom_core::Error>| {
        let error = outcome.unwrap_err();
        assert!(error.is_invalid_request(), "{error}");
        ["corpid", "corpsecret"].map(|field| error.to_string().contains(field))
    };
    let get_token = |corp: &str, secret: &str| encode(&GetToken::new(Credentials::new(corp, Secret::new(secret))));
    assert_eq!(fields(get_token("", "canary")), [true, false]);
    assert_eq!(fields(get_token("ww1", "")), [false, true]);
    assert_eq!(fields(get_token("", "")), [true, true]);
    assert_eq!(fields(encode(&CorpGetToken::new(DownstreamApp::new("", 1)))), [true, false]);
    assert!(GET_TOKEN.has_secret_reply() && CORP_GET_TOKEN.has_secret_reply());
}

/// A call that implements every method of the trait.
#[derive(Serialize)]
struct Whole {
    name: &'static str,
}

#[derive(Debug, Deserialize)]
struct Nothing {}

impl ApiCall for Whole {
    const ENDPOINT: &'static Endpoint = &POST;
    type Reply = Nothing;

    fn query(&self, query: &mut Query) {
        query.push("name", self.name);
    }

    fn body_secrets(&self) -> Vec<Secret> {
        vec![Secret::new("canary-secret")]
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("name", self.name);
        violations.into_result()
    }
}

#[test]
fn a_reference_to_a_call_is_a_call() {
    let call = Whole { name: "n" };
    let (owned, borrowed) = (encode(&call).unwrap(), encode(&&call).unwrap());
    assert_eq!(owned.query(), borrowed.query());
    assert_eq!(borrowed.expose_url(), "https://qyapi.weixin.qq.com/cgi-bin/corpgroup/rule/list_ids?name=n");
    assert_eq!((owned.body(), &borrowed.body().unwrap()[..]), (borrowed.body(), &br#"{"name":"n"}"#[..]));
    assert!(encode(&&Whole { name: "" }).unwrap_err().is_invalid_request());

    let echo = Response::new(200, r#"{"errcode":1,"errmsg":"canary-secret"}"#);
    for request in [owned, borrowed] {
        let error = wecom_core::decode::<Whole>(&request, &echo).unwrap_err();
        assert!(!error.to_string().contains("canary") && error.to_string().contains("***"), "{error}");
    }
}

#[test]
fn a_raw_call_has_its_body() {
    let call = RawCall::new(&POST).with_body(&[1, 2]).unwrap();
    assert!(format!("{call:?}").contains("body_bytes: Some(5)"), "{call:?}");
    assert!(format!("{:?}", RawCall::new(&GET)).contains("body_bytes: None"));
}

#[test]
fn violations_are_collected_in_order_and_the_first_five_are_shown() {
    let refused = |count: usize| {
        let mut violations = Violations::new();
        (0..count).for_each(|row| violations.add(format!("row[{row}]"), "is bad", "good"));
        violations.into_result()
    };
    assert_eq!(refused(0), Ok(()));
    for (count, rest) in [(1, None), (5, None), (6, Some("; and 1 more")), (101, Some("; and 96 more"))] {
        let error = refused(count).unwrap_err();
        let kept = count.min(InvalidRequest::MOST);
        assert_eq!((error.violations().len(), error.more()), (kept, count - kept));
        assert_eq!(error.violations().last().map(|last| last.field.as_str()), Some(&*format!("row[{}]", kept - 1)));
        let text = error.to_string();
        assert_eq!(text.matches("is bad (allowed: good)").count(), count.min(5), "{text}");
        assert!(text.starts_with("invalid request (not sent): row[0] is bad"), "{text}");
        match rest {
            Some(rest) => assert!(text.ends_with(rest), "{text}"),
            None => assert!(text.ends_with("(allowed: good)"), "{text}"),
        }
    }
    let one = InvalidRequest::new("a", "is bad", "good");
    assert_eq!((one.violations().len(), one.more()), (1, 0));
}

#[test]
fn a_required_value_is_a_violation_only_if_it_is_empty() {
    let mut violations = Violations::new();
    violations.require("there", "x");
    assert_eq!(violations.clone().into_result(), Ok(()));
    violations.require("absent", "");
    let error = violations.into_result().unwrap_err();
    assert_eq!(error.violations().iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["absent"]);
}

#[test]
fn the_error_of_a_provider_or_store_has_the_text_and_the_cause() {
    let cause = || std::io::Error::other("it is down");
    let (token, store) = (TokenError::new(cause()), TokenStoreError::new(cause()));
    assert!(token.call_error().is_none());
    for (text, kind, source) in
        [(token.to_string(), "access token", token.cause()), (store.to_string(), "store", store.cause())]
    {
        assert!(text.contains(kind) && text.contains("it is down"), "{text}");
        assert!(source.is::<std::io::Error>(), "{text}");
    }
}

#[test]
fn the_source_of_a_stores_error_is_that_of_the_stores_own_error() {
    let unsent = || TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
    let error = TokenStoreError::new(unsent().with_source(std::io::Error::other("it is down")));
    assert_eq!(error.source().unwrap().to_string(), "it is down");
    assert!(TokenStoreError::new(unsent()).source().is_none());
}

#[test]
fn a_code_displays_its_label_and_has_a_lookup_page() {
    assert_eq!(ErrCode::from(670_002), ErrCode::UNKNOWN_CHAIN);
    assert_eq!(ErrCode::UNKNOWN_CHAIN.to_string(), "670002 (无效上下游chain_id)");
    assert_eq!((ErrCode(99).to_string().as_str(), ErrCode(99).label()), ("99", None));
    assert!(ErrCode(99).lookup_url().ends_with("?e=99"));
    let remedies: HashSet<_> = ErrCode::EXPLAINED.iter().filter_map(|code| code.remedy()).collect();
    assert!(remedies.len() > ErrCode::EXPLAINED.len() / 2, "{}", remedies.len());
}

#[test]
fn a_secret_from_a_configuration_has_no_white_space_around_it_and_is_not_empty() {
    assert_eq!(" the-secret\r\n".parse(), Ok(Secret::new("the-secret")));
    assert_eq!("the-token\n".parse(), Ok(AccessToken::new("the-token")));
    assert_eq!(serde_json::from_str::<Secret>(r#""the-secret\n""#).unwrap(), Secret::new("the-secret"));
    assert_eq!(serde_json::from_str::<AccessToken>(r#""the-token""#).unwrap(), AccessToken::new("the-token"));
    for empty in ["", " \n"] {
        assert!(empty.parse::<Secret>().is_err() && empty.parse::<AccessToken>().is_err());
        let error = serde_json::from_value::<Secret>(empty.into()).unwrap_err();
        assert!(error.to_string().contains("empty secret"), "{error}");
    }
}

#[test]
fn a_base_url_and_a_code_are_serialized_and_deserialized() {
    let base: BaseUrl = serde_json::from_str(r#""https://gateway.example""#).unwrap();
    assert_eq!(serde_json::to_string(&base).unwrap(), r#""https://gateway.example/""#);
    assert_eq!(base.to_string(), "https://gateway.example/");
    let error = serde_json::from_str::<BaseUrl>(r#""https://user:canary@gateway.example""#).unwrap_err();
    assert!(error.to_string().contains("invalid base URL") && !error.to_string().contains("canary"), "{error}");

    assert_eq!(serde_json::to_string(&ErrCode::BUSY).unwrap(), "-1");
    for json in ["-1", "\"-1\""] {
        assert_eq!(serde_json::from_str::<ErrCode>(json).unwrap(), ErrCode::BUSY);
    }
}

#[test]
fn headers_are_collected_extended_and_iterated_over() {
    let mut headers: Headers = [("a", "1"), ("b", "2")].into_iter().collect();
    headers.extend([("c".to_owned(), vec![3])]);
    let pairs: Vec<_> = (&headers).into_iter().collect();
    assert_eq!(pairs, [("a", &b"1"[..]), ("b", b"2"), ("c", &[3])]);
    assert_eq!(headers.iter().len(), 3);
    assert!(!format!("{:?}", headers.iter()).contains('1'));
}
