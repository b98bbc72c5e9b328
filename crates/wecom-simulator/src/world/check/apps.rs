//! The check of apps: their ids, what they can see, and the corps they are shared with.

use std::collections::{HashMap, HashSet};

use wecom_upstream::GroupId;
use wecom_upstream::values::BusinessType;

use super::ids::{check_not_empty, check_positive, check_unique};
use super::{JoinedCorps, WorldError};
use crate::world::{World, WorldApp};

impl World {
    pub(super) fn check_apps(&self, joined: &JoinedCorps<'_>) -> Result<(), WorldError> {
        if self.apps.is_empty() {
            return Err(WorldError::new("apps", "is empty: a world needs at least one app"));
        }
        check_unique("apps", "agentid", self.apps.iter().map(|app| app.agentid))?;
        let chains: HashSet<_> = self.chains.iter().map(|chain| &chain.chain_id).collect();
        for (index, app) in self.apps.iter().enumerate() {
            let path = format!("apps[{index}]");
            check_positive(&format!("{path}.agentid"), app.agentid.get())?;
            check_not_empty(&format!("{path}.secret"), app.secret.expose())?;
            check_shares(app, joined, &format!("{path}.shares"))?;
            for (index, chain_id) in app.visible_chains.iter().flatten().enumerate() {
                if !chains.contains(chain_id) {
                    let path = format!("{path}.visible_chains[{index}]");
                    return Err(WorldError::new(path, format!("there is no chain {chain_id}")));
                }
            }
            self.check_visible_groups(app, &format!("{path}.visible_groups"))?;
        }
        Ok(())
    }

    fn check_visible_groups(&self, app: &WorldApp, path: &str) -> Result<(), WorldError> {
        check_unique(path, "chain_id", app.visible_groups.iter().map(|(chain_id, _)| chain_id))?;
        let chains: HashMap<_, _> = self.chains.iter().map(|chain| (&chain.chain_id, chain)).collect();
        for (index, (chain_id, groups)) in app.visible_groups.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let Some(chain) = chains.get(chain_id) else {
                return Err(WorldError::new(format!("{path}.chain_id"), format!("there is no chain {chain_id}")));
            };
            if app.visible_chains.as_ref().is_some_and(|visible| !visible.contains(chain_id)) {
                let problem = format!("the app can't see the chain {chain_id}");
                return Err(WorldError::new(format!("{path}.chain_id"), problem));
            }
            let known: HashSet<_> = chain.groups.iter().map(|group| group.groupid).chain([GroupId::ROOT]).collect();
            if let Some((index, groupid)) = groups.iter().enumerate().find(|(_, groupid)| !known.contains(groupid)) {
                let path = format!("{path}.groupids[{index}]");
                return Err(WorldError::new(path, format!("there is no group {groupid}")));
            }
        }
        Ok(())
    }
}

fn check_shares(app: &WorldApp, joined: &JoinedCorps<'_>, path: &str) -> Result<(), WorldError> {
    for (index, (business, corp)) in app.shares.all().enumerate() {
        let path = format!("{path}[{index}]");
        check_not_empty(&format!("{path}.corpid"), corp.corpid.as_str())?;
        check_positive(&format!("{path}.agentid"), corp.agentid.get())?;
        if business == BusinessType::Chain && !joined.contains(&corp.corpid) {
            return Err(WorldError::new(format!("{path}.corpid"), format!("{} has joined no chain", corp.corpid)));
        }
    }
    Ok(())
}
