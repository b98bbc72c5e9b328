//! Corps that have joined, to recognize them among the pending ones.

use std::collections::HashSet;

use wecom_core::ids::{CustomId, PendingCorpId};

use crate::calls::GroupCorp;

/// Features of corps that have joined. A pending corp with one of them may have joined as that corp, with a new id.
#[derive(Default)]
pub(super) struct JoinedCorps<'a> {
    names: HashSet<&'a str>,
    custom_ids: HashSet<&'a CustomId>,
    pending_ids: HashSet<&'a PendingCorpId>,
}

impl<'a> JoinedCorps<'a> {
    pub(super) fn of(corps: impl Iterator<Item = &'a GroupCorp>) -> Self {
        let mut joined = Self::default();
        for corp in corps.filter(|corp| corp.is_joined) {
            joined.names.extend(Some(corp.corp_name.as_str()).filter(|name| !name.is_empty()));
            joined.custom_ids.extend(&corp.custom_id);
            joined.pending_ids.extend(&corp.pending_corpid);
        }
        joined
    }

    pub(super) fn may_include(&self, corp: &GroupCorp) -> bool {
        !corp.is_joined
            && (self.names.contains(corp.corp_name.as_str())
                || corp.custom_id.as_ref().is_some_and(|id| self.custom_ids.contains(id))
                || corp.pending_corpid.as_ref().is_some_and(|id| self.pending_ids.contains(id)))
    }
}
