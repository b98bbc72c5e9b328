//! `POST corpgroup/rule/get_rule_info`: 获取对接规则详情.

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;
use serde_json::json;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = state.chain(call)?.rules.get(call.parameters.integer("rule_id")?)?;
    Ok(payload([("rule_info", json!(rule))]))
}
