//! `POST corpgroup/rule/delete_rule`: 删除对接规则.

use wecom_core::{Endpoint, Safety};

use crate::simulator::call::{Call, Payload};
use crate::simulator::calls::USUAL_QUOTA;
use crate::simulator::network::Network;
use crate::simulator::refusal::Refusal;

pub(crate) const ENDPOINT: Endpoint = Endpoint::post("delete_rule", "corpgroup/rule/delete_rule")
    .title("删除对接规则")
    .documents(&[95632])
    .safety(Safety::Idempotent)
    .quota(USUAL_QUOTA);

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    network.chain_mut(call)?.rules.delete(call.parameters.integer("rule_id")?)?;
    Ok(Payload::new())
}
