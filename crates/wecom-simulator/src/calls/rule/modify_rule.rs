//! `POST corpgroup/rule/modify_rule`: 更新对接规则.

use super::rule_info::rule_info;
use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = rule_info(&state.visible_chain(call)?, call)?;
    let change = state.next_rule_version();
    let rules = &mut state.chain_mut(call)?.rules;
    rules.replace(call.parameters.integer("rule_id")?, rule, call.rule_version_on_arrival, change)?;
    Ok(Payload::new())
}
