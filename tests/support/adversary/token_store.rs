//! A token store of several processes, that answers, fails, hangs and lies.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::token::{StoredToken, TokenKey, TokenScope, TokenStore, TokenStoreError};
use wecom_core::{AccessToken, Timer};

use super::fate::StoreFate;
use super::referee::Referee;
use super::service::Service;

/// A token store. Cheap to clone; all clones share the tokens.
#[derive(Clone)]
pub struct Store {
    referee: Referee,
    service: Service,
    state: Arc<Mutex<State>>,
}

struct State {
    tokens: HashMap<TokenKey, String>,
    fates: Vec<(u32, StoreFate)>,
    otherwise: StoreFate,
    operations: u32,
}

impl Store {
    /// A store whose operations have these fates by their number, counted from 1, and this one otherwise.
    #[must_use]
    pub fn new(referee: Referee, service: Service, fates: Vec<(u32, StoreFate)>, otherwise: StoreFate) -> Self {
        let state = State { tokens: HashMap::new(), fates, otherwise, operations: 0 };
        Self { referee, service, state: Arc::new(Mutex::new(state)) }
    }

    /// From now on all operations have the usual fate.
    pub fn calm(&self) {
        self.with(|state| state.fates.clear());
    }

    async fn begin(&self) -> Result<StoreFate, TokenStoreError> {
        let fate = self.with(|state| {
            state.operations += 1;
            let planned = state.fates.iter().find(|(nth, _)| *nth == state.operations);
            planned.map_or(state.otherwise, |&(_, fate)| fate)
        });
        self.referee.note(|| format!("the store: {fate:?}"));
        match fate {
            StoreFate::Honest(after) if after.is_zero() => {}
            StoreFate::Honest(after) => self.referee.sleep(after).await,
            StoreFate::Fails => return Err(TokenStoreError::new(io::Error::from(io::ErrorKind::ConnectionReset))),
            StoreFate::Hangs => pending().await,
            StoreFate::Lies | StoreFate::Overtaken => {}
        }
        Ok(fate)
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
        let fate = self.begin().await?;
        Ok(if fate == StoreFate::Lies { None } else { self.find(key) })
    }

    async fn compare_and_swap(
        &self,
        key: &TokenKey,
        expected: Option<&AccessToken>,
        new: &StoredToken,
    ) -> Result<bool, TokenStoreError> {
        match self.begin().await? {
            StoreFate::Lies => return Ok(true),
            StoreFate::Overtaken if *key.scope() == TokenScope::Upstream => {
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
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// How long a store takes that does its work.
pub const USUAL_TIME: Duration = Duration::from_millis(2);
