//! `POST corpgroup/import_chain_contact`: 批量导入上下游联系人.

use wecom_core::ErrCode;
use wecom_upstream::calls::ImportCorp;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::Network;

pub(crate) fn answer(network: &mut Network, call: &Call<'_>) -> Result<Payload, Refusal> {
    let chain_id = network.chain(call)?.chain_id.clone();
    let corps = call.parameters.list::<ImportCorp>("contact_list")?;
    if !network.space.account_is_usable {
        return Err(ErrCode::IMPORT_ACCOUNT_UNUSABLE.into());
    }
    let jobid = network.jobs.start(chain_id, corps, call.now)?;
    Ok(payload([("jobid", jobid.into())]))
}
