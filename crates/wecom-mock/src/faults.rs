//! A transport that fails as a test says: the wrapper and the order of things in one call. What a fault is for stands in
//! [`fault`], when it strikes in [`rule`], what it does in [`action`].

mod action;
mod chance;
mod fault;
mod rule;

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wecom_core::{Endpoint, LocalTransport, Request, Response, Transport, TransportError};

use self::action::Plan;
pub use self::fault::Fault;
pub use self::rule::FaultRule;

/// A transport over another one, which fails where a test says so: before the request is sent, after the server has
/// acted, in the reply, or too late.
///
/// The transport below may be any: a [`Mock`](crate::Mock), a simulator, a real one. A fault is said in one line: which
/// calls, when, and what happens to them. That line gives a [`FaultRule`], which counts.
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::{AccessToken, Client, Delivery, Endpoint, TransportErrorKind};
/// use wecom_mock::{Faults, Mock};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
/// const DELETE_RULE: Endpoint = Endpoint::post("delete_rule", "corpgroup/rule/delete_rule");
///
/// // A service in good health ...
/// let mock = Mock::new();
/// mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1]}));
/// mock.on_endpoint(&DELETE_RULE).json(json!({"errcode": 0}));
///
/// // ... behind a bad line: the second listing finds no server, and the first deletion is done, but nobody is told.
/// let faults = Faults::new(mock.clone());
/// let refused = faults.on(&LIST_IDS).nth(2).fail_before_sending(TransportErrorKind::Connect);
/// let lost = faults.on(&DELETE_RULE).nth(1).fail_after_sending(TransportErrorKind::ConnectionLost);
///
/// let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
/// # pollster::block_on(async {
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&DELETE_RULE)).await.is_err());
/// # });
///
/// assert_eq!((refused.strikes(), lost.strikes()), (1, 1));
/// let reached: Vec<_> = mock.journal().iter().map(|call| call.endpoint().name()).collect();
/// assert_eq!(reached, ["list_ids", "list_ids", "delete_rule"]);
/// ```
///
/// # Which rule strikes
///
/// Each rule looks at each call that is for its endpoint, and counts it, whatever other rules do. Of the rules that would
/// strike, the first defined decides what happens, and it alone counts a strike;
/// [delays](Fault::delay) are apart from that, before sending and after: all of them strike, and add up.
///
/// Nothing here is random: a [probability](Fault::with_probability) comes with its seed, and the same calls in the same
/// order meet the same faults.
///
/// Cheap to clone; all clones share rules and counts. It is a [`Transport`] over a `Transport` and a [`LocalTransport`]
/// over a `LocalTransport`.
pub struct Faults<T> {
    inner: Arc<T>,
    rules: Arc<Rules>,
}

impl<T> Faults<T> {
    /// The transport as it is: no fault yet.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner: Arc::new(inner), rules: Arc::default() }
    }

    /// Begins a fault for the calls of one endpoint.
    #[track_caller]
    pub fn on(&self, endpoint: &'static Endpoint) -> Fault {
        Fault::new(Arc::clone(&self.rules), Some(endpoint), Location::caller())
    }

    /// Begins a fault for all calls, those that get a token included.
    #[track_caller]
    pub fn on_any(&self) -> Fault {
        Fault::new(Arc::clone(&self.rules), None, Location::caller())
    }

    /// The transport below.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

#[async_trait]
impl<T: Transport> Transport for Faults<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut plan = self.rules.plan(&request);
        let request = plan.keep_back(request).await?;
        let outcome = match plan.instead_of_sending() {
            Some(outcome) => outcome,
            None => plan.after(Transport::send(&*self.inner, request).await),
        };
        plan.hold_back(outcome).await
    }
}

#[async_trait(?Send)]
impl<T: LocalTransport> LocalTransport for Faults<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut plan = self.rules.plan(&request);
        let request = plan.keep_back(request).await?;
        let outcome = match plan.instead_of_sending() {
            Some(outcome) => outcome,
            None => plan.after(LocalTransport::send(&*self.inner, request).await),
        };
        plan.hold_back(outcome).await
    }
}

impl<T> Clone for Faults<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), rules: Arc::clone(&self.rules) }
    }
}

impl<T> fmt::Debug for Faults<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("rules", &self.rules.all()).finish_non_exhaustive()
    }
}

/// The rules in the order in which they were defined.
#[derive(Default)]
pub(crate) struct Rules {
    list: Mutex<Vec<FaultRule>>,
}

impl Rules {
    fn add(&self, rule: FaultRule) {
        self.lock().push(rule);
    }

    fn all(&self) -> Vec<FaultRule> {
        self.lock().clone()
    }

    /// Lets each rule look at a request, and gathers what is to happen to it.
    fn plan(&self, request: &Request) -> Plan {
        let mut plan = Plan::new(request.time_limit());
        // Conditions are the caller's code: they run without the lock.
        for rule in self.all() {
            let decided = plan.is_decided();
            if let Some(strike) = rule.look(request, |action| action.is_delay() || !decided) {
                plan.add(strike);
            }
        }
        plan
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        // Nothing in here panics between two changes that belong together.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
