//! The customer map: linking users and customers, expiry, restarts and failures.

use std::cell::Cell;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use wecom_core::{AccessToken, Client, Request, Secret, Transport, TransportErrorKind, from_fn};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GetChainGroup, UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID};
use wecom_upstream::jobs::customers::{MapError, Recognition};
use wecom_upstream::values::MassCallTicket;
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, Upstream};

use crate::support::{Store, add, customer, dealer, user};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn on_timer() -> (Simulator, ManualTimer) {
    let timer = ManualTimer::new();
    (Simulator::demo().on_timer(timer.clone()), timer)
}

#[test]
fn a_map_of_a_client_whose_timer_does_not_know_the_date_says_so_and_makes_no_call() {
    let faults = Faults::new(Simulator::demo());
    let calls = faults.on_any().at_most(0).error_code(-1);
    let client = Client::builder(faults).token(AccessToken::new("a-token")).build();
    let mut map = Upstream::new(client).map_customers(Store::default());
    let (unionid, openid) = user(1);
    let error = pollster::block_on(map.remember(unionid, openid)).unwrap_err();
    assert!(matches!(error, MapError::NoDate));
    assert_eq!(calls.calls(), 0);
    assert!(MapError::<std::io::Error>::NoDate.to_string().starts_with("no date: "));
}

#[test]
fn customers_are_linked_at_once_and_other_users_once_a_corp_adds_them() {
    let simulator = on_timer().0;
    (0..10).for_each(|number| add(&simulator, number));
    let mut map = Upstream::new(simulator.client()).map_customers(Store::default());
    pollster::block_on(async {
        for number in 0..250 {
            let (unionid, openid) = user(number);
            let record = map.remember(unionid, openid).await.unwrap();
            assert_eq!(record.external_userid(&dealer()).cloned(), (number < 10).then(|| customer(number)));
            assert_eq!(record.pending.is_some(), number >= 10);
        }
        (10..260).for_each(|number| add(&simulator, number));
        let mut customers = map.recognize(dealer(), (0..260).map(customer));
        for number in 0..260 {
            match customers.next().await.unwrap().unwrap() {
                Recognition::Mapped { external_userid, unionid } => {
                    assert_eq!((external_userid, unionid), (customer(number), user(number).0));
                    assert!((10..250).contains(&number));
                }
                Recognition::Unknown { pending_id: None, .. } => assert!(!(10..250).contains(&number)),
                other => panic!("{other:?}"),
            }
        }
        assert!(customers.next().await.is_none());
    });
    let known = map.store().records.values().filter(|record| record.external_userid(&dealer()).is_some());
    assert_eq!(known.count(), 250);
}

#[test]
fn a_restart_repeats_only_the_interrupted_call() {
    let simulator = on_timer().0;
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&UNIONID_TO_EXTERNAL_USERID).at_most(0).error_code(-1);
    let lost = faults.on(&UNIONID_TO_PENDING_ID).every(7).fail_after_sending(TransportErrorKind::ConnectionLost);
    let mut saved = Store::default().save();
    let mut yielded = 0;
    // Each process ends at the first failure. Only the store is left.
    let mut processes = 0;
    while yielded < 100 {
        processes += 1;
        assert!(processes < 100, "the loop does not end");
        let client =
            Client::builder(faults.clone()).credentials(simulator.credentials()).timer(ManualTimer::new()).build();
        let mut map = Upstream::new(client).map_customers(Store::load(&saved));
        pollster::block_on(async {
            for number in 0..100 {
                let (unionid, openid) = user(number);
                if map.remember(unionid, openid).await.is_err() {
                    return;
                }
            }
            (0..100).for_each(|number| add(&simulator, number));
            let mut customers = map.recognize(dealer(), (0..100).skip(yielded).map(customer));
            // A few customers at a time, so that this step is interrupted too.
            for _ in 0..30 {
                let Some(customer) = customers.next().await else { break };
                assert!(matches!(customer.unwrap(), Recognition::Mapped { .. }));
            }
            yielded += customers.yielded();
        });
        saved = map.into_store().save();
    }
    assert_eq!(lost.injected(), 16);
    assert_eq!(lookups.calls(), 100 + lost.injected(), "only interrupted calls are repeated");
    assert_eq!(processes, 16 + 4);
    let records = Store::load(&saved).records;
    assert_eq!(records.values().filter(|record| record.external_userid(&dealer()).is_some()).count(), 100);
}

