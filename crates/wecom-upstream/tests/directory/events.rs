//! What events make a directory read.

use wecom_upstream::jobs::directory::DirectoryEvent;
use wecom_upstream::{ChainId, CorpId, GroupId};

use crate::support::{Service, chain, corps_event, groups_event};

#[test]
fn the_first_refresh_walks_and_returns_every_corp_as_new() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain()).need_pending(true);
    assert!(directory.tree().groups().is_empty());
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), changes.invited.len(), changes.groups_added.len()), (8, 4, 4));
    assert_eq!(service.calls().len(), 1 + 4);
    service.assert_current(&directory);
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert!(service.calls().is_empty());
}

#[test]
fn an_event_of_a_joined_corp_costs_two_calls() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.join("wwnew", 3));
    assert!(directory.hints().note(corps_event(["wwnew"])));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp wwnew", "list 3"]);
    assert_eq!(changes.to_string(), "+ joined: name of wwnew (wwnew), in g2/g3\n");
    service.assert_current(&directory);
}

#[test]
fn an_event_of_a_moved_corp_costs_two_calls() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp ww20", "list 4"]);
    assert_eq!(changes.to_string(), "~ moved: name of ww20 (ww20), from g2 to g4\n");
    service.assert_current(&directory);
}

#[test]
fn an_event_in_a_chain_of_ten_thousand_corps_costs_two_calls() {
    let service = Service::new();
    service.change(|model| {
        (5..=104).for_each(|groupid| model.group(groupid, 1));
        (0..10_000).for_each(|number| model.join(&format!("wwmany{number}"), 5 + number % 100));
    });
    let mut directory = service.directory();
    service.change(|model| model.move_corp("wwmany77", 4));
    directory.hints().note(corps_event(["wwmany77"]));
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(service.calls(), ["corp wwmany77", "list 4"]);
    service.assert_current(&directory);
}

#[test]
fn an_event_of_a_removed_corp_costs_one_call() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.remove("ww20"));
    directory.hints().note(corps_event(["ww20"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp ww20"]);
    assert_eq!(changes.to_string(), "- left: name of ww20 (ww20), from g2\n");
    service.assert_current(&directory);
}

#[test]
fn a_pending_corp_that_joins_costs_two_calls() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.accept("wp2", "wwnew"));
    directory.hints().note(corps_event(["wwnew"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp wwnew", "list 2"]);
    assert_eq!((changes.accepted.len(), changes.joined.len(), changes.left.len()), (1, 0, 0));
    service.assert_current(&directory);
}

#[test]
fn a_pending_corp_that_moved_before_it_joined_leaves_its_former_group() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.move_corp("wp2", 4);
        model.accept("wp2", "wwnew");
    });
    directory.hints().note(corps_event(["wwnew"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp wwnew", "list 4", "list 2", "corp wp2"]);
    assert_eq!((changes.accepted.len(), changes.moved.len()), (1, 1));
    service.assert_current(&directory);
}

#[test]
fn corps_of_one_group_share_the_list_of_the_group() {
    let service = Service::new();
    service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
    let mut directory = service.directory();
    service.change(|model| ["ww10", "ww20", "ww30"].into_iter().for_each(|corp| model.move_corp(corp, 4)));
    directory.hints().note(corps_event(["ww10", "ww20"]));
    directory.hints().note(corps_event(["ww30", "ww10"]));
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 3);
    assert_eq!(service.calls(), ["corp ww10", "corp ww20", "corp ww30", "list 4"]);
    service.assert_current(&directory);
}

#[test]
fn events_that_cost_more_than_a_walk_cause_a_walk() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| ["ww10", "ww20", "ww30"].into_iter().for_each(|corp| model.move_corp(corp, 4)));
    directory.hints().note(corps_event(["ww10", "ww20", "ww30"]));
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 3);
    assert_eq!(service.calls(), ["groups", "list 1", "list 2", "list 3", "list 4"]);
    service.assert_current(&directory);
}

#[test]
fn an_event_of_a_renamed_or_moved_group_costs_one_call() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.groups[0].group_name = "new name".to_owned();
        model.groups[1].parentid = Some(GroupId::new(4));
    });
    directory.hints().note(groups_event());
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["groups"]);
    assert_eq!((changes.groups_renamed.len(), changes.groups_moved.len(), changes.moved.len()), (1, 1, 0));
    service.assert_current(&directory);
}

