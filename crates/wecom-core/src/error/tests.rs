//! The predicates, accessors and texts of errors, each for its own kind of error and for no other.

use std::time::Duration;

use super::*;
use crate::http::transport_error::TransportErrorKind;
use crate::quota::QuotaLimit;
use crate::token::{CORP_GET_TOKEN, GET_TOKEN};

const ENDPOINT: Endpoint = Endpoint::post("add", "test/add");
const SECOND: Duration = Duration::from_secs(1);

fn error(kind: impl Into<ErrorKind>) -> Error {
    Error::new(&ENDPOINT, 1, kind)
}

fn api(code: i64) -> Error {
    error(ApiError { code: ErrCode(code), message: "some words".into(), language: Language::English })
}

fn status(status: u16, code: Option<i64>) -> Error {
    error(StatusError { status, code: code.map(ErrCode), retry_after: None, reply: ReplySummary::of(b"") })
}

fn transport(kind: TransportErrorKind, delivery: Delivery) -> Error {
    error(TransportError::new(kind, delivery))
}

fn invalid() -> Error {
    error(InvalidRequest::new("chain_id", "is empty", "a value"))
}

fn quota() -> Error {
    error(QuotaError { limit: QuotaLimit::Frequency, retry_after: None })
}

fn deadline(phase: CallPhase, earlier: Option<Error>) -> Error {
    error(DeadlineError { limit: SECOND * 5, phase, earlier })
}

fn problem(problem: DecodeProblem) -> Error {
    let reply = ReplySummary::of(b"");
    error(DecodeError { problem, path: String::new(), detail: String::new(), reply })
}

fn decode(path: &str, detail: &str, body: &str) -> Error {
    let (problem, reply) = (DecodeProblem::Shape, ReplySummary::of(body.as_bytes()));
    error(DecodeError { problem, path: path.into(), detail: detail.into(), reply })
}

/// The error of a call without a token.
fn no_token(cause: Error) -> Error {
    error(TokenError::from(cause))
}

/// A refused call that fetches a token.
fn refused_fetch(endpoint: &'static Endpoint, code: i64) -> Error {
    Error::new(endpoint, 1, ApiError { code: ErrCode(code), message: "some words".into(), language: Language::English })
}

fn predicates_that_hold(error: &Error) -> Vec<&'static str> {
    let all = [
        ("invalid request", error.is_invalid_request()),
        ("timeout", error.is_timeout()),
        ("connect", error.is_connect()),
        ("rate limited", error.is_rate_limited()),
        ("busy", error.is_busy()),
        ("token rejected", error.is_token_rejected()),
        ("credentials rejected", error.is_credentials_rejected()),
        ("ip not trusted", error.is_ip_not_trusted()),
        ("permission denied", error.is_permission_denied()),
        ("transient", error.is_transient()),
    ];
    all.into_iter().filter_map(|(name, holds)| holds.then_some(name)).collect()
}

