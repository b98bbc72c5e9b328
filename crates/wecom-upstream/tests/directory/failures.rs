//! Calls that fail in the middle of a refresh.

use std::time::Duration;

use wecom_upstream::ErrCode;

use crate::support::{Service, busy, chain, corps_event, groups_event, untrusted};

#[test]
fn a_failed_lookup_keeps_the_hint_whether_the_error_passes_or_not() {
    for failure in [busy(), untrusted()] {
        let service = Service::new();
        let mut directory = service.directory();
        service.change(|model| model.move_corp("ww20", 4));
        directory.hints().note(corps_event(["ww20"]));
        service.model().replies.push_back(failure);
        let before = directory.tree().clone();
        service.run(directory.refresh()).unwrap_err();
        assert_eq!(*directory.tree(), before);

        let changes = service.run(directory.refresh()).unwrap();
        assert_eq!(changes.moved.len(), 1);
        assert_eq!(service.calls(), ["corp ww20", "corp ww20", "list 4"]);
        service.assert_current(&directory);
    }
}

#[test]
fn a_corp_whose_lookup_always_fails_does_not_withhold_the_other_changes() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.remove("ww10");
        model.move_corp("ww20", 4);
        model.corp_codes.insert("ww20".to_owned(), -1);
    });
    directory.hints().note(corps_event(["ww20", "ww10"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.left.len(), changes.moved.len()), (1, 0));
    assert_eq!(service.run(directory.refresh()).unwrap_err().code(), Some(ErrCode::BUSY));

    service.change(|model| model.join("wwnew", 3));
    directory.hints().note(corps_event(["wwnew"]));
    assert_eq!(service.run(directory.refresh()).unwrap().joined.len(), 1);
    let started = service.timer.now();
    service.run(directory.until_due());
    assert!(service.timer.now() > started, "waits for the backoff");

    service.change(|model| model.corp_codes.clear());
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    service.assert_current(&directory);
}

#[test]
fn a_corp_that_left_its_group_and_cannot_be_looked_up_does_not_count_as_gone() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.join("wwnew", 2);
        model.move_corp("ww20", 4);
        model.corp_codes.insert("ww20".to_owned(), -1);
    });
    directory.hints().note(corps_event(["wwnew"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), changes.left.len()), (1, 0));
    assert_eq!(directory.tree().corps().count(), 13);

    let mut resumed = service.upstream().resume_directory(directory.state()).skip_first_walk();
    service.run(resumed.refresh()).unwrap_err();
    service.change(|model| model.corp_codes.clear());
    for mut directory in [directory, resumed] {
        assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
        service.assert_current(&directory);
    }
}

#[test]
fn a_refresh_stops_after_nine_failed_lookups() {
    let service = Service::new();
    service.change(|model| (0..100).for_each(|number| model.join(&format!("wx{number}"), 2)));
    let mut directory = service.upstream().directory(chain()).need_pending(true).page_size(1).concurrency(1);
    service.run(directory.refresh()).unwrap();
    service.calls();
    let corps: Vec<_> = (0..20).map(|number| format!("wx{number}")).collect();
    service.change(|model| model.corp_codes.extend(corps.iter().map(|corp| (corp.clone(), -1))));
    directory.hints().note(corps_event(corps.iter().map(String::as_str)));
    service.run(directory.refresh()).unwrap_err();
    assert_eq!(service.calls().len(), 9);
    service.change(|model| model.corp_codes.clear());
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    service.assert_current(&directory);
}

#[test]
fn corps_whose_lookups_always_fail_do_not_withhold_the_other_changes_however_many_they_are() {
    let service = Service::new();
    service.change(|model| (0..40).for_each(|number| model.join(&format!("wa{number}"), 2)));
    let mut directory = service.upstream().directory(chain()).need_pending(true).page_size(1).concurrency(1);
    service.run(directory.refresh()).unwrap();
    let failing: Vec<_> = (0..20).map(|number| format!("wa{number}")).collect();
    service.change(|model| {
        model.corp_codes.extend(failing.iter().map(|corp| (corp.clone(), -1)));
        model.remove("ww10");
        model.move_corp("ww20", 4);
        model.move_corp("wa1", 3);
    });
    directory.hints().note(corps_event(failing.iter().map(String::as_str)));
    directory.hints().note(corps_event(["ww10", "ww20"]));

    // The first nine lookups fail, so the refresh reads nothing else.
    service.run(directory.refresh()).unwrap_err();
    // The second one begins with the other corps, reaches those that fail at its end, and so on.
    let mut changes = (0, 0);
    for _ in 0..4 {
        if let Ok(diff) = service.run(directory.refresh()) {
            changes = (changes.0 + diff.left.len(), changes.1 + diff.moved.len());
        }
    }
    assert_eq!(changes, (1, 1));
    service.change(|model| model.corp_codes.clear());
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    service.assert_current(&directory);
}

