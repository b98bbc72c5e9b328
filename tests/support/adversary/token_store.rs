//! A token store that several processes share. It answers, fails, hangs and returns wrong data.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::token::{FetchLease, StoredToken, TokenKey, TokenScope, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, Timer};

use super::behavior::StoreBehavior;
use super::checker::Checker;
use super::service::Service;

/// A token store. Cheap to clone; all clones share the tokens.
#[derive(Clone)]
pub struct Store {
    checker: Checker,
    service: Service,
    state: Arc<Mutex<State>>,
}

struct State {
    tokens: HashMap<TokenKey, String>,
    has_leases: bool,
    leases: HashMap<TokenKey, Lease>,
    granted: u64,
    behaviors: Vec<(u32, StoreBehavior)>,
    otherwise: StoreBehavior,
    operations: u32,
}

#[derive(Clone, Copy)]
struct Lease {
    id: u64,
    until: Duration,
}

impl Store {
    /// Creates a store with these behaviors for single operations, by number from 1, and `otherwise` for all others.
    #[must_use]
    pub fn new(
        checker: Checker,
        service: Service,
        behaviors: Vec<(u32, StoreBehavior)>,
        otherwise: StoreBehavior,
    ) -> Self {
        let state = State {
            tokens: HashMap::new(),
            has_leases: false,
            leases: HashMap::new(),
            granted: 0,
            behaviors,
            otherwise,
            operations: 0,
        };
        Self { checker, service, state: Arc::new(Mutex::new(state)) }
    }

    /// Adds leases of token fetches.
    #[must_use]
    pub fn with_leases(self) -> Self {
        self.with(|state| state.has_leases = true);
        self
    }

    /// Stops all planned faults: later operations have the default behavior.
    pub fn stop_faults(&self) {
        self.with(|state| state.behaviors.clear());
    }

    async fn begin(&self) -> Result<StoreBehavior, TokenStoreError> {
        let behavior = self.with(|state| {
            state.operations += 1;
            let planned = state.behaviors.iter().find(|(nth, _)| *nth == state.operations);
            planned.map_or(state.otherwise, |&(_, behavior)| behavior)
        });
        self.checker.log(|| format!("the store: {behavior:?}"));
        match behavior {
            StoreBehavior::Normal(after) if after.is_zero() => {}
            StoreBehavior::Normal(after) => self.checker.sleep(after).await,
            StoreBehavior::Fails => return Err(TokenStoreError::new(io::Error::from(io::ErrorKind::ConnectionReset))),
            StoreBehavior::Hangs => pending().await,
            StoreBehavior::Inconsistent | StoreBehavior::ConcurrentSwap => {}
        }
        Ok(behavior)
    }

    fn find(&self, key: &TokenKey) -> Option<StoredToken> {
        let text = self.with(|state| state.tokens.get(key).cloned())?;
        let left = self.service.validity(&text)?;
        Some(StoredToken::new(AccessToken::new(text)).expiring_in(left))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TokenStore for Store {
    async fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError> {
        let behavior = self.begin().await?;
        Ok(if behavior == StoreBehavior::Inconsistent { None } else { self.find(key) })
    }

    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        match self.begin().await? {
            StoreBehavior::Inconsistent => return Ok(true),
            StoreBehavior::ConcurrentSwap if *key.scope() == TokenScope::Upstream => {
                let theirs = self.service.issue_to_another_process();
                self.with(|state| state.tokens.insert(key.clone(), theirs));
            }
            _ => {}
        }
        let found = self.find(key);
        if found.as_ref().map(|found| found.token().expose()) != expected.map(AccessToken::expose) {
            return Ok(false);
        }
        self.with(|state| state.tokens.insert(key.clone(), new.token().expose().to_owned()));
        Ok(true)
    }

    async fn lease_fetch(&self, key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError> {
        if !self.with(|state| state.has_leases) {
            return Ok(FetchLease::Unsupported);
        }
        let behavior = self.begin().await?;
        let now = self.checker.now();
        Ok(self.with(|state| match state.leases.get(key).filter(|lease| now < lease.until) {
            // The store never grants a lease.
            _ if behavior == StoreBehavior::Inconsistent => FetchLease::Held,
            Some(_) => FetchLease::Held,
            None => {
                state.granted += 1;
                let id = state.granted;
                state.leases.insert(key.clone(), Lease { id, until: now + length });
                // The lease may go to another process, which ends before it releases the lease.
                let is_ours = behavior != StoreBehavior::ConcurrentSwap;
                if is_ours { FetchLease::Granted { id } } else { FetchLease::Held }
            }
        }))
    }

    async fn end_fetch(&self, key: &TokenKey, id: u64) -> Result<(), TokenStoreError> {
        if self.begin().await? != StoreBehavior::Inconsistent {
            self.with(|state| state.leases.retain(|of, lease| of != key || lease.id != id));
        }
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The latency of a store that works normally.
pub const USUAL_TIME: Duration = Duration::from_millis(2);
