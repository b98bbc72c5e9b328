//! A snapshot of the simulator's state for the page.

use std::cmp::Reverse;

use wecom_upstream::GroupId;

use crate::chain::Chain;
use crate::import::jobs::JobOverview;
use crate::service::recent_calls::RecentCall;
use crate::simulator::Simulator;
use crate::steps::each;
use crate::world::{WorldCorp, WorldCorpId};

/// The maximum number of chains, groups and corps on the page, together.
const MAX_ROWS: usize = 2_000;

/// The maximum number of corps shown in a group. The page shows how many more there are.
const MAX_CORPS_PER_GROUP: usize = 100;

/// Everything that the page shows.
pub(crate) struct Overview {
    /// The chains with their groups and corps, in the order of the tree.
    pub(crate) rows: Vec<Row>,
    /// Whether the page lacks some chains, groups or corps.
    pub(crate) is_truncated: bool,
    /// Latest first.
    pub(crate) jobs: Vec<JobOverview>,
    /// Latest first.
    pub(crate) calls: Vec<RecentCall>,
}

/// A row of the tree. `depth` is the number of ancestors of the group, or of the corp's group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Chain { name: String, chain_id: String },
    Group { depth: usize, groupid: GroupId, name: String },
    Corp { depth: usize, name: String, id: String, is_joined: bool },
    MoreCorps { depth: usize, count: usize },
}

impl Simulator {
    /// Takes a snapshot of the chains with their groups and corps, the last import jobs and the last calls.
    pub(crate) fn overview(&self) -> Overview {
        let now = self.now();
        let mut service = self.lock();
        service.state.run_due_jobs(now);
        let mut rows = Vec::new();
        each(&service.state.chains).for_each(|chain| push_chain(&mut rows, chain));
        let is_truncated = rows.len() > MAX_ROWS;
        rows.truncate(MAX_ROWS);
        Overview {
            rows,
            is_truncated,
            jobs: service.state.jobs.latest(now).collect(),
            calls: service.recent_calls.latest().collect(),
        }
    }
}

/// Adds the rows of a chain, until there are more than the page shows.
fn push_chain(rows: &mut Vec<Row>, chain: &Chain) {
    if rows.len() > MAX_ROWS {
        return;
    }
    rows.push(Row::Chain { name: chain.name.clone(), chain_id: chain.chain_id.to_string() });
    push_corps(rows, chain, GroupId::ROOT, 0);
    // A stack instead of recursion: the tree can be deeper than the stack of a thread allows.
    let mut open = Vec::new();
    push_children(&mut open, chain, GroupId::ROOT, 1);
    while let Some((depth, groupid, name)) = open.pop().filter(|_| rows.len() <= MAX_ROWS) {
        rows.push(Row::Group { depth, groupid, name: name.to_owned() });
        push_corps(rows, chain, groupid, depth);
        push_children(&mut open, chain, groupid, depth + 1);
    }
}

/// Puts the children of a group on the stack, the one with the greatest `order` on top.
fn push_children<'a>(open: &mut Vec<(usize, GroupId, &'a str)>, chain: &'a Chain, groupid: GroupId, depth: usize) {
    let mut children: Vec<_> = chain.groups.children(groupid).collect();
    children.sort_by_key(|group| (group.order, Reverse(group.groupid)));
    open.extend(children.into_iter().map(|group| (depth, group.groupid, group.group_name.as_str())));
}

fn push_corps(rows: &mut Vec<Row>, chain: &Chain, groupid: GroupId, depth: usize) {
    let corps = chain.corps.in_group(groupid, 0).take(MAX_CORPS_PER_GROUP);
    rows.extend(corps.map(|(_, corp)| Row::of_corp(&corp, depth)));
    match chain.corps.count_in_group(groupid).saturating_sub(MAX_CORPS_PER_GROUP) {
        0 => {}
        count => rows.push(Row::MoreCorps { depth, count }),
    }
}

impl Row {
    fn of_corp(corp: &WorldCorp, depth: usize) -> Self {
        let (id, is_joined) = match &corp.id {
            WorldCorpId::Joined(id) => (id.to_string(), true),
            WorldCorpId::Pending(id) => (id.to_string(), false),
        };
        Self::Corp { depth, name: corp.name.clone(), id, is_joined }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::Secret;
    use wecom_upstream::calls::Group;
    use wecom_upstream::ids::PendingCorpId;
    use wecom_upstream::{AgentId, ChainId, CorpId};

    use super::*;
    use crate::world::{World, WorldApp, WorldChain};

    fn overview(chain: WorldChain) -> Overview {
        overview_of([chain])
    }

    fn overview_of(chains: impl IntoIterator<Item = WorldChain>) -> Overview {
        let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
        let world = World::new(CorpId::new("wwup")).app(app);
        Simulator::new(chains.into_iter().fold(world, World::chain)).overview()
    }

    fn chain() -> WorldChain {
        WorldChain::new(ChainId::new("Ch1"), "经销商")
    }

    fn group(groupid: i64, name: &str, parent: i64) -> Group {
        Group::new(GroupId::new(groupid), name, GroupId::new(parent))
    }

    #[test]
    fn rows_are_in_the_order_of_the_tree_with_the_greatest_order_first() {
        let chain = chain()
            .group(group(2, "b", 1).order(1))
            .group(group(3, "a", 1).order(2))
            .group(group(4, "a1", 3))
            .corp(WorldCorp::joined(GroupId::ROOT, CorpId::new("ww1"), "x"))
            .corp(WorldCorp::pending(GroupId::new(4), PendingCorpId::new("wp1"), "y"));
        let group =
            |depth, groupid, name: &str| Row::Group { depth, groupid: GroupId::new(groupid), name: name.into() };
        let corp =
            |depth, name: &str, id: &str, is_joined| Row::Corp { depth, name: name.into(), id: id.into(), is_joined };
        let expected = [
            Row::Chain { name: "经销商".into(), chain_id: "Ch1".into() },
            corp(0, "x", "ww1", true),
            group(1, 3, "a"),
            group(2, 4, "a1"),
            corp(2, "y", "wp1", false),
            group(1, 2, "b"),
        ];
        let overview = overview(chain);
        assert_eq!((&overview.rows[..], overview.is_truncated), (&expected[..], false));
    }

    #[test]
    fn a_group_shows_its_first_corps_and_the_number_of_the_others() {
        let corp = |index: u32| WorldCorp::joined(GroupId::ROOT, CorpId::new(format!("ww{index}")), "x");
        let overview = overview((0..103).map(corp).fold(chain(), WorldChain::corp));
        assert_eq!(overview.rows.len(), 102);
        assert_eq!(overview.rows.last(), Some(&Row::MoreCorps { depth: 0, count: 3 }));
    }

    #[test]
    fn a_page_has_a_limited_number_of_rows() {
        let groups = |count: i64| (2..=count).map(|id| group(id, "x", 1)).fold(chain(), WorldChain::group);
        let (full, over) = (overview(groups(2_000)), overview(groups(2_001)));
        assert_eq!((full.rows.len(), full.is_truncated), (2_000, false));
        assert_eq!((over.rows.len(), over.is_truncated), (2_000, true));
    }

    #[test]
    fn a_page_is_truncated_if_a_whole_chain_is_left_out() {
        let full = (2..=2_000).map(|id| group(id, "x", 1)).fold(chain(), WorldChain::group);
        let overview = overview_of([full, WorldChain::new(ChainId::new("Ch2"), "供应商")]);
        assert_eq!((overview.rows.len(), overview.is_truncated), (2_000, true));
    }
}
