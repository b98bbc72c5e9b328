//! Tokens that the client fetches by itself: one fetch at a time however many callers wait, kept while they are valid,
//! renewed a little before they are not, dropped when they are refused.

use std::sync::PoisonError;
use std::time::Duration;

use event_listener::{Event, EventListener};

use super::{Credentials, DownstreamApp, GetToken, GetTokenReply, StoredToken, TokenError, TokenKey};
use crate::client::Client;
use crate::client::addressed_transport::Channel;
use crate::client::timeout::{Raced, within};
use crate::codec::decode::decode;
use crate::codec::encode::encode;
use crate::error::{ErrCode, Error};
use crate::retry::jitter::Random;
use crate::secret::AccessToken;
use crate::sync::{Mutex, MutexGuard};
use crate::threading::Threading;

/// How long before its end a token is renewed, if it is valid for long enough.
const EARLY: Duration = Duration::from_secs(300);

/// How long a caller waits for a renewal at most, while the token that he has would serve him too.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long nobody asks again after a renewal that failed, or that brought the very token that was to be replaced.
const PAUSE: Duration = Duration::from_secs(60);

/// The built-in provider of tokens.
///
/// The first caller that finds no token fetches one; the others wait for that fetch and share what it brings, error
/// included. When the one who fetches is dropped, one of the waiting takes over. A refusal of the credentials is
/// remembered and never asked for again: repeating it gets the caller's IP banned.
///
/// On a timer, the first caller within the last five minutes of a token renews it, while the others go on with the one
/// that is there; if that fails, so does he.
pub(crate) struct SharedTokens<M: Threading> {
    source: Source<M>,
    store: Option<KeyedStore<M>>,
    timer: Option<M::Timer>,
    random: Random,
    state: Mutex<State>,
    changed: Event,
}

/// Who gives tokens.
pub(crate) enum Source<M: Threading> {
    Credentials { channel: Channel<M>, credentials: Credentials },
    Downstream { upstream: Client<M>, app: DownstreamApp },
}

/// A store shared with other processes, and what this token is filed under.
pub(crate) struct KeyedStore<M: Threading> {
    pub(crate) store: M::TokenStore,
    pub(crate) key: TokenKey,
}

#[derive(Default)]
struct State {
    current: Option<Kept>,
    /// The last token that was refused.
    refused_token: Option<AccessToken>,
    /// Until when a refusal is believed, because asking has brought the refused token again.
    believed_until: Option<Duration>,
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
    /// On the timer, when there is one and the service said how long.
    expires: Option<Duration>,
    /// When it is to be renewed, on the same condition.
    renew: Option<Duration>,
}

/// What a fetch brought.
struct Fetched {
    token: AccessToken,
    asked: Option<Duration>,
    expires_in: Option<Duration>,
}

/// What a caller is to do.
enum Next {
    Use(AccessToken),
    /// Renew it, having the turn to fetch; it serves in the meantime.
    Renew(AccessToken),
    /// Fetch one, having the turn.
    Fetch,
    Wait,
    Fail(TokenError),
}

impl<M: Threading> SharedTokens<M> {
    pub(crate) fn new(source: Source<M>, store: Option<KeyedStore<M>>, timer: Option<M::Timer>) -> Self {
        let (state, changed) = (Mutex::default(), Event::new());
        Self { source, store, timer, random: Random::new(None), state, changed }
    }

    /// The token in use, if it is valid at this moment and nobody has to renew it.
    pub(crate) fn at_hand(&self, now: Option<Duration>) -> Option<AccessToken> {
        let state = self.lock();
        let kept = state.current.as_ref()?;
        let serves = !is_over(kept.expires, now) && !is_over(kept.renew, now);
        serves.then(|| kept.token.clone())
    }

    /// The token in use, or a new one, at a moment on the timer. `remaining` is what the caller's deadline leaves.
    pub(crate) async fn token(
        &self,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        let (mut now, mut waited_for) = (now, None);
        loop {
            let (next, listener) = self.next(now, &mut waited_for);
            match next {
                Next::Use(token) => return Ok(token),
                Next::Fail(error) => return Err(error),
                Next::Renew(token) => return Ok(self.renew(token, remaining).await),
                Next::Fetch => break,
                Next::Wait => {}
            }
            if let Some(listener) = listener {
                listener.await;
                now = self.now();
            }
        }
        let turn = Turn { tokens: self };
        let refused = self.lock().refused_token.clone();
        let outcome = self.fetch(refused.as_ref()).await;
        let mut state = self.lock();
        state.ended += 1;
        let outcome = match outcome {
            Ok(fetched) => Ok(state.keep(fetched, &self.random)),
            Err(error) => Err(state.fail(error, self.has_credentials())),
        };
        drop(state);
        drop(turn);
        self.changed.notify(usize::MAX);
        outcome
    }

