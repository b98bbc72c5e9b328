//! The checks that need only the caller's requests, and no scripted server.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use wecom_core::{AccessToken, Request, Response, TransportError};

use crate::check::Check;
use crate::probe::{CALL_LIMIT, CANARY_TOKEN, CheckResult, Probe, describe, difference};
use crate::report::Verdict;
use crate::wait::join_all;

/// The requests of the caller, and their first replies.
pub(crate) struct Exchanges<'a> {
    probe: &'a Probe<'a>,
    requests: &'a [Request],
    /// A reply for each request, or the verdict on the first request without one.
    replies: Result<Vec<Response>, Verdict>,
}

impl<'a> Exchanges<'a> {
    pub(crate) fn new(probe: &'a Probe<'a>, requests: &'a [Request]) -> Self {
        Self { probe, requests, replies: Ok(Vec::new()) }
    }

    /// Sends each request once. Later replies must equal these.
    pub(crate) async fn send_all(&mut self) {
        let mut replies = Vec::new();
        for request in self.requests {
            let outcome = self.send(request.clone()).await;
            let reply = outcome.and_then(|outcome| {
                let expected = format!("Ok with any status, for {}", request.endpoint().name());
                outcome.map_err(|error| Verdict::failed(expected, describe(&Err(error))))
            });
            match reply {
                Ok(reply) => replies.push(reply),
                Err(verdict) => {
                    self.replies = Err(verdict);
                    return;
                }
            }
        }
        self.replies = Ok(replies);
    }

    pub(crate) async fn run(&self, check: Check) -> CheckResult {
        match check {
            Check::AnyStatusIsOk => self.any_status(),
            Check::MethodAndUrlArrive => {
                self.replies_differ("in their method, path or query", |one, other| !same_url(one, other))
            }
            Check::BodyArrives => self.replies_differ("only in their body", same_url),
            Check::UsableAfterDropping => self.usable_after_dropping().await,
            Check::RepliesAreNotMixedUp => self.not_mixed_up().await,
            Check::ErrorsHoldNoToken => self.no_token().await,
            _ => Err(not_applicable(
                "it needs a server that the suite scripts, and the caller's requests use another one",
            )),
        }
    }

    fn any_status(&self) -> CheckResult {
        if self.replies.clone()?.iter().all(|reply| reply.status() == 200) {
            return Err(not_applicable("no reply has a status other than 200"));
        }
        Ok(())
    }

    /// Checks that requests that differ have replies that differ.
    fn replies_differ(&self, how: &str, differ: impl Fn(&Request, &Request) -> bool) -> CheckResult {
        let exchanges: Vec<_> = self.requests.iter().zip(self.replies()?).collect();
        let mut pairs = 0;
        for (at, (one, reply)) in exchanges.iter().enumerate() {
            for (other, other_reply) in exchanges.iter().skip(at + 1).filter(|(other, _)| differ(one, other)) {
                pairs += 1;
                if same_reply(reply, other_reply) {
                    let (one, other) = (one.endpoint().name(), other.endpoint().name());
                    return Err(Verdict::failed(
                        format!("different replies to {one} and {other}, which differ {how}"),
                        format!("the same reply twice, {}", describe(&Ok((*reply).clone()))),
                    ));
                }
            }
        }
        if pairs == 0 {
            return Err(not_applicable(&format!("no two requests with a reply differ {how}")));
        }
        Ok(())
    }

    async fn usable_after_dropping(&self) -> CheckResult {
        let replies = self.replies()?;
        for request in self.requests {
            // Polls the call once and drops it.
            let mut call = pin!(self.probe.send(request.clone()));
            poll_fn(|context| {
                let _ = call.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        for (request, first) in self.requests.iter().zip(replies) {
            same_again(request, first, self.send(request.clone()).await?, "after dropped calls")?;
        }
        Ok(())
    }

    async fn not_mixed_up(&self) -> CheckResult {
        let replies = self.replies()?;
        if self.requests.len() < 2 {
            return Err(not_applicable("concurrent calls need two requests"));
        }
        for _ in 0..2 {
            let calls = join_all(self.requests.iter().map(|request| self.send(request.clone()))).await;
            for ((request, first), outcome) in self.requests.iter().zip(replies).zip(calls) {
                same_again(request, first, outcome?, "in concurrent calls")?;
            }
        }
        Ok(())
    }

    /// Sends each request with an invalid token, to cause errors.
    async fn no_token(&self) -> CheckResult {
        let mut has_failed = false;
        for request in self.requests {
            let request = request.clone().with_token(AccessToken::new(CANARY_TOKEN));
            has_failed |= self.send(request).await?.is_err();
        }
        if has_failed { Ok(()) } else { Err(not_applicable("no call ended in an error")) }
    }

    async fn send(&self, request: Request) -> Result<Result<Response, TransportError>, Verdict> {
        let expected = format!("an outcome of {} within {} s", request.endpoint().name(), CALL_LIMIT.as_secs());
        self.probe.send(request).await.ok_or_else(|| Verdict::failed(expected, "the call is still pending"))
    }

    /// Returns the first replies, if all requests have one.
    fn replies(&self) -> Result<&[Response], Verdict> {
        match &self.replies {
            Ok(replies) if !replies.is_empty() => Ok(replies),
            _ => Err(not_applicable("there is no first reply to compare with")),
        }
    }
}

/// Checks that a request has received its first reply again.
fn same_again(
    request: &Request,
    first: &Response,
    outcome: Result<Response, TransportError>,
    when: &str,
) -> CheckResult {
    if outcome.as_ref().is_ok_and(|reply| same_reply(reply, first)) {
        return Ok(());
    }
    let name = request.endpoint().name();
    let expected = format!("the first reply to {name} again, {when}: {}", describe(&Ok(first.clone())));
    let actual = match &outcome {
        Ok(reply) if reply.status() == first.status() => difference(first.body(), reply.body()),
        other => describe(other),
    };
    Err(Verdict::failed(expected, actual))
}

fn not_applicable(reason: &str) -> Verdict {
    Verdict::NotApplicable(reason.to_owned())
}

fn same_url(one: &Request, other: &Request) -> bool {
    one.method() == other.method() && one.expose_url() == other.expose_url()
}

fn same_reply(one: &Response, other: &Response) -> bool {
    one.status() == other.status() && one.body() == other.body()
}
