//! `POST corpgroup/rule/add_rule`: 新增对接规则.

use wecom_core::{Endpoint, Safety};

use crate::simulator::call::{Call, Payload, payload};
use crate::simulator::calls::USUAL_QUOTA;
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;
use crate::simulator::rules::rule_info;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("add_rule", "corpgroup/rule/add_rule")
    .title("新增对接规则")
    .documents(&[95634])
    .safety(Safety::NotIdempotent)
    .quota(USUAL_QUOTA);

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let chain = network.chain_mut(call)?;
    let rule = rule_info(chain, call)?;
    Ok(payload([("rule_id", chain.rules.add(rule).into())]))
}
