//! Runs the checks.

use std::fmt;
use std::sync::Arc;

use wecom_core::http::AsLocal;
use wecom_core::{LocalTransport, Request, Transport};

use crate::check::Check;
#[cfg(not(target_family = "wasm"))]
use crate::checks;
use crate::exchanges::Exchanges;
use crate::panics::catch_panic;
use crate::probe::{CheckResult, Probe};
use crate::report::{Report, Verdict};

/// Runs every [`Check`] against a transport, one check after the other.
///
/// The suite starts servers on 127.0.0.1. The transport must accept `http://` URLs and must not use a proxy for them. See
/// [`Suite`] to run single checks or to allow a known failure, and [`check_exchanges`] for a transport without sockets.
///
/// A panic in the transport fails the check that was running. A transport that blocks its thread forever makes the suite
/// hang; [`Suite::on_check`] shows in which check.
///
/// The future is not `Send`. Await it in the test itself, or in a `block_on`.
#[cfg(not(target_family = "wasm"))]
pub async fn check<T: Transport + ?Sized>(transport: &T) -> Report {
    Suite::new().check(transport).await
}

/// Runs every [`Check`] against a transport that stays on one thread. See [`check`].
#[cfg(not(target_family = "wasm"))]
pub async fn check_local<T: LocalTransport + ?Sized>(transport: &T) -> Report {
    Suite::new().check_local(transport).await
}

/// Runs the checks that need no scripted server, with the caller's requests.
///
/// It is for transports that reply from memory, such as a simulator or a cassette, and for those with a single service.
/// The suite itself opens no socket.
///
/// Each request must be repeatable, and its replies must be equal to each other and different from those to the other
/// requests. The suite sends the requests one by one, concurrently, after dropped calls, and with an invalid token. Two
/// requests that differ only in their body show that bodies arrive. A request whose reply has a status other than 200 shows
/// that any status is `Ok`. A check that needs other requests is [`NotApplicable`](Verdict::NotApplicable), with the reason.
///
/// Without a request, no check is applicable, which is a [usage error](Report::usage_errors).
///
/// The order of the calls is fixed, so that a recording of them can be replayed.
///
/// ```
/// use wecom_conformance::{Check, check_exchanges};
/// use wecom_core::{Endpoint, Request, Response, from_fn};
///
/// const CHAINS: Endpoint =
///     Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
/// const UNKNOWN: Endpoint = Endpoint::get("unknown", "corpgroup/unknown");
///
/// let memory = from_fn(|request: Request| async move {
///     Ok(match request.endpoint().name() {
///         "get_chain_list" => Response::new(200, r#"{"errcode":0,"chains":[]}"#),
///         _ => Response::new(404, ""),
///     })
/// });
/// let requests = [&CHAINS, &UNKNOWN].map(Request::new);
/// # pollster::block_on(async {
/// let report = check_exchanges(&memory, &requests).await;
/// report.assert();
/// assert!(report.not_applicable().any(|check| check == Check::ReplyIsBounded));
/// # });
/// ```
///
/// The future is not `Send`.
pub async fn check_exchanges<T: Transport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    Suite::new().check_exchanges(transport, requests).await
}

/// Runs [`check_exchanges`] for a transport that stays on one thread.
pub async fn check_exchanges_local<T: LocalTransport + ?Sized>(transport: &T, requests: &[Request]) -> Report {
    Suite::new().check_exchanges_local(transport, requests).await
}

/// A selection of checks, and the failures that are allowed.
///
/// ```no_run
/// use wecom_conformance::{Check, Suite};
/// # use wecom_core::{Request, Response, Transport, TransportError, async_trait};
/// # struct OurTransport;
/// # #[async_trait]
/// # impl Transport for OurTransport {
/// #     async fn send(&self, _: Request) -> Result<Response, TransportError> { unimplemented!() }
/// # }
/// # pollster::block_on(async {
/// // While working on a promise, run its check alone.
/// Suite::new().only([Check::TimeLimitIsKept]).check(&OurTransport).await.assert();
///
/// // Allow a known failure, with the reason. All other checks must pass.
/// let suite = Suite::new()
///     .allow_failure(Check::ReplyHeadersComeBack, "our proxy joins repeated headers");
/// suite.check(&OurTransport).await.assert();
///
/// // A transport that blocks its thread forever makes the suite hang.
/// // Print each check before it runs.
/// Suite::new().on_check(|check| eprintln!("{check:?}")).check(&OurTransport).await.assert();
/// # });
/// ```
#[derive(Clone, Default)]
pub struct Suite {
    /// The selected checks, or `None` for all.
    only: Option<Vec<Check>>,
    allowances: Vec<(Check, String)>,
    on_check: Option<Arc<dyn Fn(Check) + Send + Sync>>,
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { only, allowances, on_check: _ } = self;
        f.debug_struct("Suite").field("only", only).field("allowances", allowances).finish_non_exhaustive()
    }
}

impl Suite {
    /// Creates a suite of all checks that allows no failure.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects the checks to run. By default all checks run. An empty selection is a [usage error](Report::usage_errors).
    #[must_use]
    pub fn only(self, checks: impl IntoIterator<Item = Check>) -> Self {
        Self { only: Some(checks.into_iter().collect()), ..self }
    }

