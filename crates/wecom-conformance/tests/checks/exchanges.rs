//! The checks on exchanges of the caller's own pass a transport that answers from memory as it should, catch one that does
//! not by the check of that promise and no other, and say of what they can't see that they can't.

use std::future::{Future, ready};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use wecom_conformance::{Check, Report, Verdict, check_exchanges, check_exchanges_local};
use wecom_core::{
    AccessToken, Delivery, Endpoint, Request, Response, Transport, TransportError, TransportErrorKind, async_trait,
    from_fn,
};

const LIST: Endpoint = Endpoint::post("list", "corpgroup/list");
const OTHER: Endpoint = Endpoint::get("other", "corpgroup/other");
const NOWHERE: Endpoint = Endpoint::get("nowhere", "corpgroup/nowhere");
const TOKEN: &str = "a-valid-token";

/// What the checks can see of these requests.
const SEEN: [Check; 6] = [
    Check::AnyStatusIsOk,
    Check::MethodAndUrlArrive,
    Check::BodyArrives,
    Check::UsableAfterDropping,
    Check::RepliesAreNotMixedUp,
    Check::ErrorsHoldNoToken,
];

fn requests() -> [Request; 4] {
    let list = Request::new(&LIST);
    [list.clone().with_body(r#"{"of":1}"#), list.with_body(r#"{"of":2}"#), Request::new(&OTHER), Request::new(&NOWHERE)]
        .map(|request| request.with_token(AccessToken::new(TOKEN)))
}

/// A service in memory: an error for a wrong token, and a reply for each request otherwise.
fn answer(request: &Request) -> Result<Response, TransportError> {
    if request.token().is_none_or(|token| token.expose() != TOKEN) {
        return Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent));
    }
    let body = request.body().map(|body| String::from_utf8_lossy(body).into_owned()).unwrap_or_default();
    let status = if request.endpoint().name() == "nowhere" { 404 } else { 200 };
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
fn a_service_in_memory_passes_what_can_be_seen_of_it_and_nothing_else_is_claimed() {
    let report = report_on(|request| ready(answer(&request)));
    for (check, verdict) in report.verdicts() {
        match verdict {
            Verdict::Passed => assert!(SEEN.contains(&check), "{report}"),
            Verdict::NotApplicable(why) => assert!(!SEEN.contains(&check) && why.contains("scripts"), "{report}"),
            _ => panic!("{report}"),
        }
    }
    assert!(report.verdicts().map(|(check, _)| check).eq(Check::ALL.iter().copied()));
    assert_eq!(report.not_applicable().count(), Check::ALL.len() - SEEN.len());
    let local = wecom_core::http::AsLocal(from_fn(|request: Request| ready(answer(&request))));
    block_on(check_exchanges_local(&local, &requests())).assert();
}

#[test]
fn requests_that_show_nothing_are_said_to_show_nothing() {
    let one = [Request::new(&LIST)];
    let report = block_on(check_exchanges(&from_fn(|_| ready(Ok(Response::new(200, "{}")))), &one));
    report.assert();
    let passed = report.verdicts().filter(|(_, verdict)| **verdict == Verdict::Passed).map(|(check, _)| check);
    assert!(passed.eq([Check::UsableAfterDropping]), "{report}");
    let report = block_on(check_exchanges(&from_fn(|_| ready(Ok(Response::new(200, "{}")))), &[]));
    assert_eq!(report.not_applicable().count(), Check::ALL.len(), "{report}");
}

#[test]
fn a_status_taken_for_an_error_is_caught() {
    assert_caught(
        &report_on(|request| {
            let outcome = answer(&request);
            ready(outcome.and_then(|reply| match reply.status() {
                200 => Ok(reply),
                _ => Err(TransportError::new(TransportErrorKind::Other, Delivery::Unknown)),
            }))
        }),
        Check::AnyStatusIsOk,
    );
}

#[test]
fn a_body_or_a_path_that_is_not_looked_at_is_caught() {
    let report = report_on(|request| ready(answer(&request).map(|_| Response::new(200, request.endpoint().name()))));
    assert_caught(&report, Check::BodyArrives);
    let report = report_on(|request| {
        let body = request.body().cloned().unwrap_or_default();
        ready(answer(&request).map(|reply| Response::new(reply.status(), body)))
    });
    // What is answered with nothing but its body is the same for both requests that have none, but for the status.
    report.assert();
    let report = report_on(|request| {
        let body = request.body().cloned().unwrap_or_default();
        ready(answer(&request).map(|_| Response::new(404, body)))
    });
    assert_caught(&report, Check::MethodAndUrlArrive);
}

#[test]
fn replies_that_are_mixed_up_are_caught() {
    let mixing = Mixing::default();
    assert_caught(&block_on(check_exchanges(&mixing, &requests())), Check::RepliesAreNotMixedUp);
}

#[test]
fn a_failure_after_a_dropped_call_is_caught() {
    let spoilt = Spoilt::default();
    assert_caught(&block_on(check_exchanges(&spoilt, &requests())), Check::UsableAfterDropping);
}

#[test]
fn a_token_in_an_error_is_warned_of() {
    let report = report_on(|request| {
        let shown = request.expose_url();
        ready(answer(&request).map_err(|error| error.with_source(format!("no answer from {shown}"))))
    });
    report.assert();
    assert!(report.warnings().eq([Check::ErrorsHoldNoToken]), "{report}");
}

/// Gives to each of several calls under way the reply of the last.
#[derive(Default)]
struct Mixing(Mutex<Option<Response>>);

#[async_trait]
impl Transport for Mixing {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        *self.0.lock().unwrap() = Some(answer(&request)?);
        yield_now().await;
        let last = self.0.lock().unwrap().clone();
        last.ok_or_else(|| TransportError::new(TransportErrorKind::Other, Delivery::Unknown))
    }
}

/// Fails at the next call when one was dropped under way.
#[derive(Default)]
struct Spoilt(AtomicBool);

struct Guard<'a>(&'a Spoilt, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_or(!self.1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Spoilt {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut guard = Guard(self, false);
        yield_now().await;
        guard.1 = true;
        if self.0.swap(false, Ordering::SeqCst) {
            return Err(TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown));
        }
        answer(&request)
    }
}

/// Is over when it is polled for the second time.
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
