//! `POST corpgroup/rule/add_rule`: 新增对接规则.

use crate::simulator::call::{Call, Payload, payload};
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;
use crate::simulator::rules::rule_info;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = rule_info(&network.view(call)?, call)?;
    let change = network.next_rule_change();
    let id = network.chain_mut(call)?.rules.add(rule, change)?;
    Ok(payload([("rule_id", id.into())]))
}
