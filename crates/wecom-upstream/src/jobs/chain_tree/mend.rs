//! Lists the incomplete groups of a tree again.

use wecom_core::ids::GroupId;
use wecom_core::{Error, Threading};

use super::{ChainTree, GroupFailure};
use crate::calls::GroupCorp;
use crate::jobs::walk::{PlannedGroup, Walk};
use crate::upstream::Upstream;

impl ChainTree {
    /// Lists the groups of [`failures`](Self::failures) again and replaces their corps. Does not look for new groups.
    ///
    /// If a group fails again, it keeps its failure, and the corps of the attempt that read more of them.
    ///
    /// ```
    /// use wecom_upstream::jobs::chain_tree::ChainTree;
    /// use wecom_upstream::Upstream;
    ///
    /// # async fn example(upstream: Upstream, mut tree: ChainTree) -> Result<(), wecom_upstream::Error> {
    /// tree.mend(&upstream).await?;
    /// assert!(tree.is_whole());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Walk::next`]. The groups that were listed before the error stay complete.
    pub async fn mend<M: Threading>(&mut self, upstream: &Upstream<M>) -> Result<(), Error> {
        let broken = Broken::take(self);
        let planned = broken.groups.iter().map(|group| group.planned.clone());
        let mut walk = Walk::mend(upstream, self.chain_id.clone(), self.need_pending, planned);
        let outcome = walk.collect_into(self).await;
        broken.restore(self, walk.unfinished().collect());
        outcome
    }
}

/// The incomplete groups of a tree before they are listed again.
struct Broken {
    groups: Vec<BrokenGroup>,
}

struct BrokenGroup {
    at: usize,
    planned: PlannedGroup,
    corps: Vec<GroupCorp>,
    failure: GroupFailure,
}

impl Broken {
    fn take(tree: &mut ChainTree) -> Self {
        let mut groups = Vec::new();
        for failure in &tree.failures {
            let found = tree.groups.iter_mut().enumerate().find(|(_, group)| group.group.groupid == failure.groupid);
            let Some((at, group)) = found else { continue };
            let planned = PlannedGroup { group: group.group.clone(), depth: group.depth };
            groups.push(BrokenGroup { at, planned, corps: std::mem::take(&mut group.corps), failure: failure.clone() });
        }
        Self { groups }
    }

    /// Restores the corps and failures of the groups that are still incomplete.
    fn restore(self, tree: &mut ChainTree, unfinished: Vec<GroupId>) {
        for BrokenGroup { at, corps, failure, .. } in self.groups {
            if !unfinished.contains(&failure.groupid) {
                continue;
            }
            if let Some(group) = tree.groups.get_mut(at).filter(|group| group.corps.len() < corps.len()) {
                group.corps = corps;
            }
            if tree.failures.iter().all(|known| known.groupid != failure.groupid) {
                tree.failures.push(failure);
            }
        }
    }
}