#[test]
fn a_pending_id_is_refreshed_after_90_days() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let faults = Faults::new(simulator.clone());
    let lookups = faults.on(&UNIONID_TO_PENDING_ID).at_most(0).error_code(-1);
    let client = Client::builder(faults).credentials(simulator.credentials()).timer(timer.clone()).build();
    let mut map = Upstream::new(client).map_customers(Store::default());
    let (unionid, openid) = user(1);
    pollster::block_on(async {
        let first = map.remember(&unionid, &openid).await.unwrap().pending.unwrap();
        timer.advance(90 * DAY - Duration::from_secs(1));
        assert_eq!(map.remember(&unionid, &openid).await.unwrap().pending.unwrap(), first);
        assert_eq!(lookups.calls(), 1);
        timer.advance(Duration::from_secs(1));
        let second = map.remember(&unionid, &openid).await.unwrap().pending.unwrap();
        assert_ne!(second.pending_id, first.pending_id);
        assert_eq!((second.since - first.since, lookups.calls()), (90 * DAY, 2));

        add(&simulator, 1);
        let recognized = map.recognize(dealer(), [customer(1)]).next().await.unwrap().unwrap();
        assert!(matches!(recognized, Recognition::Mapped { .. }), "{recognized:?}");
    });
}

#[test]
fn a_customer_is_linked_with_the_token_of_the_downstream_corp_too() {
    let simulator = on_timer().0;
    let upstream = Upstream::new(simulator.client());
    let mut map = upstream.map_customers(Store::default());
    pollster::block_on(async {
        let (unionid, openid) = user(1);
        map.remember(&unionid, openid).await.unwrap();
        add(&simulator, 1);
        let downstream = upstream.share(AgentId::new(1_000_002)).downstream(dealer()).await.unwrap();
        let recognized = map.recognize_by(&downstream, [customer(1)]).next().await.unwrap().unwrap();
        let Recognition::Mapped { unionid: found, .. } = recognized else { panic!("{recognized:?}") };
        assert_eq!(found, unionid);
    });
}

#[test]
fn a_store_failure_loses_no_customer() {
    let simulator = on_timer().0;
    let upstream = Upstream::new(simulator.client());
    let mut map = upstream.map_customers(Store::default());
    pollster::block_on(async {
        let (unionid, openid) = user(1);
        map.remember(unionid, openid).await.unwrap();
        add(&simulator, 1);
        map.store().is_broken = true;
        let (unionid, openid) = user(2);
        assert!(matches!(map.remember(unionid, openid).await, Err(MapError::Store("the store is broken"))));
        let mut customers = map.recognize(dealer(), [customer(1)]);
        assert!(matches!(customers.next().await, Some(Err(MapError::Store(_)))));
        assert_eq!(customers.yielded(), 0);
        assert!(matches!(customers.next().await, Some(Err(MapError::Store(_)))));
        map.store().is_broken = false;
        let recognized = map.recognize(dealer(), [customer(1)]).next().await;
        assert!(matches!(recognized, Some(Ok(Recognition::Mapped { .. }))), "{recognized:?}");
    });
}

#[test]
fn the_error_of_a_map_has_the_text_and_the_source_of_its_cause() {
    let error = MapError::Store(std::io::Error::other("the disk is full"));
    assert_eq!(error.to_string(), "customer store failed: the disk is full");
    assert_eq!(error.source().unwrap().to_string(), "the disk is full");
    let simulator = on_timer().0;
    let simulator = Upstream::new(simulator.client());
    let call = pollster::block_on(simulator.get_chain_group(GetChainGroup::new(ChainId::new("none")))).unwrap_err();
    let error = MapError::<std::io::Error>::from(call.clone());
    assert_eq!(error.to_string(), call.to_string());
    assert_eq!(error.source().is_some(), call.source().is_some());
}