    /// Allows a check to fail. The report lists the failure with the reason, and warns if the check does not fail.
    ///
    /// An empty reason is a [usage error](Report::usage_errors). An allowance of a check that does not run is
    /// [listed](Report::unused_allowances).
    #[must_use]
    pub fn allow_failure(mut self, check: Check, reason: impl Into<String>) -> Self {
        self.allowances.push((check, reason.into()));
        self
    }

    /// Sets a function that is called before each check. If the suite hangs, the last call names the check.
    #[must_use]
    pub fn on_check(self, notify: impl Fn(Check) + Send + Sync + 'static) -> Self {
        Self { on_check: Some(Arc::new(notify)), ..self }
    }

    /// Runs the selected checks. See [`check`].
    #[cfg(not(target_family = "wasm"))]
    pub async fn check<T: Transport + ?Sized>(&self, transport: &T) -> Report {
        self.check_local(&AsLocal(transport)).await
    }

    /// Runs the selected checks against a transport that stays on one thread. See [`check`].
    #[cfg(not(target_family = "wasm"))]
    pub async fn check_local<T: LocalTransport + ?Sized>(&self, transport: &T) -> Report {
        let probe = Probe::new(&transport);
        self.run(&probe, async |check| checks::run(check, &probe).await).await
    }

    /// Runs the selected checks with the caller's requests. See [`check_exchanges`].
    pub async fn check_exchanges<T: Transport + ?Sized>(&self, transport: &T, requests: &[Request]) -> Report {
        self.check_exchanges_local(&AsLocal(transport), requests).await
    }

    /// Runs the selected checks with the caller's requests, against a transport that stays on one thread. See
    /// [`check_exchanges`].
    pub async fn check_exchanges_local<T: LocalTransport + ?Sized>(
        &self,
        transport: &T,
        requests: &[Request],
    ) -> Report {
        let probe = Probe::new(&transport);
        let mut exchanges = Exchanges::new(&probe, requests);
        exchanges.send_all().await;
        let report = self.run(&probe, async |check| exchanges.run(check).await).await;
        match requests {
            [] => report.with_usage_error("check_exchanges needs a request: without one, no check is applicable"),
            _ => report,
        }
    }

    async fn run(&self, probe: &Probe<'_>, mut run: impl AsyncFnMut(Check) -> CheckResult) -> Report {
        let mut findings = Vec::new();
        for check in self.selected() {
            if let Some(notify) = &self.on_check {
                notify(check);
            }
            let result = catch_panic(run(check)).await.unwrap_or_else(|message| {
                Err(Verdict::failed("a reply or an error", format!("a panic with the message: {message}")))
            });
            findings.extend(result.err().map(|verdict| (check, verdict)));
            let observed = probe.take_observed();
            findings.extend(observed.into_iter().filter_map(|found| self.attribute(check, found)));
        }
        self.report(self.selected().map(|check| (check, self.verdict(check, &findings))).collect())
    }

    /// Returns the report of a run, with the errors in the use of this suite.
    fn report(&self, verdicts: Vec<(Check, Verdict)>) -> Report {
        let mut report = Report::new(verdicts);
        if self.selected().next().is_none() {
            report = report.with_usage_error("no check is selected: pass at least one to Suite::only");
        }
        for (check, reason) in &self.allowances {
            if reason.trim().is_empty() {
                let error = format!("the allowance of {check:?} has no reason: pass one to Suite::allow_failure");
                report = report.with_usage_error(error);
            }
            if matches!(report.verdict(*check), None | Some(Verdict::NotApplicable(_))) {
                report = report.with_unused_allowance(*check, reason);
            }
        }
        report
    }

    fn selected(&self) -> impl Iterator<Item = Check> {
        Check::ALL.iter().copied().filter(|&check| self.is_selected(check))
    }

    fn is_selected(&self, check: Check) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&check))
    }

    /// Attributes a violation to the check of its promise or, if that is not selected, to the check that observed it.
    fn attribute(&self, observer: Check, (check, verdict): (Check, Verdict)) -> Option<(Check, Verdict)> {
        match verdict {
            verdict if self.is_selected(check) => Some((check, verdict)),
            Verdict::Failed { .. } => Some((observer, verdict)),
            _ => None,
        }
    }

    /// Returns the most severe finding for a check.
    fn verdict(&self, check: Check, findings: &[(Check, Verdict)]) -> Verdict {
        let of_check = || findings.iter().filter(|(other, _)| *other == check).map(|(_, verdict)| verdict);
        let verdict = of_check().min_by_key(|verdict| rank(verdict)).cloned().unwrap_or(Verdict::Passed);
        match self.allowances.iter().find(|(allowed, _)| *allowed == check) {
            Some((_, reason)) => verdict.allowed(reason),
            None => verdict,
        }
    }
}

/// Returns the rank of a verdict, the most severe first.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Failed { .. } => 0,
        Verdict::Warned(_) => 1,
        _ => 2,
    }
}
