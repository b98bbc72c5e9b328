//! Untyped calls.

use std::fmt;

use serde::Serialize;

use crate::endpoint::call::to_json;
use crate::endpoint::descriptor::{Endpoint, Method};
use crate::error::Error;
use crate::http::query::Query;
use crate::http::request::Request;
use crate::secret::{Secret, names};

/// A call of an endpoint without types: the request is any JSON, the reply a [`serde_json::Value`]. Tokens, envelope and
/// errors are handled as for a typed call. Its `Debug` form shows the names of the query's parameters, not their values.
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
#[derive(Clone)]
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

    /// Adds a parameter to the query. If its name is that of a [secret](names::is_secret), such as `corpsecret`, no text
    /// shows its value.
    pub fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if names::is_secret(name) {
            self.query.push_secret(name, Secret::new(value.into()));
        } else {
            self.query.push(name, value);
        }
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

impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.query.iter().map(|(name, _)| name).collect();
        f.debug_struct("RawCall").field("request", &self.request).field("query_names", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::GET_TOKEN;

    #[test]
    fn no_debug_form_shows_a_secret_of_the_query() {
        for name in ["corpsecret", "access_token", "provider_access_token", "suite_access_token", "mass_call_ticket"] {
            let call = RawCall::new(&GET_TOKEN).with_query(name, "canary").with_query("debug", "1");
            for text in [format!("{call:?}"), format!("{:?}", call.clone().into_request())] {
                assert!(text.contains(name) && !text.contains("canary"), "{text}");
            }
        }
        let text = format!("{:?}", RawCall::new(&GET_TOKEN).with_query("code", "canary"));
        assert!(text.contains("code") && !text.contains("canary"), "{text}");
    }
}
