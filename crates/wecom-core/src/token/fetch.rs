//! One fetch of a token: from the shared store if it has another one, and from the service otherwise.

use std::future::Future;
use std::time::Duration;

use super::cache::Fetched;
use super::credentials::Credentials;
use super::get_token::{GET_TOKEN, GetToken, GetTokenReply};
use super::store::{StoredToken, TokenKey};
use crate::codec::decode::decode;
use crate::codec::encode::encode;
use crate::error::Error;
use crate::http::addressed_transport::AddressedTransport;
use crate::http::transport_error::{Delivery, TransportError, TransportErrorKind};
use crate::secret::AccessToken;
use crate::threading::Family;
use crate::timer::cached_clock::CachedClock;
use crate::timer::clock::Clock;

/// How long the store may take for one answer before it is passed over.
const STORE_LIMIT: Duration = Duration::from_secs(2);

/// How a token is fetched.
pub(crate) struct TokenFetch<M: Family> {
    source: TokenSource<M>,
    store: Option<KeyedStore<M>>,
    clock: Option<Clock<M>>,
    /// How long the service may take, all attempts included.
    limit: Duration,
}

/// Where new tokens come from.
pub(crate) enum TokenSource<M: Family> {
    /// `gettoken`, with the app's own credentials.
    Credentials { transport: AddressedTransport<M>, credentials: Credentials },
    /// A call made with another client: `corp/gettoken`, with the upstream's token.
    Call(M::TokenCall),
}

/// A store shared with other processes, and the key of the token in it.
pub(crate) struct KeyedStore<M: Family> {
    pub(crate) store: M::TokenStore,
    pub(crate) key: TokenKey,
}

impl<M: Family> TokenFetch<M> {
    pub(crate) fn new(
        source: TokenSource<M>,
        store: Option<KeyedStore<M>>,
        clock: Option<Clock<M>>,
        limit: Duration,
    ) -> Self {
        Self { source, store, clock, limit }
    }

    pub(super) fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(Clock::now)
    }

    pub(super) fn clock(&self) -> CachedClock<M> {
        CachedClock::new(self.clock.clone())
    }

    pub(super) fn has_credentials(&self) -> bool {
        matches!(self.source, TokenSource::Credentials { .. })
    }

    /// After how long a fetch that has not ended is not waited for any more, because whoever began it no longer polls
    /// it.
    pub(super) fn abandoned_after(&self) -> Duration {
        self.limit.saturating_add(STORE_LIMIT * 4)
    }

    /// Gives a token other than the unwanted one, if there is one.
    pub(super) async fn run(&self, unwanted: Option<&AccessToken>) -> Result<Fetched, Error> {
        let is_unwanted = |token: &AccessToken| unwanted.is_some_and(|unwanted| unwanted.expose() == token.expose());
        let found = self.load().await;
        if let Some(found) = found.as_ref().filter(|found| !is_unwanted(found.token())) {
            return Ok(self.fetched(found));
        }
        let requested_at = self.now();
        let token = stored(self.request().await?);
        let ours = Fetched { requested_at, ..self.fetched(&token) };
        if self.swap(found.as_ref(), &token).await {
            return Ok(ours);
        }
        // Another process was faster, or the token found has expired since.
        let theirs = match self.load().await {
            Some(theirs) => theirs,
            None if self.swap(None, &token).await => return Ok(ours),
            None => return Ok(self.load().await.map_or(ours, |theirs| self.fetched(&theirs))),
        };
        // What all processes use is better than one token each.
        Ok(if is_unwanted(theirs.token()) { ours } else { self.fetched(&theirs) })
    }

    fn fetched(&self, stored: &StoredToken) -> Fetched {
        Fetched { token: stored.token().clone(), requested_at: self.now(), expires_in: stored.expires_in() }
    }

    async fn request(&self) -> Result<GetTokenReply, Error> {
        let reply = async {
            match &self.source {
                TokenSource::Credentials { transport, credentials } => {
                    let request = encode(&GetToken::new(credentials.clone()))?.with_time_limit(self.limit);
                    let request = transport.address(request);
                    let response = transport.send(&request).await?;
                    decode::<GetToken>(&request, &response)
                }
                TokenSource::Call(call) => M::call_for_token(call).await,
            }
        };
        self.clock().timeout(Some(self.limit), reply).await.unwrap_or_else(|_| Err(self.took_too_long()))
    }

    fn took_too_long(&self) -> Error {
        let error = TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
        Error::new(&GET_TOKEN, 1, error.with_source(format!("no token within {:?}", self.limit)))
    }

    /// The token in the store. A store that fails or hangs is passed over: the service has tokens too.
    async fn load(&self) -> Option<StoredToken> {
        let KeyedStore { store, key } = self.store.as_ref()?;
        self.within_limit(M::load(store, key)).await?.ok().flatten()
    }

    /// Whether the store has kept the token, if there is a store that works.
    async fn swap(&self, expected: Option<&StoredToken>, new: &StoredToken) -> bool {
        let Some(KeyedStore { store, key }) = &self.store else { return true };
        let swap = M::compare_and_swap(store, key, expected.map(StoredToken::token), new);
        self.within_limit(swap).await.is_none_or(|swapped| swapped.unwrap_or(true))
    }

    async fn within_limit<F: Future>(&self, future: F) -> Option<F::Output> {
        self.clock().timeout(Some(STORE_LIMIT), future).await.ok()
    }
}

/// A new token, as it is stored. A validity that is missing, zero or negative says nothing: such a token serves until
/// it is refused.
fn stored(reply: GetTokenReply) -> StoredToken {
    let token = StoredToken::new(reply.access_token);
    let seconds = reply.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|&seconds| seconds > 0);
    match seconds {
        Some(seconds) => token.expiring_in(Duration::from_secs(seconds)),
        None => token,
    }
}
