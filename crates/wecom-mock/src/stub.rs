//! Stubs, their verification, and the journal of a [`Mock`](crate::Mock).

pub(crate) mod answer;
pub(crate) mod difference;
pub(crate) mod incoming_request;
pub(crate) mod journal;
pub(crate) mod mismatch;
pub(crate) mod registered_stub;
pub(crate) mod registry;
mod unanswered_call;
pub(crate) mod verify;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::{ApiCall, Delivery, ErrCode, Request, TransportError, TransportErrorKind};

use crate::fail_test::fail;
use crate::stub::answer::Outcome;
pub use crate::stub::answer::{Answer, Untyped};
use crate::stub::difference::Differences;
use crate::stub::incoming_request::{IncomingRequest, json_of_call};
pub use crate::stub::journal::RecordedCall;
use crate::stub::mismatch::Mismatch;
use crate::stub::registered_stub::RegisteredStub;
use crate::stub::registry::Registry;
pub use crate::stub::verify::VerifyError;

/// A stub of a [`Mock`](crate::Mock): its conditions, its answers, and its expected number of calls.
///
/// The stub is in effect as soon as it is created. Each method changes it.
///
/// # The expected number of calls
///
/// The answers are given in order, and the last one is repeated. By default a stub expects at least as many calls as it has
/// answers:
///
/// ```
/// # use wecom_core::endpoint::RawCall;
/// # use wecom_core::Endpoint;
/// # use wecom_mock::Mock;
/// # use serde_json::json;
/// # const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
/// let mock = Mock::new();
/// mock.on_endpoint(&LIST_IDS)
///     .error_code(45009)
///     .json(json!({"errcode": 0, "rule_ids": [1]}));
///
/// let client = mock.client();
/// # pollster::block_on(async {
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_err());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// assert!(client.call_raw(RawCall::new(&LIST_IDS)).await.is_ok());
/// # });
/// ```
///
/// [`times`](Stub::times) sets an exact number. A stub that has had this number of calls is exhausted, and later stubs are
/// tried. [`at_least`](Stub::at_least) and [`optional`](Stub::optional) change the minimum.
pub struct Stub<C = Untyped> {
    registry: Arc<Registry>,
    index: usize,
    /// The type of the call. A stub contains no call.
    call: PhantomData<fn(&C)>,
}

/// Conditions and answers for typed calls.
impl<C: ApiCall + DeserializeOwned + 'static> Stub<C> {
    /// Matches the calls for which the predicate returns `true`.
    #[must_use = "a stub without an answer never answers"]
    pub fn when(self, predicate: impl Fn(&C) -> bool + Send + Sync + 'static) -> Self {
        self.condition(move |incoming| {
            let call = incoming.read::<C>().map_err(Mismatch::Unreadable)?;
            if predicate(&call) { Ok(()) } else { Err(Mismatch::Predicate) }
        })
    }

    /// Matches the calls that send the same request as this one. The error of any other call lists the fields that differ.
    ///
    /// # Panics
    ///
    /// Panics if the call is invalid or cannot be serialized.
    #[track_caller]
    #[must_use = "a stub without an answer never answers"]
    pub fn with(self, call: C) -> Self {
        match json_of_call(&call) {
            Ok(expected) => self.equals(expected),
            Err(error) => fail(&format_args!("{}: {error}", C::ENDPOINT)),
        }
    }

    /// Answers with a typed reply.
    ///
    /// The reply is serialized with the envelope (`"errcode":0,"errmsg":"ok"`), and the client decodes it like a reply of
    /// WeCom.
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
    /// The reply of another endpoint does not compile:
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
    /// Panics if the reply does not serialize to a JSON object.
    #[track_caller]
    pub fn reply(self, reply: C::Reply) -> Self
    where
        C::Reply: Serialize,
    {
        self.fixed(Answer::reply(reply))
    }

    /// Answers with the result of a closure.
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
            // Unreachable: the conditions of the stub have deserialized the call already.
            Err(problem) => Err(TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(problem)),
        })
    }
}

