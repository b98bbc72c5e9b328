//! `POST corpgroup/rule/modify_rule`: 更新对接规则.

use wecom_core::{Endpoint, Safety};

use crate::simulator::call::{Call, Payload};
use crate::simulator::calls::USUAL_QUOTA;
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;
use crate::simulator::rules::rule_info;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("modify_rule", "corpgroup/rule/modify_rule")
    .title("更新对接规则")
    .documents(&[95635])
    .safety(Safety::Idempotent)
    .quota(USUAL_QUOTA);

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let chain = network.chain_mut(call)?;
    let rule = rule_info(chain, call)?;
    chain.rules.replace(call.parameters.integer("rule_id")?, rule)?;
    Ok(Payload::new())
}
