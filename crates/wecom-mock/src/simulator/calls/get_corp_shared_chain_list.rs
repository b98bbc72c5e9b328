//! `POST corpgroup/get_corp_shared_chain_list`: 获取下级企业加入的上下游.

use wecom_core::ErrCode;
use wecom_upstream::CorpId;

use super::get_chain_list::item;
use crate::simulator::call::{Call, Payload, payload};
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;
use crate::simulator::world::WorldCorpId;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corp = WorldCorpId::Joined(CorpId::new(call.parameters.text("corpid")?));
    let chains: Vec<_> = network.visible(call.app).filter(|chain| chain.place(&corp).is_some()).map(item).collect();
    if chains.is_empty() {
        return Err(ErrCode::CORP_NOT_IN_CHAIN.into());
    }
    Ok(payload([("chains", chains.into())]))
}
