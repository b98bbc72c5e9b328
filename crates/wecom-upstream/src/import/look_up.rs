//! Which corps of lost submissions are in the chain: all its groups are listed, page by page, and only matches are kept.

use std::collections::{BTreeSet, HashMap};

use wecom_core::{Error, Threading};

use crate::endpoints::{GetChainCorpinfoList, GetChainGroup};
use crate::ids::{ChainId, Cursor, CustomId, GroupId};
use crate::import::check::{custom_id_of, name_of};
use crate::import::state::ImportState;
use crate::upstream::Upstream;

/// How many corps a page has.
const PAGE: u32 = 100;

/// One look through a chain. A call that fails ends no more than itself: the look goes on from there.
#[derive(Debug)]
pub(crate) struct LookUp {
    /// The lost rows, by the name that each is known by.
    wanted: HashMap<String, (usize, Option<CustomId>)>,
    found: BTreeSet<usize>,
    /// The groups that are still to be looked into; `None` before they are known.
    groups: Option<BTreeSet<GroupId>>,
    /// The pages of the first of them that were read.
    cursors: Vec<Cursor>,
    pub(crate) calls: usize,
}

impl LookUp {
    pub(crate) fn new(state: &ImportState) -> Self {
        let wanted =
            state.lost_rows().map(|(at, corp)| (name_of(corp).to_owned(), (at, custom_id_of(corp).cloned()))).collect();
        Self { wanted, found: BTreeSet::new(), groups: None, cursors: Vec::new(), calls: 0 }
    }

    /// Looks through the chain, and says of each lost row whether it is there; `None` when the list of a group leads
    /// round in a circle, and so tells nothing of what is not in it.
    pub(crate) async fn run<M: Threading>(
        &mut self,
        upstream: &Upstream<M>,
        chain_id: &ChainId,
    ) -> Result<Option<Vec<(usize, bool)>>, Error> {
        if self.groups.is_none() {
            let groups = upstream.get_chain_group(GetChainGroup::new(chain_id)).await?.groups;
            self.calls += 1;
            self.groups = Some(groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]).collect());
        }
        while let Some(groupid) = self.groups.as_ref().and_then(|groups| groups.first().copied()) {
            let page = GetChainCorpinfoList::new(chain_id).groupid(groupid).need_pending(true).limit(PAGE);
            let page = match self.cursors.last() {
                Some(cursor) => page.cursor(cursor),
                None => page,
            };
            let page = upstream.get_chain_corpinfo_list(page).await?;
            self.calls += 1;
            for corp in &page.group_corps {
                let Some((at, custom_id)) = self.wanted.get(corp.corp_name.trim()) else { continue };
                if custom_id.is_none() || *custom_id == corp.custom_id {
                    self.found.insert(*at);
                }
            }
            match page.next_cursor.filter(|_| page.has_more) {
                Some(cursor) if self.cursors.contains(&cursor) => return Ok(None),
                Some(cursor) => self.cursors.push(cursor),
                None => {
                    self.cursors.clear();
                    self.groups.as_mut().and_then(BTreeSet::pop_first);
                }
            }
        }
        Ok(Some(self.wanted.values().map(|(at, _)| (*at, self.found.contains(at))).collect()))
    }
}
