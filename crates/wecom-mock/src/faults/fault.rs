//! Defines a fault: first which calls, then what happens to them.

use std::fmt;
use std::ops::RangeBounds;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wecom_core::{Endpoint, ErrCode, Request, Timer, TransportErrorKind};

use crate::fail::fail;
use crate::faults::Rules;
use crate::faults::action::Action;
use crate::faults::chance::Chance;
use crate::faults::rule::{FaultRule, When};
use crate::stub::answer::Answer;

/// A fault that is being defined; from [`Faults::on`](crate::Faults::on) and [`Faults::on_any`](crate::Faults::on_any).
///
/// First which calls it strikes; where several things are said, all of them must hold, and where nothing is said, it
/// strikes each call of its endpoint. Then what happens, which completes it: until then it is no rule.
///
/// Calls are counted from 1, for each rule by itself: the second call of `on(&GET_RESULT)` is the second of that endpoint,
/// that of `on_any()` is the second of all, and one that a [predicate](Fault::when) refuses is not counted.
#[must_use = "a fault does nothing until it is said what happens"]
pub struct Fault {
    rules: Arc<Rules>,
    when: When,
}

/// Which calls.
impl Fault {
    pub(crate) fn new(
        rules: Arc<Rules>,
        endpoint: Option<&'static Endpoint>,
        place: &'static Location<'static>,
    ) -> Self {
        Self { rules, when: When::new(endpoint, place) }
    }

    /// Strikes the `n`th call alone; the first is 1.
    ///
    /// # Panics
    ///
    /// On 0: there is no such call.
    #[track_caller]
    pub fn nth(self, n: u64) -> Self {
        if n == 0 {
            fail(&"nth(0) is no call: the first is nth(1)");
        }
        self.calls(n..=n)
    }

    /// Strikes the first so many calls.
    pub fn first(self, count: u64) -> Self {
        self.calls(..=count)
    }

    /// Strikes the calls of a window: `calls(3..6)` the third, fourth and fifth, `calls(2..)` all but the first.
    pub fn calls(mut self, window: impl RangeBounds<u64>) -> Self {
        self.when.calls.push((window.start_bound().cloned(), window.end_bound().cloned()));
        self
    }

    /// Strikes every `n`th call: `every(3)` the third, sixth, ninth.
    ///
    /// # Panics
    ///
    /// On 0.
    #[track_caller]
    pub fn every(mut self, n: u64) -> Self {
        if n == 0 {
            fail(&"every(0) is no call: every(1) is each of them");
        }
        self.when.every.push(n);
        self
    }

    /// Strikes calls with a probability from 0 to 1. Which ones is settled by the seed and the number of the call, and by
    /// nothing else.
    ///
    /// # Panics
    ///
    /// When it is no probability.
    #[track_caller]
    pub fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        if !(0.0..=1.0).contains(&probability) {
            fail(&format_args!("{probability} is no probability: it lies between 0 and 1"));
        }
        self.when.chances.push(Chance { probability, seed });
        self
    }

    /// Strikes while the timer's [`now`](Timer::now) lies in a window.
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
        self.when.times.push((window, Arc::new(timer)));
        self
    }

    /// Looks only at requests for which the predicate holds; others are not counted either.
    pub fn when(mut self, predicate: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.when.predicates.push(Box::new(predicate));
        self
    }

    /// Strikes at most so often.
    pub fn at_most(mut self, strikes: u64) -> Self {
        self.when.most = Some(self.when.most.map_or(strikes, |most| most.min(strikes)));
        self
    }
}

/// What happens before or instead of sending: while it does, the transport below is not called.
impl Fault {
    /// Fails, and the server has not seen the request: [`Delivery::NotSent`](wecom_core::Delivery::NotSent).
    ///
    /// # Panics
    ///
    /// On a kind that tells of a reply.
    #[track_caller]
    pub fn fail_before_sending(self, kind: TransportErrorKind) -> FaultRule {
        if matches!(kind, TransportErrorKind::Protocol | TransportErrorKind::ReplyTooLarge) {
            fail(&format_args!("{kind:?} tells of a reply, so it can't come before sending: see fail_after_sending"));
        }
        self.then(Action::FailBefore(kind))
    }

