//! Both threading families.

use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use static_assertions::assert_impl_all;
use wecom_core::{Client, Local, LocalTransport, from_fn};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerMap, CustomerRecord, CustomerStore, PendingIds, Recognition};
use wecom_upstream::{ExternalUserId, UnionId, Upstream};

use crate::support::{Store, add, customer, dealer, user};

assert_impl_all!(CustomerMap<Store>: Send);
assert_impl_all!(PendingIds<std::vec::IntoIter<ExternalUserId>>: Send, Sync);

#[test]
fn the_futures_of_a_shared_map_are_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let simulator = Simulator::demo().on_timer(ManualTimer::new());
    let upstream = Upstream::new(simulator.client());
    let mut map = upstream.map_customers(Store::default());
    let (unionid, openid) = user(1);
    pollster::block_on(assert_send(map.remember(unionid, openid))).unwrap();
    add(&simulator, 1);
    let mut customers = map.recognize(dealer(), [customer(1)]);
    assert!(matches!(pollster::block_on(assert_send(customers.next())), Some(Ok(Recognition::Mapped { .. }))));
    let mut ids = upstream.pending_ids([customer(1)]);
    assert!(pollster::block_on(assert_send(ids.next())).unwrap().pending_id.unwrap().is_some());
    // The whole block, as for a spawned task.
    let whole = assert_send(async move {
        let mut map = upstream.map_customers(Store::default());
        let (unionid, openid) = user(2);
        map.remember(unionid, openid).await.unwrap();
        map.recognize(dealer(), [customer(1)]).next().await.unwrap().unwrap()
    });
    assert!(matches!(pollster::block_on(whole), Recognition::Unknown { pending_id: Some(_), .. }));
}

/// A pool, whose handles are stores.
#[derive(Default)]
struct Pool(Mutex<HashMap<UnionId, CustomerRecord>>);

impl CustomerStore for &Pool {
    type Error = Infallible;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, Infallible> {
        Ok(self.0.lock().unwrap().get(unionid).cloned())
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, Infallible> {
        let is_pending =
            |record: &&CustomerRecord| record.pending.as_ref().is_some_and(|pending| pending.pending_id == *pending_id);
        Ok(self.0.lock().unwrap().values().find(is_pending).cloned())
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), Infallible> {
        self.0.lock().unwrap().insert(record.unionid.clone(), record.clone());
        Ok(())
    }
}

#[test]
fn maps_share_a_pool_by_reference_and_by_arc() {
    let upstream = Upstream::new(Simulator::demo().on_timer(ManualTimer::new()).client());
    let pool = Arc::new(Pool::default());
    let mut map = upstream.map_customers(Arc::clone(&pool));
    let (unionid, openid) = user(1);
    let stored = pollster::block_on(map.remember(&unionid, &openid)).unwrap();
    let mut other = upstream.map_customers(Box::new(&*pool));
    assert_eq!(pollster::block_on(other.remember(&unionid, &openid)).unwrap(), stored);
    // The whole block, as for a spawned task.
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let found = assert_send(async move { map.store().get(&unionid).await });
    assert_eq!(pollster::block_on(found), Ok(Some(stored)));
}

#[test]
fn a_local_map_works_over_a_transport_that_is_not_send() {
    let simulator = Rc::new(Simulator::demo().on_timer(ManualTimer::new()));
    let service = Rc::clone(&simulator);
    let transport = from_fn(move |request| {
        let service = Rc::clone(&service);
        async move { LocalTransport::send(&*service, request).await }
    });
    let upstream: Upstream<Local> =
        Upstream::new(Client::local(transport).credentials(simulator.credentials()).timer(ManualTimer::new()).build());
    let mut map = upstream.map_customers(Store::default());
    pollster::block_on(async {
        let (unionid, openid) = user(1);
        map.remember(unionid, openid).await.unwrap();
        add(&simulator, 1);
        let recognized = map.recognize(dealer(), [customer(1)]).next().await;
        assert!(matches!(recognized, Some(Ok(Recognition::Mapped { .. }))), "{recognized:?}");
    });
}
