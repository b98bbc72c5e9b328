//! `POST corpgroup/corp/list_app_share_info`: 获取应用共享信息.

use serde_json::{Value, json};
use wecom_core::ErrCode;
use wecom_upstream::AgentId;
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::values::BusinessType;

use crate::call::{Call, Payload, payload};
use crate::cursor::PagedList;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::state::State;

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let agentid = AgentId::new(call.parameters.integer("agentid")?);
    if agentid != call.app.agentid {
        let is_known = state.apps.iter().any(|app| app.agentid == agentid);
        return Err(if is_known { ErrCode::APP_FORBIDDEN } else { ErrCode::INVALID_AGENT_ID }.into());
    }
    let business = BusinessType::from(call.parameters.optional_integer("business_type")?.unwrap_or(0));
    if let BusinessType::Other(_) = business {
        return Err(invalid("business_type"));
    }
    let limit = match call.parameters.optional_integer("limit")?.unwrap_or(0) {
        0 => usize::MAX,
        limit @ 1..=100 => usize::try_from(limit).map_err(|_| invalid("limit"))?,
        _ => return Err(invalid("limit")),
    };
    let corpid = call.parameters.optional_text("corpid")?;
    let list =
        PagedList::new(&["shares", &agentid.to_string(), &business.get().to_string(), corpid.unwrap_or_default()]);
    let after = call.parameters.optional_text("cursor")?.map_or(Ok(0), |cursor| list.position(cursor))?;

    let mut corps = call
        .app
        .shares
        .of(business)
        .filter(|(_, corp)| business != BusinessType::Chain || state.has_joined(&corp.corpid))
        .filter(|(_, corp)| corpid.is_none_or(|corpid| corp.corpid.as_str() == corpid))
        .filter(|&(position, _)| position > after)
        .peekable();
    if corpid.is_some() && after == 0 && corps.peek().is_none() {
        return Err(ErrCode::APP_NOT_SHARED.into());
    }
    let mut last = after;
    let page: Vec<_> = corps.by_ref().take(limit).inspect(|&(position, _)| last = position).collect();
    let is_last = corps.next().is_none();
    Ok(payload([
        ("ending", i32::from(is_last).into()),
        ("corp_list", page.into_iter().map(|(_, corp)| item(corp)).collect()),
        ("next_cursor", if is_last { "".into() } else { list.cursor(last).into() }),
    ]))
}

fn item(corp: &SharedCorp) -> Value {
    json!({"corpid": corp.corpid, "corp_name": corp.corp_name, "agentid": corp.agentid})
}
