//! The builder of a fault: which calls it is injected into, and what it does.

use std::fmt;
use std::ops::RangeBounds;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wecom_core::{Endpoint, ErrCode, Request, Timer, TransportErrorKind};

use crate::fail_test::fail;
use crate::faults::Rules;
use crate::faults::fault_rule::{FaultRule, Trigger};
use crate::faults::injection::Action;
use crate::faults::probability::Probability;
use crate::stub::answer::Answer;

/// The builder of a fault. Created by [`Faults::on`](crate::Faults::on) and [`Faults::on_any`](crate::Faults::on_any).
///
/// The first methods select the calls. If several are used, a call must meet all conditions. If none is used, the fault is
/// injected into every call of its endpoint. The last method defines what the fault does, and activates it.
///
/// Each fault counts its calls from 1. The second call of `on(&GET_RESULT)` is the second call of that endpoint, and the
/// second call of `on_any()` is the second call of all. Calls that don't match the [predicate](Fault::when) don't count.
#[must_use = "a fault has no effect until a method says what it does"]
pub struct Fault {
    rules: Arc<Rules>,
    trigger: Trigger,
}

/// Selects the calls.
impl Fault {
    pub(crate) fn new(
        rules: Arc<Rules>,
        endpoint: Option<&'static Endpoint>,
        location: &'static Location<'static>,
    ) -> Self {
        Self { rules, trigger: Trigger::new(endpoint, location) }
    }

    /// Selects the `n`th call only. The first call is 1.
    ///
    /// # Panics
    ///
    /// Panics if `n` is 0.
    #[track_caller]
    pub fn nth(self, n: u64) -> Self {
        if n == 0 {
            fail(&"invalid argument: nth(0); the first call is nth(1)");
        }
        self.calls(n..=n)
    }

    /// Selects the first `count` calls.
    pub fn first(self, count: u64) -> Self {
        self.calls(..=count)
    }

    /// Selects a range of calls: `calls(3..6)` the third, fourth and fifth, `calls(2..)` all but the first.
    pub fn calls(mut self, window: impl RangeBounds<u64>) -> Self {
        self.trigger.calls.push((window.start_bound().cloned(), window.end_bound().cloned()));
        self
    }

    /// Selects every `n`th call: `every(3)` the third, sixth, ninth.
    ///
    /// # Panics
    ///
    /// Panics if `n` is 0.
    #[track_caller]
    pub fn every(mut self, n: u64) -> Self {
        if n == 0 {
            fail(&"invalid argument: every(0); every(1) selects every call");
        }
        self.trigger.every.push(n);
        self
    }

    /// Selects calls with a probability between 0 and 1. The choice depends only on the seed and the number of the call.
    ///
    /// # Panics
    ///
    /// Panics if the probability is not between 0 and 1.
    #[track_caller]
    pub fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        if !(0.0..=1.0).contains(&probability) {
            fail(&format_args!("invalid argument: the probability {probability} is not between 0 and 1"));
        }
        self.trigger.probabilities.push(Probability { probability, seed });
        self
    }

    /// Selects the calls during a window of time, as measured by the timer's [`now`](Timer::now).
    ///
    /// ```
    /// use std::time::Duration;
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::{AccessToken, Client, Endpoint, Response, from_fn};
    /// use wecom_mock::{Faults, ManualTimer};
    ///
    /// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
    ///
    /// # let service = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
    /// let (faults, timer) = (Faults::new(service), ManualTimer::new());
    /// let (from, to) = (Duration::from_secs(60), Duration::from_secs(120));
    /// faults.on_any().during(from..to, timer.clone()).error_code(45009);
    ///
    /// let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
    /// # pollster::block_on(async {
    /// timer.advance(Duration::from_secs(60));
    /// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.unwrap_err().is_rate_limited());
    /// timer.advance(Duration::from_secs(60));
    /// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
    /// # });
    /// ```
    pub fn during(mut self, window: impl RangeBounds<Duration>, timer: impl Timer + 'static) -> Self {
        let window = (window.start_bound().cloned(), window.end_bound().cloned());
        self.trigger.times.push((window, Arc::new(timer)));
        self
    }

    /// Selects the requests for which the predicate returns `true`. Other requests are not counted.
    pub fn when(mut self, predicate: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.trigger.predicates.push(Box::new(predicate));
        self
    }

    /// Limits the number of injections.
    pub fn at_most(mut self, count: u64) -> Self {
        self.trigger.at_most = Some(self.trigger.at_most.map_or(count, |most| most.min(count)));
        self
    }
}

/// Faults before the request is sent. The inner transport is not called, or is called after a delay.
impl Fault {
    /// Fails the call before the request is sent: [`Delivery::NotSent`](wecom_core::Delivery::NotSent).
    ///
    /// # Panics
    ///
    /// Panics on `Protocol` and `ReplyTooLarge`, which require a reply.
    #[track_caller]
    pub fn fail_before_sending(self, kind: TransportErrorKind) -> FaultRule {
        if matches!(kind, TransportErrorKind::Protocol | TransportErrorKind::ReplyTooLarge) {
            fail(&format_args!("invalid argument: {kind:?} requires a reply; use fail_after_sending"));
        }
        self.complete(Action::FailBefore(kind))
    }

