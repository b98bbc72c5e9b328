//! `GET corpgroup/getresult`: 获取异步任务结果.

use crate::call::{Call, Payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let jobid = call.parameters.text("jobid")?;
    state.jobs.count_poll(jobid);
    state.run_due_jobs(call.now);
    state.jobs.status(jobid, call.now)
}
