//! The promises that can be checked on exchanges of the caller's own, without a server that the suite scripts.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use wecom_core::{AccessToken, Request, Response, TransportError};

use super::probe::{CANARY_TOKEN, CheckResult, Probe, describe};
use super::report::{Check, Verdict};
use super::requests::difference;
use super::wait::join_all;

/// The caller's requests, and what they brought at first.
pub(crate) struct Exchanges<'a> {
    probe: &'a Probe<'a>,
    requests: &'a [Request],
    /// As many as there are requests, or none when one of them failed.
    replies: Vec<Response>,
}

impl<'a> Exchanges<'a> {
    pub(crate) fn new(probe: &'a Probe<'a>, requests: &'a [Request]) -> Self {
        Self { probe, requests, replies: Vec::new() }
    }

    pub(crate) async fn run(&mut self, check: Check) -> CheckResult {
        match check {
            Check::AnyStatusIsOk => self.any_status().await,
            Check::MethodAndUrlArrive => {
                self.told_apart("in their method, path or query", |one, other| !same_url(one, other))
            }
            Check::BodyArrives => self.told_apart("in their body alone", same_url),
            Check::UsableAfterDropping => self.usable_after_dropping().await,
            Check::RepliesAreNotMixedUp => self.not_mixed_up().await,
            Check::ErrorsHoldNoToken => self.no_token().await,
            _ => Err(not_applicable("it takes a server that the suite scripts, and these requests go elsewhere")),
        }
    }

    /// Has every request answered once: what comes now has to come again.
    async fn any_status(&mut self) -> CheckResult {
        let mut replies = Vec::new();
        for request in self.requests {
            let expected = format!("Ok with any status, for {}", request.endpoint().name());
            replies.push(self.probe.reply(request.clone(), &expected).await?);
        }
        self.replies = replies;
        if self.replies.iter().all(|reply| reply.status() == 200) {
            return Err(not_applicable("no request was answered with another status than 200"));
        }
        Ok(())
    }

    /// Whether requests that differ so have replies that differ.
    fn told_apart(&self, how: &str, differ: impl Fn(&Request, &Request) -> bool) -> CheckResult {
        let answered: Vec<_> = self.requests.iter().zip(&self.replies).collect();
        let mut pairs = 0;
        for (at, (one, reply)) in answered.iter().enumerate() {
            for (other, other_reply) in answered.iter().skip(at + 1).filter(|(other, _)| differ(one, other)) {
                pairs += 1;
                if same_reply(reply, other_reply) {
                    let (one, other) = (one.endpoint().name(), other.endpoint().name());
                    return Err(Verdict::failed(
                        format!("two replies, to {one} and to {other}, which differ {how}"),
                        format!("the same one twice, {}", describe(&Ok((*reply).clone()))),
                    ));
                }
            }
        }
        if pairs == 0 {
            Err(not_applicable(&format!("no two requests that were answered differ {how}")))
        } else {
            Ok(())
        }
    }

    async fn usable_after_dropping(&self) -> CheckResult {
        self.needs_replies()?;
        for request in self.requests {
            // Whatever is under way after one poll is dropped; what was answered by then has nothing to leave behind.
            let mut call = pin!(self.probe.send(request.clone()));
            poll_fn(|context| {
                let _ = call.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        for (request, first) in self.requests.iter().zip(&self.replies) {
            same_again(request, first, self.probe.send(request.clone()).await?, "after futures were dropped")?;
        }
        Ok(())
    }

    async fn not_mixed_up(&self) -> CheckResult {
        self.needs_replies()?;
        if self.requests.len() < 2 {
            return Err(not_applicable("there are no two requests to be made at the same time"));
        }
        for _ in 0..2 {
            let calls = join_all(self.requests.iter().map(|request| self.probe.send(request.clone()))).await;
            for ((request, first), actual) in self.requests.iter().zip(&self.replies).zip(calls) {
                same_again(request, first, actual?, "of calls at the same time")?;
            }
        }
        Ok(())
    }

    /// Makes all calls with a token that nobody gave, so that those fail that can.
    async fn no_token(&self) -> CheckResult {
        let mut failed = false;
        for request in self.requests {
            let request = request.clone().with_token(AccessToken::new(CANARY_TOKEN));
            failed |= self.probe.send(request).await?.is_err();
        }
        match self.probe.leak() {
            Some(verdict) => Err(verdict),
            None if failed => Ok(()),
            None => Err(not_applicable("no call ended in an error")),
        }
    }

    fn needs_replies(&self) -> CheckResult {
        if self.replies.is_empty() { Err(not_applicable("there is no reply to compare with")) } else { Ok(()) }
    }
}

/// Whether a request has brought what it brought at first.
fn same_again(
    request: &Request,
    first: &Response,
    actual: Result<Response, TransportError>,
    when: &str,
) -> CheckResult {
    if actual.as_ref().is_ok_and(|actual| same_reply(actual, first)) {
        return Ok(());
    }
    let name = request.endpoint().name();
    let expected = format!("the first reply to {name} again, {when}: {}", describe(&Ok(first.clone())));
    let actual = match &actual {
        Ok(reply) if reply.status() == first.status() => difference(first.body(), reply.body()),
        other => describe(other),
    };
    Err(Verdict::failed(expected, actual))
}

fn not_applicable(why: &str) -> Verdict {
    Verdict::NotApplicable(why.to_owned())
}

fn same_url(one: &Request, other: &Request) -> bool {
    one.method() == other.method() && one.expose_url() == other.expose_url()
}

fn same_reply(one: &Response, other: &Response) -> bool {
    one.status() == other.status() && one.body() == other.body()
}
