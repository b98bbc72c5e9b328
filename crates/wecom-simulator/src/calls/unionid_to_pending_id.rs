//! `POST corpgroup/unionid_to_pending_id`: unionid查询pending_id.

use wecom_upstream::{OpenId, UnionId};

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let unionid = UnionId::new(call.parameters.text("unionid")?);
    let openid = OpenId::new(call.parameters.text("openid")?);
    let pending_id = state.customers.pending_id(&unionid, &openid, call.now)?;
    Ok(payload([("pending_id", pending_id.as_str().into())]))
}
