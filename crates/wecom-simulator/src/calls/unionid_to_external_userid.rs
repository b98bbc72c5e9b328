//! `POST corpgroup/unionid_to_external_userid`: 通过unionid和openid查询external_userid.

use serde_json::json;
use wecom_core::ErrCode;
use wecom_upstream::{CorpId, OpenId, UnionId};

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;
use crate::steps::each;

/// The reply omits corps that have left all chains.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let unionid = UnionId::new(call.parameters.text("unionid")?);
    let openid = OpenId::new(call.parameters.text("openid")?);
    let corpid = call.parameters.optional_text("corpid")?.map(CorpId::new);
    if corpid.as_ref().is_some_and(|corpid| !state.has_joined(corpid)) {
        return Err(ErrCode::CORP_NOT_IN_CHAIN.into());
    }
    let corps = state.customers.customer_of(&unionid, &openid)?;
    let matching = each(corps).filter(|info| corpid.as_ref().is_none_or(|corpid| *corpid == info.corpid));
    let found: Vec<_> = matching
        .filter(|info| state.has_joined(&info.corpid))
        .map(|info| json!({"corpid": info.corpid, "external_userid": info.external_userid}))
        .collect();
    if found.is_empty() {
        return Err(ErrCode::NOT_AN_EXTERNAL_CONTACT.into());
    }
    Ok(payload([("external_userid_info", found.into())]))
}