#[test]
fn a_new_group_is_listed() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.group(5, 3);
        model.move_corp("ww10", 5);
    });
    directory.hints().note(groups_event());
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["groups", "list 5"]);
    assert_eq!((changes.groups_added.len(), changes.moved.len()), (1, 1));
    service.assert_current(&directory);
}

#[test]
fn the_corps_of_a_deleted_group_are_looked_up() {
    let service = Service::new();
    service.change(|model| (5..=30).for_each(|groupid| model.group(groupid, 1)));
    let mut directory = service.directory();
    service.change(|model| {
        model.groups.retain(|group| group.groupid.get() != 3);
        model.move_corp("ww30", 2);
        model.remove("ww31");
        model.move_corp("wp3", 2);
    });
    directory.hints().note(groups_event());
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["groups", "corp ww30", "corp ww31", "corp wp3", "list 2"]);
    assert_eq!((changes.groups_removed.len(), changes.moved.len(), changes.left.len()), (1, 2, 1));
    service.assert_current(&directory);
}

#[test]
fn a_corp_in_a_group_that_is_not_known_yet_makes_the_groups_be_read() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.group(5, 1);
        model.move_corp("ww10", 5);
    });
    directory.hints().note(corps_event(["ww10"]));
    service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls(), ["corp ww10", "groups", "list 5"]);
    service.assert_current(&directory);
}

#[test]
fn an_event_that_comes_late_or_twice_changes_nothing() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| model.move_corp("ww20", 4));
    for is_first in [true, false, false] {
        directory.hints().note(corps_event(["ww20"]));
        directory.hints().note(corps_event(["ww20"]));
        assert_eq!(service.run(directory.refresh()).unwrap().is_empty(), !is_first);
        assert_eq!(service.calls(), ["corp ww20", "list 4"]);
        service.assert_current(&directory);
    }
}

#[test]
fn an_event_of_an_unknown_corp_changes_nothing() {
    let service = Service::new();
    let mut directory = service.directory();
    directory.hints().note(corps_event(["wwnone"]));
    assert!(service.run(directory.refresh()).unwrap().is_empty());
    assert_eq!(service.calls(), ["corp wwnone"]);
}

#[test]
fn an_event_of_another_chain_is_ignored() {
    let service = Service::new();
    let mut directory = service.directory();
    let chain_id = ChainId::new("Ch2");
    assert!(
        !directory.hints().note(DirectoryEvent::Corps { chain_id: chain_id.clone(), corps: vec![CorpId::new("ww10")] })
    );
    assert!(!directory.hints().note(DirectoryEvent::Groups { chain_id: chain_id.clone() }));
    assert!(!directory.hints().note(DirectoryEvent::Chain { chain_id }));
    service.run(directory.refresh()).unwrap();
    assert!(service.calls().is_empty());
}

#[test]
fn an_event_of_the_chain_and_the_end_of_an_import_cause_a_walk() {
    let service = Service::new();
    let mut directory = service.directory();
    for event in [DirectoryEvent::Chain { chain_id: chain() }, DirectoryEvent::ImportEnded] {
        service.change(|model| {
            let id = format!("wpnew{}", model.corps.len());
            model.invite(&id, 2);
        });
        assert!(directory.hints().note(event));
        assert_eq!(service.run(directory.refresh()).unwrap().invited.len(), 1);
        assert_eq!(service.calls().len(), 1 + 4);
        service.assert_current(&directory);
    }
}

#[test]
fn a_corp_that_left_a_listed_group_without_an_event_is_looked_up() {
    let service = Service::new();
    let mut directory = service.directory();
    service.change(|model| {
        model.join("wwnew", 2);
        model.move_corp("ww20", 4);
        model.remove("ww21");
    });
    directory.hints().note(corps_event(["wwnew"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), changes.moved.len(), changes.left.len()), (1, 1, 1));
    service.assert_current(&directory);
}

#[test]
fn a_directory_without_pending_corps_has_none() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain());
    service.run(directory.refresh()).unwrap();
    assert_eq!(directory.tree().corps().count(), 8);
    service.change(|model| model.accept("wp2", "wwnew"));
    directory.hints().note(corps_event(["wwnew", "ww20"]));
    let changes = service.run(directory.refresh()).unwrap();
    assert_eq!((changes.joined.len(), directory.tree().corps().count()), (1, 9));
}
