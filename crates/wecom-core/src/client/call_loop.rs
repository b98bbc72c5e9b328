//! The one loop: a call from its first attempt to its reply or its error.

use std::future::Future;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Client, Inner, Time};
use crate::client::addressed_transport::explain;
use crate::client::timeout::{Raced, within};
use crate::codec::decode::decode_as;
use crate::endpoint::descriptor::{Endpoint, TokenKind};
use crate::endpoint::validation::InvalidRequest;
use crate::error::deadline::{CallPhase, Deadline, DeadlineError};
use crate::error::{Error, ErrorKind};
use crate::http::request::Request;
use crate::http::transport_error::Delivery;
use crate::observe::observer::{CallEvent, CallOutcome};
use crate::quota::{Admission, Gates, Permit, QuotaError, QuotaLimit};
use crate::retry::verdict;
use crate::secret::AccessToken;
use crate::threading::Threading;
use crate::token::TokenScope;

/// One call under way.
pub(super) struct Run<'a, M: Threading> {
    inner: &'a Inner<M>,
    /// What each request may take.
    time_limit: Option<Duration>,
    endpoint: &'static Endpoint,
    began: Option<Duration>,
    /// The time, as far as it is known; forgotten when the call has waited for something.
    now: Option<Duration>,
    deadline: Option<Deadline>,
    /// How often the request was given to the transport.
    attempts: u32,
    /// How often the call was tried: without a token nothing is sent, and a call that is repeated for its token alone is
    /// one try.
    tries: u32,
    /// What the attempt before ran into.
    earlier: Option<Error>,
    /// Whether an attempt that failed may have been carried out all the same.
    may_have_acted: bool,
    has_ended: bool,
}

/// A token that was refused, and by which words.
struct Refusal {
    token: AccessToken,
    error: Error,
}

impl<'a, M: Threading> Run<'a, M> {
    pub(super) fn begin(client: &'a Client<M>, endpoint: &'static Endpoint) -> Self {
        let inner = &*client.shared;
        let began = inner.time.as_ref().map(Time::now);
        let limit = client.deadline.or(inner.time.as_ref().and_then(|time| time.deadline));
        let deadline = began.zip(limit).map(|(began, limit)| Deadline::new(limit, began));
        // Without a timer there is nothing to keep a deadline with, so it falls to the transport, request by request.
        let time_limit = match began {
            Some(_) => client.time_limit,
            None => client.time_limit.into_iter().chain(limit).min(),
        };
        if let (Some(time), Some(began)) = (&inner.time, began) {
            time.retrying.iter().for_each(|retrying| retrying.begin(began));
        }
        inner.layers.tell(&CallEvent::Began { endpoint });
        Self {
            inner,
            time_limit,
            endpoint,
            began,
            now: began,
            deadline,
            attempts: 0,
            tries: 0,
            earlier: None,
            may_have_acted: false,
            has_ended: false,
        }
    }

    pub(super) async fn finish<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, Error> {
        let outcome = self.repeat(request).await;
        self.end(match &outcome {
            Ok(_) => CallOutcome::Replied,
            Err(error) => CallOutcome::Failed(error),
        });
        outcome
    }

    async fn repeat<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, Error> {
        self.check_token_kind()?;
        let mut request = self.inner.channel.address(request);
        let mut refusal = None;
        let mut may_replace = true;
        loop {
            let error = match self.attempt(&mut request, &mut refusal).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let refused = request.token().filter(|_| may_replace && error.is_token_rejected()).cloned();
            if let Some(token) = refused {
                // It was refused before it did anything.
                self.inner.layers.tell(&CallEvent::ReplacingToken { endpoint: self.endpoint, error: &error });
                may_replace = false;
                refusal = Some(Refusal { token, error });
                continue;
            }
            self.tries += 1;
            let Some(wait) = self.wait_before_repeating(&error) else { return Err(self.with_history(error)) };
            self.note(error, wait);
            if let Some(time) = &self.inner.time {
                M::sleep(&time.timer, wait).await;
                self.now = None;
            }
        }
    }

