//! `check_exchanges` passes a correct transport in memory, fails a broken one in the check of the promise that it breaks,
//! and reports every other check as not applicable.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::future::{Future, ready};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use wecom_conformance::{Check, Report, Suite, Verdict, check_exchanges, check_exchanges_local};
use wecom_core::{
    AccessToken, Delivery, Endpoint, Request, Response, Transport, TransportError, TransportErrorKind, async_trait,
    from_fn,
};

const LIST: Endpoint = Endpoint::post("list", "corpgroup/list");
const OTHER: Endpoint = Endpoint::get("other", "corpgroup/other");
const UNKNOWN: Endpoint = Endpoint::get("unknown", "corpgroup/unknown");
const TOKEN: &str = "a-valid-token";

/// The checks that apply to these requests.
const APPLICABLE: [Check; 6] = [
    Check::AnyStatusIsOk,
    Check::MethodAndUrlArrive,
    Check::BodyArrives,
    Check::UsableAfterDropping,
    Check::RepliesAreNotMixedUp,
    Check::ErrorsHoldNoToken,
];

fn requests() -> [Request; 4] {
    let list = Request::new(&LIST);
    [list.clone().with_body(r#"{"of":1}"#), list.with_body(r#"{"of":2}"#), Request::new(&OTHER), Request::new(&UNKNOWN)]
        .map(|request| request.with_token(AccessToken::new(TOKEN)))
}

/// Replies to a request from memory. A wrong token is an error.
fn reply_to(request: &Request) -> Result<Response, TransportError> {
    if request.token().is_none_or(|token| token.expose() != TOKEN) {
        return Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent));
    }
    let body = request.body().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default();
    let status = if request.endpoint().name() == "unknown" { 404 } else { 200 };
    Ok(Response::new(status, format!("{} {body}", request.endpoint().name())))
}

fn report_on<F>(service: impl Fn(Request) -> F + Send + Sync) -> Report
where
    F: Future<Output = Result<Response, TransportError>> + Send,
{
    block_on(check_exchanges(&from_fn(service), &requests()))
}

#[track_caller]
fn assert_caught(report: &Report, check: Check) {
    assert!(report.failures().eq([check]), "{report}");
}

#[test]
fn a_service_in_memory_passes_the_applicable_checks() {
    let report = report_on(|request| ready(reply_to(&request)));
    for (check, verdict) in report.verdicts() {
        match verdict {
            Verdict::Passed => assert!(APPLICABLE.contains(&check), "{report}"),
            Verdict::NotApplicable(why) => assert!(!APPLICABLE.contains(&check) && why.contains("scripts"), "{report}"),
            _ => panic!("{report}"),
        }
    }
    assert!(report.verdicts().map(|(check, _)| check).eq(Check::ALL.iter().copied()));
    assert_eq!(report.not_applicable().count(), Check::ALL.len() - APPLICABLE.len());
    let local = wecom_core::http::AsLocal(from_fn(|request: Request| ready(reply_to(&request))));
    block_on(check_exchanges_local(&local, &requests())).assert();
}

#[test]
fn checks_that_the_requests_cannot_show_are_not_applicable() {
    let one = [Request::new(&LIST)];
    let report = block_on(check_exchanges(&from_fn(|_| ready(Ok(Response::new(200, "{}")))), &one));
    report.assert();
    let passed = report.verdicts().filter(|(_, verdict)| **verdict == Verdict::Passed).map(|(check, _)| check);
    assert!(passed.eq([Check::UsableAfterDropping]), "{report}");
    let report = block_on(check_exchanges(&from_fn(|_| ready(Ok(Response::new(200, "{}")))), &[]));
    assert_eq!(report.not_applicable().count(), Check::ALL.len(), "{report}");
}

#[test]
fn converting_a_status_to_an_error_is_caught() {
    assert_caught(
        &report_on(|request| {
            let outcome = reply_to(&request);
            ready(outcome.and_then(|reply| match reply.status() {
                200 => Ok(reply),
                _ => Err(TransportError::new(TransportErrorKind::Other, Delivery::Unknown)),
            }))
        }),
        Check::AnyStatusIsOk,
    );
}

#[test]
fn ignoring_the_body_or_the_path_is_caught() {
    let report = report_on(|request| ready(reply_to(&request).map(|_| Response::new(200, request.endpoint().name()))));
    assert_caught(&report, Check::BodyArrives);
    let report = report_on(|request| {
        let body = request.body().cloned().unwrap_or_default();
        ready(reply_to(&request).map(|reply| Response::new(reply.status(), body)))
    });
    // The two requests without a body have replies with different statuses.
    report.assert();
    let report = report_on(|request| {
        let body = request.body().cloned().unwrap_or_default();
        ready(reply_to(&request).map(|_| Response::new(404, body)))
    });
    assert_caught(&report, Check::MethodAndUrlArrive);
}

