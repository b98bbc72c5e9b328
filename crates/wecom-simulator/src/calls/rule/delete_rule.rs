//! `POST corpgroup/rule/delete_rule`: 删除对接规则.

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::Network;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    network.chain_mut(call)?.rules.delete(call.parameters.integer("rule_id")?)?;
    Ok(Payload::new())
}
