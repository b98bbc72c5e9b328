//! `POST corpgroup/rule/list_ids`: 获取对接规则id列表.

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule_ids = state.chain(call)?.rules.ids().collect();
    Ok(payload([("rule_ids", rule_ids)]))
}