    /// One attempt: its turn, its token, its reply.
    async fn attempt<T: DeserializeOwned>(
        &mut self,
        request: &mut Request,
        refusal: &mut Option<Refusal>,
    ) -> Result<T, Error> {
        let permit = self.enter().await?;
        if self.endpoint.token_kind() != TokenKind::None {
            let token = match refusal {
                None => self.token().await?,
                Some(Refusal { token, error }) => self.replacement(token).await?.ok_or_else(|| error.clone())?,
            };
            *refusal = None;
            request.set_token(token);
        }
        let outcome = self.exchange(request).await;
        if let (Some(permit), Some(now)) = (&permit, self.now()) {
            permit.report(&outcome, now);
        }
        outcome
    }

    async fn exchange<T: DeserializeOwned>(&mut self, request: &mut Request) -> Result<T, Error> {
        let remaining = self.remaining(CallPhase::AwaitingReply)?;
        self.attempts += 1;
        // The deadline is kept here. Given to the request it would stand in for the transport's own limit, and leave one
        // attempt all the time there is.
        let limit = self.time_limit.map(|limit| remaining.map_or(limit, |remaining| limit.min(remaining)));
        request.set_attempt(self.attempts, limit);
        self.inner.layers.tell(&CallEvent::Sending { endpoint: self.endpoint, attempt: self.attempts });
        let sending = self.inner.channel.begin(request);
        let outcome = self.in_time(remaining, CallPhase::AwaitingReply, sending).await?;
        let response = outcome.map_err(|error| explain(error, request))?;
        decode_as(request, &response)
    }

    /// Waits for the turn that the quota of the endpoint gives.
    async fn enter(&mut self) -> Result<Option<Permit>, Error> {
        let Some((time, gates)) = self.inner.time.as_ref().and_then(|time| Some((time, time.gates.as_ref()?))) else {
            return Ok(None);
        };
        let gate = gates.of(self.endpoint);
        let mut now = self.now().unwrap_or_default();
        let began = now;
        let mut listener = None;
        loop {
            let (limit, known_wait) = match gate.try_enter(now) {
                Admission::Granted(permit) => {
                    let waited = now.saturating_sub(began);
                    if !waited.is_zero() {
                        self.inner.layers.tell(&CallEvent::AwaitedQuota { endpoint: self.endpoint, waited });
                    }
                    return Ok(Some(permit));
                }
                Admission::After(wait, limit) => (limit, Some(wait)),
                Admission::Crowded => (QuotaLimit::Concurrency, None),
            };
            let patience = self.patience(gates, now.saturating_sub(began));
            let may_wait = patience.filter(|&patience| known_wait.is_none_or(|wait| wait <= patience));
            let Some(patience) = may_wait else { return Err(self.over_quota(limit, known_wait)) };
            match (known_wait, listener.take()) {
                (Some(wait), _) => M::sleep(&time.timer, wait).await,
                // Someone may have left before we began to listen: look once more.
                (None, None) => listener = Some(gate.listen()),
                (None, Some(left)) => {
                    if let Raced::TooLate = within::<M, _>(&time.timer, Some(patience), left).await {
                        self.now = None;
                        self.remaining(CallPhase::AwaitingQuota)?;
                        return Err(self.over_quota(limit, None));
                    }
                }
            }
            self.now = None;
            now = self.now().unwrap_or_default();
        }
    }

    /// How much longer the call may wait for its turn; `None` when that is over, or it may not wait at all.
    fn patience(&mut self, gates: &Gates, waited: Duration) -> Option<Duration> {
        let patience = gates.policy().patience()?.saturating_sub(waited);
        let left = self.left().map_or(patience, |left| left.min(patience));
        Some(left).filter(|left| !left.is_zero())
    }

    fn over_quota(&self, limit: QuotaLimit, retry_after: Option<Duration>) -> Error {
        self.error(QuotaError { limit, retry_after })
    }

    async fn token(&mut self) -> Result<AccessToken, Error> {
        if let Some(token) = self.inner.tokens.at_hand(self.now()) {
            return Ok(token);
        }
        let remaining = self.remaining(CallPhase::GettingToken)?;
        // Boxed, or every call would carry the state of a fetch about, and few ever need it.
        let token = Box::pin(self.inner.tokens.token(&self.inner.scope, self.now(), remaining));
        self.in_time(remaining, CallPhase::GettingToken, token).await?.map_err(|error| self.error(error))
    }

