//! Snapshots of the simulator's state for the page.

use std::cmp::Reverse;
use std::time::Duration;

use wecom_upstream::{AgentId, ChainId, GroupId};

use crate::chain::Chain;
use crate::import::jobs::JobOverview;
use crate::service::recent_calls::RecentCall;
use crate::simulator::Simulator;
use crate::state::recent_events::RecentEvent;
use crate::steps::each;
use crate::world::{WorldCorp, WorldCorpId};

/// The maximum number of groups, and of corps, in one reply to the page.
const MOST: usize = 100;

/// The last jobs, calls and events.
pub(crate) struct Activity {
    /// The time of the snapshot, on the simulator's timer.
    pub(crate) now: Duration,
    /// Changes with each call.
    pub(crate) calls_so_far: u64,
    /// Latest first.
    pub(crate) jobs: Vec<JobOverview>,
    /// Latest first.
    pub(crate) calls: Vec<RecentCall>,
    /// Each with its app, latest first.
    pub(crate) events: Vec<(AgentId, RecentEvent)>,
}

/// A chain and the size of its tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChainSummary {
    pub(crate) chain_id: String,
    pub(crate) name: String,
    pub(crate) groups: usize,
    pub(crate) corps: usize,
}

/// A group and the number of groups and corps directly in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GroupSummary {
    pub(crate) groupid: GroupId,
    pub(crate) name: String,
    pub(crate) groups: usize,
    pub(crate) corps: usize,
}

/// A corp.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CorpSummary {
    /// The position in its chain. Later corps have greater positions.
    pub(crate) position: u64,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) is_joined: bool,
}

/// The content of a group: some of the groups and corps directly in it, and the number of the others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GroupContent {
    pub(crate) groups: Vec<GroupSummary>,
    pub(crate) more_groups: usize,
    pub(crate) corps: Vec<CorpSummary>,
    pub(crate) more_corps: usize,
}

impl Simulator {
    pub(crate) fn activity(&self) -> Activity {
        let now = self.now();
        let mut service = self.lock();
        service.state.run_due_jobs(now);
        Activity {
            now,
            calls_so_far: service.recent_calls.so_far(),
            jobs: service.state.jobs.latest(now).collect(),
            calls: service.recent_calls.latest().cloned().collect(),
            events: service.state.outboxes.recent(),
        }
    }

    pub(crate) fn chain_summaries(&self) -> Vec<ChainSummary> {
        let service = self.lock();
        let summary = |chain: &Chain| ChainSummary {
            chain_id: chain.chain_id.to_string(),
            name: chain.name.clone(),
            groups: chain.groups.len(),
            corps: chain.corps.len(),
        };
        each(&service.state.chains).take(MOST).map(summary).collect()
    }

    /// Returns the content of a group, after the corp at a position. Returns `None` if there is no such group.
    pub(crate) fn group_content(&self, chain_id: &ChainId, groupid: GroupId, after: u64) -> Option<GroupContent> {
        let service = self.lock();
        let chain = each(&service.state.chains).find(|chain| chain.chain_id == *chain_id)?;
        chain.groups.contains(groupid).then(|| GroupContent::of(chain, groupid, after))
    }
}

impl GroupContent {
    fn of(chain: &Chain, groupid: GroupId, after: u64) -> Self {
        let (groups, more_groups) = if after == 0 { subgroups(chain, groupid) } else { (Vec::new(), 0) };
        let mut following = chain.corps.in_group(groupid, after);
        let corps: Vec<_> = following.by_ref().take(MOST).map(|(position, corp)| summary(position, &corp)).collect();
        let more_corps = match corps.len() {
            MOST if after == 0 => chain.corps.count_in_group(groupid).saturating_sub(MOST),
            MOST => following.count(),
            _ => 0,
        };
        Self { groups, more_groups, corps, more_corps }
    }
}

/// The groups directly in a group, the one with the greatest `order` first, and the number of those left out.
fn subgroups(chain: &Chain, groupid: GroupId) -> (Vec<GroupSummary>, usize) {
    let mut groups: Vec<_> = chain.groups.children(groupid).collect();
    groups.sort_by_key(|group| (Reverse(group.order), group.groupid));
    let more = groups.len().saturating_sub(MOST);
    let summary = groups.into_iter().take(MOST).map(|group| GroupSummary {
        groupid: group.groupid,
        name: group.group_name.clone(),
        groups: chain.groups.children(group.groupid).count(),
        corps: chain.corps.count_in_group(group.groupid),
    });
    (summary.collect(), more)
}