#[test]
fn each_predicate_holds_for_its_own_errors_and_for_no_others() {
    use CallPhase::{AwaitingQuota, AwaitingReply};
    use DecodeProblem::{Empty, Foreign, Html, NotJson, Shape, Truncated};
    use Delivery::{NotSent, Unknown};
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    let credentials = [40001, 40013, 40091];
    let table: &[(&[&str], Vec<Error>)] = &[
        (&["invalid request"], vec![invalid()]),
        (&["timeout", "transient"], vec![deadline(AwaitingQuota, None), deadline(AwaitingReply, Some(api(670_002)))]),
        (&["timeout", "transient"], vec![transport(Timeout, NotSent), no_token(transport(Timeout, Unknown))]),
        (&["timeout", "busy", "transient"], vec![deadline(AwaitingReply, Some(api(-1)))]),
        (&["connect", "transient"], [Dns, Connect].map(|kind| transport(kind, NotSent)).into()),
        (&["connect", "transient"], [Dns, Connect].map(|kind| no_token(transport(kind, NotSent))).into()),
        (&["connect"], vec![transport(Tls, NotSent), no_token(transport(Tls, NotSent))]),
        (&["rate limited", "transient"], vec![quota(), status(429, None), no_token(status(429, None))]),
        (&["rate limited", "transient"], vec![api(45009), api(45033), no_token(api(45009)), status(500, Some(45033))]),
        (&["busy", "transient"], vec![api(-1), api(6000), no_token(api(-1)), status(502, Some(-1))]),
        (&["token rejected"], [40001, 40014, 41001, 42001].map(api).into()),
        (&["credentials rejected"], credentials.map(|code| no_token(refused_fetch(&GET_TOKEN, code))).into()),
        (&["credentials rejected"], credentials.map(|code| no_token(no_token(refused_fetch(&GET_TOKEN, code)))).into()),
        (&[], credentials.map(|code| no_token(refused_fetch(&CORP_GET_TOKEN, code))).into()),
        (&[], credentials.map(|code| no_token(no_token(refused_fetch(&CORP_GET_TOKEN, code)))).into()),
        (&["ip not trusted"], vec![api(60020), no_token(api(60020))]),
        (&["permission denied"], [48001, 48002, 60011, 301_002, 670_001, 670_030].map(api).into()),
        (&[], [40013, 40091, 670_002, 99].map(api).into()),
        (&["transient"], [ConnectionLost, Protocol, Other].map(|kind| transport(kind, Unknown)).into()),
        (&[], [ReplyTooLarge, Unsupported, NoRuntime].map(|kind| transport(kind, NotSent)).into()),
        (&["transient"], [408, 425, 500, 502, 503, 504, 599].map(|number| status(number, None)).into()),
        (&[], [302, 400, 401, 403, 404, 407, 413, 501, 505, 600].map(|number| status(number, None)).into()),
        (&["transient"], [Empty, Truncated].map(problem).into()),
        (&[], [Html, NotJson, Shape, Foreign].map(problem).into()),
        (&["transient"], vec![error(TokenError::new("it is down"))]),
    ];
    for (expected, errors) in table {
        for error in errors {
            assert_eq!(predicates_that_hold(error), *expected, "{error}");
        }
    }
}

#[test]
fn code_and_status_are_read_from_the_call_or_from_its_token_fetch() {
    let (reply, busy) = (CallPhase::AwaitingReply, Some(ErrCode::BUSY));
    for (error, expected) in [
        (api(-1), (busy, None)),
        (status(502, None), (None, Some(502))),
        (status(502, Some(-1)), (busy, Some(502))),
        (no_token(api(-1)), (busy, None)),
        (no_token(status(502, Some(-1))), (busy, Some(502))),
        (deadline(reply, Some(api(-1))), (busy, None)),
        (deadline(reply, None), (None, None)),
        (invalid(), (None, None)),
        (quota(), (None, None)),
        (decode("", "", ""), (None, None)),
    ] {
        assert_eq!((error.code(), error.status()), expected, "{error}");
    }
}

#[test]
fn delivery_is_not_sent_only_if_that_is_certain() {
    use CallPhase::{AwaitingQuota, AwaitingReply, GettingToken};
    use Delivery::{NotSent, Unknown};
    let lost = TransportErrorKind::ConnectionLost;
    for (error, expected) in [
        (invalid(), NotSent),
        (quota(), NotSent),
        (no_token(transport(lost, Unknown)), NotSent),
        (transport(lost, NotSent), NotSent),
        (transport(lost, Unknown), Unknown),
        (deadline(AwaitingQuota, None), NotSent),
        (deadline(GettingToken, None), NotSent),
        (deadline(AwaitingReply, None), Unknown),
        (status(404, None), Unknown),
        (api(670_002), Unknown),
        (decode("", "", ""), Unknown),
        (quota().with_unknown_delivery(), Unknown),
    ] {
        assert_eq!(error.delivery(), expected, "{error}");
    }
}

#[test]
fn retry_after_is_the_wait_that_a_server_or_a_quota_asks_for() {
    let after = Some(SECOND * 7);
    let busy = error(StatusError { status: 503, code: None, retry_after: after, reply: ReplySummary::of(b"") });
    let full = error(QuotaError { limit: QuotaLimit::Frequency, retry_after: after });
    for error in [&busy, &full, &no_token(busy.clone()), &no_token(full.clone())] {
        assert_eq!(error.retry_after(), after, "{error}");
    }
    for error in [status(503, None), quota(), api(45009), invalid(), deadline(CallPhase::AwaitingReply, None)] {
        assert_eq!(error.retry_after(), None, "{error}");
    }
}

