//! Refreshes that are dropped before their end.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use wecom_upstream::jobs::directory::Directory;

use crate::support::{Service, busy, chain, corps_event, groups_event};

/// Everything that events can name, in one batch that is cheaper than a walk.
fn change_everything(service: &Service, directory: &Directory) {
    service.change(|model| {
        model.move_corp("ww20", 4);
        model.remove("ww21");
        model.group(99, 3);
        model.join("wwnew", 99);
        model.accept("wp1", "wwaccepted");
    });
    directory.hints().note(corps_event(["ww20", "ww21", "wwnew", "wwaccepted"]));
    directory.hints().note(groups_event());
}

fn large() -> Service {
    let service = Service::new();
    service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
    service
}

#[test]
fn a_refresh_that_is_dropped_after_any_poll_loses_nothing_and_repeats_no_call() {
    let calls_without_cancelling = {
        let service = large();
        let mut directory = service.directory();
        change_everything(&service, &directory);
        service.run(directory.refresh()).unwrap();
        service.calls()
    };
    for polls in 1..=10 {
        let service = large();
        let mut directory = service.directory();
        change_everything(&service, &directory);
        assert!(service.poll_refresh(&mut directory, polls).is_none_or(|outcome| outcome.is_ok()));
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
        let (mut calls, mut expected) = (service.calls(), calls_without_cancelling.clone());
        calls.sort();
        expected.sort();
        assert_eq!(calls, expected, "{polls} polls");
    }
}

#[test]
fn a_refresh_that_is_dropped_after_each_poll_ends() {
    let service = large();
    let mut directory = service.upstream().directory(chain()).need_pending(true);
    let mut refreshes = 0;
    while service.poll_refresh(&mut directory, 1).is_none() {
        refreshes += 1;
        assert!(refreshes < 500);
    }
    service.assert_current(&directory);
    change_everything(&service, &directory);
    let changes = loop {
        if let Some(changes) = service.poll_refresh(&mut directory, 1) {
            break changes.unwrap();
        }
        refreshes += 1;
        assert!(refreshes < 500);
    };
    assert_eq!((changes.moved.len(), changes.left.len(), changes.joined.len()), (1, 1, 1));
    assert_eq!((changes.accepted.len(), changes.groups_added.len()), (1, 1));
    service.assert_current(&directory);
}

#[test]
fn an_event_that_is_noted_while_its_corp_is_being_read_is_read_again() {
    for polls in 1..=8 {
        let service = large();
        let mut directory = service.directory();
        service.change(|model| model.move_corp("ww20", 4));
        directory.hints().note(corps_event(["ww20"]));
        drop(service.poll_refresh(&mut directory, polls));
        service.change(|model| model.move_corp("ww20", 3));
        directory.hints().note(corps_event(["ww20"]));
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
    }
}

#[test]
fn a_group_event_that_is_noted_while_the_groups_are_being_read_is_read_again() {
    for polls in 1..=8 {
        let service = large();
        let mut directory = service.directory();
        service.change(|model| model.group(98, 1));
        directory.hints().note(groups_event());
        drop(service.poll_refresh(&mut directory, polls));
        service.change(|model| model.group(99, 1));
        directory.hints().note(groups_event());
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
    }
}

#[test]
fn an_event_that_is_noted_during_a_walk_is_read_after_it() {
    for polls in 1..=30 {
        let service = large();
        let mut directory = service.directory();
        directory.hints().request_walk();
        drop(service.poll_refresh(&mut directory, polls));
        service.change(|model| {
            model.move_corp("ww20", 4);
            model.remove("ww40");
        });
        directory.hints().note(corps_event(["ww20", "ww40"]));
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
    }
}

#[test]
fn a_removal_during_a_list_is_not_undone_by_the_older_list() {
    for polls in 1..=8 {
        let service = large();
        let mut directory = service.directory();
        service.change(|model| model.join("wwnew", 2));
        directory.hints().note(corps_event(["wwnew"]));
        drop(service.poll_refresh(&mut directory, polls));
        service.change(|model| model.remove("ww20"));
        directory.hints().note(corps_event(["ww20"]));
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
    }
}

#[test]
fn a_call_that_fails_because_nothing_polled_it_is_repeated() {
    for event in [corps_event(["ww20"]), groups_event()] {
        let service = large();
        let mut directory = service.directory();
        service.model().replies.push_back(busy());
        directory.hints().note(event.clone());
        assert!(service.poll_refresh(&mut directory, 1).is_none());
        service.timer.advance(Duration::from_secs(1));
        service.run(directory.refresh()).unwrap();

        service.model().replies.push_back(busy());
        directory.hints().note(event);
        service.run(directory.refresh()).unwrap_err();
    }
}

#[test]
fn a_call_that_fails_is_reported_although_the_refresh_is_dropped_and_continued_at_once() {
    for event in [corps_event(["ww20"]), groups_event()] {
        let service = large();
        let mut directory = service.directory();
        service.model().replies.push_back(busy());
        directory.hints().note(event);
        let outcome = (0..100).find_map(|_| service.poll_refresh(&mut directory, 1));
        assert!(outcome.is_some_and(|outcome| outcome.is_err()));
    }
}

#[test]
fn a_pending_corp_that_joins_in_another_group_during_a_walk_does_not_stay() {
    for polls in 1..=12 {
        let service = Service::new();
        let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
        drop(service.poll_refresh(&mut directory, polls));
        service.change(|model| {
            model.move_corp("wp1", 4);
            model.accept("wp1", "wwnew");
        });
        directory.hints().note(corps_event(["wwnew"]));
        service.run(directory.refresh()).unwrap();
        service.assert_current(&directory);
    }
}

#[test]
fn a_refresh_that_is_dropped_at_each_poll_reports_a_failed_lookup_and_makes_it_once() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
    service.run(directory.refresh()).unwrap();
    service.calls();
    service.change(|model| model.corp_codes.extend([("ww10".to_owned(), -1)]));
    directory.hints().note(corps_event(["ww10", "ww20"]));
    let outcome = (0..20).find_map(|_| service.poll_refresh(&mut directory, 1));
    assert!(outcome.unwrap().is_err());
    assert_eq!(service.calls().iter().filter(|call| *call == "corp ww10").count(), 1);
}

#[test]
fn a_call_that_fails_because_its_refresh_was_kept_and_not_polled_is_repeated() {
    for event in [corps_event(["ww20"]), groups_event()] {
        let service = large();
        let mut directory = service.directory();
        service.model().replies.push_back(busy());
        directory.hints().note(event);
        {
            let mut refresh = pin!(directory.refresh());
            assert!(refresh.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            service.timer.advance(Duration::from_secs(300));
            service.run(refresh).unwrap();
        }
        service.assert_current(&directory);
    }
}

#[test]
fn a_lookup_that_begins_after_a_pause_and_fails_is_not_repeated() {
    let service = large();
    let mut directory = service.directory();
    service.timer.advance(Duration::from_secs(300));
    service.model().replies.push_back(busy());
    directory.hints().note(corps_event(["ww20"]));
    service.run(directory.refresh()).unwrap_err();
}
