//! The token that all callers of a client share, with at most one fetch at a time.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;

use super::cache::{Cache, Failed, Fetched, Next, Purpose};
use super::error::TokenError;
use super::fetch::TokenFetch;
use crate::error::Error;
use crate::observe::observer::{CallEvent, TokenFetchReason};
use crate::secret::AccessToken;
use crate::threading::Family;
use crate::timer::cached_clock::Elapsed;

/// The maximum wait for a renewal while the old token is valid.
const MAX_RENEWAL_WAIT: Duration = Duration::from_secs(2);

/// A fetch that was last polled longer ago than this may be able to proceed.
const LONGEST_GAP: Duration = Duration::from_secs(2);

/// The interval at which a caller polls the fetch that it waits for, if nothing wakes it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The token of a client with credentials, or of a downstream client.
///
/// A fetch is stored in the shared state, not in the future of the caller that began it. Any caller that is polled
/// drives it. It continues when a caller is dropped, and all callers share its outcome, errors included.
///
/// With a timer, the first caller within the last five minutes of a token begins its renewal, while the others use the
/// old token. If the renewal fails, the first caller uses the old token too.
pub(crate) struct SharedToken<M: Family> {
    fetch: Arc<TokenFetch<M>>,
    state: Arc<Mutex<State<M>>>,
    boxed: Boxed<M>,
}

/// Boxes the task of a fetch, where the threading family is known.
pub(crate) type Boxed<M> = fn(FetchTask<M>) -> FlightFuture<M>;

pub(crate) type FlightFuture<M> = <M as Family>::Future<'static, Result<AccessToken, TokenError>>;

struct State<M: Family> {
    cache: Cache,
    flight: Option<Flight<M>>,
    /// The number of fetches that have begun.
    begun: u64,
}

/// A fetch under way.
struct Flight<M: Family> {
    number: u64,
    polled_at: Option<Duration>,
    /// The total time for which it was polled. A gap between two polls counts as at most `LONGEST_GAP`.
    polled_for: Duration,
    /// Whether it was not polled for longer than `LONGEST_GAP`, so that it may fail for that reason alone.
    is_starved: bool,
    outcome: Shared<FlightFuture<M>>,
}

/// The next step of a caller.
enum Step<M: Family> {
    Use(AccessToken),
    Fail(TokenError),
    Await(u64, Shared<FlightFuture<M>>),
    Renew { token: AccessToken, outcome: Shared<FlightFuture<M>>, is_first: bool },
}

impl<M: Family> SharedToken<M> {
    /// Creates the state without a token. The seed makes the time of renewals reproducible.
    pub(crate) fn new(fetch: TokenFetch<M>, seed: Option<u64>, boxed: Boxed<M>) -> Self {
        let state = State { cache: Cache::new(seed), flight: None, begun: 0 };
        Self { fetch: Arc::new(fetch), state: Arc::new(Mutex::new(state)), boxed }
    }

    /// The token in use, if it is valid at this moment and not due for renewal.
    pub(crate) fn cached(&self, now: Option<Duration>) -> Option<AccessToken> {
        lock(&self.state).cache.fresh(now)
    }

    /// The token in use, or a new one. `remaining` is what the caller's deadline leaves.
    pub(crate) async fn token(
        &self,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        let is_starved = match self.starved_flight(now).map(FutureExt::now_or_never) {
            Some(Some(Ok(token))) => return Ok(token),
            Some(None) => true,
            Some(Some(Err(_))) | None => false,
        };
        match self.take(self.next_step(now), remaining).await {
            Err(_) if is_starved => self.take(self.next_step(self.fetch.now()), remaining).await,
            outcome => outcome,
        }
    }

    async fn take(&self, step: Step<M>, remaining: Option<Duration>) -> Result<AccessToken, TokenError> {
        match step {
            Step::Use(token) => Ok(token),
            Step::Fail(error) => Err(error),
            Step::Await(number, outcome) => match self.wait_for(number, outcome).await {
                Ok(outcome) => outcome,
                Err(Elapsed) => match self.next_step(self.fetch.now()) {
                    Step::Await(number, outcome) => {
                        self.wait_for(number, outcome).await.unwrap_or_else(|_| Err(self.fetch.took_too_long().into()))
                    }
                    Step::Use(token) | Step::Renew { token, .. } => Ok(token),
                    Step::Fail(error) => Err(error),
                },
            },
            Step::Renew { token, outcome, is_first: false } => Ok(poll_once(outcome).await.unwrap_or(token)),
            Step::Renew { token, outcome, is_first: true } => {
                let max_wait = remaining.map_or(MAX_RENEWAL_WAIT, |remaining| MAX_RENEWAL_WAIT.min(remaining / 4));
                let outcome = self.fetch.clock().timeout(Some(max_wait), outcome).await;
                Ok(outcome.ok().and_then(Result::ok).unwrap_or(token))
            }
        }
    }

