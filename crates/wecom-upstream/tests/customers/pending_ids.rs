//! Looking up the `pending_id` of many customers.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use wecom_core::{Client, TransportErrorKind};
use wecom_mock::{Answer, Faults, ManualTimer, Mock};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{
    EXTERNAL_USERID_TO_PENDING_ID, ExternalUseridToPendingId, ExternalUseridToPendingIdReply, PendingUser,
};
use wecom_upstream::ids::PendingId;
use wecom_upstream::{ErrCode, ExternalUserId, Upstream};

use crate::support::{add, customer, pending_id};

/// A mock that has a `pending_id` for customers with even numbers, and rejects invalid requests.
fn mock() -> Mock {
    let mock = Mock::new();
    mock.on::<ExternalUseridToPendingId>().respond_with(|call| {
        let even = |id: &&ExternalUserId| id.as_str()[2..].parse::<usize>().unwrap() % 2 == 0;
        let users = call.external_userid.iter().filter(even);
        let users = users.map(|id| PendingUser::new(id, PendingId::new(format!("p{id}"))));
        Answer::reply(ExternalUseridToPendingIdReply::new(users))
    });
    mock
}

#[test]
fn every_customer_has_an_answer_in_order_including_repeated_ones() {
    let mock = mock();
    let ids: Vec<_> = (0..250).chain([7, 7, 8, 0]).map(customer).collect();
    let upstream = Upstream::new(mock.client());
    let mut answers = upstream.pending_ids(ids.clone());
    pollster::block_on(async {
        for id in &ids {
            let answer = answers.next().await.unwrap();
            let even = id.as_str()[2..].parse::<usize>().unwrap() % 2 == 0;
            let expected = even.then(|| PendingId::new(format!("p{id}")));
            assert_eq!((&answer.external_userid, answer.pending_id.unwrap()), (id, expected));
        }
        assert!(answers.next().await.is_none() && answers.next().await.is_none());
    });
    assert_eq!(answers.yielded(), 254);
    let sizes: Vec<_> =
        mock.calls::<ExternalUseridToPendingId>().iter().map(|call| call.external_userid.len()).collect();
    // The last 54 customers include customer 7 twice.
    assert_eq!(sizes, [100, 100, 53]);
}

#[test]
fn customers_are_matched_by_id_in_any_order_of_the_reply() {
    let id = |number: usize| ExternalUserId::new(format!("wm{number:0>30}"));
    for is_reversed in [false, true] {
        let mock = Mock::new();
        mock.on::<ExternalUseridToPendingId>().respond_with(move |call| {
            let with_pending_id = call.external_userid.iter().filter(|id| !id.as_str().ends_with('9'));
            let mut users: Vec<_> =
                with_pending_id.map(|id| PendingUser::new(id, PendingId::new(format!("p{id}")))).collect();
            if is_reversed {
                users.reverse();
            }
            Answer::reply(ExternalUseridToPendingIdReply::new(users))
        });
        let upstream = Upstream::new(mock.client());
        for numbers in [(0..100).collect::<Vec<_>>(), (0..50).chain(0..50).collect()] {
            let mut answers = upstream.pending_ids(numbers.iter().map(|number| id(*number)));
            for &number in &numbers {
                let answer = pollster::block_on(answers.next()).unwrap();
                let expected = (number % 10 != 9).then(|| PendingId::new(format!("p{}", id(number))));
                assert_eq!((answer.external_userid, answer.pending_id.unwrap()), (id(number), expected));
            }
        }
        let sizes: Vec<_> =
            mock.calls::<ExternalUseridToPendingId>().iter().map(|call| call.external_userid.len()).collect();
        assert_eq!(sizes, [100, 50]);
    }
}

#[test]
fn one_batch_is_taken_from_the_iterator_at_a_time() {
    let taken = Cell::new(0);
    let upstream = Upstream::new(mock().client());
    let mut answers = upstream.pending_ids((0..1_000_000).map(|number| {
        taken.set(taken.get() + 1);
        customer(number)
    }));
    for expected in [100, 200] {
        pollster::block_on(async {
            for _ in 0..100 {
                answers.next().await.unwrap();
            }
        });
        assert_eq!(taken.get(), expected);
    }
}

#[test]
fn an_unknown_customer_fails_alone() {
    let simulator = Simulator::demo();
    let upstream = Upstream::new(simulator.client());
    for number in 0..150 {
        add(&simulator, number);
    }
    let expected = pending_id(&upstream, 140);
    let ids = (0..50).map(customer).chain([ExternalUserId::new("wmWrong")]).chain((50..150).map(customer));
    let ids: Vec<_> = ids.chain([ExternalUserId::new("")]).collect();
    let mut answers = upstream.pending_ids(ids.clone());
    pollster::block_on(async {
        for id in &ids {
            let answer = answers.next().await.unwrap();
            assert_eq!(answer.external_userid, *id);
            match id.as_str() {
                "wmWrong" => assert_eq!(answer.pending_id.unwrap_err().code(), Some(ErrCode::INVALID_EXTERNAL_USER_ID)),
                "" => assert!(answer.pending_id.unwrap_err().is_invalid_request()),
                "wm140" => assert_eq!(answer.pending_id.unwrap().as_ref(), Some(&expected)),
                _ => assert_eq!(answer.pending_id.unwrap(), None),
            }
        }
        assert!(answers.next().await.is_none());
    });
}

#[test]
fn a_failed_call_fails_its_batch_and_not_the_next_one() {
    let faults = Faults::new(mock());
    let lost = faults.on(&EXTERNAL_USERID_TO_PENDING_ID).nth(2).fail_after_sending(TransportErrorKind::ConnectionLost);
    let client = Client::builder(faults).token(wecom_core::AccessToken::new("a-token")).build();
    let upstream = Upstream::new(client);
    let mut answers = upstream.pending_ids((0..300).map(customer));
    pollster::block_on(async {
        for number in 0..300 {
            let answer = answers.next().await.unwrap();
            assert_eq!(
                (answer.external_userid, answer.pending_id.is_err()),
                (customer(number), (100..200).contains(&number))
            );
        }
    });
    assert_eq!(lost.injected(), 1);
}

#[test]
fn dropping_the_future_of_next_loses_no_customer() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone()).latency(Duration::from_secs(1));
    (0..5).for_each(|number| add(&simulator, number));
    let upstream = Upstream::new(simulator.client());
    let mut answers = upstream.pending_ids((0..5).map(customer));
    {
        let mut next = pin!(answers.next());
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    timer.run(async {
        for number in 0..5 {
            let answer = answers.next().await.unwrap();
            assert_eq!((answer.external_userid, answer.pending_id.unwrap()), (customer(number), None));
        }
        assert!(answers.next().await.is_none());
    });
}
