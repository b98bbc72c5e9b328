//! `POST corpgroup/corp/get_chain_corpinfo`: 获取企业上下游通讯录下的企业信息.

use wecom_upstream::ids::CustomId;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::{State, corp_id};
use crate::world::WorldCorpId;

/// `is_joined` is a boolean here and a number in `get_chain_corpinfo_list`.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let corp = state.visible_chain(call)?.corp(&corp_id(call)?)?;
    let is_joined = matches!(corp.id, WorldCorpId::Joined(_));
    let mut reply = payload([
        ("corp_name", corp.name.as_str().into()),
        ("custom_id", corp.custom_id.as_ref().map_or("", CustomId::as_str).into()),
        ("groupid", corp.groupid.get().into()),
        ("is_joined", is_joined.into()),
    ]);
    if is_joined {
        reply.insert("qualification_status".to_owned(), corp.qualification.get().into());
    }
    Ok(reply)
}