    /// What the caller is to do, and what to wait for if that is to wait.
    fn next(&self, now: Option<Duration>, waited_for: &mut Option<u64>) -> (Next, Option<EventListener>) {
        let mut state = self.lock();
        let next = state.next(now, *waited_for);
        let listener = matches!(next, Next::Wait).then(|| {
            waited_for.get_or_insert(state.ended);
            self.changed.listen()
        });
        (next, listener)
    }

    /// A token other than the one refused; `None` when there is no other to be had.
    pub(crate) async fn replace(
        &self,
        refused: &AccessToken,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<Option<AccessToken>, TokenError> {
        if !self.lock().take_refusal(refused, now) {
            return Ok(None);
        }
        self.token(now, remaining).await.map(Some)
    }

    /// A new token while the old one still serves: whatever goes wrong, the caller has that one.
    async fn renew(&self, old: AccessToken, remaining: Option<Duration>) -> AccessToken {
        let turn = Turn { tokens: self };
        let patience = remaining.map_or(PATIENCE, |remaining| PATIENCE.min(remaining / 4));
        // Without a timer no token is ever due for renewal.
        let Some(timer) = &self.timer else { return old };
        let outcome = within::<M, _>(timer, Some(patience), self.fetch(Some(&old))).await;
        let mut state = self.lock();
        let token = match outcome {
            Raced::AtOnce(Ok(fetched)) | Raced::InTime(Ok(fetched)) => state.keep(fetched, &self.random),
            Raced::AtOnce(Err(error)) | Raced::InTime(Err(error)) => {
                state.postpone_renewal(M::now(timer));
                state.remember_refusal(error, self.has_credentials());
                old
            }
            Raced::TooLate => {
                state.postpone_renewal(M::now(timer));
                old
            }
        };
        drop(state);
        drop(turn);
        self.changed.notify(usize::MAX);
        token
    }

    /// A token other than this one if there is one in the store, and the service's otherwise.
    async fn fetch(&self, old: Option<&AccessToken>) -> Result<Fetched, Error> {
        let is_old = |token: &AccessToken| old.is_some_and(|old| old.expose() == token.expose());
        let found = self.stored().await;
        if let Some(found) = found.as_ref().filter(|found| !is_old(found.token())) {
            return Ok(self.fetched(found));
        }
        let asked = self.now();
        let reply = self.ask().await?;
        let token = StoredToken::new(reply.access_token);
        // Nothing is known of a validity that is missing, zero or negative: such a token serves until it is refused.
        let seconds = reply.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|&seconds| seconds > 0);
        let token = match seconds {
            Some(seconds) => token.expiring_in(Duration::from_secs(seconds)),
            None => token,
        };
        let ours = Fetched { asked, ..self.fetched(&token) };
        if self.put(found.as_ref(), &token).await {
            return Ok(ours);
        }
        // Another process was faster: what all of them use is better than one each.
        let theirs = self.stored().await.filter(|theirs| !is_old(theirs.token()));
        Ok(theirs.map_or(ours, |theirs| self.fetched(&theirs)))
    }

    fn fetched(&self, stored: &StoredToken) -> Fetched {
        Fetched { token: stored.token().clone(), asked: self.now(), expires_in: stored.expires_in() }
    }

    async fn ask(&self) -> Result<GetTokenReply, Error> {
        match &self.source {
            Source::Credentials { channel, credentials } => {
                let request = channel.address(encode(&GetToken::new(credentials.clone()))?);
                let response = channel.send(&request).await?;
                decode::<GetToken>(&request, &response)
            }
            Source::Downstream { upstream, app } => M::fetch_downstream(upstream, app).await,
        }
    }

    /// What is in the store. One that fails is passed over: the service has tokens too.
    async fn stored(&self) -> Option<StoredToken> {
        let KeyedStore { store, key } = self.store.as_ref()?;
        M::stored(store, key).await.ok().flatten()
    }

    /// Whether the store, if there is one that works, has kept the token.
    async fn put(&self, found: Option<&StoredToken>, new: &StoredToken) -> bool {
        let Some(KeyedStore { store, key }) = &self.store else { return true };
        M::swap(store, key, found.map(StoredToken::token), new).await.unwrap_or(true)
    }