#[test]
fn corps_that_are_not_looked_up_because_the_service_fails_do_not_count_as_gone() {
    let service = Service::new();
    service.change(|model| {
        model.group(9, 1);
        (0..40).for_each(|number| model.join(&format!("wa{number}"), 9));
        (40..200).for_each(|number| model.join(&format!("wa{number}"), 2));
    });
    let mut directory = service.upstream().directory(chain()).need_pending(true).page_size(1).concurrency(1);
    service.run(directory.refresh()).unwrap();
    service.change(|model| {
        (0..40).for_each(|number| model.move_corp(&format!("wa{number}"), 3));
        model.corp_codes.extend((0..40).map(|number| (format!("wa{number}"), -1)));
        model.remove("ww10");
    });
    // The list of the group no longer has its corps, and their lookups fail.
    service.change(|model| model.join("wwnew", 9));
    directory.hints().note(corps_event(["wwnew", "ww10"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), changes.left.len(), changes.moved.len()), (1, 1, 0));
    service.change(|model| model.corp_codes.clear());
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 40);
    service.assert_current(&directory);
}

#[test]
fn a_failed_list_of_groups_keeps_the_hint() {
    for failure in [busy(), untrusted()] {
        let service = Service::new();
        let mut directory = service.directory();
        service.change(|model| model.group(5, 1));
        directory.hints().note(groups_event());
        service.model().replies.push_back(failure);
        service.run(directory.refresh()).unwrap_err();
        assert_eq!(service.run(directory.refresh()).unwrap().groups_added.len(), 1);
        assert_eq!(service.calls(), ["groups", "groups", "list 5"]);
    }
}

#[test]
fn a_list_that_fails_is_repeated_until_the_outage_limit() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    service.model().replies.extend([None, busy(), busy()]);
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls(), ["corp ww20", "list 4", "list 4", "list 4"]);

    let mut directory = service.upstream().directory(chain()).need_pending(true).outage_limit(Duration::ZERO);
    service.run(directory.refresh()).unwrap();
    service.calls();
    service.change(|model| model.move_corp("ww20", 2));
    directory.hints().note(corps_event(["ww20"]));
    service.model().replies.extend([None, busy()]);
    let error = service.run(directory.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(ErrCode::BUSY));
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    service.assert_current(&directory);
}

#[test]
fn the_changes_of_a_failed_refresh_come_with_those_of_the_next() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.remove("ww10");
        model.move_corp("ww20", 4);
    });
    directory.hints().note(corps_event(["ww10", "ww20"]));
    service.model().replies.extend([None, untrusted()]);
    service.run(directory.refresh()).unwrap_err();
    assert_eq!(directory.tree().corps().count(), 11);

    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.left.len(), changes.moved.len()), (1, 1));
    assert!(service.run(directory.refresh()).unwrap().is_empty());
}

#[test]
fn a_walk_that_stops_continues_where_it_was() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain()).need_pending(true).concurrency(1);
    service.model().replies.extend([None, None, untrusted()]);
    service.run(directory.refresh()).unwrap_err();
    assert!(directory.tree().groups().is_empty());
    assert_eq!(service.run(directory.refresh()).unwrap().joined.len(), 8);
    assert_eq!(service.calls(), ["groups", "list 1", "list 2", "list 2", "list 3", "list 4"]);
}

