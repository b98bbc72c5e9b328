//! Untyped calls.

use serde::Serialize;

use crate::endpoint::call::to_json;
use crate::endpoint::descriptor::{Endpoint, Method};
use crate::error::Error;
use crate::http::query::Query;
use crate::http::request::Request;

/// A call of an endpoint without types: the request is any JSON, the reply a [`serde_json::Value`]. Tokens, envelope and
/// errors are handled as for a typed call.
///
/// ```
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::{Endpoint, Safety};
///
/// const LIST_IDS: Endpoint =
///     Endpoint::post("list_ids", "corpgroup/rule/list_ids").with_safety(Safety::Safe);
///
/// # async fn example(client: wecom_core::Client) -> Result<(), wecom_core::Error> {
/// let reply = client
///     .call_raw(RawCall::new(&LIST_IDS).with_body(&json!({"chain_id": "Ch1234"}))?)
///     .await?;
/// println!("{}", reply["rule_ids"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until it is passed to a client"]
pub struct RawCall {
    request: Request,
    query: Query,
}

impl RawCall {
    /// Creates a call without a query. The body of a `POST` is `{}`.
    pub fn new(endpoint: &'static Endpoint) -> Self {
        let request = Request::new(endpoint);
        let request = match endpoint.method() {
            Method::Get => request,
            Method::Post => request.with_body("{}"),
        };
        Self { request, query: Query::new() }
    }

    /// Adds a parameter to the query.
    pub fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push(name, value);
        self
    }

    /// Sets the body.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized as JSON.
    pub fn with_body<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, Error> {
        let body = to_json(body).map_err(|invalid| Error::new(self.request.endpoint(), 0, invalid))?;
        self.request = self.request.with_body(body);
        Ok(self)
    }

    pub(crate) fn into_request(self) -> Request {
        self.request.with_query(self.query)
    }
}