    fn has_credentials(&self) -> bool {
        matches!(self.source, Source::Credentials { .. })
    }

    fn now(&self) -> Option<Duration> {
        self.timer.as_ref().map(M::now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What a caller is to do who has waited since `waited_for` fetches had ended; where that is to fetch, he has the
    /// turn.
    fn next(&mut self, now: Option<Duration>, waited_for: Option<u64>) -> Next {
        if let Some(kept) = self.current.as_ref().filter(|kept| !is_over(kept.expires, now)) {
            let token = kept.token.clone();
            if self.fetching || self.refused.is_some() || !is_over(kept.renew, now) {
                return Next::Use(token);
            }
            self.fetching = true;
            return Next::Renew(token);
        }
        if let Some(refused) = &self.refused {
            return Next::Fail(refused.clone());
        }
        match waited_for.and_then(|fetch| self.outcome_since(fetch)) {
            Some(Ok(token)) => return Next::Use(token),
            Some(Err(error)) => return Next::Fail(error),
            None => {}
        }
        if self.fetching {
            return Next::Wait;
        }
        self.fetching = true;
        Next::Fetch
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

    /// Drops the token that was refused, if it is still the one in use: a late refusal of one that has been replaced
    /// since changes nothing. Says whether there may be another to be had.
    fn take_refusal(&mut self, refused: &AccessToken, now: Option<Duration>) -> bool {
        if self.current.as_ref().is_none_or(|kept| kept.token.generation() != refused.generation()) {
            return true;
        }
        // A clock that was set back must not make it longer.
        let latest = now.map(|now| now.saturating_add(PAUSE));
        self.believed_until = self.believed_until.zip(latest).map(|(until, latest)| until.min(latest));
        let is_believed = self.believed_until.zip(now).is_some_and(|(until, now)| now < until);
        if is_believed && self.refused_token.as_ref().is_some_and(|last| last.expose() == refused.expose()) {
            return false;
        }
        self.current = None;
        self.refused_token = Some(refused.clone());
        true
    }

    fn keep(&mut self, fetched: Fetched, random: &Random) -> AccessToken {
        let Fetched { token, asked, expires_in } = fetched;
        let is = |other: Option<&AccessToken>| other.is_some_and(|other| other.expose() == token.expose());
        let was_refused = is(self.refused_token.as_ref());
        let is_the_same = was_refused || is(self.current.as_ref().map(|kept| &kept.token));
        self.generation += 1;
        self.failure = None;
        self.believed_until = asked.filter(|_| was_refused).map(|asked| asked.saturating_add(PAUSE));
        let token = token.with_generation(self.generation);
        let expires = asked.zip(expires_in).map(|(asked, valid)| asked.saturating_add(valid));
        let renew = asked.zip(expires_in).map(|(asked, valid)| {
            let early = EARLY.min(valid / 4);
            // Not all processes at the same moment.
            let early = early + random.up_to(early / 5);
            let after = valid.saturating_sub(early);
            asked.saturating_add(if is_the_same { after.max(PAUSE) } else { after })
        });
        self.current = Some(Kept { token: token.clone(), expires, renew });
        token
    }

    fn postpone_renewal(&mut self, now: Duration) {
        if let Some(kept) = &mut self.current {
            kept.renew = Some(now.saturating_add(PAUSE));
        }
    }

    fn fail(&mut self, error: Error, has_credentials: bool) -> TokenError {
        let error = self.remember_refusal(error, has_credentials);
        self.failure = Some(error.clone());
        error
    }

    /// Takes down whether the credentials were refused.
    fn remember_refusal(&mut self, error: Error, has_credentials: bool) -> TokenError {
        let forever = has_credentials && error.code().is_some_and(ErrCode::means_credentials_rejected);
        let error = TokenError::from(error);
        if forever {
            self.refused = Some(error.clone());
        }
        error
    }
}

/// Whether a moment has come. One that is not known never does.
fn is_over(moment: Option<Duration>, now: Option<Duration>) -> bool {
    moment.zip(now).is_some_and(|(moment, now)| now >= moment)
}

/// The right to fetch; dropped half-way, it goes to one of those who wait.
struct Turn<'a, M: Threading> {
    tokens: &'a SharedTokens<M>,
}

impl<M: Threading> Drop for Turn<'_, M> {
    fn drop(&mut self) {
        self.tokens.lock().fetching = false;
        self.tokens.changed.notify(1);
    }
}
