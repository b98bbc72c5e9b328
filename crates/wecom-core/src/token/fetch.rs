//! One fetch of a token: from the shared store if it has another one, and from the service otherwise.

mod turn;

use std::future::Future;
use std::time::Duration;

use self::turn::Turn;
use super::cache::{Fetched, Purpose};
use super::corp_get_token::CORP_GET_TOKEN;
use super::credentials::Credentials;
use super::get_token::{GET_TOKEN, GetToken, GetTokenReply};
use super::lease::FetchLease;
use super::store::{StoredToken, TokenKey};
use crate::codec::decode::decode;
use crate::codec::encode::encode;
use crate::endpoint::descriptor::Endpoint;
use crate::error::Error;
use crate::http::addressed_transport::AddressedTransport;
use crate::http::transport_error::{Delivery, TransportError, TransportErrorKind};
use crate::observe::observer::CallEvent;
use crate::observe::observers::Observers;
use crate::secret::AccessToken;
use crate::threading::Family;
use crate::timer::cached_clock::{CachedClock, Elapsed};
use crate::timer::clock::Clock;

/// The time limit of one operation of the store. A store that exceeds it is skipped.
const STORE_LIMIT: Duration = Duration::from_secs(2);

/// How a token is fetched.
pub(crate) struct TokenFetch<M: Family> {
    source: TokenOrigin<M>,
    store: Option<KeyedStore<M>>,
    clock: Option<Clock<M>>,
    /// The time limit of the request for a token.
    limit: Duration,
    observers: Observers<M>,
}

/// Where new tokens come from.
pub(crate) enum TokenOrigin<M: Family> {
    /// `gettoken`, with the app's own credentials.
    Credentials { transport: AddressedTransport<M>, credentials: Credentials },
    /// A call made with another client: `corp/gettoken`, with the upstream corp's token.
    Call(M::TokenCall),
}

/// A store shared with other processes, and the key of the token in it.
pub(crate) struct KeyedStore<M: Family> {
    pub(crate) store: M::TokenStore,
    pub(crate) key: TokenKey,
}

impl<M: Family> TokenFetch<M> {
    pub(crate) fn new(
        source: TokenOrigin<M>,
        store: Option<KeyedStore<M>>,
        clock: Option<Clock<M>>,
        limit: Duration,
        observers: Observers<M>,
    ) -> Self {
        Self { source, store, clock, limit, observers }
    }

    pub(super) fn notify(&self, event: &CallEvent<'_>) {
        self.observers.notify(event);
    }

