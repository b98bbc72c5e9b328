//! `POST corpgroup/import_chain_contact`: 批量导入上下游联系人.

use wecom_core::ErrCode;
use wecom_upstream::calls::ImportCorp;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let chain_id = state.chain(call)?.chain_id.clone();
    let corps = call.parameters.list::<ImportCorp>("contact_list")?;
    if !state.eligibility.account_is_usable {
        return Err(ErrCode::IMPORT_ACCOUNT_UNUSABLE.into());
    }
    let jobid = state.jobs.start(call.app.agentid, chain_id, corps, call.now)?.to_owned();
    // The delivery of its event now waits for its end.
    state.outboxes.of(call.app.agentid).wake();
    Ok(payload([("jobid", jobid.into())]))
}
