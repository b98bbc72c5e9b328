//! Defines a stub: what it is for, what it answers, how often.

pub(crate) mod answer;
pub(crate) mod difference;
pub(crate) mod incoming;
pub(crate) mod journal;
pub(crate) mod mismatch;
pub(crate) mod registered;
pub(crate) mod registry;
mod unanswered;
pub(crate) mod verify;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::{ApiCall, Delivery, ErrCode, Request, TransportError, TransportErrorKind};

use crate::fail::fail;
pub use crate::stub::answer::Untyped;
use crate::stub::answer::{Answer, Outcome};
use crate::stub::difference::Differences;
use crate::stub::incoming::{Incoming, json_of_call};
use crate::stub::mismatch::Mismatch;
use crate::stub::registered::Registered;
use crate::stub::registry::Registry;

/// A stub of a [`Mock`](crate::Mock): first its conditions, then its answers, then how often it is to be called.
///
/// It is part of the mock from the moment it is begun; what is said here extends it.
///
/// # How often
///
/// The answers are given in order, and the last one stays. A stub has to be called at least as often as it has answers:
///
/// ```
/// # use wecom_core::endpoint::RawCall;
/// # use wecom_core::Endpoint;
/// # use wecom_mock::Mock;
/// # use serde_json::json;
/// # const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
/// let mock = Mock::new();
/// mock.on_endpoint(&LIST_IDS).error_code(45009).json(json!({"errcode": 0, "rule_ids": [1]}));
///
/// let client = mock.client();
/// # pollster::block_on(async {
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// # });
/// ```
///
/// [`times`](Stub::times) makes that an exact number, after which the stub is used up and the next one is tried;
/// [`at_least`](Stub::at_least) and [`optional`](Stub::optional) move the lower bound alone.
pub struct Stub<C = Untyped> {
    registry: Arc<Registry>,
    index: usize,
    /// A stub holds no call; it looks at calls of this type.
    call: PhantomData<fn(&C)>,
}

/// What looks at typed calls, or answers with a typed reply.
impl<C: ApiCall + DeserializeOwned + 'static> Stub<C> {
    /// Answers only calls for which the predicate holds.
    #[must_use = "a stub without an answer answers nothing"]
    pub fn when(self, predicate: impl Fn(&C) -> bool + Send + Sync + 'static) -> Self {
        self.condition(move |incoming| {
            let call = incoming.read::<C>().map_err(Mismatch::Unreadable)?;
            if predicate(&call) { Ok(()) } else { Err(Mismatch::Refused) }
        })
    }

    /// Answers only calls that send the same as this one. Where none does, the error says field by field what differs.
    ///
    /// # Panics
    ///
    /// When the call can't be written as JSON.
    #[track_caller]
    #[must_use = "a stub without an answer answers nothing"]
    pub fn with(self, call: C) -> Self {
        match json_of_call(&call) {
            Ok(expected) => self.equals(expected),
            Err(error) => fail(&format_args!("{}: {error}", C::ENDPOINT)),
        }
    }

    /// Answers with a typed reply.
    ///
    /// It is written as JSON, put into the envelope (`"errcode":0,"errmsg":"ok"`), and goes as bytes through the decoder
    /// that reads the real service's replies.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use wecom_core::{ApiCall, Endpoint};
    /// # #[derive(Serialize, Deserialize)] struct GetChainList {}
    /// # #[derive(Serialize, Deserialize, Default)] struct GetChainListReply { chains: Vec<String> }
    /// # const GET_CHAIN_LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
    /// # impl ApiCall for GetChainList {
    /// #     const ENDPOINT: &'static Endpoint = &GET_CHAIN_LIST;
    /// #     type Reply = GetChainListReply;
    /// # }
    /// # #[derive(Serialize, Deserialize, Default)] struct GetChainGroupReply { groups: Vec<String> }
    /// # let mock = wecom_mock::Mock::new();
    /// mock.on::<GetChainList>().reply(GetChainListReply::default());
    /// # assert!(pollster::block_on(mock.client().call(GetChainList {})).is_ok());
    /// ```
    ///
    /// A reply of another endpoint does not compile:
    ///
    /// ```compile_fail,E0308
    /// # use serde::{Deserialize, Serialize};
    /// # use wecom_core::{ApiCall, Endpoint};
    /// # #[derive(Serialize, Deserialize)] struct GetChainList {}
    /// # #[derive(Serialize, Deserialize, Default)] struct GetChainListReply { chains: Vec<String> }
    /// # const GET_CHAIN_LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
    /// # impl ApiCall for GetChainList {
    /// #     const ENDPOINT: &'static Endpoint = &GET_CHAIN_LIST;
    /// #     type Reply = GetChainListReply;
    /// # }
    /// # #[derive(Serialize, Deserialize, Default)] struct GetChainGroupReply { groups: Vec<String> }
    /// # let mock = wecom_mock::Mock::new();
    /// mock.on::<GetChainList>().reply(GetChainGroupReply::default());
    /// # assert!(pollster::block_on(mock.client().call(GetChainList {})).is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// When the reply can't be written as a JSON object.
    #[track_caller]
    pub fn reply(self, reply: C::Reply) -> Self
    where
        C::Reply: Serialize,
    {
        self.fixed(Answer::reply(reply))
    }

    /// Answers with what a closure makes of the call.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # use wecom_core::{ApiCall, Endpoint};
    /// # #[derive(Serialize, Deserialize)] struct GetResult { jobid: String }
    /// # #[derive(Serialize, Deserialize, Default)] struct GetResultReply { status: i64 }
    /// # const GET_RESULT: Endpoint = Endpoint::get("get_result", "corpgroup/getresult");
    /// # impl ApiCall for GetResult {
    /// #     const ENDPOINT: &'static Endpoint = &GET_RESULT;
    /// #     type Reply = GetResultReply;
    /// #     fn query(&self, query: &mut wecom_core::http::Query) { query.push("jobid", self.jobid.as_str()); }
    /// # }
    /// use wecom_mock::{Answer, Mock};
    ///
    /// let mock = Mock::new();
    /// mock.on::<GetResult>().respond_with(|call| match call.jobid.as_str() {
    ///     "finished" => Answer::reply(GetResultReply { status: 3 }),
    ///     _ => Answer::error_code(670021),
    /// });
    /// # let call = GetResult { jobid: "finished".to_owned() };
    /// # assert_eq!(pollster::block_on(mock.client().call(call)).unwrap().status, 3);
    /// ```
    #[track_caller]
    pub fn respond_with(self, answer: impl Fn(&C) -> Answer<C> + Send + Sync + 'static) -> Self {
        self.answer(move |incoming| match incoming.read::<C>() {
            Ok(call) => answer(&call).into_outcome(),
            // Not reached: a stub is asked for an answer only after it could read the call.
            Err(problem) => Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(problem)),
        })
    }
}

