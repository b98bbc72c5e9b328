//! Every broken transport fails the check of the promise that it breaks, with a verdict that names the bug.
//!
//! The transports are one HTTP/1.1 transport with one [`Bug`] each.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "the transport uses sockets and threads in real time")]

mod bug;
mod catalog;
mod transport;

use std::collections::HashSet;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;

use pollster::block_on;
use wecom_conformance::{Check, Report, Suite, Verdict, check, check_local};
use wecom_core::Transport;
use wecom_core::http::AsLocal;

use crate::bug::Bug;
use crate::catalog::{CATALOG, Entry, Outcome};
use crate::transport::Http1;

/// The number of transports that are checked at the same time.
const THREADS: usize = 8;

type Failure = (&'static Entry, String);

/// Applies a function to each entry, on several threads, and returns the failures.
fn failures_of(
    entries: impl Iterator<Item = &'static Entry> + Send,
    test: fn(&Entry) -> Result<(), String>,
) -> Vec<Failure> {
    let (entries, failures) = (Mutex::new(entries), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = entries.lock().unwrap().next();
                    let Some(entry) = next else { return };
                    if let Err(failure) = test(entry) {
                        failures.lock().unwrap().push((entry, failure));
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

fn assert_none(failures: &[Failure]) {
    let texts: String = failures.iter().map(|(entry, failure)| format!("{:?}: {failure}\n", entry.bug)).collect();
    assert!(failures.is_empty(), "\n{texts}");
}

/// Checks that the check of an entry fails or warns because of its bug, with a text that identifies the bug.
fn is_caught(entry: &Entry) -> Result<(), String> {
    let report = block_on(Suite::new().only([entry.check]).check(&Http1::new(Some(entry.bug))));
    let text = match (report.verdict(entry.check), entry.outcome) {
        (Some(Verdict::Failed { expected, actual }), Outcome::Fails) => format!("{expected}; {actual}"),
        (Some(Verdict::Warned(advice)), Outcome::Warns) => advice.clone(),
        _ => return Err(format!("not caught by {:?}\n{report}", entry.check)),
    };
    match entry.named.iter().find(|name| !text.contains(*name)) {
        Some(name) => Err(format!("the verdict does not contain {name:?}: {text}")),
        None => Ok(()),
    }
}

/// Checks that only the check of an entry fails, and the other checks that its bug is known to break.
fn no_other_check_fails(entry: &Entry) -> Result<(), String> {
    if entry.breaks_everything {
        return Ok(());
    }
    let report = block_on(check(&Http1::new(Some(entry.bug))));
    let failed: HashSet<_> = report.failures().collect();
    let is_expected = match entry.outcome {
        Outcome::Fails => failed.contains(&entry.check),
        Outcome::Warns => report.warnings().any(|check| check == entry.check),
    };
    let is_alone = failed.iter().all(|check| *check == entry.check || entry.also.contains(check));
    if is_expected && is_alone { Ok(()) } else { Err(report.to_string()) }
}

fn assert_passed(report: &Report) {
    assert!(report.verdicts().all(|(_, verdict)| *verdict == Verdict::Passed), "{report}");
    assert!(report.verdicts().map(|(check, _)| check).eq(Check::ALL.iter().copied()));
    report.assert();
}

#[test]
fn the_transport_without_a_bug_passes_without_a_warning() {
    assert_passed(&block_on(check(&Http1::new(None))));
}

#[test]
fn a_transport_that_decodes_gzip_passes_without_a_warning() {
    assert_passed(&block_on(check(&Http1::decoding_gzip())));
}

#[test]
fn a_local_transport_and_a_boxed_one_can_be_checked() {
    let boxed: Box<dyn Transport> = Box::new(Http1::new(None));
    let suite = Suite::new().only([Check::MethodAndUrlArrive]);
    block_on(suite.check(&*boxed)).assert();
    block_on(suite.check_local(&AsLocal(boxed))).assert();
    let _ = check_local::<AsLocal<Http1>>;
}

#[test]
fn each_bug_fails_the_check_of_its_catalog_entry() {
    assert_none(&failures_of(CATALOG.iter(), is_caught));
}

#[test]
#[ignore = "runs the whole suite for each bug, which takes some minutes"]
fn each_bug_fails_no_unrelated_check() {
    let failures = failures_of(CATALOG.iter(), no_other_check_fails).into_iter();
    // A transport that sends requests in the background may have reached the server of another one, on a port that was used
    // again. So an entry counts as failed if it also fails by itself.
    let alone = failures.filter_map(|(entry, _)| Some((entry, no_other_check_fails(entry).err()?)));
    assert_none(&alone.collect::<Vec<_>>());
}

#[test]
fn the_catalog_has_a_bug_for_each_check() {
    let bugs: HashSet<_> = CATALOG.iter().map(|entry| entry.bug).collect();
    assert_eq!(bugs.len(), CATALOG.len());
    assert!(CATALOG.len() >= 180, "{}", CATALOG.len());
    let caught: HashSet<_> = CATALOG.iter().map(|entry| entry.check).collect();
    let missing: Vec<_> = Check::ALL.iter().filter(|check| !caught.contains(check)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_suite_runs_the_selected_checks_alone() {
    let report = block_on(Suite::new().only([Check::AnyStatusIsOk, Check::BodyArrives]).check(&Http1::new(None)));
    assert!(report.verdicts().map(|(check, _)| check).eq([Check::AnyStatusIsOk, Check::BodyArrives]), "{report}");
}

#[test]
fn a_violation_that_another_check_observes_fails_that_check_when_it_runs_alone() {
    let retries = Http1::new(Some(Bug::RetriesUnavailable));
    let report = block_on(Suite::new().only([Check::AnyStatusIsOk]).check(&retries));
    let Some(Verdict::Failed { expected, actual }) = report.verdict(Check::AnyStatusIsOk) else { panic!("{report}") };
    assert!(
        expected.starts_with("one request for each call") && actual.starts_with("2 requests for 1 calls"),
        "{report}"
    );
    let report = block_on(Suite::new().only([Check::AnyStatusIsOk, Check::OneCallIsOneRequest]).check(&retries));
    assert!(report.failures().eq([Check::OneCallIsOneRequest]), "{report}");
}

#[test]
fn a_suite_without_a_check_or_with_an_allowance_without_a_reason_is_a_usage_error() {
    let errors_of = |suite: Suite| {
        let report = block_on(suite.check(&Http1::new(None)));
        let errors: Vec<_> = report.usage_errors().map(str::to_owned).collect();
        assert_eq!(catch_unwind(|| report.assert()).is_ok(), errors.is_empty(), "{report}");
        errors
    };
    let one = || Suite::new().only([Check::MethodAndUrlArrive]);
    assert_eq!(errors_of(one()), [""; 0]);
    assert_eq!(errors_of(one().only([])), ["no check is selected: pass at least one to Suite::only"]);
    assert_eq!(
        errors_of(one().allow_failure(Check::MethodAndUrlArrive, " ")),
        ["the allowance of MethodAndUrlArrive has no reason: pass one to Suite::allow_failure"]
    );
}

#[test]
fn an_allowance_of_a_check_that_does_not_run_is_reported() {
    let suite = Suite::new().only([Check::MethodAndUrlArrive]).allow_failure(Check::ResetIsAnError, "see issue 7");
    let report = block_on(suite.check(&Http1::new(None)));
    report.assert();
    assert!(report.unused_allowances().eq([Check::ResetIsAnError]), "{report}");
}

#[test]
fn an_allowed_failure_is_reported_and_an_unnecessary_allowance_is_a_warning() {
    let suite = Suite::new()
        .only([Check::AnyStatusIsOk, Check::ReplyHeadersComeBack])
        .allow_failure(Check::ReplyHeadersComeBack, "the library drops cookies")
        .allow_failure(Check::AnyStatusIsOk, "no reason");
    let report = block_on(suite.check(&Http1::new(Some(Bug::DropsSecondCookie))));
    report.assert();
    assert!(report.allowed_failures().eq([Check::ReplyHeadersComeBack]), "{report}");
    assert!(report.warnings().eq([Check::AnyStatusIsOk]), "{report}");
    assert!(report.to_string().contains("reason:   the library drops cookies"), "{report}");
}
