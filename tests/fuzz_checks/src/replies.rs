//! A reply of any endpoint. The first line of the input names the endpoint, or selects one by its bytes. The rest is the body.

use std::fmt::Debug;

use serde::Serialize;
use wecom_core::token::{CORP_GET_TOKEN, CorpGetToken, GET_TOKEN, GetToken};
use wecom_core::{ApiCall, Endpoint, Error, Request, Response, decode};
use wecom_upstream::{calls, for_each_call};

use crate::first_line;
use crate::redaction::{assert_redacted, with_token};

/// Decodes a reply and checks that it survives serialization.
pub(crate) type Read = fn(&Request, &Response) -> Result<(), Error>;

macro_rules! replies {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {
        &[
            (&GET_TOKEN, decode_only::<GetToken>),
            (&CORP_GET_TOKEN, decode_only::<CorpGetToken>),
            $($((calls::$request::ENDPOINT, round_trip::<calls::$request>),)+)+
        ]
    };
}

/// Every endpoint with the check of its reply.
pub const REPLIES: &[(&Endpoint, Read)] = for_each_call!(replies);

pub(crate) fn check(input: &[u8]) {
    let (name, body) = first_line(input);
    let named = REPLIES.iter().find(|(endpoint, _)| endpoint.name() == name);
    let sum: usize = name.bytes().map(usize::from).sum();
    let (endpoint, read) = named.unwrap_or(&REPLIES[sum % REPLIES.len()]);
    if let Err(error) = read(&with_token(Request::new(endpoint)), &Response::new(200, body.to_vec())) {
        assert_redacted(&error);
    }
}

/// Decodes a reply that can't be serialized, because it holds a token.
fn decode_only<C: ApiCall<Reply: Debug>>(request: &Request, response: &Response) -> Result<(), Error> {
    decode::<C>(request, response).map(|reply| drop(format!("{reply:?}")))
}

/// Decodes a reply, serializes it, and asserts that it decodes as the same reply.
fn round_trip<C: ApiCall<Reply: Serialize + PartialEq + Debug>>(
    request: &Request,
    response: &Response,
) -> Result<(), Error> {
    let reply = decode::<C>(request, response)?;
    let mut written = serde_json::to_value(&reply).expect("a reply that can be written");
    // A mock adds the errcode too. A reply without any known field counts as foreign.
    written["errcode"] = 0.into();
    let again = decode::<C>(request, &Response::new(200, written.to_string()));
    assert_eq!(again.expect("what was written"), reply);
    Ok(())
}
