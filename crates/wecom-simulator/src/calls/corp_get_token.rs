//! `POST corpgroup/corp/gettoken`: 获取下级/下游企业的access_token.

use wecom_core::ErrCode;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, CorpId};

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;
use crate::state::access_tokens::TokenOwner;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corpid = CorpId::new(call.parameters.text("corpid")?);
    let agentid = AgentId::new(call.parameters.integer("agentid")?);
    let business = BusinessType::from(call.parameters.optional_integer("business_type")?.unwrap_or(0));
    let is_shared = call.app.shares.of(business).any(|(_, corp)| (&corp.corpid, corp.agentid) == (&corpid, agentid))
        && state.is_shared(call.app, business, &corpid);
    if !is_shared {
        return Err(ErrCode::APP_NOT_SHARED.into());
    }
    let owner = TokenOwner { app: call.app.agentid, downstream: Some(corpid) };
    let (token, validity) = state.tokens.issue(&owner, call.now);
    Ok(payload([("access_token", token.into()), ("expires_in", validity.as_secs().into())]))
}
