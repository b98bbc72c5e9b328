//! `POST corpgroup/rule/delete_rule`: 删除对接规则.

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    state.chain_mut(call)?.rules.delete(call.parameters.integer("rule_id")?)?;
    Ok(Payload::new())
}
