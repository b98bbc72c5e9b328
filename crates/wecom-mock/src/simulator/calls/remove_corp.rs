//! `POST corpgroup/corp/remove_corp`: 移除企业.

use wecom_core::ErrCode;

use crate::simulator::call::{Call, Payload};
use crate::simulator::network::{Network, corp_id};
use crate::simulator::refusal::Refusal;
use crate::simulator::world::WorldCorpId;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let creator = WorldCorpId::Joined(network.corp_id.clone());
    let chain = network.chain_mut(call)?;
    let corp = corp_id(call)?;
    if corp == creator {
        return Err(ErrCode::CREATOR_NOT_REMOVABLE.into());
    }
    let place = chain.place(&corp).ok_or(ErrCode::CORP_NOT_IN_CHAIN)?;
    chain.remove(place);
    Ok(Payload::new())
}
