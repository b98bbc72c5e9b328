//! A fault in effect: selects the calls, and counts them and the injections.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wecom_core::{Endpoint, Request, Timer};

use crate::faults::injection::{Action, Injection};
use crate::faults::probability::Probability;
use crate::stub::registered_stub::{called, is_same_endpoint, times};

/// A fault that is in effect. Returned by the methods that complete a [`Fault`](crate::faults::Fault).
///
/// Counts the injections, and can be stopped. Dropping it does not stop it. Cheap to clone; all clones are the same rule.
///
/// ```
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::{
///     AccessToken, Client, Endpoint, Response, TransportErrorKind, from_fn,
/// };
/// use wecom_mock::Faults;
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let service = from_fn(|_request| async {
///     Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#))
/// });
/// let faults = Faults::new(service);
/// let client =
///     Client::builder(faults.clone()).token(AccessToken::new("a-token")).build();
/// # pollster::block_on(async {
/// let outage = faults.on_any().fail_before_sending(TransportErrorKind::Connect);
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
///
/// outage.stop();
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert_eq!(outage.injected(), 2);
/// # });
/// ```
#[derive(Clone)]
pub struct FaultRule {
    shared: Arc<Rule>,
}

struct Rule {
    trigger: Trigger,
    action: Action,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    calls: u64,
    injected: u64,
    stopped: bool,
}

impl FaultRule {
    pub(crate) fn new(trigger: Trigger, action: Action) -> Self {
        Self { shared: Arc::new(Rule { trigger, action, counts: Mutex::default() }) }
    }

    /// Returns the number of calls into which the fault was injected.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    /// Returns the number of calls that match the rule's endpoint and its [predicate](crate::faults::Fault::when), with or
    /// without a fault.
    ///
    /// [`nth`](crate::faults::Fault::nth) and the like refer to this number. It does not grow after [`stop`](Self::stop).
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Stops the fault. It is not injected again.
    pub fn stop(&self) {
        self.lock().stopped = true;
    }

    /// Counts the request if it matches. Returns the fault to inject, if the rule triggers and the fault is `wanted`.
    pub(crate) fn trigger(&self, request: &Request, wanted: impl FnOnce(&Action) -> bool) -> Option<Injection> {
        let Rule { trigger, action, .. } = &*self.shared;
        // The predicate and the timer are user code, so they run without the lock.
        if !trigger.matches(request) {
            return None;
        }
        let in_window = trigger.is_in_window();
        let mut counts = self.lock();
        if counts.stopped {
            return None;
        }
        counts.calls += 1;
        if !(in_window && trigger.selects(*counts) && wanted(action)) {
            return None;
        }
        counts.injected += 1;
        let label = format!("{trigger}, at call {}", counts.calls);
        Some(Injection { action: action.clone(), label, number: counts.injected })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { calls, injected, stopped } = *self.lock();
        let count = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let (calls, injected) = (called(count(calls)), times(count(injected)));
        let stopped = if stopped { ", stopped" } else { "" };
        write!(f, "{}: {calls}, injected {injected}{stopped}", self.shared.trigger)
    }
}

type Predicate = Box<dyn Fn(&Request) -> bool + Send + Sync>;
type Window<T> = (Bound<T>, Bound<T>);

/// Selects the calls into which a fault is injected: those that meet every condition.
pub(crate) struct Trigger {
    pub(crate) endpoint: Option<&'static Endpoint>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) calls: Vec<Window<u64>>,
    pub(crate) every: Vec<u64>,
    pub(crate) probabilities: Vec<Probability>,
    pub(crate) times: Vec<(Window<Duration>, Arc<dyn Timer>)>,
    pub(crate) at_most: Option<u64>,
}

impl Trigger {
    pub(crate) fn new(endpoint: Option<&'static Endpoint>, location: &'static Location<'static>) -> Self {
        Self {
            endpoint,
            location,
            predicates: Vec::new(),
            calls: Vec::new(),
            every: Vec::new(),
            probabilities: Vec::new(),
            times: Vec::new(),
            at_most: None,
        }
    }

    fn matches(&self, request: &Request) -> bool {
        self.endpoint.is_none_or(|endpoint| is_same_endpoint(endpoint, request.endpoint()))
            && self.predicates.iter().all(|predicate| predicate(request))
    }

    fn is_in_window(&self) -> bool {
        self.times.iter().all(|(window, timer)| window.contains(&timer.now()))
    }

    fn selects(&self, counts: Counts) -> bool {
        let Counts { calls, injected, .. } = counts;
        self.calls.iter().all(|window| window.contains(&calls))
            && self.every.iter().all(|every| calls % every == 0)
            && self.probabilities.iter().all(|probability| probability.selects(calls))
            && self.at_most.is_none_or(|most| injected < most)
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.map_or("any endpoint", Endpoint::name);
        write!(f, "the fault for {endpoint} ({}:{})", self.location.file(), self.location.line())
    }
}
