//! What an error says, in its predicates and in its text: for its own kind, and for no other.

use std::time::Duration;

use super::*;
use crate::quota::QuotaLimit;
use crate::token::CORP_GET_TOKEN;

const ENDPOINT: Endpoint = Endpoint::post("add", "test/add");
const SECOND: Duration = Duration::from_secs(1);

fn error(kind: impl Into<ErrorKind>) -> Error {
    Error::new(&ENDPOINT, 1, kind)
}

fn api(code: i64) -> Error {
    error(ApiError { code: ErrCode(code), message: "some words".into() })
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

fn decode(path: &str, detail: &str, body: &str) -> Error {
    let (problem, reply) = (DecodeProblem::Shape, ReplySummary::of(body.as_bytes()));
    error(DecodeError { problem, path: path.into(), detail: detail.into(), reply })
}

/// The error of a call for which no token could be had.
fn no_token(cause: Error) -> Error {
    error(TokenError::from(cause))
}

/// What the call that fetches a token is refused with.
fn refused_fetch(endpoint: &'static Endpoint, code: i64) -> Error {
    Error::new(endpoint, 1, ApiError { code: ErrCode(code), message: "some words".into() })
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
    ];
    all.into_iter().filter_map(|(name, holds)| holds.then_some(name)).collect()
}

#[test]
fn each_predicate_holds_for_its_own_errors_and_for_no_others() {
    use CallPhase::{AwaitingQuota, AwaitingReply};
    use Delivery::{NotSent, Unknown};
    use TransportErrorKind::{Connect, ConnectionLost, Dns, Other, Protocol, Timeout, Tls};
    let credentials = [40001, 40013, 40091];
    let table: &[(&[&str], Vec<Error>)] = &[
        (&["invalid request"], vec![invalid()]),
        (&["timeout"], vec![deadline(AwaitingQuota, None), deadline(AwaitingReply, Some(api(670_002)))]),
        (&["timeout"], vec![transport(Timeout, NotSent), no_token(transport(Timeout, Unknown))]),
        (&["timeout", "busy"], vec![deadline(AwaitingReply, Some(api(-1)))]),
        (&["connect"], [Dns, Connect, Tls].map(|kind| transport(kind, NotSent)).into()),
        (&["connect"], [Dns, Connect, Tls].map(|kind| no_token(transport(kind, NotSent))).into()),
        (&["rate limited"], vec![quota(), status(429, None), no_token(status(429, None))]),
        (&["rate limited"], vec![api(45009), api(45033), no_token(api(45009)), status(500, Some(45033))]),
        (&["busy"], vec![api(-1), api(6000), no_token(api(-1)), status(502, Some(-1))]),
        (&["token rejected"], [40001, 40014, 41001, 42001].map(api).into()),
        (&["credentials rejected"], credentials.map(|code| no_token(refused_fetch(&GET_TOKEN, code))).into()),
        (&["credentials rejected"], credentials.map(|code| no_token(no_token(refused_fetch(&GET_TOKEN, code)))).into()),
        (&[], credentials.map(|code| no_token(refused_fetch(&CORP_GET_TOKEN, code))).into()),
        (&[], credentials.map(|code| no_token(no_token(refused_fetch(&CORP_GET_TOKEN, code)))).into()),
        (&["ip not trusted"], vec![api(60020), no_token(api(60020))]),
        (&["permission denied"], [48001, 48002, 60011, 301_002, 670_001, 670_030].map(api).into()),
        (&[], [40013, 40091, 670_002, 99].map(api).into()),
        (&[], [ConnectionLost, Protocol, Other].map(|kind| transport(kind, Unknown)).into()),
        (&[], vec![status(404, None), status(502, None), decode("", "", ""), error(TokenError::new("it is down"))]),
    ];
    for (expected, errors) in table {
        for error in errors {
            assert_eq!(predicates_that_hold(error), *expected, "{error}");
        }
    }
}

