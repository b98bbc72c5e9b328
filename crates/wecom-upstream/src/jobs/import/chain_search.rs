//! Searches the chain for the corps of lost submissions. It lists all groups, page by page, and keeps only the matches.

use std::collections::{BTreeSet, HashMap};

use wecom_core::ids::{ChainId, CustomId, GroupId};
use wecom_core::{Client, Error, Threading};

use crate::calls::{
    GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply, GetChainGroup, GetChainGroupReply,
    GroupCorp,
};
use crate::jobs::attention::Attention;
use crate::jobs::import::row_validation::{custom_id_of, name_of};
use crate::jobs::import::state::ImportState;
use crate::jobs::kept_read::KeptRead;
use crate::jobs::pager::{PagePosition, PagedCall};

const PAGE_SIZE: u32 = 100;

/// A search of a chain. After a failed call or a dropped future, it continues where it was.
#[derive(Debug)]
pub(crate) struct ChainSearch<M: Threading> {
    /// The rows to find, by name.
    wanted: HashMap<String, (usize, Option<CustomId>)>,
    found: BTreeSet<usize>,
    /// The groups to search; `None` until they are listed.
    groups: Option<BTreeSet<GroupId>>,
    /// The position in the list of the first group.
    position: Option<PagePosition<GroupCorp>>,
    group_list: KeptRead<M, GetChainGroupReply>,
    corp_list: KeptRead<M, GetChainCorpinfoListReply>,
    pub(crate) calls: usize,
}

impl<M: Threading> ChainSearch<M> {
    pub(crate) fn new(client: &Client<M>, state: &ImportState) -> Self {
        let wanted =
            state.lost_rows().map(|(at, corp)| (name_of(corp).to_owned(), (at, custom_id_of(corp).cloned()))).collect();
        Self {
            wanted,
            found: BTreeSet::new(),
            groups: None,
            position: None,
            group_list: KeptRead::new(Attention::new(client.clock())),
            corp_list: KeptRead::new(Attention::new(client.clock())),
            calls: 0,
        }
    }

    /// Searches the chain and returns for each lost row whether the chain has it; `None` if the list of a group never
    /// ends, because the search is then incomplete.
    pub(crate) async fn run(
        &mut self,
        client: &Client<M>,
        chain_id: &ChainId,
    ) -> Result<Option<Vec<(usize, bool)>>, Error> {
        if self.groups.is_none() {
            let begin = || client.call_boxed(GetChainGroup::new(chain_id));
            let groups = self.group_list.run(begin).await?.groups;
            self.calls += 1;
            self.groups = Some(groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]).collect());
        }
        while let Some(groupid) = self.groups.as_ref().and_then(|groups| groups.first().copied()) {
            let position = self.position.get_or_insert_with(|| PagePosition::at(None));
            if position.is_last() {
                self.position = None;
                self.groups.as_mut().and_then(BTreeSet::pop_first);
                continue;
            }
            let begin = || {
                let mut call = GetChainCorpinfoList::new(chain_id).groupid(groupid).need_pending(true).limit(PAGE_SIZE);
                call.cursor = position.next_cursor().cloned();
                client.call_boxed(call)
            };
            let reply = self.corp_list.run(begin).await?;
            self.calls += 1;
            if position.accept(&GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList::into_page(reply)).is_err() {
                return Ok(None);
            }
            for corp in position.take_page().items {
                let Some((at, custom_id)) = self.wanted.get(corp.corp_name.trim()) else { continue };
                if custom_id.is_none() || *custom_id == corp.custom_id {
                    self.found.insert(*at);
                }
            }
        }
        Ok(Some(self.wanted.values().map(|(at, _)| (*at, self.found.contains(at))).collect()))
    }
}