#[test]
fn a_refresh_replaces_the_stored_record() {
    let simulator = on_timer().0;
    let mut map = Upstream::new(simulator.client()).map_customers(Store::default());
    let now = Cell::new(0);
    pollster::block_on(async {
        let (unionid, openid) = user(1);
        assert!(map.remember(&unionid, &openid).await.unwrap().pending.is_some());
        add(&simulator, 1);
        assert!(map.remember(&unionid, &openid).await.unwrap().known_to.is_empty(), "the stored record is used");
        let record = map.refresh(&unionid, &openid).await.unwrap();
        assert_eq!(record.external_userid(&dealer()), Some(&customer(1)));
        now.set(map.store().puts);
        assert_eq!(map.remember(&unionid, &openid).await.unwrap().known_to.len(), 1);
        assert_eq!(map.store().puts, now.get(), "nothing is stored again");
    });
}

#[test]
fn a_refresh_keeps_a_valid_pending_id_so_that_a_second_corp_recognizes_the_user() {
    let (simulator, timer) = on_timer();
    let mut map = Upstream::new(simulator.client()).map_customers(Store::default());
    pollster::block_on(async {
        let (unionid, openid) = user(1);
        let pending = map.remember(&unionid, &openid).await.unwrap().pending.unwrap();
        add(&simulator, 1);
        let record = map.refresh(&unionid, &openid).await.unwrap();
        assert_eq!(record.external_userid(&dealer()), Some(&customer(1)));
        assert_eq!(record.pending.as_ref(), Some(&pending));

        let second = CorpId::new("wwpujiang");
        simulator.add_customer(&unionid, &openid, &second, ExternalUserId::new("wmOfSecond"));
        let recognized = map.recognize(second, [ExternalUserId::new("wmOfSecond")]).next().await.unwrap().unwrap();
        assert!(matches!(recognized, Recognition::Mapped { .. }), "{recognized:?}");

        timer.advance(90 * DAY);
        assert_eq!(map.refresh(&unionid, &openid).await.unwrap().pending, None, "the id has expired");
    });
}

/// The simulator, and the tickets of its requests for customers.
fn counting_tickets(simulator: &Simulator, timer: &ManualTimer) -> (Upstream, Arc<Mutex<Vec<bool>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (service, notes) = (simulator.clone(), Arc::clone(&seen));
    let transport = from_fn(move |request: Request| {
        if *request.endpoint() == UNIONID_TO_EXTERNAL_USERID {
            let body = String::from_utf8_lossy(request.body().unwrap()).into_owned();
            notes.lock().unwrap().push(body.contains("mass_call_ticket"));
        }
        let service = service.clone();
        async move { service.send(request).await }
    });
    let client = Client::builder(transport).credentials(simulator.credentials()).timer(timer.clone());
    (Upstream::new(client.build()), seen)
}

#[test]
fn a_mass_call_ticket_is_used_until_it_expires() {
    let (simulator, timer) = on_timer();
    let (upstream, seen) = counting_tickets(&simulator, &timer);
    let reply = pollster::block_on(upstream.apply_mass_call_ticket()).unwrap();
    let ticket = reply.ticket(UNIX_EPOCH + timer.unix_time());
    let mut map = upstream.map_customers(Store::default()).mass_call_ticket(ticket);
    timer.advance(DAY * 4);
    for number in 0..4 {
        timer.advance(DAY);
        let (unionid, openid) = user(number);
        pollster::block_on(map.remember(unionid, openid)).unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), [true, true, false, false]);
}

#[test]
fn a_mass_call_ticket_that_is_refused_is_dropped() {
    let simulator = on_timer().0;
    let faults = Faults::new(simulator.clone());
    let refused = faults.on(&UNIONID_TO_EXTERNAL_USERID).at_most(1).error_code(40058);
    let upstream =
        Upstream::new(Client::builder(faults).credentials(simulator.credentials()).timer(ManualTimer::new()).build());
    let ticket = MassCallTicket::new(Secret::new("used-up"), UNIX_EPOCH + ManualTimer::new().unix_time() + DAY);
    let mut map = upstream.map_customers(Store::default()).mass_call_ticket(ticket);
    for number in 0..3 {
        let (unionid, openid) = user(number);
        pollster::block_on(map.remember(unionid, openid)).unwrap();
    }
    assert_eq!(refused.injected(), 1);
}