/// What looks at requests.
impl Stub<Untyped> {
    /// Answers only requests for which the predicate holds.
    #[must_use = "a stub without an answer answers nothing"]
    pub fn when(self, predicate: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.condition(move |incoming| if predicate(&incoming.request) { Ok(()) } else { Err(Mismatch::Refused) })
    }

    /// Answers only requests whose public query values and body fields, in one object, are this. Where none is, the error
    /// says field by field what differs.
    #[must_use = "a stub without an answer answers nothing"]
    pub fn with(self, request: Value) -> Self {
        self.equals(request)
    }

    /// Answers with what a closure makes of the request.
    #[track_caller]
    pub fn respond_with(self, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        self.answer(move |incoming| answer(&incoming.request).into_outcome())
    }
}

/// Answers and counts, for every stub.
impl<C> Stub<C> {
    /// Gives the stub a name, by which error texts call it.
    #[must_use = "a stub without an answer answers nothing"]
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.edit(|stub| stub.label.name = Some(name))
    }

    /// Answers as WeCom refuses: with an `errcode` (`45009`, or an [`ErrCode`]) and an `errmsg` in the vendor's manner.
    #[track_caller]
    pub fn error_code(self, code: impl Into<ErrCode>) -> Self {
        self.fixed(Answer::error_code(code))
    }

    /// Answers with a JSON body as it is: `errcode` and `errmsg` are yours to put in, or to leave out.
    #[track_caller]
    pub fn json(self, body: Value) -> Self {
        self.fixed(Answer::json(body))
    }

    /// Answers with a body as it is, and HTTP status 200: what is no JSON, or breaks off.
    #[track_caller]
    pub fn raw(self, body: impl Into<Bytes>) -> Self {
        self.fixed(Answer::raw(body))
    }

    /// Answers with an HTTP status and a body as it is: as a gateway does.
    #[track_caller]
    pub fn status(self, status: u16, body: impl Into<Bytes>) -> Self {
        self.fixed(Answer::status(status, body))
    }

    /// Gives no reply: the transport fails. It is a clone of this error that each call gets.
    #[track_caller]
    pub fn fail(self, error: TransportError) -> Self {
        self.fixed(Answer::fail(error))
    }

    /// Has to be called exactly so often; after that the stub is used up, and the next one is tried.
    ///
    /// # Panics
    ///
    /// When the stub has more answers than that: the last would never be given.
    #[track_caller]
    pub fn times(self, count: usize) -> Self {
        self.edit(|stub| (stub.least, stub.most) = (Some(count), Some(count)))
    }

    /// Has to be called at least so often, however many answers there are; it may be called any number of times.
    #[track_caller]
    pub fn at_least(self, count: usize) -> Self {
        self.edit(|stub| (stub.least, stub.most) = (Some(count), None))
    }

    /// Need not be called. After [`times`](Stub::times) that makes it at most so often.
    #[track_caller]
    pub fn optional(self) -> Self {
        self.edit(|stub| stub.least = Some(0))
    }

    pub(crate) fn new(registry: Arc<Registry>, index: usize) -> Self {
        Self { registry, index, call: PhantomData }
    }

    pub(crate) fn condition(
        self,
        condition: impl Fn(&Incoming) -> Result<(), Mismatch> + Send + Sync + 'static,
    ) -> Self {
        self.edit(|stub| stub.conditions.push(Arc::new(condition)))
    }

    fn equals(self, expected: Value) -> Self {
        self.condition(move |incoming| {
            if *incoming.json == expected {
                return Ok(());
            }
            match Differences::between(&expected, &incoming.json, &incoming.redactor) {
                Some(differences) => Err(Mismatch::Differs(differences)),
                None => Ok(()),
            }
        })
    }

    #[track_caller]
    fn fixed(self, answer: Answer<C>) -> Self {
        let outcome = answer.into_outcome();
        self.answer(move |_| outcome.clone())
    }

    #[track_caller]
    fn answer(self, responder: impl Fn(&Incoming) -> Outcome + Send + Sync + 'static) -> Self {
        self.edit(|stub| stub.answers.push(Arc::new(responder)))
    }

    #[track_caller]
    fn edit(self, change: impl FnOnce(&mut Registered)) -> Self {
        self.registry.edit(self.index, change);
        self
    }
}

impl<C> fmt::Debug for Stub<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stub({})", self.registry.label(self.index))
    }
}
