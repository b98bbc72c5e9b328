//! The one loop of a call, from its first attempt to its reply or its error.

use std::future::Future;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::overrides::{Overrides, RetryOverride};
use super::threading::Threading;
use super::{Client, Inner};
use crate::codec::decode::decode_as;
use crate::endpoint::descriptor::{Endpoint, TokenKind};
use crate::endpoint::validation::InvalidRequest;
use crate::error::deadline::{CallPhase, Deadline, DeadlineError};
use crate::error::{Error, ErrorKind};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::Delivery;
use crate::observe::observer::{CallEvent, CallOutcome};
use crate::quota::limiter::{Permit, PermitOutcome};
use crate::quota::store::QuotaRefusal;
use crate::quota::turn::Turn;
use crate::retry::{Retrying, classify};
use crate::secret::AccessToken;
use crate::timer::cached_clock::CachedClock;
use crate::token::error::TokenError;
use crate::token::scope::TokenScope;

/// The assumed maximum duration of a request that has no time limit other than the transport's own.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// One call under way.
pub(super) struct CallLoop<'a, M: Threading> {
    inner: &'a Inner<M>,
    overrides: &'a Overrides,
    retrying: Option<&'a Retrying>,
    endpoint: &'static Endpoint,
    clock: CachedClock<'a, M>,
    began: Option<Duration>,
    deadline: Option<Deadline>,
    /// The number of times the request was passed to the transport.
    attempts: u32,
    /// The number of attempts that count towards the retry policy: also those that failed without a token, but not the
    /// repetition after a token was replaced.
    tries: u32,
    /// The error of the previous attempt.
    earlier: Option<Error>,
    /// Whether a failed attempt may have been carried out.
    may_have_acted: bool,
    has_ended: bool,
}

/// A token that WeCom refused, and its refusal.
struct Refusal {
    token: AccessToken,
    error: Error,
}

impl<'a, M: Threading> CallLoop<'a, M> {
    pub(super) fn begin(client: &'a Client<M>, endpoint: &'static Endpoint) -> Self {
        let inner = &*client.shared;
        let mut clock = CachedClock::new(inner.time.as_ref().map(|time| &time.clock));
        let began = clock.now();
        let limit = client.overrides.deadline.or(inner.time.as_ref().and_then(|time| time.deadline));
        let deadline = began.zip(limit).map(|(began, limit)| Deadline::new(limit, began));
        let retrying = match &client.overrides.retry {
            RetryOverride::None => inner.time.as_ref().and_then(|time| time.retrying.as_ref()),
            RetryOverride::Off => None,
            RetryOverride::Policy(retrying) => Some(&**retrying),
        };
        if let (Some(retrying), Some(began)) = (retrying, began) {
            retrying.begin(began);
        }
        inner.observers.notify(&CallEvent::Began { endpoint });
        Self {
            inner,
            overrides: &client.overrides,
            retrying,
            endpoint,
            clock,
            began,
            deadline,
            attempts: 0,
            tries: 0,
            earlier: None,
            may_have_acted: false,
            has_ended: false,
        }
    }

    pub(super) async fn finish<T: DeserializeOwned>(&mut self, request: &mut Request) -> Result<(T, Response), Error> {
        let outcome = self.repeat(request).await;
        self.end(match &outcome {
            Ok(_) => CallOutcome::Replied,
            Err(error) => CallOutcome::Failed(error),
        });
        outcome
    }

    async fn repeat<T: DeserializeOwned>(&mut self, request: &mut Request) -> Result<(T, Response), Error> {
        self.check_timer()?;
        self.check_token_kind()?;
        self.inner.transport.address(request);
        let mut refusal = None;
        let mut may_replace = true;
        loop {
            let error = match self.attempt(request, &mut refusal).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let refused = request.token().filter(|_| may_replace && error.is_token_rejected()).cloned();
            if let Some(token) = refused {
                // The call was refused before it did anything.
                self.inner.observers.notify(&CallEvent::ReplacingToken { endpoint: self.endpoint, error: &error });
                may_replace = false;
                refusal = Some(Refusal { token, error });
                continue;
            }
            self.tries += 1;
            let Some(wait) = self.wait_before_repeating(&error) else { return Err(self.with_history(error)) };
            self.record_failure(error, wait);
            self.clock.sleep(wait).await;
        }
    }

    /// One attempt: its token, its permit, its reply.
    async fn attempt<T: DeserializeOwned>(
        &mut self,
        request: &mut Request,
        refusal: &mut Option<Refusal>,
    ) -> Result<(T, Response), Error> {
        let permit = self.prepare(request, refusal).await?;
        let outcome = self.exchange(request).await;
        if let (Some((turn, permit)), Some(now)) = (permit, self.clock.now()) {
            if let Some(refusal) = permit.end(permit_outcome(&outcome), now) {
                self.report(&turn, refusal).await;
            }
        }
        outcome
    }

