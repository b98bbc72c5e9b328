//! `POST corpgroup/rule/get_rule_info`: 获取对接规则详情.

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::Network;
use serde_json::json;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = network.chain(call)?.rules.get(call.parameters.integer("rule_id")?)?;
    Ok(payload([("rule_info", json!(rule))]))
}
