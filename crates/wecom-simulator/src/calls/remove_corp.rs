//! `POST corpgroup/corp/remove_corp`: 移除企业.

use wecom_core::ErrCode;

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::{Network, corp_id};
use crate::world::WorldCorpId;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corp = corp_id(call)?;
    let view = network.view(call)?;
    if corp == WorldCorpId::Joined(network.corp_id.clone()) {
        return Err(ErrCode::CREATOR_NOT_REMOVABLE.into());
    }
    view.corp(&corp)?;
    let corps = &mut network.chain_mut(call)?.corps;
    let place = corps.place(&corp).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
    corps.remove(place);
    Ok(Payload::new())
}
