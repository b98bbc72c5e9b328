//! When a fault strikes, and how often it has.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wecom_core::{Endpoint, Request, Timer};

use crate::faults::action::{Action, Strike};
use crate::faults::chance::Chance;
use crate::stub::registered::{called, is_same_place, times};

/// A fault that has been defined: it tells how often it struck, and can be ended.
///
/// Dropping it changes nothing. Cheap to clone; all clones are the same rule.
///
/// ```
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::{AccessToken, Client, Endpoint, Response, TransportErrorKind, from_fn};
/// use wecom_mock::Faults;
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let service = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
/// let faults = Faults::new(service);
/// let client = Client::builder(faults.clone()).token(AccessToken::new("a-token")).build();
/// # pollster::block_on(async {
/// let outage = faults.on_any().fail_before_sending(TransportErrorKind::Connect);
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
///
/// outage.stop();
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert_eq!(outage.strikes(), 2);
/// # });
/// ```
#[derive(Clone)]
pub struct FaultRule {
    shared: Arc<Rule>,
}

struct Rule {
    when: When,
    action: Action,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    calls: u64,
    strikes: u64,
    stopped: bool,
}

impl FaultRule {
    pub(crate) fn new(when: When, action: Action) -> Self {
        Self { shared: Arc::new(Rule { when, action, counts: Mutex::default() }) }
    }

    /// How often it struck.
    #[must_use]
    pub fn strikes(&self) -> u64 {
        self.lock().strikes
    }

    /// How many calls came that are for its endpoint and its [predicate](crate::Fault::when), struck or not: what
    /// [`nth`](crate::Fault::nth) and the like count. None are counted after [`stop`](Self::stop).
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Ends the fault: it does not strike any more.
    pub fn stop(&self) {
        self.lock().stopped = true;
    }

    /// Counts a call that is for this rule, and gives what happens to it, if the rule strikes and is `wanted` to.
    pub(crate) fn look(&self, request: &Request, wanted: impl FnOnce(&Action) -> bool) -> Option<Strike> {
        let Rule { when, action, .. } = &*self.shared;
        // Predicate and timer are the caller's code: they run without the lock.
        if !when.is_for(request) {
            return None;
        }
        let in_time = when.is_in_time();
        let mut counts = self.lock();
        if counts.stopped {
            return None;
        }
        counts.calls += 1;
        let strikes = in_time && when.is_its_turn(*counts) && wanted(action);
        if !strikes {
            return None;
        }
        counts.strikes += 1;
        let Counts { calls, strikes: number, .. } = *counts;
        Some(Strike { action: action.clone(), label: format!("{when}, at call {calls}"), number })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing in here panics between two changes that belong together.
        self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { calls, strikes, stopped } = *self.lock();
        let count = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let struck =
            if strikes == 0 { "did not strike".to_owned() } else { format!("struck {}", times(count(strikes))) };
        let stopped = if stopped { ", stopped" } else { "" };
        write!(f, "{}: {}, {struck}{stopped}", self.shared.when, called(count(calls)))
    }
}

type Predicate = Box<dyn Fn(&Request) -> bool + Send + Sync>;
type Window<T> = (Bound<T>, Bound<T>);

/// Which calls a rule strikes: those for which all that was said holds.
pub(crate) struct When {
    pub(crate) endpoint: Option<&'static Endpoint>,
    pub(crate) place: &'static Location<'static>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) calls: Vec<Window<u64>>,
    pub(crate) every: Vec<u64>,
    pub(crate) chances: Vec<Chance>,
    pub(crate) times: Vec<(Window<Duration>, Arc<dyn Timer>)>,
    pub(crate) most: Option<u64>,
}

impl When {
    pub(crate) fn new(endpoint: Option<&'static Endpoint>, place: &'static Location<'static>) -> Self {
        Self {
            endpoint,
            place,
            predicates: Vec::new(),
            calls: Vec::new(),
            every: Vec::new(),
            chances: Vec::new(),
            times: Vec::new(),
            most: None,
        }
    }

    fn is_for(&self, request: &Request) -> bool {
        self.endpoint.is_none_or(|endpoint| is_same_place(endpoint, request.endpoint()))
            && self.predicates.iter().all(|predicate| predicate(request))
    }

    fn is_in_time(&self) -> bool {
        self.times.iter().all(|(window, timer)| window.contains(&timer.now()))
    }

    fn is_its_turn(&self, counts: Counts) -> bool {
        let Counts { calls, strikes, .. } = counts;
        self.calls.iter().all(|window| window.contains(&calls))
            && self.every.iter().all(|every| calls % every == 0)
            && self.chances.iter().all(|chance| chance.falls_on(calls))
            && self.most.is_none_or(|most| strikes < most)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint.map_or("any endpoint", Endpoint::name);
        write!(f, "the fault for {endpoint} ({}:{})", self.place.file(), self.place.line())
    }
}