    /// Reports a refusal to the other processes that share the quota.
    async fn report(&mut self, turn: &Turn<M>, refusal: QuotaRefusal) {
        let left = self.left();
        // Boxed, because few calls need it.
        drop(self.clock.timeout(left, Box::pin(turn.report(refusal))).await);
        self.clock.invalidate();
    }

    /// Gets what an attempt needs: a token, then the permit, because the permit counts from the moment it is given.
    async fn prepare(
        &mut self,
        request: &mut Request,
        refusal: &mut Option<Refusal>,
    ) -> Result<Option<(Turn<M>, Permit)>, Error> {
        self.put_token(request, refusal).await?;
        let limiters = self.inner.time.as_ref().and_then(|time| time.limiters.as_ref());
        let Some((limiters, began)) = limiters.zip(self.clock.now()) else { return Ok(None) };
        let mut turn = limiters.turn(self.endpoint, request.has_ticket(), began);
        loop {
            // A permit counts as a call, so none is taken for a call that can't be sent any more.
            let remaining = self.remaining(CallPhase::AwaitingQuota)?;
            let now = self.clock.now().unwrap_or(began);
            if let Some(permit) = turn.try_acquire(now, self.request_limit(remaining).unwrap_or(LONGEST_REQUEST)) {
                let waited = turn.waited(now);
                if turn.has_waited() && !waited.is_zero() {
                    self.inner.observers.notify(&CallEvent::AwaitedQuota { endpoint: self.endpoint, waited });
                }
                return Ok(Some((turn, permit)));
            }
            let wait = turn.check_wait(now, remaining).map_err(|error| self.error(error))?;
            if turn.begins_to_wait() {
                self.inner.observers.notify(&CallEvent::AwaitingQuota { endpoint: self.endpoint, wait });
            }
            turn.wait(&mut self.clock, remaining).await;
            if self.inner.tokens.is_built_in() {
                // The token may have expired during the wait.
                self.put_token(request, refusal).await?;
            }
        }
    }

    /// The time limit of a request. The deadline alone sets none: passed to the request, it would replace the transport's
    /// own limit, and one attempt could use up all the time.
    fn request_limit(&self, remaining: Option<Duration>) -> Option<Duration> {
        self.overrides.time_limit.map(|limit| remaining.map_or(limit, |remaining| limit.min(remaining)))
    }

    async fn put_token(&mut self, request: &mut Request, refusal: &mut Option<Refusal>) -> Result<(), Error> {
        if self.endpoint.token_kind() == TokenKind::None {
            return Ok(());
        }
        let token = match refusal {
            None => self.token().await?,
            Some(Refusal { token, error }) => self.replacement(token).await?.ok_or_else(|| error.clone())?,
        };
        *refusal = None;
        if token.expose().is_empty() {
            let limit = "a token as gettoken returns it";
            return Err(self.error(InvalidRequest::new("the access token", "is empty", limit)));
        }
        request.set_token(token);
        Ok(())
    }

    async fn token(&mut self) -> Result<AccessToken, Error> {
        if let Some(token) = self.inner.tokens.cached(self.clock.now()) {
            return Ok(token);
        }
        let remaining = self.remaining(CallPhase::GettingToken)?;
        // Boxed: otherwise the future of every call would contain the state of a fetch, which few calls need.
        let token = Box::pin(self.inner.tokens.token(&self.inner.scope, self.clock.now(), remaining));
        self.await_token(remaining, token).await
    }

    async fn replacement(&mut self, refused: &AccessToken) -> Result<Option<AccessToken>, Error> {
        let remaining = self.remaining(CallPhase::GettingToken)?;
        let token = Box::pin(self.inner.tokens.replace(&self.inner.scope, refused, self.clock.now(), remaining));
        self.await_token(remaining, token).await
    }

    async fn await_token<T>(
        &mut self,
        remaining: Option<Duration>,
        token: impl Future<Output = Result<T, TokenError>>,
    ) -> Result<T, Error> {
        match self.clock.timeout(remaining, token).await {
            Ok(outcome) => outcome.map_err(|error| self.error(error)),
            Err(_) => Err(self.deadline_exceeded(CallPhase::GettingToken)),
        }
    }

