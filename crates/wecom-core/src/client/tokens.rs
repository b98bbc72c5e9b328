//! Where a client's tokens come from.

use std::sync::Arc;
use std::time::Duration;

use super::threading::Threading;
use super::{Client, Time};
use crate::observe::observers::Observers;
use crate::secret::AccessToken;
use crate::threading::Family;
use crate::token::corp_get_token::CorpGetToken;
use crate::token::error::TokenError;
use crate::token::fetch::{KeyedStore, TokenFetch, TokenOrigin};
use crate::token::scope::{DownstreamApp, TokenScope};
use crate::token::shared_token::SharedToken;
use crate::token::store::TokenKey;

/// The time limit of a fetch of a downstream token. The fetch is a call of the upstream client with its own limits, and
/// may wait for a quota.
const DOWNSTREAM_LIMIT: Duration = Duration::from_secs(120);

/// Where a client's tokens come from. The built-in sources are called directly; only the program's own provider costs a
/// boxed future for each call.
pub(super) enum Tokens<M: Threading> {
    Fixed(AccessToken),
    Fetched { token: Box<SharedToken<M>>, store: Option<AppStore<M>> },
    Provider(M::TokenProvider),
}

/// A token store, and the app that the tokens belong to.
pub(super) struct AppStore<M: Family> {
    pub(super) store: M::TokenStore,
    pub(super) corp_id: Arc<str>,
    pub(super) app: Arc<str>,
}

impl<M: Threading> Tokens<M> {
    /// The cached token, if it can be used without a fetch. It is not a future, because most calls end here.
    pub(super) fn cached(&self, now: Option<Duration>) -> Option<AccessToken> {
        match self {
            Self::Fixed(token) => Some(token.clone()),
            Self::Fetched { token, .. } => token.cached(now),
            Self::Provider(_) => None,
        }
    }

    /// Whether getting the token again is cheap and returns the newest one.
    pub(super) fn is_built_in(&self) -> bool {
        !matches!(self, Self::Provider(_))
    }

    /// The token to send a call with now; `remaining` is what the call's deadline leaves.
    pub(super) async fn token(
        &self,
        scope: &TokenScope,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<AccessToken, TokenError> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Fetched { token, .. } => token.token(now, remaining).await,
            Self::Provider(provider) => M::token(provider, scope).await,
        }
    }

    /// The token to repeat a call with after WeCom refused its token; `None` if there is no other token.
    pub(super) async fn replace(
        &self,
        scope: &TokenScope,
        refused: &AccessToken,
        now: Option<Duration>,
        remaining: Option<Duration>,
    ) -> Result<Option<AccessToken>, TokenError> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Fetched { token, .. } => token.replace(refused, now, remaining).await,
            Self::Provider(provider) => M::replace(provider, scope, refused).await,
        }
    }

    /// The tokens of an app that is shared with a downstream corp, fetched with the upstream corp's client.
    pub(super) fn downstream(&self, upstream: &Client<M>, app: &DownstreamApp) -> Self {
        let store = match self {
            Self::Provider(provider) => return Self::Provider(provider.clone()),
            Self::Fixed(_) => None,
            Self::Fetched { store, .. } => store.clone(),
        };
        let source = TokenOrigin::Call(M::token_call(upstream.clone(), CorpGetToken::new(app.clone())));
        Self::fetched(
            source,
            store,
            TokenScope::Downstream(app.clone()),
            upstream.shared.time.as_ref(),
            DOWNSTREAM_LIMIT,
            upstream.shared.observers.clone(),
        )
    }

    pub(super) fn fetched(
        source: TokenOrigin<M>,
        store: Option<AppStore<M>>,
        scope: TokenScope,
        time: Option<&Time<M>>,
        limit: Duration,
        observers: Observers<M>,
    ) -> Self {
        let keyed = store.as_ref().map(|store| store.keyed(scope));
        let fetch = TokenFetch::new(source, keyed, time.map(|time| time.clock.clone()), limit, observers);
        let seed = time.and_then(|time| time.retrying.as_ref()?.policy().given_seed());
        Self::Fetched { token: Box::new(SharedToken::new(fetch, seed, M::fetch)), store }
    }
}

impl<M: Family> AppStore<M> {
    fn keyed(&self, scope: TokenScope) -> KeyedStore<M> {
        let key = TokenKey::new(Arc::clone(&self.corp_id), Arc::clone(&self.app), scope);
        KeyedStore { store: self.store.clone(), key }
    }
}

impl<M: Family> Clone for AppStore<M> {
    fn clone(&self) -> Self {
        let Self { store, corp_id, app } = self;
        Self { store: store.clone(), corp_id: Arc::clone(corp_id), app: Arc::clone(app) }
    }
}
