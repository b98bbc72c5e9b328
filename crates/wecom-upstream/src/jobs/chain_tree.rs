//! A chain's directory in memory, which can be printed, stored, and compared with an older one.
//!
//! [`ChainTree`] holds the groups and corps that a walk has read. [`ChainDiff`] lists the changes between two trees.

mod diff;
mod display;
mod edit;
mod mend;
mod path;
mod saved;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};
use wecom_core::{ErrCode, Error, Threading};

use self::diff::FailedGroups;
pub use self::diff::{ChainDiff, CorpChange, GroupChange, PlacedCorp, PlacedGroup};
use self::path::{parents, path_of};
use crate::calls::{Group, GroupCorp};
use crate::jobs::walk::{GroupFinding, Walk, WalkEvent};
use crate::serde_helpers;

/// The directory (通讯录) of a chain at the time of a walk: its groups as a tree, and the corps of each group.
///
/// Created by [`Walk::collect`](crate::jobs::walk::Walk::collect). It is displayed as a tree, serializes as JSON, and
/// [`diff`](Self::diff) returns the changes since an older tree:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::RemoveCorp;
/// use wecom_upstream::jobs::chain_tree::ChainTree;
/// use wecom_upstream::{ChainId, CorpId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// let chain_id = ChainId::new("ChSuppliers");
/// # pollster::block_on(async {
/// let tree = upstream.walk(&chain_id).need_pending(true).collect().await?;
/// assert_eq!(tree.to_string(), "\
/// ChSuppliers
/// ├─ 钢材 #2
/// │  └─ 鞍岭不锈钢 (wwanling)
/// └─ 包装 #3
///    ├─ 嘉禾纸业 (wwjiahe)
///    └─ 永固泡沫 (wpyonggu) [pending]
/// ");
/// let stored = serde_json::to_string(&tree).unwrap();
///
/// upstream.remove_corp(RemoveCorp::new(&chain_id, CorpId::new("wwjiahe"))).await?;
/// let older: ChainTree = serde_json::from_str(&stored).unwrap();
/// let newer = upstream.walk(&chain_id).need_pending(true).collect().await?;
/// assert_eq!(newer.diff(&older).to_string(), "- left: 嘉禾纸业 (wwjiahe), from 包装\n");
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
///
/// Its JSON names its format and version. Deserializing a tree of another version, or any other document, returns an error
/// that states the reason.
#[derive(Clone, Debug)]
pub struct ChainTree {
    chain_id: ChainId,
    need_pending: bool,
    groups: Vec<TreeGroup>,
    findings: Vec<GroupFinding>,
    failures: Vec<GroupFailure>,
    /// The index of the group that the walk has returned to. The next corps belong to it.
    resumed: Option<usize>,
}

/// Compares the groups, corps, findings and failures, but not the position of the walk.
impl PartialEq for ChainTree {
    fn eq(&self, other: &Self) -> bool {
        let Self { chain_id, need_pending, groups, findings, failures, resumed: _ } = self;
        (chain_id, need_pending, groups, findings, failures)
            == (&other.chain_id, &other.need_pending, &other.groups, &other.findings, &other.failures)
    }
}

impl Eq for ChainTree {}

/// A group of a [`ChainTree`] with its direct members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeGroup {
    /// The group. The root group has an empty name, unless WeCom lists it with a name.
    pub group: Group,
    /// The number of groups above the group: 0 for the root group and for groups without a known parent.
    pub depth: u32,
    /// The corps of the group, in the order of the reply.
    #[serde(deserialize_with = "saved::exact_vec")]
    pub corps: Vec<GroupCorp>,
}

/// A group of a [`ChainTree`] that is incomplete because a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupFailure {
    /// The group.
    pub groupid: GroupId,
    /// The `errcode` of WeCom; 0 if WeCom did not reject the call.
    #[serde(default = "serde_helpers::code::none", with = "serde_helpers::code")]
    pub errcode: ErrCode,
    /// The text of the error.
    pub message: String,
}

impl<M: Threading> Walk<M> {
    /// Walks to the end and returns the directory as a tree. The tree lists the groups that failed:
    /// [`ChainTree::mend`] lists them again.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Walk::next`], and drops the groups and corps that it has read. To keep them, use
    /// [`collect_into`](Self::collect_into).
    pub async fn collect(mut self) -> Result<ChainTree, Error> {
        let mut tree = ChainTree::new(self.chain_id(), self.needs_pending());
        self.collect_into(&mut tree).await?;
        Ok(tree)
    }