fn summary(position: u64, corp: &WorldCorp) -> CorpSummary {
    let (id, is_joined) = match &corp.id {
        WorldCorpId::Joined(id) => (id.to_string(), true),
        WorldCorpId::Pending(id) => (id.to_string(), false),
    };
    CorpSummary { position, name: corp.name.clone(), id, is_joined }
}

#[cfg(test)]
mod tests {
    use wecom_core::Secret;
    use wecom_upstream::CorpId;
    use wecom_upstream::calls::Group;
    use wecom_upstream::ids::PendingCorpId;

    use super::*;
    use crate::world::{World, WorldApp, WorldChain};

    fn simulator(chain: WorldChain) -> Simulator {
        let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
        Simulator::new(World::new(CorpId::new("wwup")).app(app).chain(chain))
    }

    fn content(simulator: &Simulator, groupid: i64, after: u64) -> GroupContent {
        simulator.group_content(&ChainId::new("Ch1"), GroupId::new(groupid), after).unwrap()
    }

    fn chain() -> WorldChain {
        WorldChain::new(ChainId::new("Ch1"), "经销商")
    }

    fn group(groupid: i64, name: &str, parent: i64) -> Group {
        Group::new(GroupId::new(groupid), name, GroupId::new(parent))
    }

    #[test]
    fn a_group_has_its_groups_with_the_greatest_order_first_and_then_its_corps() {
        let chain = chain()
            .group(group(2, "b", 1).order(1))
            .group(group(3, "a", 1).order(2))
            .group(group(4, "a1", 3))
            .corp(WorldCorp::joined(GroupId::ROOT, CorpId::new("ww1"), "x"))
            .corp(WorldCorp::pending(GroupId::new(4), PendingCorpId::new("wp1"), "y"));
        let simulator = simulator(chain);
        let summary = |groupid, name: &str, groups, corps| GroupSummary {
            groupid: GroupId::new(groupid),
            name: name.into(),
            groups,
            corps,
        };
        let corp = |position, name: &str, id: &str, is_joined| CorpSummary {
            position,
            name: name.into(),
            id: id.into(),
            is_joined,
        };
        let root = content(&simulator, 1, 0);
        assert_eq!(root.groups, [summary(3, "a", 1, 0), summary(2, "b", 0, 0)]);
        assert_eq!(root.corps, [corp(1, "x", "ww1", true)]);
        assert_eq!(content(&simulator, 4, 0).corps, [corp(2, "y", "wp1", false)]);
        let chains = simulator.chain_summaries();
        assert_eq!((chains[0].groups, chains[0].corps, chains.len()), (3, 2, 1));
    }

    #[test]
    fn a_group_shows_its_first_corps_and_the_number_of_the_others() {
        let corp = |index: u32| WorldCorp::joined(GroupId::ROOT, CorpId::new(format!("ww{index}")), "x");
        let simulator = simulator((0..203).map(corp).fold(chain(), WorldChain::corp));
        let first = content(&simulator, 1, 0);
        assert_eq!((first.corps.len(), first.more_corps), (100, 103));
        let second = content(&simulator, 1, first.corps[99].position);
        assert_eq!((second.corps.len(), second.more_corps), (100, 3));
        let last = content(&simulator, 1, second.corps[99].position);
        assert_eq!((last.corps.len(), last.more_corps), (3, 0));
    }

    #[test]
    fn a_group_shows_its_first_groups_and_the_number_of_the_others() {
        let simulator = simulator((2..=103).map(|id| group(id, "x", 1)).fold(chain(), WorldChain::group));
        let root = content(&simulator, 1, 0);
        assert_eq!((root.groups.len(), root.more_groups), (100, 2));
    }

    #[test]
    fn there_is_no_content_of_an_unknown_chain_or_group() {
        let simulator = simulator(chain());
        assert!(simulator.group_content(&ChainId::new("Ch2"), GroupId::ROOT, 0).is_none());
        assert!(simulator.group_content(&ChainId::new("Ch1"), GroupId::new(2), 0).is_none());
    }
}
