//! The trait of typed calls.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::endpoint::descriptor::{Endpoint, Method};
use crate::endpoint::validation::InvalidRequest;
use crate::http::query::Query;
use crate::secret::Secret;

/// A typed call of an endpoint. Its fields are the parameters of the request, and [`Reply`](ApiCall::Reply) is the type of
/// the reply.
///
/// `wecom-upstream` has a type for each of its endpoints. To add one of your own:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wecom_core::endpoint::{InvalidRequest, Violations};
/// use wecom_core::{ApiCall, Endpoint, Safety};
///
/// /// 获取对接规则id列表
/// #[derive(Serialize)]
/// struct ListIds {
///     chain_id: String,
/// }
///
/// #[derive(Deserialize)]
/// struct ListIdsReply {
///     #[serde(default)]
///     rule_ids: Vec<i64>,
/// }
///
/// const ENDPOINT: Endpoint =
///     Endpoint::post("list_ids", "corpgroup/rule/list_ids").with_safety(Safety::Safe);
///
/// impl ApiCall for ListIds {
///     const ENDPOINT: &'static Endpoint = &ENDPOINT;
///     type Reply = ListIdsReply;
///
///     fn validate(&self) -> Result<(), InvalidRequest> {
///         let mut violations = Violations::new();
///         violations.require("chain_id", &self.chain_id);
///         violations.into_result()
///     }
/// }
/// ```
pub trait ApiCall: Serialize {
    /// The endpoint to call.
    const ENDPOINT: &'static Endpoint;

    /// The reply without `errcode` and `errmsg`.
    type Reply: DeserializeOwned;

    /// Adds the parameters in the query, apart from the access token. By default there are none.
    ///
    /// A `GET` has all of its parameters in the query.
    #[expect(unused_variables, reason = "the name is for the documentation")]
    fn query(&self, query: &mut Query) {}

    /// Returns the body. By default, that is the call as JSON for a `POST`, and none for a `GET`.
    ///
    /// # Errors
    ///
    /// If the call cannot be serialized as JSON.
    fn body(&self) -> Result<Option<Bytes>, InvalidRequest> {
        match Self::ENDPOINT.method() {
            Method::Get => Ok(None),
            Method::Post => to_json(self).map(Some),
        }
    }

    /// Returns the secrets in the body, which no error may show. By default there are none.
    fn body_secrets(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Returns whether the call carries a ticket that lifts the endpoint's frequency limits to its
    /// [`ticketed_quota`](Endpoint::ticketed_quota). By default it does not.
    fn has_ticket(&self) -> bool {
        false
    }

    /// Checks the call against the documented rules before it is sent. By default there are none.
    ///
    /// # Errors
    ///
    /// The violations, field by field.
    fn validate(&self) -> Result<(), InvalidRequest> {
        Ok(())
    }
}

/// A reference to a call is a call, so that a program can reuse it.
impl<C: ApiCall + ?Sized> ApiCall for &C {
    const ENDPOINT: &'static Endpoint = C::ENDPOINT;
    type Reply = C::Reply;

    fn query(&self, query: &mut Query) {
        (**self).query(query);
    }

    fn body(&self) -> Result<Option<Bytes>, InvalidRequest> {
        (**self).body()
    }

    fn body_secrets(&self) -> Vec<Secret> {
        (**self).body_secrets()
    }

    fn has_ticket(&self) -> bool {
        (**self).has_ticket()
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        (**self).validate()
    }
}

/// Serializes a value as a JSON body.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, InvalidRequest> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(body.into()),
        Err(error) => {
            Err(InvalidRequest::new("the body", format!("cannot be serialized as JSON: {error}"), "any JSON"))
        }
    }
}
