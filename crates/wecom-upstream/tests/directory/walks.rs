//! Walks now and then, because changes by the API send no event.

use std::time::Duration;

use wecom_core::{AccessToken, Client};
use wecom_upstream::Upstream;

use crate::support::{Service, chain, corps_event};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_lost_event_is_made_up_for_within_a_day() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    service.timer.advance(DAY * 8 / 10);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert!(service.calls().is_empty());
    service.timer.advance(DAY * 2 / 10);
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls().len(), 1 + 4);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert!(service.calls().is_empty());
}

#[test]
fn the_period_of_walks_can_be_set_and_turned_off() {
    let service = Service::new();
    for (period, calls) in [(Duration::from_secs(60), 5), (Duration::MAX, 0)] {
        let mut directory = service.upstream().directory(chain()).walk_every(period);
        service.run(directory.refresh()).unwrap();
        service.calls();
        service.timer.advance(Duration::from_secs(60));
        service.run(directory.refresh()).unwrap();
        assert_eq!(service.calls().len(), calls);
    }
}

#[test]
fn a_period_of_zero_means_one_minute() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain()).walk_every(Duration::ZERO);
    service.run(directory.refresh()).unwrap();
    let walked = service.timer.now();
    service.run(directory.until_due());
    let waited = service.timer.now() - walked;
    assert!((53..=60).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn without_a_timer_the_owner_requests_walks() {
    let service = Service::new();
    let client = Client::builder(service.clone()).token(AccessToken::new("a-token")).build();
    let mut directory = Upstream::new(client).directory(chain()).need_pending(true);
    service.run(directory.refresh()).unwrap();
    service.change(|model| model.move_corp("ww20", 4));
    service.timer.advance(DAY * 10);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    directory.hints().request_walk();
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
}

#[test]
fn a_walk_includes_the_events_noted_before_it() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    directory.hints().request_walk();
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls().len(), 1 + 4);
}

#[test]
fn a_corp_that_the_api_moves_during_a_walk_does_not_count_as_gone() {
    let mut healed = 0;
    for polls in 1..=20 {
        for (corp, groupid) in [("ww40", 1), ("ww10", 4), ("wp4", 1), ("wp1", 4)] {
            let service = Service::new();
            let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
            service.run(directory.refresh()).unwrap();
            service.calls();
            directory.hints().request_walk();
            if service.poll_refresh(&mut directory, polls).is_some() {
                continue;
            }
            service.change(|model| model.move_corp(corp, groupid));
            let changes = service.run(directory.refresh()).unwrap();
            assert!(changes.left.is_empty() && changes.joined.is_empty() && changes.invited.is_empty(), "{changes}");
            assert_eq!(directory.tree().corps().count(), 12);
            healed += usize::from(service.calls().len() > 5);
        }
    }
    assert!(healed > 0);
}

#[test]
fn a_corp_that_moves_during_the_first_walk_is_not_in_two_groups() {
    let mut healed = 0;
    for polls in 1..=20 {
        for (corp, groupid) in [("ww10", 4), ("wp1", 4), ("ww20", 3)] {
            let service = Service::new();
            let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
            if service.poll_refresh(&mut directory, polls).is_some() {
                continue;
            }
            service.change(|model| model.move_corp(corp, groupid));
            service.run(directory.refresh()).unwrap();
            assert_eq!(directory.tree().corps().count(), 12, "{corp}, {polls}");
            if service.calls().len() > 1 + 4 {
                service.assert_current(&directory);
                healed += 1;
            }
        }
    }
    assert!(healed > 0);
}

#[test]
fn a_corp_that_the_api_moves_between_two_lists_is_in_one_group() {
    for polls in 1..=10 {
        for (corp, groupid) in [("ww20", 4), ("ww40", 2)] {
            let service = Service::new();
            service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
            let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
            service.run(directory.refresh()).unwrap();
            service.change(|model| {
                model.join("wwnew2", 2);
                model.join("wwnew4", 4);
            });
            directory.hints().note(corps_event(["wwnew2", "wwnew4"]));
            drop(service.poll_refresh(&mut directory, polls));
            service.calls();
            service.change(|model| model.move_corp(corp, groupid));
            service.run(directory.refresh()).unwrap();
            // Without an event, a move is seen only if a list comes after it.
            if !service.calls().is_empty() {
                service.assert_current(&directory);
            }
        }
    }
}
