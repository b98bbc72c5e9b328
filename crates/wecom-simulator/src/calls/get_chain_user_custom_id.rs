//! `POST corpgroup/corp/get_chain_user_custom_id`: 查询成员自定义id.

use wecom_core::ErrCode;
use wecom_upstream::CorpId;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;
use crate::steps::each;
use crate::world::WorldCorpId;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let view = state.visible_chain(call)?;
    let corp = WorldCorpId::Joined(CorpId::new(call.parameters.text("corpid")?));
    let userid = call.parameters.text("userid")?;
    let corp = view.corp(&corp)?;
    let member = each(&corp.members).find(|member| member.userid.as_str() == userid).ok_or(ErrCode::UNKNOWN_USER)?;
    let custom_id = member.user_custom_id.as_ref().ok_or(ErrCode::USER_CUSTOM_ID_UNSET)?;
    Ok(payload([("user_custom_id", custom_id.as_str().into())]))
}
