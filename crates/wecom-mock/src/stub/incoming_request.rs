//! A request with its public content as one JSON object.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wecom_core::endpoint::InvalidRequest;
use wecom_core::http::{Query, QueryValue};
use wecom_core::secret::Redactor;
use wecom_core::{ApiCall, Request};

/// A request and its JSON, which is computed once for all stubs.
pub(crate) struct IncomingRequest {
    pub(crate) request: Request,
    pub(crate) json: Arc<Value>,
    pub(crate) redactor: Arc<Redactor>,
}

impl IncomingRequest {
    pub(crate) fn new(request: Request, redactor: Arc<Redactor>) -> Self {
        let json = Arc::new(json_of(request.query(), request.body()));
        Self { request, json, redactor }
    }

    /// The JSON without secrets.
    fn redacted(&self) -> Value {
        self.redactor.json(&self.json)
    }

    /// Deserializes the request into a typed call. The error contains no secret.
    pub(crate) fn read<C: DeserializeOwned>(&self) -> Result<C, String> {
        // An error of serde may quote a value, so it is taken from the redacted JSON.
        read(&self.json).map_err(|_| match read::<C>(&self.redacted()) {
            Ok(_) => "a secret field has the wrong type".to_owned(),
            Err(error) => error.to_string(),
        })
    }
}

/// Deserializes a typed call from the JSON of a request.
pub(crate) fn read<C: DeserializeOwned>(json: &Value) -> serde_json::Result<C> {
    C::deserialize(json).or_else(|error| match json {
        // A call without fields may be a unit struct, which serde deserializes from null.
        Value::Object(fields) if fields.is_empty() => C::deserialize(&Value::Null).map_err(|_| error),
        _ => Err(error),
    })
}

/// The JSON of the request of a typed call.
pub(crate) fn json_of_call<C: ApiCall>(call: &C) -> Result<Value, InvalidRequest> {
    let mut query = Query::new();
    call.query(&mut query);
    Ok(json_of(&query, call.body()?.as_ref()))
}

/// The public values of the query and the fields of the body as one object. A body that is not an object is returned alone.
fn json_of(query: &Query, body: Option<&Bytes>) -> Value {
    let public = query.iter().filter_map(|(name, value)| match value {
        QueryValue::Public(value) => Some((name.to_owned(), Value::from(value.as_str()))),
        _ => None,
    });
    let mut fields: Map<String, Value> = public.collect();
    match body.map(|body| serde_json::from_slice(body).map_err(|_| String::from_utf8_lossy(body))) {
        None | Some(Ok(Value::Null)) => Value::Object(fields),
        Some(Ok(Value::Object(body))) => {
            fields.extend(body);
            Value::Object(fields)
        }
        Some(Ok(body)) => body,
        Some(Err(text)) => Value::String(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;
    use wecom_core::{AccessToken, Endpoint, Secret};

    use super::*;

    const ENDPOINT: Endpoint = Endpoint::post("a", "a");

    fn incoming(request: Request) -> IncomingRequest {
        IncomingRequest::new(request, Arc::default())
    }

    #[test]
    fn public_query_and_body_are_one_object_without_token_or_secret() {
        let mut query = Query::new();
        query.push("debug", "1");
        query.push_secret("key", Secret::new("canary"));
        let request = Request::new(&ENDPOINT)
            .with_query(query)
            .with_token(AccessToken::new("canary"))
            .with_body(r#"{"chain_id":"ch1"}"#);
        assert_eq!(*incoming(request).json, json!({"debug": "1", "chain_id": "ch1"}));
    }

    #[test]
    fn a_body_that_is_not_json_is_a_string() {
        let incoming = incoming(Request::new(&ENDPOINT).with_body("<xml/>"));
        assert_eq!(*incoming.json, json!("<xml/>"));
    }

    #[test]
    fn a_call_without_fields_is_deserialized_into_a_unit_struct_and_an_empty_struct() {
        #[derive(Deserialize)]
        struct Unit;
        #[derive(Deserialize)]
        struct Empty {}
        let incoming = incoming(Request::new(&ENDPOINT));
        assert!(incoming.read::<Unit>().is_ok());
        assert!(incoming.read::<Empty>().is_ok());
    }

    #[test]
    fn a_call_with_fields_is_not_deserialized_into_a_unit_struct() {
        #[derive(Deserialize)]
        struct Unit;
        assert!(incoming(Request::new(&ENDPOINT).with_body(r#"{"chain_id":"ch1"}"#)).read::<Unit>().is_err());
    }

    #[test]
    fn the_error_of_deserializing_a_call_contains_no_secret() {
        #[derive(Debug, Deserialize)]
        struct Numbers {
            #[serde(rename = "session_key")]
            _session_key: u32,
        }
        let incoming = incoming(Request::new(&ENDPOINT).with_body(r#"{"session_key":"canary"}"#));
        let error = incoming.read::<Numbers>().unwrap_err();
        assert!(error.contains("invalid type: string") && !error.contains("canary"), "{error}");
    }
}
