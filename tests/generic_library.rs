//! A library on top of `wecom-upstream` that is generic over the threading family: it walks, imports and maps customers.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::rc::Rc;

use wecom_core::{Client, Local, LocalTransport, Shared, Threading, from_fn};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::chain_tree::{ChainDiff, ChainTree};
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore, InMemoryCustomerStore, MapError, Recognition};
use wecom_upstream::jobs::directory::Directory;
use wecom_upstream::jobs::import::{ImportReport, ImportState};
use wecom_upstream::{ChainId, CorpId, Error, ExternalUserId, OpenId, UnionId, Upstream};

/// What a library of a company may hold: everything works for any `M`.
struct Dealers<M: Threading = Shared> {
    upstream: Upstream<M>,
    chain_id: ChainId,
}

impl<M: Threading> Dealers<M> {
    fn directory(&self) -> Directory<M> {
        self.upstream.directory(&self.chain_id).need_pending(true)
    }

    async fn walk(&self) -> Result<ChainTree, Error> {
        let mut walk = self.upstream.walk(&self.chain_id).need_pending(true);
        let mut tree = ChainTree::new(&self.chain_id, true);
        while let Some(event) = walk.next().await? {
            tree.add(event);
        }
        Ok(tree)
    }

    async fn import(&self, corps: Vec<ImportCorp>) -> ImportReport {
        let state = ImportState::new(self.chain_id.clone(), corps).unwrap();
        self.upstream.import(state).finish().await
    }

    async fn remember<S: CustomerStore>(
        &self,
        store: &mut S,
        unionid: &UnionId,
        openid: &OpenId,
    ) -> Result<CustomerRecord, MapError<S::Error>> {
        self.upstream.map_customers(store).remember(unionid, openid).await
    }

    /// Returns the customers of a dealer who are in the store.
    async fn customers<S: CustomerStore>(
        &self,
        store: &mut S,
        dealer: &CorpId,
        ids: Vec<ExternalUserId>,
    ) -> Result<Vec<UnionId>, MapError<S::Error>> {
        let mut map = self.upstream.map_customers(store);
        let mut customers = map.recognize(dealer, ids);
        let mut found = Vec::new();
        while let Some(customer) = customers.next().await {
            if let Recognition::Mapped { unionid, .. } = customer? {
                found.push(unionid);
            }
        }
        Ok(found)
    }
}

/// Uses the library, in the same way in both families.
async fn work<M: Threading>(upstream: Upstream<M>, simulator: Simulator) {
    let dealers = Dealers { upstream, chain_id: ChainId::new("ChDealers") };
    assert_eq!(dealers.walk().await.unwrap().corps().count(), 8);
    let changes: ChainDiff = dealers.directory().refresh().await.unwrap();
    assert_eq!((changes.joined.len(), changes.invited.len()), (6, 2));
    let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
    assert!(dealers.import(vec![corp]).await.is_complete());
    assert_eq!(dealers.walk().await.unwrap().corps().count(), 9);

    let (unionid, openid) = (UnionId::new("oUnionWang"), OpenId::new("oOpenWang"));
    let (dealer, customer) = (CorpId::new("wwjingxi"), ExternalUserId::new("wmWang"));
    let mut store = InMemoryCustomerStore::new();
    let record = dealers.remember(&mut store, &unionid, &openid).await.unwrap();
    assert!(record.known_to.is_empty());
    simulator.add_customer(&unionid, &openid, &dealer, &customer);
    let found = dealers.customers(&mut store, &dealer, vec![customer]).await.unwrap();
    assert_eq!(found, [unionid]);
}

#[test]
fn a_generic_library_works_in_the_shared_family_and_its_futures_are_send() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let upstream = Upstream::new(simulator.client());
    timer.run(is_send(work::<Shared>(upstream, simulator)));
}

#[test]
fn a_generic_library_works_in_the_local_family() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let service = Rc::new(simulator.clone());
    let transport = from_fn(move |request| {
        let service = Rc::clone(&service);
        async move { LocalTransport::send(&*service, request).await }
    });
    let client = Client::local(transport).credentials(simulator.credentials()).timer(timer.clone()).build();
    timer.run(work::<Local>(Upstream::new(client), simulator));
}