    async fn exchange<T: DeserializeOwned>(&mut self, request: &mut Request) -> Result<(T, Response), Error> {
        let remaining = self.remaining(CallPhase::GettingToken)?;
        self.attempts += 1;
        request.set_attempt(self.attempts, self.request_limit(remaining));
        self.inner.observers.notify(&CallEvent::Sending { endpoint: self.endpoint, attempt: self.attempts });
        let reply = self.clock.timeout(remaining, self.inner.transport.send(request)).await;
        // A transport may block within one poll.
        self.clock.invalidate();
        let response = reply.unwrap_or_else(|_| Err(self.deadline_exceeded(CallPhase::AwaitingReply)))?;
        decode_as(request, &response).map(|reply| (reply, response))
    }

    fn left(&mut self) -> Option<Duration> {
        let now = self.clock.now()?;
        self.deadline.map(|deadline| deadline.remaining(now))
    }

    /// The time that the deadline leaves; `None` without a deadline, an error if no time is left.
    fn remaining(&mut self, phase: CallPhase) -> Result<Option<Duration>, Error> {
        match self.left() {
            Some(left) if left.is_zero() => Err(self.deadline_exceeded(phase)),
            left => Ok(left),
        }
    }

    fn deadline_exceeded(&self, phase: CallPhase) -> Error {
        let limit = self.deadline.map(|deadline| deadline.limit).unwrap_or_default();
        self.error(DeadlineError { limit, phase, earlier: self.earlier.clone() })
    }

    /// The wait before the next attempt; `None` if the call is not repeated.
    fn wait_before_repeating(&mut self, error: &Error) -> Option<Duration> {
        let safety = self.overrides.safety.unwrap_or(self.endpoint.safety());
        self.retrying?.wait(&classify(error, safety)?, self.tries, self.clock.now()?, self.left())
    }

    fn record_failure(&mut self, error: Error, wait: Duration) {
        self.inner.observers.notify(&CallEvent::Retrying { endpoint: self.endpoint, error: &error, wait });
        self.may_have_acted |= may_have_acted(&error);
        self.earlier = Some(error);
    }

    fn error(&self, kind: impl Into<ErrorKind>) -> Error {
        self.with_history(Error::new(self.endpoint, self.attempts, kind))
    }

    /// Adds to an error whether an earlier attempt may have been carried out.
    fn with_history(&self, error: Error) -> Error {
        if self.may_have_acted { error.with_unknown_delivery() } else { error }
    }

    /// Rejects a call whose client has the token of the wrong corp. WeCom would refuse it too, but not name the cause.
    fn check_token_kind(&self) -> Result<(), Error> {
        let fits = match self.endpoint.token_kind() {
            TokenKind::Upstream => self.inner.scope == TokenScope::Upstream,
            TokenKind::Downstream => self.inner.scope != TokenScope::Upstream,
            _ => true,
        };
        if fits {
            return Ok(());
        }
        let wanted = match self.endpoint.token_kind() {
            TokenKind::Downstream => "that of a downstream corp; call with a client from Client::downstream",
            _ => "that of the upstream corp; call with the upstream corp's client",
        };
        Err(self.error(InvalidRequest::new("the access token", "belongs to another corp", wanted)))
    }

    /// Without a timer, neither a deadline nor a backoff can be kept.
    fn check_timer(&self) -> Result<(), Error> {
        match self.overrides.needs_timer().filter(|_| self.inner.time.is_none()) {
            None => Ok(()),
            Some(setting) => {
                let wanted = "a client with ClientBuilder::timer, or Client::with_time_limit instead of a deadline";
                Err(self.error(InvalidRequest::new(setting, "needs a timer", wanted)))
            }
        }
    }

    fn end(&mut self, outcome: CallOutcome<'_>) {
        self.has_ended = true;
        let elapsed = self.clock.now().zip(self.began).map(|(now, began)| now.saturating_sub(began));
        let (endpoint, attempts) = (self.endpoint, self.attempts);
        self.inner.observers.notify(&CallEvent::Ended { endpoint, attempts, elapsed, outcome });
    }
}

impl<M: Threading> Drop for CallLoop<'_, M> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.clock.invalidate();
            self.end(CallOutcome::Cancelled);
        }
    }
}

fn permit_outcome<T>(outcome: &Result<T, Error>) -> PermitOutcome {
    match outcome.as_ref().map_err(Error::kind) {
        Ok(_) => PermitOutcome::Succeeded,
        Err(ErrorKind::Api(api)) => PermitOutcome::Refused(api.code),
        Err(_) => PermitOutcome::Unknown,
    }
}

/// Whether a failed call may have been carried out. Only some of WeCom's codes rule that out: a busy service may have
/// carried out the call.
fn may_have_acted(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(api) => !api.code.means_not_carried_out(),
        _ => error.delivery() == Delivery::Unknown,
    }
}
