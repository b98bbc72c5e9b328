//! A reply of each endpoint. The first line names the endpoint, or picks one where it names none; the rest is the body.

use std::fmt::Debug;

use serde::Serialize;
use wecom_core::{
    ApiCall, CORP_GET_TOKEN, CorpGetToken, Endpoint, Error, GET_TOKEN, GetToken, Request, Response, decode,
};
use wecom_upstream::{calls, for_each_call};

use crate::first_line;
use crate::shown::{assert_fit_to_show, with_token};

/// Reads a reply, and checks that it can be written.
pub(crate) type Read = fn(&Request, &Response) -> Result<(), Error>;

macro_rules! replies {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {
        &[
            (&GET_TOKEN, once::<GetToken>),
            (&CORP_GET_TOKEN, once::<CorpGetToken>),
            $($((calls::$request::ENDPOINT, twice::<calls::$request>),)+)+
        ]
    };
}

/// Every endpoint, and how its reply is read.
pub const REPLIES: &[(&Endpoint, Read)] = for_each_call!(replies);

pub(crate) fn check(input: &[u8]) {
    let (name, body) = first_line(input);
    let named = REPLIES.iter().find(|(endpoint, _)| endpoint.name() == name);
    let sum: usize = name.bytes().map(usize::from).sum();
    let (endpoint, read) = named.unwrap_or(&REPLIES[sum % REPLIES.len()]);
    if let Err(error) = read(&with_token(Request::new(endpoint)), &Response::new(200, body.to_vec())) {
        assert_fit_to_show(&error);
    }
}

/// A token is not to be written, so its reply is read alone.
fn once<C: ApiCall<Reply: Debug>>(request: &Request, response: &Response) -> Result<(), Error> {
    decode::<C>(request, response).map(|reply| drop(format!("{reply:?}")))
}

/// What is written of a reply is read as the same reply.
fn twice<C: ApiCall<Reply: Serialize + PartialEq + Debug>>(
    request: &Request,
    response: &Response,
) -> Result<(), Error> {
    let reply = decode::<C>(request, response)?;
    let mut written = serde_json::to_value(&reply).expect("a reply that can be written");
    // A mock adds it too; a reply without any field could be anybody's.
    written["errcode"] = 0.into();
    let again = decode::<C>(request, &Response::new(200, written.to_string()));
    assert_eq!(again.expect("what was written"), reply);
    Ok(())
}
