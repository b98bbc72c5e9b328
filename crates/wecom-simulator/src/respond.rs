//! The method with which a program adds an endpoint to the simulator.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_core::{ApiCall, Endpoint, ErrCode};

use crate::call::Payload;
use crate::custom_endpoints::Responder;
use crate::misuse::fail;
use crate::service::built_in;
use crate::simulator::Simulator;

impl Simulator {
    /// Adds an endpoint that the simulator does not implement. The closure replies to its calls, in memory and over a socket.
    ///
    /// Tokens, rate limits, HTTP methods and wire variants work as for other endpoints. The parameters are deserialized into
    /// the call; if that fails, the request is refused with an error that names the field. A parameter of a `GET` is a
    /// string. The closure returns the reply, or an [`ErrCode`] to refuse the call.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use wecom_core::{ApiCall, Endpoint, ErrCode};
    /// use wecom_simulator::Simulator;
    ///
    /// /// 统计部门成员
    /// #[derive(Serialize, Deserialize)]
    /// struct CountMembers {
    ///     department_id: i64,
    /// }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct CountMembersReply {
    ///     members: u32,
    /// }
    ///
    /// const COUNT_MEMBERS: Endpoint =
    ///     Endpoint::post("count_members", "department/count_members");
    ///
    /// impl ApiCall for CountMembers {
    ///     const ENDPOINT: &'static Endpoint = &COUNT_MEMBERS;
    ///     type Reply = CountMembersReply;
    /// }
    ///
    /// let simulator =
    ///     Simulator::demo().respond::<CountMembers>(|call| match call.department_id {
    ///         1 => Ok(CountMembersReply { members: 3 }),
    ///         _ => Err(ErrCode(60123)),
    ///     });
    /// let client = simulator.client();
    /// # pollster::block_on(async {
    /// assert_eq!(client.call(CountMembers { department_id: 1 }).await?.members, 3);
    /// let refused = client.call(CountMembers { department_id: 2 }).await.err().unwrap();
    /// assert_eq!(refused.code(), Some(ErrCode(60123)));
    /// # Ok::<(), wecom_core::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the simulator implements the endpoint itself: use the mock of `wecom-mock` for fixed replies. A call panics if
    /// the reply does not serialize to a JSON object.
    #[track_caller]
    #[must_use]
    pub fn respond<C>(self, respond: impl Fn(&C) -> Result<C::Reply, ErrCode> + Send + Sync + 'static) -> Self
    where
        C: ApiCall + DeserializeOwned + 'static,
        C::Reply: Serialize,
    {
        let endpoint = C::ENDPOINT;
        if built_in(endpoint.path()).is_some() {
            fail(&format_args!("the simulator implements {endpoint} itself; wecom_mock::Mock gives fixed replies"));
        }
        let responder: Responder = Arc::new(move |parameters| {
            let reply = respond(&parameters.deserialize::<C>()?)?;
            Ok(payload_of(endpoint, reply))
        });
        self.lock().custom_endpoints.add(endpoint, responder);
        self
    }
}

fn payload_of(endpoint: &Endpoint, reply: impl Serialize) -> Payload {
    match serde_json::to_value(reply) {
        Ok(Value::Object(payload)) => payload,
        // A reply without fields is a unit struct.
        Ok(Value::Null) => Payload::new(),
        Ok(_) => fail(&format_args!("the reply for {endpoint} does not serialize to a JSON object")),
        Err(error) => fail(&format_args!("the reply for {endpoint} cannot be serialized: {error}")),
    }
}
