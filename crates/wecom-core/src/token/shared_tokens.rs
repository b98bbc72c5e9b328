//! Tokens got by the app's credentials: one fetch at a time however many callers wait, kept while they are valid,
//! dropped when they are refused.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_listener::Event;

use super::{Credentials, GetToken, GetTokenReply, TokenError};
use crate::call::encode;
use crate::channel::Channel;
use crate::decode::decode;
use crate::error::Error;
use crate::secret::AccessToken;
use crate::threading::Threading;

/// The built-in provider of tokens.
///
/// The first caller that finds no token fetches one; the others wait for that fetch and share what it brings, error
/// included. When the one who fetches is dropped, one of the waiting takes over. A refusal of the credentials is
/// remembered and never asked for again: repeating it gets the caller's IP banned.
pub(crate) struct CredentialTokens<M: Threading> {
    channel: Channel<M>,
    credentials: Credentials,
    clock: Option<M::Timer>,
    state: Mutex<State>,
    changed: Event,
}

#[derive(Default)]
struct State {
    current: Option<Kept>,
    /// How many tokens have been had: the generation of the last.
    generation: u64,
    fetching: bool,
    /// How many fetches have come to an end.
    ended: u64,
    /// What the last fetch that ended ran into, if it failed.
    failure: Option<TokenError>,
    /// Set when the credentials were refused, for good.
    refused: Option<TokenError>,
}

struct Kept {
    token: AccessToken,
    /// On the clock, when there is one and the service said how long.
    expires: Option<Duration>,
}

impl<M: Threading> CredentialTokens<M> {
    pub(crate) fn new(channel: Channel<M>, credentials: Credentials, clock: Option<M::Timer>) -> Self {
        Self { channel, credentials, clock, state: Mutex::default(), changed: Event::new() }
    }

    /// The token in use, or a new one.
    pub(crate) async fn token(&self) -> Result<AccessToken, TokenError> {
        let mut waited_for = None;
        loop {
            let listener = {
                let mut state = self.lock();
                if let Some(token) = state.valid(self.now()) {
                    return Ok(token);
                }
                if let Some(refused) = &state.refused {
                    return Err(refused.clone());
                }
                if let Some(outcome) = waited_for.and_then(|fetch| state.outcome_since(fetch)) {
                    return outcome;
                }
                if !state.fetching {
                    state.fetching = true;
                    break;
                }
                waited_for.get_or_insert(state.ended);
                self.changed.listen()
            };
            listener.await;
        }
        self.fetch().await
    }

    /// A token other than the one refused.
    pub(crate) async fn replace(&self, refused: &AccessToken) -> Result<AccessToken, TokenError> {
        self.lock().drop_if_current(refused);
        self.token().await
    }

    async fn fetch(&self) -> Result<AccessToken, TokenError> {
        let turn = Turn { tokens: self };
        let asked = self.now();
        let outcome = self.ask().await;
        let mut state = self.lock();
        state.ended += 1;
        let outcome = match outcome {
            Ok(reply) => Ok(state.keep(reply, asked)),
            Err(error) => Err(state.fail(error)),
        };
        drop(state);
        drop(turn);
        self.changed.notify(usize::MAX);
        outcome
    }

    async fn ask(&self) -> Result<GetTokenReply, Error> {
        let request = self.channel.address(encode(&GetToken::new(self.credentials.clone()))?);
        let response = self.channel.send(&request).await?;
        decode::<GetToken>(&request, &response)
    }

    fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(M::now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn valid(&self, now: Option<Duration>) -> Option<AccessToken> {
        let kept = self.current.as_ref()?;
        let expired = matches!((kept.expires, now), (Some(expires), Some(now)) if now >= expires);
        (!expired).then(|| kept.token.clone())
    }

    /// What a fetch brought that ended after `fetch` others had: a token is taken even if it has expired meanwhile, or
    /// each of those who wait would fetch one more in turn.
    fn outcome_since(&self, fetch: u64) -> Option<Result<AccessToken, TokenError>> {
        if self.ended <= fetch {
            return None;
        }
        let failure = self.failure.clone().map(Err);
        failure.or_else(|| self.current.as_ref().map(|kept| Ok(kept.token.clone())))
    }

    /// A late refusal of a token that has been replaced since changes nothing.
    fn drop_if_current(&mut self, refused: &AccessToken) {
        if self.current.as_ref().is_some_and(|kept| kept.token.generation() == refused.generation()) {
            self.current = None;
        }
    }

    fn keep(&mut self, reply: GetTokenReply, asked: Option<Duration>) -> AccessToken {
        self.generation += 1;
        self.failure = None;
        let token = reply.access_token.with_generation(self.generation);
        // Nothing is known of a validity that is missing, zero or negative: such a token serves until it is refused.
        let seconds = reply.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|&seconds| seconds > 0);
        let expires = asked.zip(seconds).map(|(asked, seconds)| asked.saturating_add(Duration::from_secs(seconds)));
        self.current = Some(Kept { token: token.clone(), expires });
        token
    }

    fn fail(&mut self, error: Error) -> TokenError {
        let forever = error.code().is_some_and(crate::error::ErrCode::means_credentials_rejected);
        let error = TokenError::from(error);
        self.failure = Some(error.clone());
        if forever {
            self.refused = Some(error.clone());
        }
        error
    }
}

/// The right to fetch; dropped half-way, it goes to one of those who wait.
struct Turn<'a, M: Threading> {
    tokens: &'a CredentialTokens<M>,
}

impl<M: Threading> Drop for Turn<'_, M> {
    fn drop(&mut self) {
        self.tokens.lock().fetching = false;
        self.tokens.changed.notify(1);
    }
}