    /// The endpoint that returns the tokens.
    pub(super) fn endpoint(&self) -> &'static Endpoint {
        match self.source {
            TokenOrigin::Credentials { .. } => &GET_TOKEN,
            TokenOrigin::Call(_) => &CORP_GET_TOKEN,
        }
    }

    pub(super) fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(Clock::now)
    }

    pub(super) fn clock(&self) -> CachedClock<'_, M> {
        CachedClock::new(self.clock.as_ref())
    }

    pub(super) fn has_store(&self) -> bool {
        self.store.is_some()
    }

    pub(super) fn has_credentials(&self) -> bool {
        matches!(self.source, TokenOrigin::Credentials { .. })
    }

    /// The maximum duration of a fetch that is polled.
    pub(super) fn longest(&self) -> Duration {
        let leases = if self.has_store() { turn::MAX_WAIT + STORE_LIMIT * 4 } else { Duration::ZERO };
        self.limit.saturating_add(STORE_LIMIT * 5).saturating_add(leases)
    }

    /// The token in the store, if it has one other than the unwanted one.
    pub(super) async fn stored(&self, unwanted: Option<&AccessToken>) -> Option<Fetched> {
        let found = self.load().await.ok().flatten()?;
        let is_wanted = unwanted.is_none_or(|unwanted| !found.is(unwanted));
        is_wanted.then(|| fetched(&found))
    }

    /// Fetches a token other than the unwanted one, if there is another. Also returns the lease to
    /// [release](Self::end_lease) once the outcome is in the shared state: a caller that joins during the release would get
    /// an outcome that is older than its call.
    pub(super) async fn run(
        &self,
        unwanted: Option<&AccessToken>,
        purpose: Purpose,
    ) -> (Result<Fetched, Error>, Option<u64>) {
        // A store that hangs is not used again in this fetch.
        let Ok(found) = self.load().await else { return (self.fetch_alone().await, None) };
        if let Some(found) = found.as_ref().filter(|found| unwanted.is_none_or(|unwanted| !found.is(unwanted))) {
            return (Ok(fetched(found)), None);
        }
        match self.turn(found, unwanted, purpose == Purpose::Renewal).await {
            Turn::Use { found, lease } => (Ok(fetched(&found)), lease),
            Turn::FetchAlone => (self.fetch_alone().await, None),
            Turn::Fetch { found, lease } => (self.fetch_and_store(found.as_ref(), unwanted).await, lease),
        }
    }

    async fn fetch_alone(&self) -> Result<Fetched, Error> {
        Ok(fetched(&self.request().await?))
    }

    async fn fetch_and_store(&self, found: Option<&Dated>, unwanted: Option<&AccessToken>) -> Result<Fetched, Error> {
        let ours = self.request().await?;
        if self.swap(found, &ours).await {
            return Ok(fetched(&ours));
        }
        // Another process was faster, or the token found has expired since.
        let theirs = match self.load().await.ok().flatten() {
            Some(theirs) => theirs,
            None if self.swap(None, &ours).await => ours.clone(),
            None => self.load().await.ok().flatten().unwrap_or_else(|| ours.clone()),
        };
        // The token that other processes use is preferred to a token of our own.
        let is_unwanted = unwanted.is_some_and(|unwanted| theirs.is(unwanted));
        Ok(fetched(if is_unwanted { &ours } else { &theirs }))
    }

    async fn request(&self) -> Result<Dated, Error> {
        let requested_at = self.now();
        let reply = async {
            match &self.source {
                TokenOrigin::Credentials { transport, credentials } => {
                    let mut request = encode(&GetToken::new(credentials.clone()))?.with_time_limit(self.limit);
                    transport.address(&mut request);
                    let response = transport.send(&request).await?;
                    decode::<GetToken>(&request, &response)
                }
                TokenOrigin::Call(call) => M::call_for_token(call).await,
            }
        };
        let reply = self.clock().timeout(Some(self.limit), reply).await.unwrap_or_else(|_| Err(self.took_too_long()));
        Ok(Dated { stored: stored(reply?), requested_at })
    }

    pub(super) fn took_too_long(&self) -> Error {
        let error = TransportError::new(TransportErrorKind::Timeout, Delivery::Unknown);
        Error::new(&GET_TOKEN, 1, error.with_source(format!("no token within {:?}", self.limit)))
    }

    /// Reads the token from the store. A store that fails counts as empty.
    pub(super) async fn load(&self) -> Result<Option<Dated>, Elapsed> {
        let Some(KeyedStore { store, key }) = self.store.as_ref() else { return Ok(None) };
        let requested_at = self.now();
        let stored = self.within_limit(M::load(store, key)).await?.ok().flatten();
        Ok(stored.map(|stored| Dated { stored, requested_at }))
    }

    /// Stores a token. Returns `false` only if the store works and holds another token than expected.
    async fn swap(&self, expected: Option<&Dated>, new: &Dated) -> bool {
        let Some(KeyedStore { store, key }) = &self.store else { return true };
        let swap = M::compare_and_swap(store, key, expected.map(|expected| expected.stored.token()), &new.stored);
        self.within_limit(swap).await.map_or(true, |swapped| swapped.unwrap_or(true))
    }

    /// Acquires the lease of this fetch. `None` if the store fails.
    pub(super) async fn lease(&self, length: Duration) -> Result<Option<FetchLease>, Elapsed> {
        let Some(KeyedStore { store, key }) = &self.store else { return Ok(Some(FetchLease::Unsupported)) };
        Ok(self.within_limit(M::lease_fetch(store, key, length)).await?.ok())
    }

    /// Releases a lease. If the store fails, the lease expires.
    pub(super) async fn end_lease(&self, lease: Option<u64>) {
        if let Some((KeyedStore { store, key }, id)) = self.store.as_ref().zip(lease) {
            drop(self.within_limit(M::end_fetch(store, key, id)).await);
        }
    }

    async fn within_limit<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        self.clock().timeout(Some(STORE_LIMIT), future).await
    }
}

/// A token and the time of its request, from which its validity counts.
#[derive(Clone)]
pub(super) struct Dated {
    stored: StoredToken,
    requested_at: Option<Duration>,
}

impl Dated {
    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.stored.token().expose() == token.expose()
    }
}

fn fetched(Dated { stored, requested_at }: &Dated) -> Fetched {
    Fetched { token: stored.token().clone(), requested_at: *requested_at, expires_in: stored.expires_in() }
}

/// Converts a reply to a token for the store. If the validity is missing, zero or negative, the token is used until WeCom
/// refuses it.
fn stored(reply: GetTokenReply) -> StoredToken {
    let token = StoredToken::new(reply.access_token);
    let seconds = reply.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).filter(|&seconds| seconds > 0);
    match seconds {
        Some(seconds) => token.expiring_in(Duration::from_secs(seconds)),
        None => token,
    }
}