#[test]
fn code_and_status_are_read_from_wherever_the_call_met_them() {
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
fn only_what_is_certain_to_be_unsent_is_said_to_be() {
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
fn the_text_begins_with_the_endpoint_and_counts_the_attempts_when_there_were_several() {
    for (attempts, end) in [(0, false), (1, false), (2, true), (3, true)] {
        let error = Error::new(&ENDPOINT, attempts, QuotaError { limit: QuotaLimit::Blocked, retry_after: None });
        assert_eq!((error.endpoint().name(), error.attempts()), ("add", attempts));
        let text = error.to_string();
        assert!(text.starts_with("add: "), "{text}");
        assert_eq!(text.ends_with(&format!("(after {attempts} attempts)")), end, "{text}");
        assert_eq!(format!("{error:?}"), text);
    }
}

/// What a reader must find in the text, and what would only be noise there.
fn assert_text(error: &Error, parts: &[&str], noise: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    for noise in noise {
        assert!(!text.contains(noise), "{noise:?} in {text}");
    }
}

#[test]
fn the_text_of_a_refusal_says_what_it_means_what_to_do_and_where_to_read_on() {
    let code = ErrCode::UNKNOWN_CHAIN;
    let (label, meaning, remedy) = (code.label().unwrap(), code.explanation().unwrap(), code.remedy().unwrap());
    assert_text(&api(670_002), &["670002", label, meaning, remedy, "some words", "query?e=670002"], &[]);
    assert_text(&api(99), &["99", "some words", "query?e=99"], &["None", "()"]);
}

#[test]
fn the_text_of_a_status_gives_the_advice_for_it() {
    for (number, advice) in [
        (300, "redirect"),
        (399, "redirect"),
        (400, "WeCom itself"),
        (401, "refused access"),
        (403, "refused access"),
        (404, "/cgi-bin"),
        (405, "method"),
        (407, "proxy"),
        (413, "too large"),
        (429, "too often"),
        (500, "try again later"),
        (599, "try again later"),
    ] {
        assert_text(&status(number, None), &[&format!("HTTP {number}"), advice], &[") with", "to try again after"]);
    }
    let whole = StatusError {
        status: 503,
        code: Some(ErrCode::BUSY),
        retry_after: Some(SECOND * 7),
        reply: ReplySummary::of(b"the beginning"),
    };
    assert_text(&error(whole), &["HTTP 503", "with -1", "to try again after 7s", "[reply: text, 13 bytes]"], &[]);
}

#[test]
fn the_text_of_a_reply_that_is_not_understood_has_what_is_known_and_no_empty_places() {
    let shape = "not in the documented shape";
    assert_text(&decode("", "", ""), &[shape, "[reply: empty]"], &[", at", ": \n", "shape:"]);
    assert_text(&decode("chains[3]", "", ""), &[shape, ", at chains[3]"], &["]:"]);
    assert_text(&decode("", "invalid type", ""), &[shape, ": invalid type"], &[", at"]);
    assert_text(&decode("", "", "<html>"), &[shape, "[reply: HTML, 6 bytes]"], &[", at", "shape:"]);
}

#[test]
fn the_text_of_a_deadline_says_how_long_there_was_what_was_awaited_and_what_came_before() {
    use CallPhase::{AwaitingQuota, AwaitingReply, GettingToken};
    for (phase, parts) in [
        (AwaitingQuota, ["quota", "was not sent"]),
        (GettingToken, ["access token", "was not sent"]),
        (AwaitingReply, ["reply", "may have been carried out"]),
    ] {
        assert_text(&deadline(phase, None), &["5s", parts[0], parts[1]], &["before"]);
        assert_text(&deadline(phase, Some(api(-1))), &["5s", parts[0], "the attempt before", "answered -1"], &[]);
    }
}

#[test]
fn the_text_of_a_quota_names_the_limit_and_when_to_come_again() {
    for (limit, part) in [
        (QuotaLimit::Frequency, "quota is used up"),
        (QuotaLimit::Concurrency, "under way"),
        (QuotaLimit::Blocked, "45009"),
    ] {
        assert_text(&error(QuotaError { limit, retry_after: None }), &["not sent", part], &["admitted in"]);
        let known = error(QuotaError { limit, retry_after: Some(SECOND * 61) });
        assert_text(&known, &["not sent", part, "admitted in 61s"], &[]);
    }
}

#[test]
fn the_text_of_a_transport_error_says_what_failed_and_whether_it_was_sent() {
    use TransportErrorKind::{
        Connect, ConnectionLost, Dns, NoRuntime, Other, Protocol, ReplyTooLarge, Timeout, Tls, Unsupported,
    };
    let kinds = [Dns, Connect, Tls, Timeout, ConnectionLost, Protocol, ReplyTooLarge, Unsupported, NoRuntime, Other];
    let texts: std::collections::HashSet<_> = kinds.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), kinds.len(), "two kinds read the same: {texts:?}");
    for kind in kinds {
        let failed = kind.to_string();
        assert!(!failed.is_empty(), "{kind:?}");
        assert_text(&transport(kind, Delivery::NotSent), &[&failed, "was not sent"], &["carried out"]);
        assert_text(&transport(kind, Delivery::Unknown), &[&failed, "may have been carried out"], &["not sent"]);
    }
    assert_text(&transport(Dns, Delivery::NotSent), &["name"], &[]);
    assert_text(&transport(Tls, Delivery::NotSent), &["TLS"], &[]);
}

#[test]
fn code_that_looks_further_down_finds_what_the_error_came_from() {
    let inner = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let lost = TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown).with_source(inner);
    let has_io = |error: &Error| error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some();
    let has_call = |error: &Error| error.source().and_then(|source| source.downcast_ref::<Error>()).is_some();
    assert!(has_io(&error(lost)));
    assert!(has_call(&no_token(api(-1))));
    assert!(has_call(&deadline(CallPhase::AwaitingReply, Some(api(-1)))));
    for error in [api(-1), status(404, None), invalid(), quota(), decode("", "", "")] {
        assert!(error.source().is_none(), "{error}");
    }
    assert!(deadline(CallPhase::AwaitingReply, None).source().is_none());
}

#[test]
fn the_alternate_debug_form_shows_the_parts_one_by_one() {
    let text = format!("{:#?}", api(670_002));
    for part in ["endpoint: \"add\"", "attempts: 1", "kind: Api", "some words"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}
