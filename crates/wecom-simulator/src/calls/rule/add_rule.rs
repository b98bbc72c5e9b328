//! `POST corpgroup/rule/add_rule`: 新增对接规则.

use super::rule_info::rule_info;
use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::Network;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = rule_info(&network.view(call)?, call)?;
    let change = network.next_rule_change();
    let id = network.chain_mut(call)?.rules.add(rule, change)?;
    Ok(payload([("rule_id", id.into())]))
}
