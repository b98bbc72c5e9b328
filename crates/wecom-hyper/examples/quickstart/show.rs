//! Makes the calls, and prints the main values of each reply.

use wecom_upstream::calls::{
    ExternalUseridToPendingId, GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetChainUserCustomId,
    GetCorpSharedChainList, GetResult, Group, GroupCorp, ImportChainContact, ImportContact, ImportCorp,
    ListAppShareInfo, RemoveCorp, UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::JobId;
use wecom_upstream::values::Chain;
use wecom_upstream::{AgentId, ChainId, CorpId, Error, ExternalUserId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::Outcome;

/// Makes the calls of a directory, an import and customers. Later calls use the ids of earlier replies.
pub(crate) async fn directory_import_and_customers(upstream: &Upstream) -> Outcome {
    read_only_calls(upstream, AgentId::new(1_000_002)).await?;

    let chain_id = ChainId::new("ChDealers");
    let corpid = CorpId::new("wwjingxi");
    member(upstream, &chain_id, &corpid).await?;
    customers(upstream).await?;
    let jobid = import(upstream, &chain_id).await?;
    result(upstream, &jobid).await?;

    upstream.remove_corp(RemoveCorp::new(&chain_id, &corpid)).await?;
    println!("Removed the corp {corpid} from the chain {chain_id} (remove_corp).");
    Ok(())
}

/// Makes the calls that only read, and need no id except the app's.
pub(crate) async fn read_only_calls(upstream: &Upstream, agent_id: AgentId) -> Outcome {
    println!("Chains (get_chain_list, get_chain_group, get_chain_corpinfo_list)");
    let chains = upstream.get_chain_list().await?.chains;
    let mut first_corp = None;
    for (index, chain) in chains.iter().enumerate() {
        let corps = tree(upstream, chain, index + 1 == chains.len()).await?;
        first_corp = first_corp.or_else(|| Some((&chain.chain_id, corps.into_iter().find_map(|corp| corp.corp())?)));
    }
    println!();
    if let Some((chain_id, corp)) = first_corp {
        let info = upstream.get_chain_corpinfo(GetChainCorpinfo::new(chain_id, &corp)).await?;
        let status = info.qualification_status.map_or_else(|| "not stated".to_owned(), |status| format!("{status:?}"));
        println!("The first corp in detail (get_chain_corpinfo)");
        println!("  {}: qualification {status}, {}\n", info.corp_name, joined(info.is_joined));
        if let Some(corpid) = corp.corpid() {
            let chains = upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(corpid)).await?.chains;
            println!("Chains of that corp (get_corp_shared_chain_list)");
            chains.iter().for_each(|chain| println!("  {} ({})", chain.chain_name, chain.chain_id));
            println!();
        }
    }
    let shares = upstream.list_app_share_info(ListAppShareInfo::new(agent_id)).await?;
    println!("Corps with which the app {agent_id} is shared (list_app_share_info)");
    shares
        .corp_list
        .iter()
        .for_each(|corp| println!("  {} ({}), agentid there: {}", corp.corp_name, corp.corpid, corp.agentid));
    println!();
    Ok(())
}

/// Prints one chain as a tree of groups with their corps, and returns the corps.
async fn tree(upstream: &Upstream, chain: &Chain, last: bool) -> Result<Vec<GroupCorp>, Error> {
    let (branch, stem) = if last { ("└─", "   ") } else { ("├─", "│  ") };
    println!("{branch} {} ({})", chain.chain_name, chain.chain_id);
    let groups = upstream.get_chain_group(GetChainGroup::new(&chain.chain_id)).await?.groups;
    let mut all = Vec::new();
    if groups.iter().all(|group| group.groupid != GroupId::ROOT) {
        all.extend(corps(upstream, chain, GroupId::ROOT, stem).await?);
    }
    for (depth, group) in in_tree_order(&groups) {
        let indent = format!("{stem}{}", "  ".repeat(depth));
        println!("{indent}▸ {} (group {})", group.group_name, group.groupid);
        all.extend(corps(upstream, chain, group.groupid, &format!("{indent}  ")).await?);
    }
    Ok(all)
}

/// Prints the corps that are directly in a group, and returns them.
async fn corps(upstream: &Upstream, chain: &Chain, group: GroupId, indent: &str) -> Result<Vec<GroupCorp>, Error> {
    let request = GetChainCorpinfoList::new(&chain.chain_id).groupid(group).need_pending(true);
    let corps = upstream.get_chain_corpinfo_list(request).await?.group_corps;
    corps.iter().for_each(|corp| println!("{indent}• {}, {}", corp.corp_name, joined(corp.is_joined)));
    Ok(corps)
}

/// The groups with their depth, each one after its parent, siblings in the vendor's order (the larger first). Every group
/// occurs once. A group whose parent is unknown is a root.
fn in_tree_order(groups: &[Group]) -> Vec<(usize, &Group)> {
    let known = |id: GroupId| groups.iter().any(|group| group.groupid == id);
    let mut tops: Vec<_> = groups.iter().filter(|group| !group.parentid.is_some_and(known)).collect();
    tops.sort_by_key(|group| group.order);
    let mut waiting: Vec<_> = tops.into_iter().map(|group| (0, group)).collect();
    let mut ordered: Vec<(usize, &Group)> = Vec::new();
    while let Some((depth, group)) = waiting.pop() {
        if ordered.iter().any(|(_, other)| other.groupid == group.groupid) {
            continue;
        }
        ordered.push((depth, group));
        let mut children: Vec<_> = groups.iter().filter(|child| child.parentid == Some(group.groupid)).collect();
        children.sort_by_key(|child| child.order);
        waiting.extend(children.into_iter().map(|child| (depth + 1, child)));
    }
    ordered
}

async fn member(upstream: &Upstream, chain_id: &ChainId, corpid: &CorpId) -> Outcome {
    let request = GetChainUserCustomId::new(chain_id, corpid, UserId::new("zhaomin"));
    let reply = upstream.get_chain_user_custom_id(request).await?;
    println!("Custom id of a member (get_chain_user_custom_id)\n  zhaomin of {corpid}: {}\n", reply.user_custom_id);
    Ok(())
}

async fn customers(upstream: &Upstream) -> Outcome {
    let (unionid, openid) = (UnionId::new("oUnionChen"), OpenId::new("oOpenChen"));
    let known = upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&unionid, &openid)).await?;
    println!("A customer's id in each corp (unionid_to_external_userid)");
    known.external_userid_info.iter().for_each(|info| println!("  in {}: {}", info.corpid, info.external_userid));

    let pending = upstream.unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid)).await?;
    println!("\nA pending id, for a customer not added yet (unionid_to_pending_id)\n  {}\n", pending.pending_id);

    let ids = ["wmChenOfJingxi", "wmChenOfPujiang"].map(ExternalUserId::new);
    let mapped = upstream.external_userid_to_pending_id(ExternalUseridToPendingId::new(ids)).await?;
    println!("Customers of a downstream corp (external_userid_to_pending_id)");
    mapped.result.iter().for_each(|pair| println!("  {} is {}", pair.external_userid, pair.pending_id));
    println!();
    Ok(())
}

