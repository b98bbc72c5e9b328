//! The saved form of a tree.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wecom_core::ids::ChainId;

use super::{ChainTree, GroupFailure, TreeGroup};
use crate::jobs::saved_format::{self, SavedContent};
use crate::jobs::walk::GroupFinding;

#[derive(Serialize, Deserialize)]
struct SavedTree<'a> {
    chain_id: Cow<'a, ChainId>,
    need_pending: bool,
    groups: Cow<'a, [TreeGroup]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    findings: Cow<'a, [GroupFinding]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    failures: Cow<'a, [GroupFailure]>,
    /// The index of the group that an unfinished walk has returned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resumed: Option<usize>,
}

impl SavedContent for SavedTree<'_> {
    const KIND: &'static str = "chain tree";
    const VERSION: u32 = 1;
    const WITHOUT: &'static str = "walk the chain again";
}

impl Serialize for ChainTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { chain_id, need_pending, groups, findings, failures, resumed } = self;
        let content = SavedTree {
            chain_id: Cow::Borrowed(chain_id),
            need_pending: *need_pending,
            groups: groups.into(),
            findings: findings.into(),
            failures: failures.into(),
            resumed: *resumed,
        };
        saved_format::serialize(&content, serializer)
    }
}

impl<'de> Deserialize<'de> for ChainTree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let content: SavedTree<'static> = saved_format::deserialize(deserializer)?;
        let SavedTree { chain_id, need_pending, groups, findings, failures, resumed } = content;
        let mut tree = Self::new(chain_id.into_owned(), need_pending);
        (tree.groups, tree.findings, tree.failures) =
            (groups.into_owned(), findings.into_owned(), failures.into_owned());
        tree.shrink();
        tree.resumed = resumed;
        Ok(tree)
    }
}

/// Reads a list without spare capacity. With one corp a group, the spare capacity would be most of a tree's memory.
pub(super) fn exact_vec<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}