#[test]
fn the_hint_is_that_of_the_last_errmsg() {
    let refusal = || {
        error(ApiError {
            code: ErrCode(-1),
            message: "busy, hint: [123], from ip: 192.0.2.1".into(),
            language: Language::English,
        })
    };
    for error in [refusal(), no_token(refusal()), deadline(CallPhase::AwaitingReply, Some(refusal()))] {
        assert_eq!(error.hint(), Some("123"), "{error}");
    }
    for error in [api(-1), quota(), deadline(CallPhase::AwaitingReply, None)] {
        assert_eq!(error.hint(), None, "{error}");
    }
}

#[test]
fn the_text_starts_with_the_endpoint_and_counts_the_attempts_if_there_were_several() {
    for (attempts, end) in [(0, false), (1, false), (2, true), (3, true)] {
        let error = Error::new(&ENDPOINT, attempts, QuotaError { limit: QuotaLimit::Blocked, retry_after: None });
        assert_eq!((error.endpoint().name(), error.attempts()), ("add", attempts));
        let text = error.to_string();
        assert!(text.starts_with("add: "), "{text}");
        assert_eq!(text.ends_with(&format!("(after {attempts} attempts)")), end, "{text}");
        assert_eq!(format!("{error:?}"), text);
    }
}

/// Asserts that the text contains all of `parts` and none of `unwanted`.
fn assert_text(error: &Error, parts: &[&str], unwanted: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    for part in unwanted {
        assert!(!text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn the_text_of_a_refusal_has_code_meaning_remedy_errmsg_and_lookup_page() {
    let code = ErrCode::UNKNOWN_CHAIN;
    let (label, meaning, remedy) = (code.label().unwrap(), code.explanation().unwrap(), code.remedy().unwrap());
    let parts = ["add: errcode 670002", label, meaning, remedy, "[errmsg: some words]", "query?e=670002"];
    assert_text(&api(670_002), &parts, &[]);
    assert_text(&api(99), &["add: errcode 99", "some words", "query?e=99"], &["None", "()"]);
    let silent = error(ApiError { code: ErrCode(99), message: String::new(), language: Language::English });
    assert_text(&silent, &["errcode 99"], &["errmsg"]);
}

#[test]
fn the_text_of_a_status_has_reason_phrase_and_remedy() {
    for (number, phrase, remedy) in [
        (300, "HTTP 300", "base URL"),
        (301, "HTTP 301 Moved Permanently", "redirects are not followed"),
        (302, "HTTP 302 Found", "redirects are not followed"),
        (307, "HTTP 307 Temporary Redirect", "redirects are not followed"),
        (308, "HTTP 308 Permanent Redirect", "redirects are not followed"),
        (399, "HTTP 399", "base URL"),
        (400, "HTTP 400 Bad Request", "WeCom itself"),
        (401, "HTTP 401 Unauthorized", "denied access"),
        (403, "HTTP 403 Forbidden", "denied access"),
        (404, "HTTP 404 Not Found", "/cgi-bin"),
        (405, "HTTP 405 Method Not Allowed", "method"),
        (407, "HTTP 407 Proxy Authentication Required", "credentials"),
        (408, "HTTP 408 Request Timeout", "retry later"),
        (413, "HTTP 413 Payload Too Large", "too large"),
        (429, "HTTP 429 Too Many Requests", "rate limit"),
        (500, "HTTP 500 Internal Server Error", "retry later"),
        (502, "HTTP 502 Bad Gateway", "retry later"),
        (503, "HTTP 503 Service Unavailable", "retry later"),
        (504, "HTTP 504 Gateway Timeout", "retry later"),
        (599, "HTTP 599:", "retry later"),
    ] {
        assert_text(&status(number, None), &[&format!("add: {phrase}"), remedy], &["errcode", "retry after"]);
    }
    let (code, retry_after) = (Some(ErrCode::BUSY), Some(SECOND * 7));
    let whole = StatusError { status: 503, code, retry_after, reply: ReplySummary::of(b"the beginning") };
    let parts = ["HTTP 503 Service Unavailable", "errcode -1", "retry after 7s", "[reply: text, 13 bytes]"];
    assert_text(&error(whole), &parts, &[]);
}

#[test]
fn the_text_of_a_bad_reply_has_what_is_known_and_no_empty_places() {
    let shape = "invalid reply: the JSON is not in the documented shape";
    assert_text(&decode("", "", ""), &[shape, "[reply: empty]"], &[", at", "shape:"]);
    assert_text(&decode("chains[3]", "", ""), &[shape, ", at chains[3]"], &["]:"]);
    assert_text(&decode("", "invalid type", ""), &[shape, ": invalid type"], &[", at"]);
    assert_text(&decode("", "", "<html>"), &[shape, "[reply: HTML, 6 bytes]"], &[", at", "shape:"]);
    for (kind, phrase) in [
        (DecodeProblem::Empty, "empty reply"),
        (DecodeProblem::Html, "unexpected HTML"),
        (DecodeProblem::NotJson, "invalid JSON"),
        (DecodeProblem::Truncated, "truncated JSON"),
        (DecodeProblem::Foreign, "unrecognized reply"),
    ] {
        assert_text(&problem(kind), &[&format!("add: {phrase}: ")], &[]);
    }
}

#[test]
fn the_text_of_a_deadline_has_the_limit_the_phase_and_the_previous_attempt() {
    use CallPhase::{AwaitingQuota, AwaitingReply, GettingToken};
    for (phase, parts) in [
        (AwaitingQuota, ["not sent within 5s", "waiting for the endpoint's quota"]),
        (GettingToken, ["not sent within 5s", "getting an access token"]),
        (AwaitingReply, ["no reply within 5s", "may have been carried out"]),
    ] {
        assert_text(&deadline(phase, None), &["add: deadline exceeded: ", parts[0], parts[1]], &["previous"]);
        let parts = [parts[0], parts[1], "; previous attempt: errcode -1"];
        assert_text(&deadline(phase, Some(api(-1))), &parts, &["add: errcode"]);
    }
}

#[test]
fn the_text_of_a_quota_names_the_limit_and_the_wait() {
    for (limit, part) in
        [(QuotaLimit::Frequency, "quota"), (QuotaLimit::Concurrency, "under way"), (QuotaLimit::Blocked, "45009")]
    {
        assert_text(&error(QuotaError { limit, retry_after: None }), &["rate limit: ", "not sent", part], &["61s"]);
        let known = error(QuotaError { limit, retry_after: Some(SECOND * 61) });
        assert_text(&known, &["rate limit: ", "not sent", part, "61s"], &[]);
    }
}

#[test]
fn the_text_of_a_transport_error_has_phrase_root_cause_and_delivery() {
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    for (kind, phrase) in [
        (Dns, "DNS lookup failed"),
        (Connect, "connection failed"),
        (Tls, "TLS handshake failed"),
        (Timeout, "request timed out"),
        (ConnectionLost, "connection lost"),
        (Protocol, "invalid HTTP response"),
        (ReplyTooLarge, "size limit"),
        (Unsupported, "not supported"),
        (NoRuntime, "no async runtime"),
        (Other, "transport error"),
    ] {
        assert_text(&transport(kind, Delivery::NotSent), &[phrase, "was not sent"], &["carried out"]);
        assert_text(&transport(kind, Delivery::Unknown), &[phrase, "may have been carried out"], &["not sent"]);
        let caused = TransportError::new(kind, Delivery::NotSent).with_source("the root cause");
        assert!(!caused.to_string().contains("the root cause"), "{caused}");
        assert_text(&error(caused), &[phrase, ": the root cause (the request was not sent)"], &[]);
    }
}

/// A chain of two errors.
#[derive(Debug)]
struct Outer(std::io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the outer error")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

fn outer() -> Outer {
    Outer(std::io::Error::other("the inner error"))
}

#[test]
fn a_printed_chain_has_the_text_of_each_cause_once() {
    let lost = || TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown).with_source(outer());
    let errors = [
        error(lost()),
        no_token(error(lost())),
        error(TokenError::new(outer())),
        deadline(CallPhase::AwaitingReply, Some(error(lost()))),
    ];
    for error in errors {
        for top in [&error as &dyn StdError, error.kind()] {
            let chain: Vec<_> =
                std::iter::successors(Some(top), |&link| link.source()).map(ToString::to_string).collect();
            let printed = chain.join(": ");
            assert_eq!(printed.matches("the inner error").count(), 1, "{printed}");
            assert!(printed.matches("the outer error").count() <= 1, "{printed}");
        }
    }
}

#[test]
fn the_text_of_an_error_is_one_line_also_if_a_cause_has_several() {
    let source = || "no entry matches:\n  the nearest entry\n  the difference";
    let lost = || TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(source());
    for error in [
        error(lost()),
        error(TokenError::new(source())),
        no_token(error(lost())),
        deadline(CallPhase::AwaitingReply, Some(error(lost()))),
    ] {
        let text = error.to_string();
        assert!(text.contains("no entry matches: the nearest entry; the difference"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

#[test]
fn the_causes_of_an_error_are_sources_of_its_kind() {
    let lost = TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown).with_source(outer());
    let lost = error(lost);
    assert!(lost.kind().source().is_some_and(<dyn StdError>::is::<Outer>));
    let ErrorKind::Transport(transport) = lost.kind() else { panic!("{lost}") };
    assert!(transport.source().is_some_and(<dyn StdError>::is::<Outer>));

    let own = no_token(api(-1));
    let ErrorKind::Token(token) = own.kind() else { panic!("{own}") };
    assert!(token.cause().is::<Error>() && token.call_error().is_some());

    let provided = error(TokenError::new(outer()));
    let ErrorKind::Token(token) = provided.kind() else { panic!("{provided}") };
    assert!(token.cause().is::<Outer>() && token.call_error().is_none());
    assert!(provided.source().is_some_and(<dyn StdError>::is::<std::io::Error>));

    for error in [api(-1), status(404, None), invalid(), quota(), decode("", "", ""), lost] {
        assert!(error.source().is_none(), "{error}");
    }
}

#[test]
fn the_alternate_debug_form_shows_the_parts_one_by_one() {
    let text = format!("{:#?}", api(670_002));
    for part in ["endpoint: \"add\"", "attempts: 1", "kind: Api", "some words"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn the_text_of_an_unsent_last_attempt_says_that_an_earlier_one_may_have_been_carried_out() {
    let transport = || TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
    let text = |error: Error| error.to_string();
    assert!(
        text(Error::new(&ENDPOINT, 3, transport()).with_unknown_delivery())
            .ends_with("(the request was not sent) (after 3 attempts) (an earlier attempt may have been carried out)")
    );
    assert!(text(Error::new(&ENDPOINT, 3, transport())).ends_with("(the request was not sent) (after 3 attempts)"));
    let timeout = TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
    assert!(!text(Error::new(&ENDPOINT, 3, timeout).with_unknown_delivery()).contains("earlier"));
}

/// The JSON of an error without its text, which must be that of `Display`.
fn json(error: &Error) -> String {
    let json = serde_json::to_string(error).unwrap();
    let (fields, message) = json.split_once(",\"message\":").unwrap();
    assert_eq!(serde_json::from_str::<String>(message.strip_suffix('}').unwrap()).unwrap(), error.to_string());
    format!("{fields}}}")
}

#[test]
fn an_error_serializes_as_its_facts_and_its_text() {
    let busy =
        ApiError { code: ErrCode(-1), message: "busy, hint: [1700000000_1]".into(), language: Language::English };
    let status = StatusError { status: 502, code: None, retry_after: Some(SECOND), reply: ReplySummary::of(b"<html>") };
    for (error, expected) in [
        (
            error(busy),
            r#""kind":"api","errcode":-1,"hint":"1700000000_1","attempts":1,"delivery":"unknown","is_transient":true}"#,
        ),
        (
            error(status),
            r#""kind":"status","status":502,"attempts":1,"delivery":"unknown","is_transient":true,"retry_after_ms":1000}"#,
        ),
        (
            transport(TransportErrorKind::Tls, Delivery::NotSent),
            r#""kind":"transport","transport":"tls","attempts":1,"delivery":"not_sent","is_transient":false}"#,
        ),
        (invalid(), r#""kind":"invalid_request","attempts":1,"delivery":"not_sent","is_transient":false}"#),
    ] {
        assert_eq!(json(&error), format!(r#"{{"endpoint":"add",{expected}"#));
    }
}

#[test]
fn the_json_of_a_failed_token_fetch_has_the_facts_of_the_fetch() {
    let fetch = Error::new(&GET_TOKEN, 2, TransportError::new(TransportErrorKind::Dns, Delivery::NotSent));
    assert_eq!(
        json(&error(TokenError::from(fetch))),
        r#"{"endpoint":"add","kind":"token","transport":"dns","attempts":1,"delivery":"not_sent","is_transient":true}"#
    );
}
