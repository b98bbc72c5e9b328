//! `POST corpgroup/corp/remove_corp`: 移除企业.

use wecom_core::ErrCode;

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::{State, corp_id};
use crate::world::WorldCorpId;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corp = corp_id(call)?;
    let view = state.visible_chain(call)?;
    if corp == WorldCorpId::Joined(state.corp_id.clone()) {
        return Err(ErrCode::CREATOR_NOT_REMOVABLE.into());
    }
    view.corp(&corp)?;
    let corps = &mut state.chain_mut(call)?.corps;
    let position = corps.position(&corp).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
    corps.remove(position);
    Ok(Payload::new())
}