    /// Walks to the end and adds all events to a tree. Use it to continue the tree of an interrupted walk.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Walk::next`]. The tree has all events so far: awaiting this method again continues the walk.
    pub async fn collect_into(&mut self, tree: &mut ChainTree) -> Result<(), Error> {
        while let Some(event) = self.next().await? {
            tree.add(event);
        }
        tree.shrink();
        Ok(())
    }
}

impl ChainTree {
    /// Creates a tree without groups, for [`ChainTree::add`]. `need_pending` must match the option of the walk.
    #[must_use]
    pub fn new(chain_id: impl Into<ChainId>, need_pending: bool) -> Self {
        let (groups, findings, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { chain_id: chain_id.into(), need_pending, groups, findings, failures, resumed: None }
    }

    /// Adds an event of a walk. Events must be added in the order of the walk. For a corp without a preceding group,
    /// which a resumed walk may yield, the tree adds a group with an empty name.
    pub fn add(&mut self, event: WalkEvent) {
        match event {
            WalkEvent::Finding(finding) => self.findings.push(finding),
            WalkEvent::Group { group, depth } => {
                self.shrink_current();
                self.resumed = None;
                self.groups.push(TreeGroup { group, depth, corps: Vec::new() });
            }
            WalkEvent::Corp(corp) => self.add_corp(corp),
            WalkEvent::GroupResumed { groupid } => {
                self.shrink_current();
                self.failures.retain(|failure| failure.groupid != groupid);
                self.resumed = self.groups.iter().position(|group| group.group.groupid == groupid);
            }
            WalkEvent::GroupDeferred { groupid, error } | WalkEvent::GroupFailed { groupid, error } => {
                let errcode = error.code().unwrap_or_else(serde_helpers::code::none);
                self.failures.push(GroupFailure { groupid, errcode, message: error.to_string() });
            }
        }
    }

    /// Returns the group that the next corp belongs to.
    fn current(&mut self) -> Option<&mut TreeGroup> {
        match self.resumed {
            Some(at) => self.groups.get_mut(at),
            None => self.groups.last_mut(),
        }
    }

    /// Frees the spare capacity of the current group, which is complete for now.
    fn shrink_current(&mut self) {
        if let Some(group) = self.current() {
            group.corps.shrink_to_fit();
        }
    }

    /// Frees the spare capacity at the end of a walk.
    pub(crate) fn shrink(&mut self) {
        self.shrink_current();
        self.resumed = None;
        self.groups.shrink_to_fit();
    }

    fn add_corp(&mut self, corp: GroupCorp) {
        if let Some(group) = self.current() {
            group.corps.push(corp);
            return;
        }
        let group = Group { groupid: corp.groupid, group_name: String::new(), parentid: None, order: 0 };
        self.groups.push(TreeGroup { group, depth: 0, corps: vec![corp] });
    }

    /// Returns the id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.chain_id
    }

    /// Returns whether the walk included corps that have not joined yet.
    #[must_use]
    pub fn need_pending(&self) -> bool {
        self.need_pending
    }

    /// Returns the groups in the order of the walk, each before the groups below it.
    #[must_use]
    pub fn groups(&self) -> &[TreeGroup] {
        &self.groups
    }

    /// Returns all corps, group by group, each with the path of its group.
    ///
    /// The path has the form that imports take, such as `华北区/北京市`: it leaves out the root group, and is empty for the corps
    /// of the root group. A path of more than 64 names is shortened to `…/` and the last 64 names.
    pub fn corps(&self) -> impl Iterator<Item = (String, &GroupCorp)> {
        self.paths().flat_map(|(path, group)| group.corps.iter().map(move |corp| (path.clone(), corp)))
    }

    /// Returns all groups, each with its path in the form of [`ChainTree::corps`].
    pub fn paths(&self) -> impl Iterator<Item = (String, &TreeGroup)> {
        let parents = parents(&self.groups);
        let groups = self.groups.iter().enumerate();
        groups.map(move |(at, group)| (path_of(&self.groups, &parents, at), group))
    }

    /// Returns the flaws that keep the groups from forming one tree.
    #[must_use]
    pub fn findings(&self) -> &[GroupFinding] {
        &self.findings
    }

    /// Returns the groups that are incomplete because a call failed.
    #[must_use]
    pub fn failures(&self) -> &[GroupFailure] {
        &self.failures
    }

    /// Returns whether every group is complete.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.failures.is_empty()
    }

    /// Returns the changes since an older tree of the same chain.
    #[must_use]
    pub fn diff(&self, older: &Self) -> ChainDiff {
        diff::between(older, self, FailedGroups::Incomplete)
    }
}
