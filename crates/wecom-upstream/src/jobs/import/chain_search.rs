//! Which corps of lost submissions are in the chain: all its groups are listed, page by page, and only matches are kept.

use std::collections::{BTreeSet, HashMap};

use wecom_core::ids::{ChainId, CustomId, GroupId};
use wecom_core::{Error, Threading};

use crate::calls::{GetChainCorpinfoList, GetChainGroup, GroupCorp};
use crate::jobs::import::row_validation::{custom_id_of, name_of};
use crate::jobs::import::state::ImportState;
use crate::jobs::pager::{PageError, PagePosition};
use crate::upstream::Upstream;

/// How many corps a page has.
const PAGE: u32 = 100;

/// One look through a chain. A call that fails ends no more than itself: the look goes on from there.
#[derive(Debug)]
pub(crate) struct ChainSearch {
    /// The lost rows, by the name that each is known by.
    wanted: HashMap<String, (usize, Option<CustomId>)>,
    found: BTreeSet<usize>,
    /// The groups that are still to be looked into; `None` before they are known.
    groups: Option<BTreeSet<GroupId>>,
    /// Where the list of the first of them is.
    position: Option<PagePosition<GroupCorp>>,
    pub(crate) calls: usize,
}

impl ChainSearch {
    pub(crate) fn new(state: &ImportState) -> Self {
        let wanted =
            state.lost_rows().map(|(at, corp)| (name_of(corp).to_owned(), (at, custom_id_of(corp).cloned()))).collect();
        Self { wanted, found: BTreeSet::new(), groups: None, position: None, calls: 0 }
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
            let call = GetChainCorpinfoList::new(chain_id).groupid(groupid).need_pending(true).limit(PAGE);
            let mut pages = match &self.position {
                Some(position) => upstream.resume_pages(call, position.clone()),
                None => upstream.pages(call),
            };
            let page = match pages.next_page().await {
                Ok(page) => page,
                Err(PageError::Call(error)) => return Err(error),
                Err(PageError::RepeatedCursor(_)) => return Ok(None),
            };
            self.position = Some(pages.position().clone());
            let Some(page) = page else {
                self.position = None;
                self.groups.as_mut().and_then(BTreeSet::pop_first);
                continue;
            };
            self.calls += 1;
            for corp in &page.items {
                let Some((at, custom_id)) = self.wanted.get(corp.corp_name.trim()) else { continue };
                if custom_id.is_none() || *custom_id == corp.custom_id {
                    self.found.insert(*at);
                }
            }
        }
        Ok(Some(self.wanted.values().map(|(at, _)| (*at, self.found.contains(at))).collect()))
    }
}
