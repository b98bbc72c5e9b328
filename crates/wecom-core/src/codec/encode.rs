//! From a typed call to the request to send.

use crate::endpoint::call::ApiCall;
use crate::error::Error;
use crate::http::query::Query;
use crate::http::request::Request;

/// Turns a call into the request to send, at the vendor's address and without a token: the first half of what a
/// [`Client`](crate::Client) does, for those who want no client.
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
/// // ... send it by whatever means: request.method(), request.expose_url(), request.headers(), request.body() ...
/// let response = Response::new(200, r#"{"errcode":0,"errmsg":"ok"}"#);
/// let reply: GetChainListReply = decode::<GetChainList>(&request, &response)?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// # Errors
///
/// An [`Error`] of the kind [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest) when the call breaks a
/// documented rule.
pub fn encode<C: ApiCall>(call: &C) -> Result<Request, Error> {
    let refused = |invalid| Error::new(C::ENDPOINT, 0, invalid);
    call.validate().map_err(refused)?;
    let mut query = Query::new();
    call.query(&mut query);
    let request = Request::new(C::ENDPOINT).with_query(query);
    Ok(match call.body().map_err(refused)? {
        Some(body) => request.with_body(body).with_body_secrets(call.body_secrets()),
        None => request,
    })
}
