//! The handlers of the calls, one file for each.

mod apply_mass_call_ticket;
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

use wecom_core::token::CORP_GET_TOKEN;
use wecom_core::{ApiCall, Endpoint};
use wecom_upstream::calls::{self, ADD_RULE, MODIFY_RULE};
use wecom_upstream::for_each_call;

use self::rule::{add_rule, delete_rule, get_rule_info, list_rule_ids, modify_rule};
use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::State;

/// The handler of a call. It runs after authentication and quotas.
pub(crate) type Handler = fn(&mut State, &Call<'_>) -> Result<Payload, Refusal>;

macro_rules! calls {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {
        &[
            (&CORP_GET_TOKEN, corp_get_token::handle),
            $($((calls::$request::ENDPOINT, $method::handle),)+)+
        ]
    };
}

/// Every call except `gettoken`. A call of `wecom-upstream` without a handler here does not compile.
pub(crate) const CALLS: &[(&Endpoint, Handler)] = for_each_call!(calls);

/// The calls that count against the daily quota of rule changes.
pub(crate) const RULE_CHANGES: [&Endpoint; 2] = [&ADD_RULE, &MODIFY_RULE];