    /// Keeps the request back on a timer before it is sent: the server has not seen it by then. That is how a call waits for
    /// a place in a pool, for a name, for a connection.
    ///
    /// A request whose [time limit](Request::time_limit) is shorter waits for that long, and fails with
    /// [`TransportErrorKind::Timeout`] and [`Delivery::NotSent`](wecom_core::Delivery::NotSent), so that any call may be made
    /// again; a longer one goes out with what is left of its limit. Delays of several rules add up, and go with any other
    /// fault. For a delay after sending, see [`delay`](Self::delay).
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
    /// let passing = async {
    ///     timer.until_sleepers(1).await;
    ///     timer.advance(Duration::from_secs(5));
    /// };
    /// let (reply, ()) = join(client.call_raw(RawCall::new(&LIST_IDS)), passing).await;
    /// assert!(reply.is_ok());
    /// # });
    /// ```
    pub fn delay_before_sending(self, duration: Duration, timer: impl Timer + 'static) -> FaultRule {
        self.then(Action::DelayBefore(duration, Arc::new(timer)))
    }

    /// WeCom refuses with an `errcode` (`45009`, or an [`ErrCode`]) and an `errmsg` in the vendor's manner, and does
    /// nothing.
    pub fn error_code(self, code: impl Into<ErrCode>) -> FaultRule {
        self.respond(Answer::error_code(code))
    }

    /// An HTTP status and a body as it is, as from a gateway that does not pass the request on. For one that did, see
    /// [`replace_reply`](Self::replace_reply).
    pub fn status(self, status: u16, body: impl Into<Bytes>) -> FaultRule {
        self.respond(Answer::status(status, body))
    }

    /// Any other answer.
    pub fn respond(self, answer: Answer) -> FaultRule {
        self.then(Action::Respond(answer.into_outcome()))
    }
}

/// What happens to the reply: the transport below is called, so the server has acted. Where that transport fails, its
/// failure stays what it is.
impl Fault {
    /// Fails, and the reply is thrown away: [`Delivery::Unknown`](wecom_core::Delivery::Unknown).
    ///
    /// # Panics
    ///
    /// On a kind that promises that nothing was sent.
    #[track_caller]
    pub fn fail_after_sending(self, kind: TransportErrorKind) -> FaultRule {
        use TransportErrorKind::{Connect, Dns, NoRuntime, Tls, Unsupported};
        if matches!(kind, Dns | Connect | Tls | Unsupported | NoRuntime) {
            fail(&format_args!(
                "{kind:?} means that nothing was sent, so it can't come after: see fail_before_sending"
            ));
        }
        self.then(Action::FailAfter(kind))
    }

    /// Another answer in place of the reply: `replace_reply(Answer::status(504, ""))` is a gateway that gave up on a server
    /// which did its work.
    pub fn replace_reply(self, answer: Answer) -> FaultRule {
        self.then(Action::Replace(answer.into_outcome()))
    }

    /// The reply's first so many bytes, and then it ends.
    pub fn cut_reply(self, bytes: usize) -> FaultRule {
        self.then(Action::Cut(bytes))
    }

    /// The reply's status and headers without a body.
    pub fn empty_reply(self) -> FaultRule {
        self.then(Action::Empty)
    }

    /// Bytes that mean nothing, as many as the reply has.
    pub fn garbage_reply(self) -> FaultRule {
        self.then(Action::Garbage)
    }

    /// A page of HTML with the reply's own status: somebody on the way wants the user to sign in.
    pub fn html_reply(self) -> FaultRule {
        self.then(Action::Html)
    }

    /// Holds back what the call brings, be it reply or failure, on a timer: the server has acted by then.
    ///
    /// A request whose [time limit](Request::time_limit) is shorter waits for that long, and fails with
    /// [`TransportErrorKind::Timeout`]. Delays of several rules add up, and go with any other fault. For a delay before
    /// sending, see [`delay_before_sending`](Self::delay_before_sending).
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
    /// let passing = async {
    ///     timer.until_sleepers(1).await;
    ///     timer.advance(Duration::from_secs(10));
    /// };
    /// let (reply, ()) = join(client.call_raw(RawCall::new(&LIST_IDS)), passing).await;
    /// assert!(reply.unwrap_err().is_timeout());
    /// # });
    /// ```
    pub fn delay(self, duration: Duration, timer: impl Timer + 'static) -> FaultRule {
        self.then(Action::Delay(duration, Arc::new(timer)))
    }

    fn then(self, action: Action) -> FaultRule {
        let rule = FaultRule::new(self.when, action);
        self.rules.add(rule.clone());
        rule
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.when)
    }
}
