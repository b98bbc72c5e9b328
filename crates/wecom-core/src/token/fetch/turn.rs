//! The wait for a turn to fetch: of several processes that need a token, the one with the lease fetches it.

use std::time::Duration;

use super::{Dated, TokenFetch};
use crate::secret::AccessToken;
use crate::threading::Family;
use crate::token::lease::FetchLease;

/// The length of the lease of a fetch. If its process ends during the fetch, the others wait until the lease expires.
const LEASE: Duration = Duration::from_secs(5);

/// The interval at which a process that waits for the fetch of another one reads the store.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long a process waits for the fetches of others when it has no token. Then it fetches a token itself.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);

/// How long a process waits for the renewal of another one. Then it keeps its token for now.
const MAX_RENEWAL_WAIT: Duration = Duration::from_secs(1);

/// Whose turn it is to fetch.
pub(super) enum Turn {
    /// This process fetches. The store has this token, and this process holds the lease with this id.
    Fetch { found: Option<Dated>, lease: Option<u64> },
    /// The store has a token to use. This process holds the lease with this id.
    Use { found: Dated, lease: Option<u64> },
    /// The store does not reply. This process fetches without it.
    FetchAlone,
}

impl<M: Family> TokenFetch<M> {
    /// Waits until this process may fetch or the store has a token other than the unwanted one. `found` is the token that
    /// the store has now.
    pub(super) async fn turn(&self, found: Option<Dated>, unwanted: Option<&AccessToken>, is_renewal: bool) -> Turn {
        let mut clock = self.clock();
        let Some(began) = clock.now() else { return Turn::Fetch { found, lease: None } };
        loop {
            let lease = match self.lease(LEASE).await {
                Ok(Some(FetchLease::Granted { id })) => Some(id),
                Ok(Some(FetchLease::Held)) => None,
                Ok(Some(FetchLease::Unsupported) | None) => return Turn::Fetch { found, lease: None },
                Err(_) => return Turn::FetchAlone,
            };
            // Another process may have stored a token before it released the lease.
            let Ok(found) = self.load().await else { return Turn::FetchAlone };
            let is_wanted = |found: &Dated| unwanted.is_none_or(|unwanted| !found.is(unwanted));
            let waited = clock.now().unwrap_or(began).saturating_sub(began);
            match (found, lease) {
                (Some(found), lease) if is_wanted(&found) => return Turn::Use { found, lease },
                (found, Some(id)) => return Turn::Fetch { found, lease: Some(id) },
                (Some(found), None) if is_renewal && waited >= MAX_RENEWAL_WAIT => {
                    return Turn::Use { found, lease: None };
                }
                (found, None) if waited >= MAX_WAIT => return Turn::Fetch { found, lease: None },
                _ => clock.sleep(INTERVAL).await,
            }
        }
    }
}
