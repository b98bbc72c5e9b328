//! A chain's directory in memory: to print, to store, and to compare with an older one.
//!
//! [`ChainTree`] holds what a walk read. [`ChainDiff`] lists the changes between two trees.

mod diff;
mod display;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, GroupId};
use wecom_core::{ErrCode, Error, Threading};

pub use self::diff::{ChainDiff, CorpChange, GroupChange, PlacedCorp, PlacedGroup};
use crate::calls::{Group, GroupCorp};
use crate::jobs::walk::{GroupFinding, Walk, WalkEvent};
use crate::serde_helpers;

/// The directory (通讯录) of a chain at one time: its groups as a tree, and the corps of each.
///
/// From [`Walk::collect`](crate::jobs::walk::Walk::collect). It prints as a tree, is stored as JSON, and tells what has changed since
/// an [older one](Self::diff):
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainTree {
    chain_id: ChainId,
    need_pending: bool,
    groups: Vec<TreeGroup>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<GroupFinding>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<GroupFailure>,
}

/// A group of a [`ChainTree`], and the corps that lie directly in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeGroup {
    /// The group. The root has an empty name, unless the service named it.
    pub group: Group,
    /// How many groups lie above it: 0 for the root, and for those that hang on nothing.
    pub depth: u32,
    /// Its corps, in the service's order.
    pub corps: Vec<GroupCorp>,
}

/// A group of a [`ChainTree`] whose corps could not be listed, or not all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupFailure {
    /// The group.
    pub groupid: GroupId,
    /// WeCom's `errcode`; 0 where it was not WeCom that refused.
    #[serde(default = "serde_helpers::code::none", with = "serde_helpers::code")]
    pub errcode: ErrCode,
    /// The text of the error.
    pub message: String,
}

impl<M: Threading> Walk<M> {
    /// Walks to the end, and gives the whole as a tree. Groups that failed are listed in it.
    ///
    /// # Errors
    ///
    /// When the list of groups can't be had.
    pub async fn collect(mut self) -> Result<ChainTree, Error> {
        let mut tree = ChainTree::new(self.chain_id(), self.needs_pending());
        self.collect_into(&mut tree).await?;
        Ok(tree)
    }

    /// Walks to the end, and adds what comes to a tree: for a walk that was resumed, and the tree that was begun before.
    ///
    /// # Errors
    ///
    /// When the list of groups can't be had.
    pub async fn collect_into(&mut self, tree: &mut ChainTree) -> Result<(), Error> {
        while let Some(event) = self.next().await? {
            tree.add(event);
        }
        Ok(())
    }
}

impl ChainTree {
    /// A tree without groups, for [`ChainTree::add`]. `need_pending` says whether the walk asks for pending corps too.
    #[must_use]
    pub fn new(chain_id: impl Into<ChainId>, need_pending: bool) -> Self {
        let (groups, findings, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { chain_id: chain_id.into(), need_pending, groups, findings, failures }
    }

    /// Adds what a walk told. Events have to come in the walk's order. A corp that comes before any group, as from a walk
    /// that was resumed into a new tree, has a group of no name made for it.
    pub fn add(&mut self, event: WalkEvent) {
        match event {
            WalkEvent::Finding(finding) => self.findings.push(finding),
            WalkEvent::Group { group, depth } => self.groups.push(TreeGroup { group, depth, corps: Vec::new() }),
            WalkEvent::Corp(corp) => match self.groups.last_mut() {
                Some(group) => group.corps.push(corp),
                None => {
                    let group = Group { groupid: corp.groupid, group_name: String::new(), parentid: None, order: 0 };
                    self.groups.push(TreeGroup { group, depth: 0, corps: vec![corp] });
                }
            },
            WalkEvent::GroupFailed { groupid, error } => {
                let errcode = error.code().unwrap_or_else(serde_helpers::code::none);
                self.failures.push(GroupFailure { groupid, errcode, message: error.to_string() });
            }
        }
    }

    /// The chain.
    #[must_use]
    pub fn chain_id(&self) -> &ChainId {
        &self.chain_id
    }

    /// Whether corps that have not joined were asked for too.
    #[must_use]
    pub fn need_pending(&self) -> bool {
        self.need_pending
    }

    /// The groups, each before those below it, in the order in which they are displayed.
    #[must_use]
    pub fn groups(&self) -> &[TreeGroup] {
        &self.groups
    }

    /// All corps, group by group, each with the path of its group.
    ///
    /// The path is written as imports take it, `华北区/北京市`: without the root, and empty for the corps in the root.
    pub fn corps(&self) -> impl Iterator<Item = (String, &GroupCorp)> {
        self.paths().flat_map(|(path, group)| group.corps.iter().map(move |corp| (path.clone(), corp)))
    }

    /// All groups, each with its own path, written as in [`ChainTree::corps`].
    pub fn paths(&self) -> impl Iterator<Item = (String, &TreeGroup)> {
        let mut names: Vec<&str> = Vec::new();
        self.groups.iter().map(move |group| {
            let depth = usize::try_from(group.depth).unwrap_or(usize::MAX);
            names.truncate(depth);
            names.push(if group.group.groupid == GroupId::ROOT { "" } else { &group.group.group_name });
            let below_root = names.first().is_some_and(|name| name.is_empty());
            (names.get(usize::from(below_root)..).unwrap_or_default().join("/"), group)
        })
    }

    /// What keeps the groups from being one tree.
    #[must_use]
    pub fn findings(&self) -> &[GroupFinding] {
        &self.findings
    }

    /// The groups whose corps could not be listed, or not all of them.
    #[must_use]
    pub fn failures(&self) -> &[GroupFailure] {
        &self.failures
    }

    /// Whether every group was listed to its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.failures.is_empty()
    }

    /// What has changed since an older tree of the same chain.
    #[must_use]
    pub fn diff(&self, older: &Self) -> ChainDiff {
        diff::between(older, self)
    }
}
