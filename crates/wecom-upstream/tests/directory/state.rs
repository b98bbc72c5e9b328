//! Stored directories.

use std::time::Duration;

use wecom_upstream::jobs::directory::{Directory, DirectoryState};

use crate::support::{Service, chain, corps_event, groups_event};

/// A directory that resumes from the JSON of another one.
fn resumed(service: &Service, directory: &Directory) -> Directory {
    let state = directory.state();
    let json = serde_json::to_string(&state).unwrap();
    let stored: DirectoryState = serde_json::from_str(&json).unwrap();
    assert_eq!(stored, state);
    service.upstream().resume_directory(stored)
}

#[test]
fn a_resumed_directory_walks_first_because_events_may_have_been_lost() {
    let service = Service::new();
    let directory = service.directory();
    let mut directory = resumed(&service, &directory);
    service.change(|model| model.move_corp("ww20", 4));
    assert_eq!(directory.tree().corps().count(), 12);
    service.run(directory.until_due());
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(changes.to_string(), "~ moved: name of ww20 (ww20), from g2 to g4\n");
    assert_eq!(service.calls().len(), 1 + 4);
    service.assert_current(&directory);
}

#[test]
fn a_directory_that_skips_the_first_walk_reads_the_noted_events_alone() {
    let service = Service::new();
    let directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    let mut directory = resumed(&service, &directory).skip_first_walk();
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls(), ["corp ww20", "list 4"]);
    service.assert_current(&directory);
}

#[test]
fn the_time_left_before_the_next_walk_is_stored() {
    let day = Duration::from_secs(86_400);
    let service = Service::new();
    let directory = service.directory();
    service.timer.advance(day * 3 / 4);
    let due_after = |mut directory: Directory| {
        let started = service.timer.now();
        service.run(directory.until_due());
        service.timer.now() - started
    };
    let left = due_after(resumed(&service, &directory).skip_first_walk());
    assert!(left >= day * 14 / 100 && left <= day / 4, "{left:?}");

    let directory = resumed(&service, &directory).skip_first_walk();
    let aged = || resumed(&service, &directory).skip_first_walk().state_age(day / 10);
    assert!(due_after(aged()).is_zero(), "the walk was due meanwhile");
    let mut directory = aged();
    service.calls();
    service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls().len(), 1 + 4, "it walks");
    assert!(due_after(directory) >= day * 9 / 10);
}

#[test]
fn a_period_other_than_that_of_the_state_starts_anew() {
    let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
    let service = Service::new();
    let directory = service.directory();
    service.timer.advance(day / 2);
    let state = directory.state();
    for (period, least, most) in [(day, day * 4 / 10, day / 2), (hour, hour * 9 / 10, hour)] {
        let mut directory = service.upstream().resume_directory(state.clone()).skip_first_walk().walk_every(period);
        let started = service.timer.now();
        service.run(directory.until_due());
        let left = service.timer.now() - started;
        assert!(left >= least && left <= most, "{left:?}");
    }
}

#[test]
fn a_walk_that_the_state_requires_is_not_skipped() {
    let service = Service::new();
    let directory = service.upstream().directory(chain()).need_pending(true);
    let directory = resumed(&service, &directory).skip_first_walk();
    let directory = resumed(&service, &directory);
    let mut directory = resumed(&service, &directory).skip_first_walk();
    assert_eq!(service.run(directory.refresh()).unwrap().joined.len(), 8);
}

#[test]
fn a_directory_stored_after_any_poll_resumes_and_is_current() {
    for polls in 0..=40 {
        for is_first in [true, false] {
            let service = Service::new();
            service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
            let mut directory =
                if is_first { service.upstream().directory(chain()).need_pending(true) } else { service.directory() };
            let before = directory.tree().clone();
            service.change(|model| {
                model.move_corp("ww20", 4);
                model.remove("ww21");
                model.group(99, 3);
                model.join("wwnew", 99);
            });
            directory.hints().note(corps_event(["ww20", "ww21", "wwnew"]));
            directory.hints().note(groups_event());
            let mut changes = None;
            if let Some(outcome) = service.poll_refresh(&mut directory, polls) {
                changes = Some(outcome.unwrap());
            }
            let mut directory = resumed(&service, &directory).skip_first_walk();
            let later = service.run(directory.refresh()).unwrap();
            service.assert_current(&directory);
            match changes {
                Some(_) => assert!(later.is_empty()),
                None => assert_eq!(later, directory.tree().diff(&before), "{polls} polls"),
            }
        }
    }
}

#[test]
fn a_stored_walk_continues() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
    assert!(service.poll_refresh(&mut directory, 3).is_none());
    assert!(service.calls().len() >= 2);
    let mut directory = resumed(&service, &directory).skip_first_walk();
    assert_eq!(service.run(directory.refresh()).unwrap().joined.len(), 8);
    assert!(service.calls().len() <= 4);
    service.assert_current(&directory);
}

#[test]
fn a_corp_whose_list_was_in_flight_is_looked_up_again_after_resuming() {
    let service = Service::new();
    service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    assert!(service.poll_refresh(&mut directory, 2).is_none());
    assert_eq!(service.calls(), ["corp ww20", "list 4"]);
    service.change(|model| model.move_corp("ww20", 3));
    let mut directory = resumed(&service, &directory).skip_first_walk();
    service.run(directory.refresh()).unwrap();
    service.assert_current(&directory);
}

#[test]
fn the_state_names_its_format() {
    let service = Service::new();
    let json = serde_json::to_string(&service.directory().state()).unwrap();
    assert!(json.starts_with(r#"{"format":"wecom directory state, version 1","#), "{json}");
}

fn error_of(json: &str) -> String {
    serde_json::from_str::<DirectoryState>(json).unwrap_err().to_string()
}

#[test]
fn a_foreign_document_is_refused_by_name() {
    let service = Service::new();
    let tree = serde_json::to_string(&service.walk()).unwrap();
    for json in [tree.as_str(), "{}", r#"{"format":"another","payload":{}}"#, r#"{"format":"another","payload":7}"#] {
        let error = error_of(json);
        assert!(error.starts_with("not a directory state: "), "{error}");
    }
}

#[test]
fn a_newer_version_is_refused_with_what_to_do() {
    let error = error_of(r#"{"format":"wecom directory state, version 2","payload":{"other":1}}"#);
    let expected = "unsupported version: the directory state has version 2, and this library reads version 1; update \
                    wecom-upstream, or start without a state";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn debug_shows_no_corp() {
    let service = Service::new();
    let directory = service.directory();
    directory.hints().note(corps_event(["ww20"]));
    for text in [format!("{directory:?}"), format!("{:?}", directory.state()), format!("{:?}", directory.hints())] {
        assert!(!text.contains("ww20") && !text.contains("name of"), "{text}");
    }
}

#[test]
fn the_options_are_stored() {
    let service = Service::new();
    let directory = service.upstream().directory(chain()).need_pending(true).page_size(1).concurrency(1);
    let mut directory = resumed(&service, &directory);
    service.run(directory.refresh()).unwrap();
    assert_eq!((directory.tree().corps().count(), service.calls().len()), (12, 1 + 12));
}
