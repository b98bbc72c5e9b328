//! A store in memory, and customers.

use std::collections::BTreeMap;

use wecom_simulator::Simulator;
use wecom_upstream::calls::UnionidToPendingId;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore};
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId, Upstream};

/// A store in memory that can be saved as text, and fails while `is_broken` is set.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) records: BTreeMap<String, CustomerRecord>,
    pub(crate) puts: usize,
    pub(crate) is_broken: bool,
}

impl Store {
    pub(crate) fn save(&self) -> String {
        serde_json::to_string(&self.records).unwrap()
    }

    pub(crate) fn load(json: &str) -> Self {
        Self { records: serde_json::from_str(json).unwrap(), ..Self::default() }
    }
}

impl CustomerStore for Store {
    type Error = &'static str;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, &'static str> {
        Ok(self.records.get(unionid.as_str()).cloned())
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, &'static str> {
        let matches =
            |record: &&CustomerRecord| record.pending.as_ref().is_some_and(|pending| pending.pending_id == *pending_id);
        Ok(self.records.values().find(matches).cloned())
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), &'static str> {
        if self.is_broken {
            return Err("the store is broken");
        }
        self.puts += 1;
        self.records.insert(record.unionid.to_string(), record.clone());
        Ok(())
    }
}

pub(crate) fn dealer() -> CorpId {
    CorpId::new("wwjingxi")
}

pub(crate) fn user(number: usize) -> (UnionId, OpenId) {
    (UnionId::new(format!("union{number}")), OpenId::new(format!("open{number}")))
}

pub(crate) fn customer(number: usize) -> ExternalUserId {
    ExternalUserId::new(format!("wm{number}"))
}

/// Makes a user a customer of the dealer.
pub(crate) fn add(simulator: &Simulator, number: usize) {
    let (unionid, openid) = user(number);
    simulator.add_customer(unionid, openid, dealer(), customer(number));
}

/// Requests a `pending_id` for a user.
pub(crate) fn pending_id(upstream: &Upstream, number: usize) -> PendingId {
    let (unionid, openid) = user(number);
    pollster::block_on(upstream.unionid_to_pending_id(UnionidToPendingId::new(unionid, openid))).unwrap().pending_id
}
