//! `POST miniprogram/transfer_session`: 获取下级/下游企业小程序session.

use wecom_core::ErrCode;
use wecom_upstream::values::BusinessType;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corpid = call.downstream.ok_or(ErrCode::API_FORBIDDEN)?;
    let businesses = [BusinessType::Chain, BusinessType::CorpGroup];
    if !businesses.into_iter().any(|business| state.is_shared(call.app, business, corpid)) {
        return Err(ErrCode::APP_NOT_SHARED.into());
    }
    let (userid, session_key) = (call.parameters.text("userid")?, call.parameters.text("session_key")?);
    let (userid, session_key) = state.sessions.transfer(corpid, userid, session_key)?;
    Ok(payload([("userid", userid.as_str().into()), ("session_key", session_key.into())]))
}
