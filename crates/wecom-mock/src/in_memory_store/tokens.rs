//! Tokens, and the leases of their fetches.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::token::{FetchLease, LocalTokenStore, StoredToken, TokenKey, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, async_trait};

use super::InMemoryStore;

#[derive(Default)]
pub(super) struct Tokens {
    stored: HashMap<TokenKey, (AccessToken, Option<Duration>)>,
    leases: HashMap<TokenKey, (u64, Duration)>,
    granted: u64,
}

impl Tokens {
    fn get(&self, key: &TokenKey, now: Duration) -> Option<StoredToken> {
        let (token, until) = self.stored.get(key)?;
        let stored = StoredToken::new(token.clone());
        match until {
            Some(until) => until.checked_sub(now).filter(|left| !left.is_zero()).map(|left| stored.expiring_in(left)),
            None => Some(stored),
        }
    }

    fn swap(&mut self, key: &TokenKey, expected: Option<&AccessToken>, new: &StoredToken, now: Duration) -> bool {
        let found = self.get(key, now);
        if found.as_ref().map(|found| found.token().expose()) != expected.map(AccessToken::expose) {
            return false;
        }
        let until = new.expires_in().map(|left| now.saturating_add(left));
        self.stored.insert(key.clone(), (new.token().clone(), until));
        true
    }

    fn lease(&mut self, key: &TokenKey, length: Duration, now: Duration) -> FetchLease {
        if self.leases.get(key).is_some_and(|(_, until)| now < *until) {
            return FetchLease::Held;
        }
        self.granted += 1;
        self.leases.insert(key.clone(), (self.granted, now.saturating_add(length)));
        FetchLease::Granted { id: self.granted }
    }

    fn release(&mut self, key: &TokenKey, id: u64) {
        if self.leases.get(key).is_some_and(|(holder, _)| *holder == id) {
            self.leases.remove(key);
        }
    }
}

macro_rules! token_store {
    ($(#[$attribute:meta] $store:ident),+) => {$(
        #[$attribute]
        impl $store for InMemoryStore {
            async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
                self.begin().await.map_err(TokenStoreError::new)?;
                Ok(self.with(|state, now| state.tokens.get(key, now)))
            }

            async fn compare_and_swap(
                &self,
                key: &TokenKey,
                expected: Option<&AccessToken>,
                new: &StoredToken,
            ) -> Result<bool, TokenStoreError> {
                self.begin().await.map_err(TokenStoreError::new)?;
                Ok(self.with(|state, now| state.tokens.swap(key, expected, new, now)))
            }

            async fn lease_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError> {
                self.begin().await.map_err(TokenStoreError::new)?;
                Ok(self.with(|state, now| state.tokens.lease(key, length, now)))
            }

            async fn end_fetch(&self, key: &TokenKey, id: u64) -> Result<(), TokenStoreError> {
                self.begin().await.map_err(TokenStoreError::new)?;
                self.with(|state, _| state.tokens.release(key, id));
                Ok(())
            }
        }
    )+};
}

token_store!(
    #[async_trait]
    TokenStore,
    #[async_trait(?Send)]
    LocalTokenStore
);
