//! Encodes a typed call into a request.

use crate::endpoint::call::ApiCall;
use crate::error::Error;
use crate::http::query::Query;
use crate::http::request::Request;

/// Encodes a call into a request, for programs without a [`Client`](crate::Client).
///
/// The request has the vendor's base URL and no access token.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use wecom_core::{AccessToken, ApiCall, Endpoint};
/// # #[derive(Serialize)] struct GetChainList;
/// # #[derive(Deserialize)] struct GetChainListReply {}
/// # const ENDPOINT: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
/// # impl ApiCall for GetChainList { const ENDPOINT: &'static Endpoint = &ENDPOINT; type Reply = GetChainListReply; }
/// use wecom_core::{Response, decode, encode};
///
/// let request = encode(&GetChainList)?.with_token(AccessToken::new("the-token"));
/// // ... send it with any HTTP library: request.method(), request.expose_url(),
/// // request.headers(), request.body() ...
/// let response = Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#);
/// let reply: GetChainListReply = decode::<GetChainList>(&request, &response)?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// # Errors
///
/// An [`Error`] of the kind [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) if the call violates a
/// documented rule.
pub fn encode<C: ApiCall>(call: &C) -> Result<Request, Error> {
    let invalid = |invalid| Error::new(C::ENDPOINT, 0, invalid);
    call.validate().map_err(invalid)?;
    let mut query = Query::new();
    call.query(&mut query);
    let body = call.body().map_err(invalid)?;
    let body_secrets = if body.is_some() { call.body_secrets() } else { Vec::new() };
    Ok(Request::of_call(C::ENDPOINT, query, body, body_secrets, call.has_ticket()))
}
