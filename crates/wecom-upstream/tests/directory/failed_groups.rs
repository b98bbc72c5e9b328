//! Corps that leave or move while a group of the chain cannot be read.

use std::time::Duration;

use wecom_upstream::jobs::chain_tree::ChainDiff;
use wecom_upstream::jobs::directory::Directory;

use crate::support::{Service, corps_event, untrusted};

/// A directory that knows that group 4 cannot be read. Lookups of the corps in it fail too if they are hidden.
fn without_group_4(service: &Service, is_hidden: bool) -> Directory {
    let mut directory = service.directory();
    service.change(|model| {
        let codes = if is_hidden { &mut model.group_codes } else { &mut model.list_codes };
        codes.insert(4, 670_030);
    });
    walk(service, &mut directory);
    assert_eq!(directory.tree().failures().len(), 1);
    directory
}

fn walk(service: &Service, directory: &mut Directory) -> ChainDiff {
    directory.hints().request_walk();
    service.run(directory.refresh()).unwrap()
}

/// Resumes from the JSON of a directory, reads group 4 again, and returns the changes.
fn recover(service: &Service, directory: &Directory) -> ChainDiff {
    let state = serde_json::to_string(&directory.state()).unwrap();
    let state = serde_json::from_str(&state).unwrap();
    let mut directory = service.upstream().resume_directory(state).skip_first_walk();
    service.change(|model| {
        model.group_codes.clear();
        model.list_codes.clear();
    });
    service.run(directory.refresh()).unwrap();
    service.timer.advance(Duration::from_secs(60));
    service.calls();
    let changes = service.run(directory.refresh()).unwrap();
    assert!(!service.calls().contains(&"groups".to_owned()), "it does not walk");
    service.assert_current(&directory);
    changes
}

#[test]
fn a_corp_that_leaves_another_group_counts_as_left() {
    for (is_hidden, has_event) in [(false, false), (false, true), (true, false), (true, true)] {
        let service = Service::new();
        let mut directory = without_group_4(&service, is_hidden);
        service.change(|model| model.remove("ww20"));
        let changes = if has_event {
            directory.hints().note(corps_event(["ww20"]));
            service.run(directory.refresh()).unwrap()
        } else {
            walk(&service, &mut directory)
        };
        assert_eq!(changes.to_string(), "- left: name of ww20 (ww20), from g2\n");
        assert_eq!(directory.tree().corps().count(), 11);
        assert!(recover(&service, &directory).is_empty());
    }
}

#[test]
fn all_corps_that_leave_at_once_count_as_left() {
    let service = Service::new();
    service.change(|model| (0..50).for_each(|number| model.join(&format!("wx{number}"), 2)));
    let mut directory = without_group_4(&service, true);
    service.change(|model| (0..50).for_each(|number| model.remove(&format!("wx{number}"))));
    assert_eq!(walk(&service, &mut directory).left.len(), 50);

    service.change(|model| (0..50).for_each(|number| model.join(&format!("wy{number}"), 2)));
    assert_eq!(walk(&service, &mut directory).joined.len(), 50);
    service.change(|model| {
        (0..50).for_each(|number| model.remove(&format!("wy{number}")));
        model.join("wwnew", 2);
    });
    directory.hints().note(corps_event(["wwnew"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), changes.left.len()), (1, 50));
}

#[test]
fn a_corp_that_moves_to_the_failed_group_keeps_its_former_group_until_that_group_is_read() {
    for (is_hidden, has_event) in [(false, false), (false, true), (true, false), (true, true)] {
        let service = Service::new();
        let mut directory = without_group_4(&service, is_hidden);
        service.change(|model| model.move_corp("ww20", 4));
        if has_event {
            directory.hints().note(corps_event(["ww20"]));
            assert!(service.run(directory.refresh()).unwrap().is_empty());
        }
        for _ in 0..2 {
            assert!(walk(&service, &mut directory).is_empty());
            assert_eq!(directory.tree().corps().count(), 12);
        }
        let changes = recover(&service, &directory);
        assert_eq!(changes.to_string(), "~ moved: name of ww20 (ww20), from g2 to g4\n");
    }
}

#[test]
fn a_corp_that_moves_to_the_failed_group_and_leaves_counts_as_left_once_that_group_is_read() {
    for is_hidden in [false, true] {
        let service = Service::new();
        let mut directory = without_group_4(&service, is_hidden);
        service.change(|model| model.move_corp("ww20", 4));
        assert!(walk(&service, &mut directory).is_empty());
        service.change(|model| model.remove("ww20"));
        let changes = recover(&service, &directory);
        assert_eq!(changes.to_string(), "- left: name of ww20 (ww20), from g2\n");
        assert_eq!(service.walk().corps().count(), 11);
    }
}

#[test]
fn a_pending_corp_that_joins_while_a_group_cannot_be_read_counts_as_accepted() {
    let service = Service::new();
    let mut directory = without_group_4(&service, true);
    service.change(|model| model.accept("wp2", "wwnew"));
    let changes = walk(&service, &mut directory);
    assert_eq!(changes.to_string(), "+ accepted: name of wp2 (wp2) [pending] is now name of wp2 (wwnew), in g2\n");
    assert!(recover(&service, &directory).is_empty());
}

#[test]
fn a_directory_that_leaves_out_pending_corps_does_not_keep_them() {
    let service = Service::new();
    let directory = without_group_4(&service, true);
    let mut directory = service.upstream().resume_directory(directory.state()).need_pending(false);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert_eq!(directory.tree().corps().count(), 9, "those of the failed group stay");
}

#[test]
fn a_corp_that_moves_to_a_group_that_has_just_become_unreadable_does_not_count_as_left() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.group_codes.insert(4, 670_030);
        model.move_corp("ww20", 4);
    });
    directory.hints().note(corps_event(["ww20"]));
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert_eq!(directory.tree().failures().len(), 1, "a walk has found the group");
    assert_eq!(recover(&service, &directory).moved.len(), 1);
}

#[test]
fn a_departure_that_was_read_before_a_failure_is_stored() {
    let service = Service::new();
    let mut directory = without_group_4(&service, true);
    service.change(|model| model.remove("ww20"));
    directory.hints().note(corps_event(["ww20", "ww30"]));
    service.model().replies.extend([None, untrusted()]);
    service.run(directory.refresh()).unwrap_err();
    let state = serde_json::to_string(&directory.state()).unwrap();
    let state = serde_json::from_str(&state).unwrap();
    let mut directory = service.upstream().resume_directory(state).skip_first_walk();
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(changes.to_string(), "- left: name of ww20 (ww20), from g2\n");
}
