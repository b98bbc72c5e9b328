//! The corps that an app is shared with.

use std::collections::BTreeMap;

use wecom_upstream::CorpId;
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::values::BusinessType;

use crate::steps::each;

/// The shares of an app. A position is never used again, because cursors contain it. The first one is 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares {
    by_position: BTreeMap<u64, (BusinessType, SharedCorp)>,
    last_position: u64,
}

impl Shares {
    /// Adds a share after all others.
    pub(crate) fn add(&mut self, business: BusinessType, corp: SharedCorp) {
        self.last_position += 1;
        self.by_position.insert(self.last_position, (business, corp));
    }

    /// Removes the share with a corp. Returns `false` if there is none.
    pub(crate) fn remove(&mut self, business: BusinessType, corpid: &CorpId) -> bool {
        let before = self.by_position.len();
        self.by_position.retain(|_, (kind, corp)| *kind != business || corp.corpid != *corpid);
        self.by_position.len() < before
    }

    pub(crate) fn contain(&self, business: BusinessType, corpid: &CorpId) -> bool {
        self.of(business).any(|(_, corp)| corp.corpid == *corpid)
    }

    /// The shares of one kind, with their positions.
    pub(crate) fn of(&self, business: BusinessType) -> impl Iterator<Item = (u64, &SharedCorp)> {
        let shares = each(&self.by_position).filter(move |(_, (kind, _))| *kind == business);
        shares.map(|(position, (_, corp))| (*position, corp))
    }

    /// The shares of all kinds.
    pub(crate) fn all(&self) -> impl Iterator<Item = (BusinessType, &SharedCorp)> {
        self.by_position.values().map(|(business, corp)| (*business, corp))
    }
}
