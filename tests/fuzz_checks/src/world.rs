//! The file of a world, and calls that read every part of that world.

use pollster::block_on;
use wecom_core::{Error, ErrorKind};
use wecom_simulator::{Simulator, World};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, ListRuleIds};

/// The number of items of each kind that are read.
const MANY: usize = 4;

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let world = match World::from_json(text) {
        Ok(world) => world,
        Err(error) => return drop(format!("{error} {error:?}")),
    };
    let _ = format!("{world:?}");
    let is_possible = world.check().is_ok();
    let simulator = Simulator::try_new(world);
    assert_eq!(simulator.is_ok(), is_possible, "the check and the simulator differ");
    if let Ok(simulator) = simulator {
        block_on(walk(&Upstream::new(simulator.client())));
    }
}

/// Reads the world through calls. Every reply decodes, regardless of the names in the world.
async fn walk(upstream: &Upstream) {
    let Some(list) = readable(upstream.get_chain_list().await) else { return };
    for chain in list.chains.iter().take(MANY) {
        let id = &chain.chain_id;
        readable(upstream.list_rule_ids(ListRuleIds::new(id)).await);
        let groups = readable(upstream.get_chain_group(GetChainGroup::new(id)).await);
        for group in groups.iter().flat_map(|reply| &reply.groups).take(MANY) {
            let call = GetChainCorpinfoList::new(id).groupid(group.groupid).need_pending(true);
            let corps = readable(upstream.get_chain_corpinfo_list(call).await);
            for corp in corps.iter().flat_map(|reply| &reply.group_corps).take(MANY) {
                let Some(corp) = corp.corp() else { continue };
                readable(upstream.get_chain_corpinfo(GetChainCorpinfo::new(id, corp)).await);
            }
        }
    }
}

/// The reply, or `None` if the client or the service refused the call.
fn readable<T>(outcome: Result<T, Error>) -> Option<T> {
    let refused =
        |error: &Error| matches!(error.kind(), ErrorKind::Api(_) | ErrorKind::InvalidRequest(_) | ErrorKind::Token(_));
    outcome.inspect_err(|error| assert!(refused(error), "{error}")).ok()
}
