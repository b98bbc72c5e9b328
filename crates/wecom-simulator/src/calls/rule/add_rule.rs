//! `POST corpgroup/rule/add_rule`: 新增对接规则.

use super::rule_info::rule_info;
use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = rule_info(&state.visible_chain(call)?, call)?;
    let change = state.next_rule_version();
    let id = state.chain_mut(call)?.rules.add(rule, change)?;
    Ok(payload([("rule_id", id.into())]))
}
