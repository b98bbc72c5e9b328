//! `POST corpgroup/rule/list_ids`: 获取对接规则id列表.

use wecom_core::{Endpoint, Safety};

use crate::simulator::call::{Call, Payload, payload};
use crate::simulator::calls::USUAL_QUOTA;
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids")
    .title("获取对接规则id列表")
    .documents(&[95631])
    .safety(Safety::Safe)
    .quota(USUAL_QUOTA);

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let rule_ids = network.chain(call)?.rules.ids().collect();
    Ok(payload([("rule_ids", rule_ids)]))
}