#[test]
fn mixed_up_replies_are_caught() {
    let mixing = Mixing::default();
    assert_caught(&block_on(check_exchanges(&mixing, &requests())), Check::RepliesAreNotMixedUp);
}

#[test]
fn a_failure_after_a_dropped_call_is_caught() {
    let broken = FailsAfterDrop::default();
    assert_caught(&block_on(check_exchanges(&broken, &requests())), Check::UsableAfterDropping);
}

#[test]
fn a_token_in_an_error_is_a_warning() {
    let report = report_on(|request| {
        let url = request.expose_url();
        ready(reply_to(&request).map_err(|error| error.with_source(format!("no reply from {url}"))))
    });
    report.assert();
    assert!(report.warnings().eq([Check::ErrorsHoldNoToken]), "{report}");
}

/// Returns the reply to the last call to all concurrent calls.
#[derive(Default)]
struct Mixing(Mutex<Option<Response>>);

#[async_trait]
impl Transport for Mixing {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        *self.0.lock().unwrap() = Some(reply_to(&request)?);
        yield_now().await;
        let last = self.0.lock().unwrap().clone();
        last.ok_or_else(|| TransportError::new(TransportErrorKind::Other, Delivery::Unknown))
    }
}

/// Fails the call after a dropped one.
#[derive(Default)]
struct FailsAfterDrop(AtomicBool);

struct Guard<'a>(&'a FailsAfterDrop, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_or(!self.1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for FailsAfterDrop {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut guard = Guard(self, false);
        yield_now().await;
        guard.1 = true;
        if self.0.swap(false, Ordering::SeqCst) {
            return Err(TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown));
        }
        reply_to(&request)
    }
}

/// Completes when it is polled for the second time.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn a_suite_selects_checks_of_exchanges() {
    let suite = Suite::new().only([Check::BodyArrives]).allow_failure(Check::BodyArrives, "a stub");
    let stub = from_fn(|_| ready(Ok(Response::new(200, "{}"))));
    let report = block_on(suite.check_exchanges(&stub, &requests()));
    report.assert();
    assert!(report.allowed_failures().eq([Check::BodyArrives]), "{report}");
    assert_eq!(report.verdicts().count(), 1);
}

#[test]
fn a_panic_in_the_transport_fails_each_check_that_it_interrupts() {
    let transport = from_fn(|request: Request| async move {
        assert_eq!(request.endpoint().name(), OTHER.name(), "no route to the server");
        reply_to(&request)
    });
    let suite = Suite::new().only([Check::BodyArrives, Check::ReplyHeadersComeBack]);
    let report = block_on(suite.check(&transport));
    assert!(report.failures().eq([Check::BodyArrives, Check::ReplyHeadersComeBack]), "{report}");
    assert_eq!(report.to_string().matches("no route to the server").count(), 2, "{report}");
}

#[test]
fn the_suite_notifies_of_each_check_before_it_runs() {
    static CHECKS: Mutex<Vec<Check>> = Mutex::new(Vec::new());
    let suite = Suite::new().only([Check::AnyStatusIsOk, Check::BodyArrives]).on_check(|check| {
        CHECKS.lock().unwrap().push(check);
    });
    let report = block_on(suite.check_exchanges(&from_fn(async |request: Request| reply_to(&request)), &requests()));
    assert_eq!(*CHECKS.lock().unwrap(), [Check::AnyStatusIsOk, Check::BodyArrives], "{report}");
}

#[test]
fn exchanges_without_a_request_are_a_usage_error() {
    let report = block_on(check_exchanges(&from_fn(|request: Request| ready(reply_to(&request))), &[]));
    assert!(
        report.usage_errors().eq(["check_exchanges needs a request: without one, no check is applicable"]),
        "{report}"
    );
}

#[test]
fn an_allowance_of_a_check_that_is_not_applicable_is_reported() {
    let suite = Suite::new().allow_failure(Check::ReplyIsBounded, "see issue 7");
    let transport = from_fn(|request: Request| ready(reply_to(&request)));
    let report = block_on(suite.check_exchanges(&transport, &requests()));
    report.assert();
    assert!(report.unused_allowances().eq([Check::ReplyIsBounded]), "{report}");
}
