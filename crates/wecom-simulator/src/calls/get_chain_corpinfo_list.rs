//! `POST corpgroup/corp/get_chain_corpinfo_list`: 获取企业上下游通讯录分组下的企业详情列表.

use serde_json::{Value, json};
use wecom_upstream::GroupId;

use crate::call::{Call, Payload, payload};
use crate::cursor::PagedList;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::state::State;
use crate::world::{WorldCorp, WorldCorpId};

pub(crate) fn handle(state: &mut State, call: &Call<'_>) -> Result<Payload, Refusal> {
    let view = state.visible_chain(call)?;
    let chain = view.chain;
    let groupid = call.parameters.optional_integer("groupid")?.map_or(GroupId::ROOT, GroupId::new);
    view.check_group(groupid)?;
    let need_pending = call.parameters.flag("need_pending")?;
    let limit = match call.parameters.optional_integer("limit")?.unwrap_or(0) {
        0 => usize::MAX,
        limit => usize::try_from(limit).map_err(|_| invalid("limit"))?,
    };
    let list = PagedList::new(&["corps", chain.chain_id.as_str(), &groupid.to_string(), &need_pending.to_string()]);
    let after = call.parameters.optional_text("cursor")?.map_or(Ok(0), |cursor| list.position(cursor))?;

    let mut corps = chain.corps.in_group(groupid, after).filter(|(_, corp)| need_pending || is_joined(corp));
    let mut last = after;
    let page: Vec<_> = corps.by_ref().take(limit).inspect(|&(position, _)| last = position).collect();
    let has_more = corps.next().is_some();
    Ok(payload([
        ("has_more", has_more.into()),
        ("next_cursor", if has_more { list.cursor(last).into() } else { "".into() }),
        ("group_corps", page.into_iter().map(|(_, corp)| item(&corp, call.app.callable)).collect()),
    ]))
}

fn is_joined(corp: &WorldCorp) -> bool {
    matches!(corp.id, WorldCorpId::Joined(_))
}

/// `is_joined` is a number here and a boolean in `get_chain_corpinfo`.
fn item(corp: &WorldCorp, with_inviter: bool) -> Value {
    let custom_id = corp.custom_id.as_ref().map_or("", |id| id.as_str());
    let mut item = json!({
        "groupid": corp.groupid,
        "corp_name": corp.name,
        "custom_id": custom_id,
        "is_joined": i32::from(is_joined(corp)),
    });
    let Some(fields) = item.as_object_mut() else { return item };
    match &corp.id {
        WorldCorpId::Joined(corpid) => fields.insert("corpid".to_owned(), corpid.as_str().into()),
        WorldCorpId::Pending(corpid) => fields.insert("pending_corpid".to_owned(), corpid.as_str().into()),
    };
    if let Some(userid) = corp.invite_userid.as_ref().filter(|_| with_inviter) {
        fields.insert("invite_userid".to_owned(), userid.as_str().into());
    }
    item
}
