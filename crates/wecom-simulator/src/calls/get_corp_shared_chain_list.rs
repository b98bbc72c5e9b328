//! `POST corpgroup/get_corp_shared_chain_list`: 获取下级企业加入的上下游.

use wecom_core::ErrCode;
use wecom_upstream::CorpId;

use super::get_chain_list::{self, item};
use crate::call::{Call, Payload, payload};
use crate::chain::visible_chain::VisibleChain;
use crate::refusal::Refusal;
use crate::state::State;
use crate::wire_variant::WireVariant;
use crate::world::WorldCorpId;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corpid = match call.parameters.optional_text("corpid")? {
        None if call.variants.contains(&WireVariant::CorpidOptional) => return get_chain_list::handle(state, call),
        _ => call.parameters.text("corpid")?,
    };
    let corp = WorldCorpId::Joined(CorpId::new(corpid));
    let joined: Vec<_> = state.visible_chains(call.app).filter(|chain| chain.corps.position(&corp).is_some()).collect();
    if joined.is_empty() {
        return Err(ErrCode::CORP_NOT_IN_CHAIN.into());
    }
    let chains: Vec<_> =
        joined.into_iter().filter(|chain| VisibleChain::new(chain, call.app).corp(&corp).is_ok()).collect();
    if chains.is_empty() {
        return Err(ErrCode::NOT_IN_RANGE.into());
    }
    let chains: Vec<_> = chains.into_iter().map(item).collect();
    Ok(payload([("chains", chains.into())]))
}
