//! The calls: one file for each, with what it answers and for what it is refused.

mod corp_get_token;
mod external_userid_to_pending_id;
mod get_chain_corpinfo;
mod get_chain_corpinfo_list;
mod get_chain_group;
mod get_chain_list;
mod get_chain_user_custom_id;
mod get_corp_shared_chain_list;
mod get_result;
mod import_chain_contact;
mod list_app_share_info;
mod remove_corp;
mod rule;
mod transfer_session;
mod unionid_to_external_userid;
mod unionid_to_pending_id;

use wecom_core::{CORP_GET_TOKEN, Endpoint};
use wecom_upstream::calls::{
    ADD_RULE, DELETE_RULE, EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP,
    GET_CHAIN_LIST, GET_CHAIN_USER_CUSTOM_ID, GET_CORP_SHARED_CHAIN_LIST, GET_RESULT, GET_RULE_INFO,
    IMPORT_CHAIN_CONTACT, LIST_APP_SHARE_INFO, LIST_RULE_IDS, MODIFY_RULE, REMOVE_CORP, TRANSFER_SESSION,
    UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID,
};

use crate::call::{Call, Payload};
use crate::network::Network;
use crate::refusal::Refusal;

/// What a call does, once it is known that it may be made.
pub(crate) type Work = fn(&mut Network, &Call<'_>) -> Result<Payload, Refusal>;

/// Every call but the one that gets a token.
pub(crate) const CALLS: &[(&Endpoint, Work)] = &[
    (&LIST_APP_SHARE_INFO, list_app_share_info::answer),
    (&UNIONID_TO_EXTERNAL_USERID, unionid_to_external_userid::answer),
    (&UNIONID_TO_PENDING_ID, unionid_to_pending_id::answer),
    (&EXTERNAL_USERID_TO_PENDING_ID, external_userid_to_pending_id::answer),
    (&GET_CHAIN_LIST, get_chain_list::answer),
    (&GET_CHAIN_GROUP, get_chain_group::answer),
    (&GET_CHAIN_CORPINFO_LIST, get_chain_corpinfo_list::answer),
    (&GET_CHAIN_CORPINFO, get_chain_corpinfo::answer),
    (&IMPORT_CHAIN_CONTACT, import_chain_contact::answer),
    (&GET_RESULT, get_result::answer),
    (&REMOVE_CORP, remove_corp::answer),
    (&GET_CHAIN_USER_CUSTOM_ID, get_chain_user_custom_id::answer),
    (&GET_CORP_SHARED_CHAIN_LIST, get_corp_shared_chain_list::answer),
    (&CORP_GET_TOKEN, corp_get_token::answer),
    (&TRANSFER_SESSION, transfer_session::answer),
    (&LIST_RULE_IDS, rule::list_rule_ids::answer),
    (&DELETE_RULE, rule::delete_rule::answer),
    (&GET_RULE_INFO, rule::get_rule_info::answer),
    (&ADD_RULE, rule::add_rule::answer),
    (&MODIFY_RULE, rule::modify_rule::answer),
];

/// The calls that change the rules of chains: they have a limit together.
pub(crate) const RULE_CHANGES: [&Endpoint; 2] = [&ADD_RULE, &MODIFY_RULE];
