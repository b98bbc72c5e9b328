//! `POST corpgroup/rule/modify_rule`: 更新对接规则.

use super::rule_info::rule_info;
use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::Network;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = rule_info(&network.view(call)?, call)?;
    let change = network.next_rule_change();
    let rules = &mut network.chain_mut(call)?.rules;
    rules.replace(call.parameters.integer("rule_id")?, rule, call.came_after_rule_change, change)?;
    Ok(Payload::new())
}
