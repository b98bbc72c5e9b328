//! The chains as folded trees. The content of a group is loaded when it is opened.

use std::fmt::{self, Write};

use wecom_upstream::GroupId;

use crate::server::html::{Count, Escaped, Text};
use crate::server::overview::{ChainSummary, CorpSummary, GroupContent, GroupSummary};

const GROUP: Text = Text { en: "group", zh: "个分组" };
const CORP: Text = Text { en: "corp", zh: "家企业" };
const NO_CHAINS: Text = Text { en: "This world has no chains.", zh: "没有上下游。" };
const PENDING: Text = Text { en: "not joined", zh: "未加入" };
const JOIN: Text = Text { en: "Joins", zh: "加入" };
const REMOVE: Text = Text { en: "Remove", zh: "移除" };
const EMPTY: Text = Text { en: "empty", zh: "空" };

/// Writes the chains, folded.
pub(super) fn write_chains(page: &mut String, chains: &[ChainSummary]) -> fmt::Result {
    if chains.is_empty() {
        return writeln!(page, "<p>{NO_CHAINS}</p>");
    }
    for chain in chains {
        let counts = (Count(chain.groups, GROUP), Count(chain.corps, CORP));
        write_folded(page, &chain.chain_id, GroupId::ROOT, &chain.name, &chain.chain_id, counts)?;
    }
    Ok(())
}

fn write_folded(
    page: &mut String,
    chain_id: &str,
    groupid: GroupId,
    name: &str,
    id: &dyn fmt::Display,
    (groups, corps): (Count, Count),
) -> fmt::Result {
    let id = id.to_string();
    writeln!(
        page,
        "<details data-chain=\"{}\" data-group={groupid}><summary>{} <code>{}</code> <small>· {groups} · {corps}</small></summary><div></div></details>",
        Escaped(chain_id),
        Escaped(name),
        Escaped(&id),
    )
}

/// Writes the groups and corps directly in a group.
pub(super) fn write_content(page: &mut String, chain_id: &str, content: &GroupContent) -> fmt::Result {
    if content.groups.is_empty() && content.corps.is_empty() {
        return write!(page, "<small>{EMPTY}</small>");
    }
    for GroupSummary { groupid, name, groups, corps } in &content.groups {
        write_folded(page, chain_id, *groupid, name, groupid, (Count(*groups, GROUP), Count(*corps, CORP)))?;
    }
    if content.more_groups > 0 {
        writeln!(page, "<p>… +{}</p>", Count(content.more_groups, GROUP))?;
    }
    content.corps.iter().try_for_each(|corp| write_corp(page, chain_id, corp))?;
    if let (Some(last), 1..) = (content.corps.last(), content.more_corps) {
        let more = Count(content.more_corps, CORP);
        writeln!(page, "<p><button data-after={}>… +{more}</button></p>", last.position)?;
    }
    Ok(())
}

/// Writes a corp with the button that lets it join or removes it.
fn write_corp(page: &mut String, chain_id: &str, corp: &CorpSummary) -> fmt::Result {
    let (chain_id, name, id) = (Escaped(chain_id), Escaped(&corp.name), Escaped(&corp.id));
    let (class, action, field, button) = match corp.is_joined {
        true => ("corp", "remove_corp", "corpid", REMOVE),
        false => ("corp pending", "join_corp", "pending_corpid", JOIN),
    };
    write!(page, "<div class=\"{class}\">{name} <code>{id}</code>")?;
    if !corp.is_joined {
        write!(page, " <small>{PENDING}</small>")?;
    }
    write!(page, "<form method=post action=/admin/{action}><input type=hidden name=chain_id value=\"{chain_id}\">")?;
    write!(page, "<input type=hidden name={field} value=\"{id}\">")?;
    if !corp.is_joined {
        // The corp has its own id from the moment it joins.
        let own = format!("ww{}", corp.id.strip_prefix("wp").unwrap_or(&corp.id));
        write!(page, "<input type=hidden name=corpid value=\"{}\">", Escaped(&own))?;
    }
    writeln!(page, "<button>{button}</button></form></div>")
}
