//! What a typed call is.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::endpoint::descriptor::{Endpoint, Method};
use crate::endpoint::validation::InvalidRequest;
use crate::http::query::Query;
use crate::secret::Secret;

/// A value that is one call of one endpoint: its fields are the request, its `Reply` the answer.
///
/// `wecom-upstream` has one for each of its endpoints. For one that nobody has typed yet:
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
/// const ENDPOINT: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids").with_safety(Safety::Safe);
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
    /// The endpoint that is called.
    const ENDPOINT: &'static Endpoint;

    /// What the service answers, `errcode` and `errmsg` apart.
    type Reply: DeserializeOwned;

    /// Adds what the request carries in its query, the access token apart; nothing by default.
    ///
    /// On a `GET`, that is each field of the call.
    #[expect(unused_variables, reason = "the name is for the documentation")]
    fn query(&self, query: &mut Query) {}

    /// The body: on a `POST` the call itself as JSON, on a `GET` none.
    ///
    /// # Errors
    ///
    /// When the call can't be written as JSON.
    fn body(&self) -> Result<Option<Bytes>, InvalidRequest> {
        match Self::ENDPOINT.method() {
            Method::Get => Ok(None),
            Method::Post => to_json(self).map(Some),
        }
    }

    /// The secrets that the body carries, so that no error ever shows them; none by default.
    fn body_secrets(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Checks the call against the documented rules, before anything is sent; by default it has none.
    ///
    /// # Errors
    ///
    /// What is wrong, field by field.
    fn validate(&self) -> Result<(), InvalidRequest> {
        Ok(())
    }
}

/// A borrowed call is a call, for those who want to keep theirs.
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

    fn validate(&self) -> Result<(), InvalidRequest> {
        (**self).validate()
    }
}

/// A value as the JSON of a body.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, InvalidRequest> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(body.into()),
        Err(error) => Err(InvalidRequest::new("the body", format!("can't be written as JSON: {error}"), "any JSON")),
    }
}