    async fn replacement(&mut self, refused: &AccessToken) -> Result<Option<AccessToken>, Error> {
        let remaining = self.remaining(CallPhase::GettingToken)?;
        let token = Box::pin(self.inner.tokens.replace(&self.inner.scope, refused, self.now(), remaining));
        self.in_time(remaining, CallPhase::GettingToken, token).await?.map_err(|error| self.error(error))
    }

    async fn in_time<F: Future>(
        &mut self,
        remaining: Option<Duration>,
        phase: CallPhase,
        future: F,
    ) -> Result<F::Output, Error> {
        let Some(time) = &self.inner.time else { return Ok(future.await) };
        match within::<M, F>(&time.timer, remaining, future).await {
            Raced::AtOnce(output) => Ok(output),
            Raced::InTime(output) => {
                self.now = None;
                Ok(output)
            }
            Raced::TooLate => Err(self.out_of_time(phase)),
        }
    }

    fn now(&mut self) -> Option<Duration> {
        if self.now.is_none() {
            self.now = self.inner.time.as_ref().map(Time::now);
        }
        self.now
    }

    fn left(&mut self) -> Option<Duration> {
        let now = self.now()?;
        self.deadline.map(|deadline| deadline.remaining(now))
    }

    /// What the deadline leaves, if there is one; an error when it leaves nothing.
    fn remaining(&mut self, phase: CallPhase) -> Result<Option<Duration>, Error> {
        match self.left() {
            Some(left) if left.is_zero() => {
                // What has not begun can't have been carried out.
                let phase = if phase == CallPhase::AwaitingReply { CallPhase::GettingToken } else { phase };
                Err(self.out_of_time(phase))
            }
            left => Ok(left),
        }
    }

    fn out_of_time(&self, phase: CallPhase) -> Error {
        let limit = self.deadline.map(|deadline| deadline.limit).unwrap_or_default();
        self.error(DeadlineError { limit, phase, earlier: self.earlier.clone() })
    }

    /// How long to wait before the next attempt, if there is to be one.
    fn wait_before_repeating(&mut self, error: &Error) -> Option<Duration> {
        let retrying = self.inner.time.as_ref()?.retrying.as_ref()?;
        retrying.wait(&verdict(error)?, self.tries, self.now()?, self.left())
    }

    fn note(&mut self, error: Error, wait: Duration) {
        self.inner.layers.tell(&CallEvent::Retrying { endpoint: self.endpoint, error: &error, wait });
        // A refusal by code did nothing; a call without a reply may have.
        let was_refused = matches!(error.kind(), ErrorKind::Api(_));
        self.may_have_acted |= !was_refused && error.delivery() == Delivery::Unknown;
        self.earlier = Some(error);
    }

    fn error(&self, kind: impl Into<ErrorKind>) -> Error {
        self.with_history(Error::new(self.endpoint, self.attempts, kind))
    }

    /// An error that knows of the attempts before the last.
    fn with_history(&self, error: Error) -> Error {
        if self.may_have_acted { error.with_unknown_delivery() } else { error }
    }

    /// The downstream corp's token is not the upstream's: the service would refuse the call with words that say little.
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
            TokenKind::Downstream => "a client of that downstream corp: Client::downstream",
            _ => "the upstream corp's client",
        };
        Err(self.error(InvalidRequest::new("the access token", "is another corp's", wanted)))
    }

    fn end(&mut self, outcome: CallOutcome<'_>) {
        self.has_ended = true;
        let elapsed = self.now().zip(self.began).map(|(now, began)| now.saturating_sub(began));
        let (endpoint, attempts) = (self.endpoint, self.attempts);
        self.inner.layers.tell(&CallEvent::Ended { endpoint, attempts, elapsed, outcome });
    }
}

impl<M: Threading> Drop for Run<'_, M> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.now = None;
            self.end(CallOutcome::Cancelled);
        }
    }
}
