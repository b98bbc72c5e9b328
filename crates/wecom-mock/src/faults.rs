//! Fault injection for any transport.
//!
//! [`Faults`] wraps the transport, [`Fault`] builds one fault, and [`FaultRule`] is a fault in effect.

mod fault;
mod fault_rule;
mod injection;
mod probability;

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use wecom_core::{Endpoint, LocalTransport, Request, Response, Transport, TransportError};

pub use self::fault::Fault;
pub use self::fault_rule::FaultRule;
use self::injection::Plan;

/// A transport that injects faults into the calls of another transport: errors before and after the request is sent,
/// damaged replies, and delays.
///
/// The inner transport may be a [`Mock`](crate::Mock), a simulator, or a real transport. A fault is one expression: which
/// calls, and what happens to them. Its value is a [`FaultRule`], which counts the injections.
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
/// // A service without faults ...
/// let mock = Mock::new();
/// mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1]}));
/// mock.on_endpoint(&DELETE_RULE).json(json!({"errcode": 0}));
///
/// // ... behind a faulty network: the second list_ids is not sent, and the reply to the
/// // first delete_rule is lost.
/// let faults = Faults::new(mock.clone());
/// let refused =
///     faults.on(&LIST_IDS).nth(2).fail_before_sending(TransportErrorKind::Connect);
/// let lost =
///     faults.on(&DELETE_RULE).nth(1).fail_after_sending(TransportErrorKind::ConnectionLost);
///
/// let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
/// # pollster::block_on(async {
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&DELETE_RULE)).await.is_err());
/// # });
///
/// assert_eq!((refused.injected(), lost.injected()), (1, 1));
/// let reached: Vec<_> = mock.journal().iter().map(|call| call.endpoint().name()).collect();
/// assert_eq!(reached, ["list_ids", "list_ids", "delete_rule"]);
/// ```
///
/// # Several rules
///
/// Each rule counts every call of its endpoint, independently of the other rules. If several rules select a call, the rule
/// that was defined first is applied, and only that rule counts an injection. [Delays](Fault::delay) are different: all of
/// them are applied.
///
/// Faults are reproducible: the same calls in the same order meet the same faults. A
/// [probability](Fault::with_probability) has a seed.
///
/// Cheap to clone; all clones share rules and counts. Implements [`Transport`] if the inner transport does, and
/// [`LocalTransport`] likewise.
pub struct Faults<T> {
    inner: Arc<T>,
    rules: Arc<Rules>,
}

impl<T> Faults<T> {
    /// Wraps a transport, without any fault.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner: Arc::new(inner), rules: Arc::default() }
    }

    /// Starts a fault for the calls of one endpoint.
    #[track_caller]
    pub fn on(&self, endpoint: &'static Endpoint) -> Fault {
        Fault::new(Arc::clone(&self.rules), Some(endpoint), Location::caller())
    }

    /// Starts a fault for all calls, including those that fetch a token.
    #[track_caller]
    pub fn on_any(&self) -> Fault {
        Fault::new(Arc::clone(&self.rules), None, Location::caller())
    }

    /// Returns the inner transport.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }
}

#[async_trait]
impl<T: Transport> Transport for Faults<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut plan = self.rules.plan(&request);
        let request = plan.delay_request(request).await?;
        let outcome = match plan.short_circuit() {
            Some(outcome) => outcome,
            None => plan.apply_to(Transport::send(&*self.inner, request).await),
        };
        plan.delay_reply(outcome).await
    }
}

#[async_trait(?Send)]
impl<T: LocalTransport> LocalTransport for Faults<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut plan = self.rules.plan(&request);
        let request = plan.delay_request(request).await?;
        let outcome = match plan.short_circuit() {
            Some(outcome) => outcome,
            None => plan.apply_to(LocalTransport::send(&*self.inner, request).await),
        };
        plan.delay_reply(outcome).await
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

/// The rules, in the order of their definition.
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

    /// Collects the faults to inject into a request.
    fn plan(&self, request: &Request) -> Plan {
        let mut plan = Plan::new(request.time_limit());
        // Predicates are user code, so they run without the lock.
        for rule in self.all() {
            let has_fault = plan.has_fault();
            if let Some(injection) = rule.trigger(request, |action| action.is_delay() || !has_fault) {
                plan.add(injection);
            }
        }
        plan
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
