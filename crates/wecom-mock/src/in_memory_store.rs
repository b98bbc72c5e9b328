//! A store in memory. Several clients share it, as several processes would share a database.

mod leases;
mod quotas;
mod tokens;

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wecom_core::Timer;

use self::leases::Leases;
use self::quotas::Quotas;
use self::tokens::Tokens;

/// A store in memory for tests of clients that share a store: a [`TokenStore`](wecom_core::token::TokenStore) with leases, a
/// [`QuotaStore`](wecom_core::quota::QuotaStore) and a [`LeaseStore`](wecom_core::lease::LeaseStore).
///
/// Each client stands for a process and gets a clone of the store. Tokens, windows and leases expire on a timer, such as
/// [`ManualTimer`](crate::ManualTimer).
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::token::GET_TOKEN;
/// use wecom_core::{Client, Credentials, Endpoint, Secret};
/// use wecom_mock::{InMemoryStore, ManualTimer, Mock};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let (mock, timer) = (Mock::new(), ManualTimer::new());
/// mock.on_endpoint(&GET_TOKEN)
///     .json(json!({"access_token": "a-token", "expires_in": 7200}))
///     .times(1);
/// mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let store = InMemoryStore::new(timer.clone());
/// for _process in 0..2 {
///     let client = Client::builder(mock.clone())
///         .credentials(Credentials::new("ww1234567890", Secret::new("the-app-secret")))
///         .token_store("app", store.clone())
///         .build();
///     # pollster::block_on(async {
///     // Only the first process fetches a token.
///     client.call_raw(RawCall::new(&LIST_IDS)).await?;
///     # Ok::<(), wecom_core::Error>(())
///     # })?;
/// }
/// # Ok::<(), wecom_core::Error>(())
/// ```
#[derive(Clone)]
pub struct InMemoryStore {
    timer: Arc<dyn Timer>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    fault: Option<StoreFault>,
    tokens: Tokens,
    quotas: Quotas,
    leases: Leases,
}

/// A fault of an [`InMemoryStore`], injected with [`InMemoryStore::set_fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFault {
    /// Every operation fails at once.
    Fails,
    /// No operation completes.
    Hangs,
}

impl InMemoryStore {
    /// Creates an empty store whose data expires on a timer.
    pub fn new(timer: impl Timer + 'static) -> Self {
        Self { timer: Arc::new(timer), state: Arc::default() }
    }

    /// Injects a fault into all later operations. `None` removes the fault. The stored data remains.
    pub fn set_fault(&self, fault: impl Into<Option<StoreFault>>) {
        self.with(|state, _| state.fault = fault.into());
    }

    /// Deletes all data, as if a database had lost it. Later fences are still greater than earlier ones, and an injected
    /// fault remains.
    pub fn clear(&self) {
        self.with(|state, _| *state = State { fault: state.fault, leases: state.leases.cleared(), ..State::default() });
    }

    /// Begins an operation. If a fault is injected, returns an error or never completes.
    async fn begin(&self) -> Result<(), &'static str> {
        match self.with(|state, _| state.fault) {
            None => Ok(()),
            Some(StoreFault::Fails) => Err("connection refused: the store has an injected fault"),
            Some(StoreFault::Hangs) => pending().await,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State, Duration) -> T) -> T {
        let now = self.timer.now();
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryStore").field("fault", &self.with(|state, _| state.fault)).finish_non_exhaustive()
    }
}