    /// Delays the request before it is sent, as if it waited for a name, a connection or a place in a pool.
    ///
    /// If the request's [time limit](Request::time_limit) is shorter, the call fails when it elapses, with
    /// [`TransportErrorKind::Timeout`] and [`Delivery::NotSent`](wecom_core::Delivery::NotSent), so that any call may be
    /// repeated. Otherwise the request is sent with the remaining time limit. The delays of several rules add up, and combine
    /// with any other fault. To delay the reply, see [`delay`](Self::delay).
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures_util::future::join;
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::{AccessToken, Client, Endpoint, Response, from_fn};
    /// use wecom_mock::{Faults, ManualTimer};
    ///
    /// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
    ///
    /// # let service = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
    /// let (faults, timer) = (Faults::new(service), ManualTimer::new());
    /// faults.on(&LIST_IDS).nth(1).delay_before_sending(Duration::from_secs(5), timer.clone());
    ///
    /// let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
    /// # pollster::block_on(async {
    /// let advance = async {
    ///     timer.until_sleepers(1).await;
    ///     timer.advance(Duration::from_secs(5));
    /// };
    /// let (reply, ()) = join(client.call_raw(RawCall::new(&LIST_IDS)), advance).await;
    /// assert!(reply.is_ok());
    /// # });
    /// ```
    pub fn delay_before_sending(self, duration: Duration, timer: impl Timer + 'static) -> FaultRule {
        self.complete(Action::DelayBefore(duration, Arc::new(timer)))
    }

    /// Replies with an `errcode` (`45009`, or an [`ErrCode`]) and an `errmsg` like WeCom's.
    pub fn error_code(self, code: impl Into<ErrCode>) -> FaultRule {
        self.respond(Answer::error_code(code))
    }

    /// Replies with an HTTP status and a body, like a gateway that does not forward the request. For a gateway that does, see
    /// [`replace_reply`](Self::replace_reply).
    pub fn status(self, status: u16, body: impl Into<Bytes>) -> FaultRule {
        self.respond(Answer::status(status, body))
    }

    /// Replies with any answer.
    pub fn respond(self, answer: Answer) -> FaultRule {
        self.complete(Action::Respond(answer.into_outcome()))
    }
}

/// Faults after the request was sent. The inner transport is called, so the server has processed the request. If the inner
/// transport fails, its error is returned unchanged.
impl Fault {
    /// Discards the reply and fails the call: [`Delivery::Unknown`](wecom_core::Delivery::Unknown).
    ///
    /// # Panics
    ///
    /// Panics on a kind that means that the request was not sent: `Dns`, `Connect`, `Tls`, `Unsupported`, `NoRuntime`.
    #[track_caller]
    pub fn fail_after_sending(self, kind: TransportErrorKind) -> FaultRule {
        use TransportErrorKind::{Connect, Dns, NoRuntime, Tls, Unsupported};
        if matches!(kind, Dns | Connect | Tls | Unsupported | NoRuntime) {
            fail(&format_args!(
                "invalid argument: {kind:?} means that the request was not sent; use fail_before_sending"
            ));
        }
        self.complete(Action::FailAfter(kind))
    }

    /// Replaces the reply: `replace_reply(Answer::status(504, ""))` is a gateway that timed out although the server processed
    /// the request.
    pub fn replace_reply(self, answer: Answer) -> FaultRule {
        self.complete(Action::Replace(answer.into_outcome()))
    }

    /// Truncates the body of the reply to this number of bytes.
    pub fn cut_reply(self, bytes: usize) -> FaultRule {
        self.complete(Action::Cut(bytes))
    }

    /// Removes the body of the reply. Status and headers are kept.
    pub fn empty_reply(self) -> FaultRule {
        self.complete(Action::Empty)
    }

    /// Replaces the body of the reply by random bytes of the same length.
    pub fn garbage_reply(self) -> FaultRule {
        self.complete(Action::Garbage)
    }

    /// Replaces the body of the reply by an HTML page, like a captive portal. The status is kept.
    pub fn html_reply(self) -> FaultRule {
        self.complete(Action::Html)
    }

    /// Delays the reply or the error.
    ///
    /// If the request's [time limit](Request::time_limit) is shorter, the call fails when it elapses, with
    /// [`TransportErrorKind::Timeout`]. The delays of several rules add up, and combine with any other fault. To delay the
    /// request, see [`delay_before_sending`](Self::delay_before_sending).
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures_util::future::join;
    /// use wecom_core::endpoint::RawCall;
    /// use wecom_core::{AccessToken, Client, Endpoint, Response, from_fn};
    /// use wecom_mock::{Faults, ManualTimer};
    ///
    /// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
    ///
    /// # let service = from_fn(|_request| async { Ok(Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#)) });
    /// let (faults, timer) = (Faults::new(service), ManualTimer::new());
    /// faults.on(&LIST_IDS).nth(1).delay(Duration::from_secs(30), timer.clone());
    ///
    /// let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
    /// let client = client.with_time_limit(Duration::from_secs(10));
    /// # pollster::block_on(async {
    /// let advance = async {
    ///     timer.until_sleepers(1).await;
    ///     timer.advance(Duration::from_secs(10));
    /// };
    /// let (reply, ()) = join(client.call_raw(RawCall::new(&LIST_IDS)), advance).await;
    /// assert!(reply.unwrap_err().is_timeout());
    /// # });
    /// ```
    pub fn delay(self, duration: Duration, timer: impl Timer + 'static) -> FaultRule {
        self.complete(Action::Delay(duration, Arc::new(timer)))
    }

    fn complete(self, action: Action) -> FaultRule {
        let rule = FaultRule::new(self.trigger, action);
        self.rules.add(rule.clone());
        rule
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trigger)
    }
}
