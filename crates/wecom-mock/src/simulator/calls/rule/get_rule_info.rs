//! `POST corpgroup/rule/get_rule_info`: 获取对接规则详情.

use serde_json::json;
use wecom_core::{Endpoint, Safety};

use crate::simulator::call::{Call, Payload, payload};
use crate::simulator::calls::USUAL_QUOTA;
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("get_rule_info", "corpgroup/rule/get_rule_info")
    .title("获取对接规则详情")
    .documents(&[95633])
    .safety(Safety::Safe)
    .quota(USUAL_QUOTA);

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule = network.chain(call)?.rules.get(call.parameters.integer("rule_id")?)?;
    Ok(payload([("rule_info", json!(rule))]))
}
