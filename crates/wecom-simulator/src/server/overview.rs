//! A snapshot of the simulator's state for the page.

use wecom_upstream::GroupId;
use wecom_upstream::calls::Group;

use crate::chain::Chain;
use crate::import::jobs::JobOverview;
use crate::service::recent_calls::RecentCall;
use crate::simulator::Simulator;
use crate::world::{WorldCorp, WorldCorpId};

/// The maximum number of corps shown in a group. The page has only the number of the others.
const SHOWN: usize = 100;

/// Everything that the page shows.
pub(crate) struct Overview {
    pub(crate) chains: Vec<ChainOverview>,
    /// Latest first.
    pub(crate) jobs: Vec<JobOverview>,
    /// Latest first.
    pub(crate) calls: Vec<RecentCall>,
}

pub(crate) struct ChainOverview {
    pub(crate) name: String,
    pub(crate) chain_id: String,
    pub(crate) root: GroupOverview,
}

pub(crate) struct GroupOverview {
    pub(crate) groupid: GroupId,
    pub(crate) name: String,
    pub(crate) corps: Vec<CorpOverview>,
    pub(crate) more_corps: usize,
    pub(crate) groups: Vec<GroupOverview>,
}

pub(crate) struct CorpOverview {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) is_joined: bool,
}

impl Simulator {
    /// Takes a snapshot of all chains with their groups and the first corps of each, the last import jobs and the last calls.
    pub(crate) fn overview(&self) -> Overview {
        let now = self.now();
        let mut service = self.lock();
        service.state.run_due_jobs(now);
        Overview {
            chains: service.state.chains.iter().map(ChainOverview::new).collect(),
            jobs: service.state.jobs.latest(now).collect(),
            calls: service.recent_calls.latest().collect(),
        }
    }
}

impl ChainOverview {
    fn new(chain: &Chain) -> Self {
        let groups: Vec<_> = chain.groups.descendants(GroupId::ROOT);
        let root = GroupOverview::new(chain, GroupId::ROOT, "", &groups);
        Self { name: chain.name.clone(), chain_id: chain.chain_id.to_string(), root }
    }
}

impl GroupOverview {
    /// A group with its descendants. The check of a world makes sure that groups form a tree.
    fn new(chain: &Chain, groupid: GroupId, name: &str, all: &[&Group]) -> Self {
        let mut children: Vec<_> = all.iter().filter(|group| group.parentid == Some(groupid)).collect();
        children.sort_by_key(|group| std::cmp::Reverse(group.order));
        let corps: Vec<_> = chain.corps.in_group(groupid, 0).map(|(_, corp)| corp).take(SHOWN).collect();
        Self {
            groupid,
            name: name.to_owned(),
            more_corps: chain.corps.count_in_group(groupid) - corps.len(),
            corps: corps.iter().map(|corp| CorpOverview::new(corp)).collect(),
            groups: children.iter().map(|group| Self::new(chain, group.groupid, &group.group_name, all)).collect(),
        }
    }
}

impl CorpOverview {
    fn new(corp: &WorldCorp) -> Self {
        let (id, is_joined) = match &corp.id {
            WorldCorpId::Joined(id) => (id.to_string(), true),
            WorldCorpId::Pending(id) => (id.to_string(), false),
        };
        Self { name: corp.name.clone(), id, is_joined }
    }
}
