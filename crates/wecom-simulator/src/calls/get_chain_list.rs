//! `GET corpgroup/corp/get_chain_list`: 获取上下游列表.

use serde_json::{Value, json};

use crate::call::{Call, Payload, payload};
use crate::chain::Chain;
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    call.require_callable_app()?;
    Ok(payload([("chains", state.visible_chains(call.app).map(item).collect())]))
}

/// A chain in a list of chains.
pub(crate) fn item(chain: &Chain) -> Value {
    json!({"chain_id": chain.chain_id, "chain_name": chain.name})
}
