//! A reply of each endpoint. The first line names the endpoint, or picks one where it names none; the rest is the body.

use std::fmt::Debug;

use serde::Serialize;
use wecom_core::{
    ApiCall, CORP_GET_TOKEN, CorpGetToken, Endpoint, Error, GET_TOKEN, GetToken, Request, Response, decode,
};
use wecom_upstream::calls::{
    AddRule, DeleteRule, ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup,
    GetChainList, GetChainUserCustomId, GetCorpSharedChainList, GetResult, GetRuleInfo, ImportChainContact,
    ListAppShareInfo, ListRuleIds, ModifyRule, RemoveCorp, TransferSession, UnionidToExternalUserid,
    UnionidToPendingId,
};

use crate::first_line;
use crate::shown::{assert_fit_to_show, with_token};

/// Reads a reply, and checks that it can be written.
pub(crate) type Read = fn(&Request, &Response) -> Result<(), Error>;

/// Every endpoint, and how its reply is read.
pub const REPLIES: &[(&Endpoint, Read)] = &[
    (&GET_TOKEN, once::<GetToken>),
    (&CORP_GET_TOKEN, once::<CorpGetToken>),
    (AddRule::ENDPOINT, twice::<AddRule>),
    (DeleteRule::ENDPOINT, twice::<DeleteRule>),
    (ExternalUseridToPendingId::ENDPOINT, twice::<ExternalUseridToPendingId>),
    (GetChainCorpinfo::ENDPOINT, twice::<GetChainCorpinfo>),
    (GetChainCorpinfoList::ENDPOINT, twice::<GetChainCorpinfoList>),
    (GetChainGroup::ENDPOINT, twice::<GetChainGroup>),
    (GetChainList::ENDPOINT, twice::<GetChainList>),
    (GetChainUserCustomId::ENDPOINT, twice::<GetChainUserCustomId>),
    (GetCorpSharedChainList::ENDPOINT, twice::<GetCorpSharedChainList>),
    (GetResult::ENDPOINT, twice::<GetResult>),
    (GetRuleInfo::ENDPOINT, twice::<GetRuleInfo>),
    (ImportChainContact::ENDPOINT, twice::<ImportChainContact>),
    (ListAppShareInfo::ENDPOINT, twice::<ListAppShareInfo>),
    (ListRuleIds::ENDPOINT, twice::<ListRuleIds>),
    (ModifyRule::ENDPOINT, twice::<ModifyRule>),
    (RemoveCorp::ENDPOINT, twice::<RemoveCorp>),
    (TransferSession::ENDPOINT, twice::<TransferSession>),
    (UnionidToExternalUserid::ENDPOINT, twice::<UnionidToExternalUserid>),
    (UnionidToPendingId::ENDPOINT, twice::<UnionidToPendingId>),
];

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
