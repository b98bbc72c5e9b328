//! `POST corpgroup/corp/get_chain_group`: 获取上下游通讯录分组.

use serde_json::{Value, json};
use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::call::{Call, Payload, payload};
use crate::refusal::Refusal;
use crate::state::State;
use crate::wire_variant::WireVariant;

/// The root group is not listed, as in the vendor's sample.
pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let view = state.visible_chain(call)?;
    let groupid = call.parameters.optional_integer("groupid")?.map(GroupId::new);
    groupid.map_or(Ok(()), |groupid| view.check_group(groupid))?;
    let groupid = groupid.unwrap_or(GroupId::ROOT);
    let groups = match view.chain.groups.get(groupid) {
        Some(group) if call.variants.contains(&WireVariant::GroupItself) => [group].into_iter().map(item).collect(),
        _ => view.descendants(groupid).map(item).collect(),
    };
    Ok(payload([("groups", groups)]))
}

fn item(group: &Group) -> Value {
    json!({
        "groupid": group.groupid,
        "group_name": group.group_name,
        "parentid": group.parentid,
        "order": group.order,
    })
}
