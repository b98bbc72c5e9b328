//! `POST corpgroup/batch/external_userid_to_pending_id`: external_userid查询pending_id.

use serde_json::json;
use wecom_upstream::ExternalUserId;
use wecom_upstream::ids::ChatId;

use crate::call::{Call, Payload, payload};
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::state::State;

/// The maximum number of customers in a call.
const MAX_IDS: usize = 100;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let ids = call.parameters.list::<ExternalUserId>("external_userid")?;
    if ids.len() > MAX_IDS {
        return Err(invalid("external_userid"));
    }
    let chat = call.parameters.optional_text("chat_id")?.map(ChatId::new);
    let chat = chat.map(|chat_id| state.customers.chat(&chat_id)).transpose()?;
    let mut result = Vec::new();
    for customer in ids.iter().filter(|customer| chat.is_none_or(|chat| chat.contains(*customer))) {
        if let Some(pending_id) = state.customers.pending_id_of_customer(customer, call.now)? {
            result.push(json!({"external_userid": customer, "pending_id": pending_id}));
        }
    }
    Ok(payload([("result", result.into())]))
}