#[test]
fn a_walk_that_could_not_list_a_group_fails_and_lists_it_in_the_next_refresh() {
    let service = Service::new();
    let directory = service.upstream().directory(chain()).need_pending(true);
    let mut directory = directory.concurrency(1).outage_limit(Duration::from_secs(1));
    service.run(directory.refresh()).unwrap();
    service.calls();
    service.change(|model| model.remove("ww40"));
    directory.hints().request_walk();
    service.model().replies.extend([None, None, None, None, busy(), busy()]);
    let error = service.run(directory.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(ErrCode::BUSY));
    assert_eq!(directory.tree().corps().count(), 12, "the group keeps its former corps");
    service.calls();

    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(changes.to_string(), "- left: name of ww40 (ww40), from g4\n");
    assert_eq!(service.calls(), ["list 4", "corp ww40"]);
    service.assert_current(&directory);
}

#[test]
fn a_group_without_access_keeps_its_corps_and_does_not_fail_the_refresh() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.group_codes.insert(4, 670_030);
        model.join("wwnew", 2);
    });
    for hint in [corps_event(["wwnew", "ww40"]), corps_event(["wwnew"])] {
        directory.hints().note(hint);
        service.run(directory.refresh()).unwrap();
    }
    assert_eq!(directory.tree().failures().len(), 1);
    assert_eq!(directory.tree().corps().count(), 13);

    service.change(|model| {
        model.group_codes.clear();
        model.remove("ww40");
    });
    directory.hints().request_walk();
    service.run(directory.refresh()).unwrap();
    service.assert_current(&directory);
}

#[test]
fn a_group_that_fails_alone_is_listed_again_after_growing_pauses() {
    let service = Service::new();
    service.change(|model| model.group_codes.extend([(4, 670_030)]));
    let mut directory = service.directory();
    assert_eq!(directory.tree().failures().len(), 1);
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        let started = service.timer.now();
        service.run(directory.until_due());
        let waited = (service.timer.now() - started).as_secs();
        assert!(waited.abs_diff(60 * minutes) <= 1, "{waited} s");
        assert!(service.run(directory.refresh()).unwrap().is_empty());
        assert_eq!(service.calls(), ["list 4"]);
    }
    service.change(|model| model.group_codes.clear());
    service.run(directory.until_due());
    assert_eq!(service.run(directory.refresh()).unwrap().first_seen.len(), 3);
    service.assert_current(&directory);

    service.run(directory.until_due());
    service.run(directory.refresh()).unwrap();
    assert!(service.calls().contains(&"groups".to_owned()), "the next thing due is the walk");
}

#[test]
fn a_corp_that_cannot_be_looked_up_causes_a_walk_and_is_forgotten() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.move_corp("ww20", 4);
        model.replies.push_back(Some(serde_json::json!({"errcode": 40_013, "errmsg": "invalid corpid"})));
    });
    directory.hints().note(corps_event(["ww20"]));
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls()[..2], ["corp ww20", "groups"]);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert!(service.calls().is_empty());
}

#[test]
fn a_corp_that_is_always_in_two_groups_and_cannot_be_looked_up_does_not_keep_the_refresh_busy() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.join("ww20", 4);
        model.corp_codes.insert("ww20".to_owned(), 40_013);
    });
    directory.hints().note(corps_event(["ww20"]));
    service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp ww20", "groups", "list 1", "list 2", "list 3", "list 4"]);
}

#[test]
fn a_corp_that_its_group_never_lists_does_not_keep_the_refresh_busy() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.invite("wpnew", 3));
    let without_pending = service.upstream().directory(chain());
    let mut without_pending = { without_pending };
    service.run(without_pending.refresh()).unwrap();
    service.calls();
    without_pending.hints().note(corps_event(["wpnew"]));
    assert!(service.run(without_pending.refresh()).unwrap().is_empty());
    assert_eq!(service.calls().len(), 4);

    directory.hints().note(corps_event(["wpnew"]));
    assert_eq!(service.run(directory.refresh()).unwrap().invited.len(), 1);
    service.assert_current(&directory);
}

#[test]
fn a_deleted_chain_is_an_error_and_the_copy_stays() {
    let service = Service::new();
    let mut directory = service.directory();
    directory.hints().request_walk();
    service.model().replies.push_back(Some(serde_json::json!({"errcode": 670_002, "errmsg": "invalid chain_id"})));
    let error = service.run(directory.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(ErrCode::UNKNOWN_CHAIN));
    assert_eq!(directory.tree().corps().count(), 12);
}
