//! `GET corp/apply_mass_call_ticket`: 获取接口高频调用凭据.

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let ticket = state.mass_call_ticket.issue(&state.corp_id, call.now)?;
    Ok(payload([("mass_call_ticket", ticket.into())]))
}