    /// Waits for a fetch. One that was polled for longer than any fetch takes is abandoned: it may have begun on an async
    /// runtime that no longer runs, where neither its reply nor its time limit ever wakes it.
    async fn wait_for(
        &self,
        number: u64,
        mut outcome: Shared<FlightFuture<M>>,
    ) -> Result<Result<AccessToken, TokenError>, Elapsed> {
        let mut clock = self.fetch.clock();
        loop {
            if let Ok(outcome) = clock.timeout(Some(POLL_INTERVAL), &mut outcome).await {
                return Ok(outcome);
            }
            let mut state = lock(&self.state);
            let longest = self.fetch.longest().saturating_mul(2);
            match &state.flight {
                Some(flight) if flight.number == number && flight.polled_for <= longest => {}
                Some(flight) if flight.number == number => {
                    state.flight = None;
                    return Err(Elapsed);
                }
                // Another caller has abandoned it, or it has just ended.
                _ => {
                    drop(state);
                    return (&mut outcome).now_or_never().ok_or(Elapsed);
                }
            }
        }
    }

    /// A token other than the refused one; `None` if there is no other.
    pub(crate) async fn replace(
        &self,
        refused: &AccessToken,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<Option<AccessToken>, TokenError> {
        if !lock(&self.state).cache.reject(refused, now) {
            return Ok(None);
        }
        self.token(now, remaining).await.map(Some)
    }

    fn next_step(&self, now: Option<Duration>) -> Step<M> {
        let mut state = lock(&self.state);
        match state.cache.next(now) {
            Next::Use(token) => Step::Use(token),
            Next::Fail(error) if self.fetch.has_store() && state.cache.may_ask_store(now) => {
                let (number, outcome, _) = self.join(&mut state, Purpose::Needed, now, Some(error));
                Step::Await(number, outcome)
            }
            Next::Fail(error) => Step::Fail(error),
            Next::Fetch => {
                let (number, outcome, _) = self.join(&mut state, Purpose::Needed, now, None);
                Step::Await(number, outcome)
            }
            Next::Renew(token) => {
                let (_, outcome, is_first) = self.join(&mut state, Purpose::Renewal, now, None);
                Step::Renew { token, outcome, is_first }
            }
        }
    }

    /// The fetch under way, if it was not polled for a while, now or before.
    fn starved_flight(&self, now: Option<Duration>) -> Option<Shared<FlightFuture<M>>> {
        let state = lock(&self.state);
        let flight = state.flight.as_ref()?;
        let gap = now?.saturating_sub(flight.polled_at?);
        (flight.is_starved || gap > LONGEST_GAP).then(|| flight.outcome.clone())
    }

    /// Returns the fetch under way, or a new one: its number, its outcome, and whether it is new.
    fn join(
        &self,
        state: &mut State<M>,
        purpose: Purpose,
        now: Option<Duration>,
        paused: Option<TokenError>,
    ) -> (u64, Shared<FlightFuture<M>>, bool) {
        if let Some(flight) = &state.flight {
            return (flight.number, flight.outcome.clone(), false);
        }
        state.begun += 1;
        let number = state.begun;
        let task = FetchTask {
            number,
            paused,
            purpose,
            reason: state.cache.reason(purpose),
            began: now,
            unwanted: state.cache.unwanted(purpose),
            fetch: Arc::clone(&self.fetch),
            state: Arc::downgrade(&self.state),
        };
        let outcome = (self.boxed)(task).shared();
        state.flight = Some(Flight {
            number,
            polled_at: now,
            polled_for: Duration::ZERO,
            is_starved: false,
            outcome: outcome.clone(),
        });
        (number, outcome, true)
    }
}

/// The work of one fetch, from its beginning to the change of the shared state.
pub struct FetchTask<M: Family> {
    number: u64,
    /// The error of the last fetch, while the pause after it lasts. During the pause, only the store is asked.
    paused: Option<TokenError>,
    purpose: Purpose,
    reason: TokenFetchReason,
    began: Option<Duration>,
    unwanted: Option<AccessToken>,
    fetch: Arc<TokenFetch<M>>,
    /// Weak, because the state holds this task.
    state: Weak<Mutex<State<M>>>,
}

/// Why a fetch returned no token.
enum Failure {
    Fetch(Error),
    /// The store has no token, and the pause after this error lasts.
    Paused(TokenError),
}

impl<M: Family> fmt::Debug for FetchTask<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchTask").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl<M: Family> FetchTask<M> {
    pub(crate) async fn run(self) -> Result<AccessToken, TokenError> {
        // A panic of the transport, the store or an observer would poison the fetch for all callers that share it.
        let mut fetch = pin!(AssertUnwindSafe(self.fetch()).catch_unwind());
        let outcome = poll_fn(|context| {
            self.note_poll();
            fetch.as_mut().poll(context)
        })
        .await;
        let (outcome, lease) = match outcome {
            Ok((outcome, lease)) => (Ok(outcome), lease),
            Err(panic) => (Err(panic), None),
        };
        let outcome = self.finish(outcome);
        // A lease that is not released expires.
        drop(AssertUnwindSafe(self.fetch.end_lease(lease)).catch_unwind().await);
        outcome
    }