async fn import(upstream: &Upstream, chain_id: &ChainId) -> Result<JobId, Error> {
    let contacts = [ImportContact::head("张三", "13000000001"), ImportContact::member("李四", "13000000002")];
    let corp = ImportCorp::new("飞飞培训学校", contacts).group_path("华北区/北京市/海淀区");
    let reply = upstream.import_chain_contact(ImportChainContact::new(chain_id, [corp])).await?;
    println!("Importing a corp with two contacts (import_chain_contact)\n  job {}\n", reply.jobid);
    Ok(reply.jobid)
}

/// Queries the result until the import has finished. The simulator needs a few queries, the real service some seconds.
async fn result(upstream: &Upstream, jobid: &JobId) -> Outcome {
    println!("Result of the import (get_result)");
    let mut result = None;
    for _ in 0..10 {
        let reply = upstream.get_result(GetResult::new(jobid)).await?;
        println!("  {:?}", reply.status);
        if reply.is_finished() {
            result = reply.result;
            break;
        }
    }
    if let Some(result) = result {
        println!("  {:?}", result.import_status);
        for corp in result.fail_list {
            println!("  {} failed with {}", corp.corp_name, corp.errcode);
        }
    }
    println!();
    Ok(())
}

fn joined(is_joined: bool) -> &'static str {
    if is_joined { "joined" } else { "not joined yet" }
}