/// Conditions and answers for requests.
impl Stub<Untyped> {
    /// Matches the requests for which the predicate returns `true`.
    #[must_use = "a stub without an answer never answers"]
    pub fn when(self, predicate: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        self.condition(move |incoming| if predicate(&incoming.request) { Ok(()) } else { Err(Mismatch::Predicate) })
    }

    /// Matches the requests whose public query values and body fields, as one object, equal this value. The error of any
    /// other request lists the fields that differ.
    #[must_use = "a stub without an answer never answers"]
    pub fn with(self, request: Value) -> Self {
        self.equals(request)
    }

    /// Answers with the result of a closure.
    #[track_caller]
    pub fn respond_with(self, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        self.answer(move |incoming| answer(&incoming.request).into_outcome())
    }
}

/// Answers and expected numbers of calls.
impl<C> Stub<C> {
    /// Sets a name, which reports show.
    #[must_use = "a stub without an answer never answers"]
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.edit(|stub| stub.label.name = Some(name))
    }

    /// Answers with an `errcode` (`45009`, or an [`ErrCode`]) and an `errmsg` like WeCom's.
    #[track_caller]
    pub fn error_code(self, code: impl Into<ErrCode>) -> Self {
        self.fixed(Answer::error_code(code))
    }

    /// Answers with a JSON body. Nothing is added: include `errcode` and `errmsg` if the reply should have them.
    #[track_caller]
    pub fn json(self, body: Value) -> Self {
        self.fixed(Answer::json(body))
    }

    /// Answers with these bytes and HTTP status 200, such as a truncated reply.
    #[track_caller]
    pub fn raw(self, body: impl Into<Bytes>) -> Self {
        self.fixed(Answer::raw(body))
    }

    /// Answers with an HTTP status and a body, such as the error page of a gateway.
    #[track_caller]
    pub fn status(self, status: u16, body: impl Into<Bytes>) -> Self {
        self.fixed(Answer::status(status, body))
    }

    /// Fails each call with a clone of this transport error.
    #[track_caller]
    pub fn fail(self, error: TransportError) -> Self {
        self.fixed(Answer::fail(error))
    }

    /// Expects exactly this number of calls. Later stubs answer any further call.
    ///
    /// `times(0)` expects no call, and needs no answer. A call that the stub matches fails, and no later stub answers it.
    ///
    /// # Panics
    ///
    /// Panics if the stub has more answers than this, and this is not 0.
    #[track_caller]
    pub fn times(self, count: usize) -> Self {
        self.edit(|stub| (stub.min_calls, stub.max_calls) = (Some(count), Some(count)))
    }

    /// Expects at least this number of calls, regardless of the number of answers. There is no maximum.
    #[track_caller]
    pub fn at_least(self, count: usize) -> Self {
        self.edit(|stub| (stub.min_calls, stub.max_calls) = (Some(count), None))
    }

    /// Sets the minimum number of calls to 0. The maximum that [`times`](Stub::times) has set remains.
    #[track_caller]
    pub fn optional(self) -> Self {
        self.edit(|stub| stub.min_calls = Some(0))
    }

    pub(crate) fn new(registry: Arc<Registry>, index: usize) -> Self {
        Self { registry, index, call: PhantomData }
    }

    pub(crate) fn condition(
        self,
        condition: impl Fn(&IncomingRequest) -> Result<(), Mismatch> + Send + Sync + 'static,
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
    fn answer(self, responder: impl Fn(&IncomingRequest) -> Outcome + Send + Sync + 'static) -> Self {
        self.edit(|stub| stub.answers.push(Arc::new(responder)))
    }

    #[track_caller]
    fn edit(self, change: impl FnOnce(&mut RegisteredStub)) -> Self {
        self.registry.edit(self.index, change);
        self
    }
}

impl<C> fmt::Debug for Stub<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stub({})", self.registry.label(self.index))
    }
}
