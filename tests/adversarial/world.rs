//! What the service carries out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wecom_core::http::Request;
use wecom_tests::adversary::referee::{Referee, Scope};
use wecom_tests::adversary::service::{Api, OK, is_downstream_fetch};
use wecom_tests::adversary::watch::calls::CallId;

use crate::endpoints::ADD;

/// What the service has carried out. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    referee: Referee,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// How often each call was carried out.
    carried_out: HashMap<CallId, u32>,
}

impl World {
    pub(crate) fn new(referee: Referee) -> Self {
        Self { referee, state: Arc::default() }
    }

    /// How often a call was carried out.
    pub(crate) fn carried_out(&self, call: CallId) -> u32 {
        self.with(|state| state.carried_out.get(&call).copied().unwrap_or(0))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Api for World {
    fn carry_out(&mut self, request: &Request, _scope: Scope, _now: Duration) -> String {
        if let Some(call) = self.call_of(request) {
            let times = self.with(|state| {
                let times = state.carried_out.entry(call).or_default();
                *times += 1;
                *times
            });
            if times > 1 && *request.endpoint() == ADD {
                self.referee
                    .broken("a call that is not idempotent is carried out once", format!("call {call}: {times} times"));
            }
        }
        format!("{OK}\"n\":1}}")
    }

    fn fetches(&self, request: &Request) -> Option<Scope> {
        let body = request.body().filter(|_| is_downstream_fetch(request))?;
        number_after(body, "\"agentid\":").and_then(|agent| Scope::try_from(agent).ok())
    }

    fn call_of(&self, request: &Request) -> Option<CallId> {
        if !request.endpoint().path().starts_with("test/") {
            return None;
        }
        number_after(request.body()?, "\"n\":")
    }
}

/// The number after a name in a body of JSON.
pub(crate) fn number_after(body: &[u8], name: &str) -> Option<u64> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(name)?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}
