//! Customers' stores and pending ids.

use std::any::Any;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use pollster::block_on;
use wecom_upstream::calls::ExternalUseridToPendingId;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore, InMemoryCustomerStore, RememberedPendingId};
use wecom_upstream::{ExternalUserId, OpenId, UnionId};

use crate::service::upstream;
use crate::{Measure, Work};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const FINDS: usize = 1_000;

pub(crate) fn works() -> Vec<Work> {
    let instructions =
        |name, item, limit, prepare| Work { name, item, sizes: SIZES, limit, measure: Measure::Instructions, prepare };
    vec![
        instructions("1,000 customers found in memory", "customer in the store", 0.1, |size| find(size)),
        Work {
            name: "customers in memory",
            item: "customer",
            sizes: SIZES,
            measure: Measure::Kept,
            limit: 1.0,
            prepare: |size| Box::new(move || Box::new(store(size))),
        },
        instructions("pending ids", "customer", 1.0, |size| pending_ids(size)),
        instructions("pending ids by hand", "customer", 1.0, |size| pending_ids_by_hand(size)),
    ]
}

fn pending_id(number: usize) -> PendingId {
    PendingId::new(format!("pending{number:020}"))
}

fn store(size: usize) -> InMemoryCustomerStore {
    let record = |number| {
        let (unionid, openid) = (format!("union{number:020}"), format!("open{number:020}"));
        let mut record = CustomerRecord::new(UnionId::new(unionid), OpenId::new(openid));
        record.pending = Some(RememberedPendingId::new(pending_id(number), Duration::ZERO));
        record
    };
    (0..size).map(record).collect()
}

fn find(size: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let mut store = store(size);
    let ids: Vec<_> = (0..FINDS).map(|at| pending_id(at * 7_919 % size)).collect();
    Box::new(move || {
        for id in &ids {
            let Ok(record) = block_on(store.find(id));
            assert!(record.is_some());
        }
        Box::new(())
    })
}

/// Customers as WeCom names them, 32 characters long, and a service that knows nine in ten of each hundred.
fn customers(size: usize) -> (Vec<ExternalUserId>, wecom_upstream::Upstream) {
    let name = |number: usize| format!("wm{:030}", number % 100);
    let user = |number| format!(r#"{{"external_userid":"{}","pending_id":"pending{number:020}"}}"#, name(number));
    let users: Vec<_> = (0..100).filter(|number| number % 10 != 9).map(user).collect();
    let reply = Bytes::from(format!(r#"{{"errcode":0,"result":[{}]}}"#, users.join(",")));
    ((0..size).map(|number| ExternalUserId::new(name(number))).collect(), upstream(move |_| reply.clone()))
}

fn pending_ids(size: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let (ids, upstream) = customers(size);
    Box::new(move || {
        let mut answers = upstream.pending_ids(ids.iter().cloned());
        let mut found = 0;
        block_on(async {
            while let Some(answer) = answers.next().await {
                found += usize::from(answer.pending_id.unwrap().is_some());
            }
        });
        assert_eq!(found, size / 10 * 9);
        Box::new(())
    })
}

/// Makes the same calls, and searches each reply for each customer.
fn pending_ids_by_hand(size: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let (ids, upstream) = customers(size);
    Box::new(move || {
        let mut found = 0;
        block_on(async {
            for batch in ids.chunks(100) {
                let call = ExternalUseridToPendingId::new(batch);
                let users = upstream.external_userid_to_pending_id(call).await.unwrap().result;
                let users: HashMap<_, _> =
                    users.into_iter().map(|user| (user.external_userid, user.pending_id)).collect();
                found += batch.iter().filter(|id| users.contains_key(*id)).count();
            }
        });
        assert_eq!(found, size / 10 * 9);
        Box::new(())
    })
}