    fn finish(
        &self,
        outcome: Result<Result<Fetched, Failure>, Box<dyn Any + Send>>,
    ) -> Result<AccessToken, TokenError> {
        let now = self.fetch.now();
        match self.state.upgrade() {
            Some(state) => lock(&state).finish(self, outcome, now),
            None => outcome.map_err(panicked)?.map(|fetched| fetched.token).map_err(|failure| match failure {
                Failure::Fetch(error) => error.into(),
                Failure::Paused(error) => error,
            }),
        }
    }
}

impl<M: Family> FetchTask<M> {
    /// Fetches a token. Also returns the lease to release.
    async fn fetch(&self) -> (Result<Fetched, Failure>, Option<u64>) {
        if let Some(error) = &self.paused {
            let stored = self.fetch.stored(self.unwanted.as_ref()).await;
            return (stored.ok_or_else(|| Failure::Paused(error.clone())), None);
        }
        let (endpoint, reason) = (self.fetch.endpoint(), self.reason);
        self.fetch.notify(&CallEvent::FetchingToken { endpoint, reason });
        let (outcome, lease) = self.fetch.run(self.unwanted.as_ref(), self.purpose).await;
        let elapsed = self.fetch.now().zip(self.began).map(|(now, began)| now.saturating_sub(began));
        self.fetch.notify(&CallEvent::FetchedToken { endpoint, reason, elapsed, error: outcome.as_ref().err() });
        (outcome.map_err(Failure::Fetch), lease)
    }

    fn note_poll(&self) {
        let Some(state) = self.state.upgrade() else { return };
        let polled_at = self.fetch.now();
        if let Some(flight) = lock(&state).flight.as_mut().filter(|flight| flight.number == self.number) {
            let gap =
                polled_at.zip(flight.polled_at).map(|(now, before)| now.saturating_sub(before)).unwrap_or_default();
            flight.polled_for = flight.polled_for.saturating_add(gap.min(LONGEST_GAP));
            flight.is_starved |= gap > LONGEST_GAP;
            flight.polled_at = polled_at;
        }
    }
}

impl<M: Family> State<M> {
    fn finish(
        &mut self,
        task: &FetchTask<M>,
        outcome: Result<Result<Fetched, Failure>, Box<dyn Any + Send>>,
        now: Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        // An abandoned fetch leaves the one that replaced it alone.
        self.flight.take_if(|flight| flight.number == task.number);
        match outcome {
            Ok(Ok(fetched)) => Ok(self.cache.keep(fetched)),
            Ok(Err(Failure::Paused(error))) => Err(error),
            Ok(Err(Failure::Fetch(error))) => {
                let failed = Failed {
                    purpose: task.purpose,
                    with_credentials: task.fetch.has_credentials(),
                    began: task.began,
                    longest: task.fetch.longest(),
                };
                Err(self.cache.fail(error, failed, now))
            }
            Err(panic) => Err(panicked(panic)),
        }
    }
}

fn panicked(_: Box<dyn Any + Send>) -> TokenError {
    TokenError::new(
        "the transport, the timer, the token store or an observer panicked while a token was fetched; the panic's message, \
         on standard error by default, names the cause",
    )
}

/// Polls the future once. Returns its output if it is ready and `Ok`.
async fn poll_once<T, E>(mut outcome: impl Future<Output = Result<T, E>> + Unpin) -> Option<T> {
    poll_fn(|context| match Pin::new(&mut outcome).poll(context) {
        Poll::Ready(outcome) => Poll::Ready(outcome.ok()),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn lock<M: Family>(state: &Mutex<State<M>>) -> MutexGuard<'_, State<M>> {
    // No code that holds this lock panics between two related changes.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
