//! `GET corpgroup/getresult`: 获取异步任务结果.

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::Network;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let jobid = call.parameters.text("jobid")?;
    network.jobs.ask(jobid, &mut network.chains, &network.space, call.now)
}
