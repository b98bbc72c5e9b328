//! Searches the chain for the corps of lost submissions. It lists all groups, page by page, and keeps only the matches.

use std::collections::{BTreeSet, HashMap};

use wecom_core::ids::{ChainId, CustomId, GroupId};
use wecom_core::{Error, Threading};

use crate::calls::{GetChainCorpinfoList, GetChainGroup, GroupCorp};
use crate::jobs::import::row_validation::{custom_id_of, name_of};
use crate::jobs::import::state::ImportState;
use crate::jobs::pager::{PageError, PagePosition};
use crate::upstream::Upstream;

const PAGE_SIZE: u32 = 100;

/// A search of a chain. After a failed call, it continues where it was.
#[derive(Debug)]
pub(crate) struct ChainSearch {
    /// The rows to find, by name.
    wanted: HashMap<String, (usize, Option<CustomId>)>,
    found: BTreeSet<usize>,
    /// The groups to search; `None` until they are listed.
    groups: Option<BTreeSet<GroupId>>,
    /// The position in the list of the first group.
    position: Option<PagePosition<GroupCorp>>,
    pub(crate) calls: usize,
}

impl ChainSearch {
    pub(crate) fn new(state: &ImportState) -> Self {
        let wanted =
            state.lost_rows().map(|(at, corp)| (name_of(corp).to_owned(), (at, custom_id_of(corp).cloned()))).collect();
        Self { wanted, found: BTreeSet::new(), groups: None, position: None, calls: 0 }
    }

    /// Searches the chain and returns for each lost row whether the chain has it; `None` if the list of a group never
    /// ends, because the search is then incomplete.
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
            let call = GetChainCorpinfoList::new(chain_id).groupid(groupid).need_pending(true).limit(PAGE_SIZE);
            let mut pages = match &self.position {
                Some(position) => upstream.resume_pages(call, position.clone()),
                None => upstream.pages(call),
            };
            let page = match pages.next_page().await {
                Ok(page) => page,
                Err(PageError::Call(error)) => return Err(error),
                Err(PageError::RepeatedCursor(_) | PageError::EmptyPages(_)) => return Ok(None),
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
