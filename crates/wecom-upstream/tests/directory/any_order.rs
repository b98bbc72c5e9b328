//! Random changes with their events in any order, late, repeated and lost, refreshes that are cancelled and fail, and
//! processes that end: in the end the directory equals a fresh walk, and so does a table that was kept by changes alone.

use std::time::Duration;

use wecom_core::ids::CorpId;
use wecom_upstream::jobs::chain_tree::ChainDiff;
use wecom_upstream::jobs::directory::{Directory, DirectoryEvent};

use crate::support::{Model, Random, Service, Table, busy, chain, corps_event, groups_event, id_of, untrusted};

/// One run: a service, a directory, its events on the way, and the user's table.
struct Run {
    random: Random,
    service: Service,
    directory: Directory,
    /// The events that were sent and have not arrived.
    late: Vec<DirectoryEvent>,
    table: Table,
    /// The directory as it was saved last, with the table.
    saved: (String, Table),
    names: usize,
    has_failed_groups: bool,
    /// Whether each refresh ends before the chain changes again, and no group is deleted.
    is_calm: bool,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let service = Service::new();
        service.change(|model| (5..5 + random.below(20)).for_each(|groupid| model.group(groupid as i64, 1)));
        let directory = service.upstream().directory(chain()).need_pending(true);
        let directory = directory.concurrency(1 + random.below(4)).page_size(random.below(4) as u32);
        let saved = (serde_json::to_string(&directory.state()).unwrap(), Table::default());
        let (late, table) = (Vec::new(), Table::default());
        let (has_failed_groups, is_calm) = (false, false);
        Self { random, service, directory, late, table, saved, names: 0, has_failed_groups, is_calm }
    }

    fn any_corp(&mut self, is_joined: bool) -> Option<String> {
        let model = self.service.model();
        let corps: Vec<_> = model.corps.iter().filter(|corp| corp.is_joined == is_joined).collect();
        (!corps.is_empty()).then(|| id_of(corps[self.random.below(corps.len())]).to_owned())
    }

    fn any_group(&mut self) -> i64 {
        let model = self.service.model();
        let at = self.random.below(model.groups.len() + 1);
        model.groups.get(at).map_or(1, |group| group.groupid.get())
    }

    fn new_name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}new{}", self.names)
    }

    /// Changes the chain and returns the event that WeCom sends.
    fn change(&mut self) -> Option<DirectoryEvent> {
        let groupid = self.any_group();
        match self.random.below(8) {
            0 => {
                let id = self.new_name("ww");
                self.service.change(|model| model.join(&id, groupid));
                Some(corps_event([id.as_str()]))
            }
            1 => {
                // The event of a pending corp that joins and is removed before a refresh does not name its former id.
                let id = self.any_corp(true).filter(|id| !id.starts_with("wwaccepted"))?;
                self.service.change(|model| model.remove(&id));
                Some(corps_event([id.as_str()]))
            }
            2 => {
                let (pending, id) = (self.any_corp(false)?, self.new_name("wwaccepted"));
                self.service.change(|model| model.accept(&pending, &id));
                Some(corps_event([id.as_str()]))
            }
            3 => {
                let parentid = groupid;
                let groupid = 100 + self.names as i64;
                self.names += 1;
                self.service.change(|model| model.group(groupid, parentid));
                Some(groups_event())
            }
            4 => {
                self.service.change(|model| rename(model, groupid));
                Some(groups_event())
            }
            _ => {
                let id = self.any_corp(true)?;
                self.service.change(|model| model.move_corp(&id, groupid));
                Some(corps_event([id.as_str()]))
            }
        }
    }

    /// A group is deleted with the corps that it had, which move to the root.
    fn delete_group(&mut self) {
        let groupid = self.any_group();
        let mut moved = Vec::new();
        self.service.change(|model| {
            if groupid == 1 || model.groups.iter().any(|group| group.parentid.is_some_and(|id| id.get() == groupid)) {
                return;
            }
            model.groups.retain(|group| group.groupid.get() != groupid);
            for corp in model.corps.iter_mut().filter(|corp| corp.groupid.get() == groupid) {
                corp.groupid = wecom_upstream::GroupId::ROOT;
                moved.extend(corp.corpid.clone());
            }
        });
        self.late.push(groups_event());
        self.late.push(DirectoryEvent::Corps { chain_id: chain(), corps: moved });
    }

    /// A group becomes readable or not: with its corps, or its list alone.
    fn fail_group(&mut self) {
        self.has_failed_groups = true;
        let groupid = self.any_group();
        let (is_failing, is_hidden) = (self.random.chance(60), self.random.chance(50));
        self.service.change(|model| {
            if !is_failing {
                model.group_codes.clear();
                model.list_codes.clear();
                return;
            }
            let codes = if is_hidden { &mut model.group_codes } else { &mut model.list_codes };
            codes.insert(groupid, 670_030);
        });
        if is_failing && is_hidden && !self.is_calm {
            // Otherwise the event of a new corp in the group is lost until the next walk.
            self.directory.hints().request_walk();
        }
    }

    /// Applies the changes of a refresh to the table.
    fn apply(&mut self, changes: &ChainDiff) {
        assert!(self.has_failed_groups || changes.first_seen.is_empty(), "{changes}");
        let model = self.service.model();
        for gone in &changes.left {
            let is_present = model.corps.iter().any(|corp| id_of(corp) == id_of(&gone.corp));
            assert!(!is_present || !self.is_calm, "has not left: {changes}");
        }
        self.table.apply(changes);
    }

    /// Lets some events arrive, in any order, some of them twice.
    fn deliver(&mut self) {
        for _ in 0..self.random.below(4) {
            if self.late.is_empty() {
                return;
            }
            let event = self.late.swap_remove(self.random.below(self.late.len()));
            if self.random.chance(20) {
                self.late.push(event.clone());
            }
            self.directory.hints().note(event);
        }
    }

    fn refresh(&mut self) {
        if self.is_calm {
            self.refresh_once();
            return self.save();
        }
        for _ in 0..self.random.below(3) {
            let replies = [None, busy(), untrusted()];
            let reply = replies[self.random.below(3)].clone();
            self.service.model().replies.push_back(reply);
        }
        let outcome = if self.random.chance(50) {
            let polls = self.random.below(12);
            self.service.poll_refresh(&mut self.directory, polls)
        } else {
            Some(self.service.run(self.directory.refresh()))
        };
        if let Some(Ok(changes)) = outcome {
            self.apply(&changes);
        }
        self.save();
    }

    /// Sometimes saves the directory with the table.
    fn save(&mut self) {
        if self.random.chance(40) {
            let state = serde_json::to_string(&self.directory.state()).unwrap();
            self.saved = (state, Table { corps: self.table.corps.clone() });
        }
    }

    /// Ends the process: another one resumes from what was saved, together with the user's table.
    fn restart(&mut self) {
        let state = serde_json::from_str(&self.saved.0).unwrap();
        self.directory = self.service.upstream().resume_directory(state);
        self.table = Table { corps: self.saved.1.corps.clone() };
    }

    fn refresh_once(&mut self) {
        // Calls in flight may still fail.
        let outcomes = (0..10).find_map(|_| self.service.run(self.directory.refresh()).ok());
        self.apply(&outcomes.unwrap());
    }

    fn finish(&mut self) {
        for event in std::mem::take(&mut self.late) {
            self.directory.hints().note(event);
        }
        self.service.change(|model| {
            model.replies.clear();
            model.group_codes.clear();
            model.list_codes.clear();
        });
        self.refresh_once();
        if self.has_failed_groups {
            // The groups that had failed are due, and in some runs a walk.
            self.service.timer.advance(Duration::from_secs(if self.is_calm { 86_400 } else { 3_700 }));
            self.refresh_once();
        }
        self.service.assert_current(&self.directory);
        assert_eq!(self.table, Table::of(self.directory.tree()));
    }
}

fn rename(model: &mut Model, groupid: i64) {
    let count = model.corps.len();
    if let Some(group) = model.groups.iter_mut().find(|group| group.groupid.get() == groupid) {
        group.group_name = format!("renamed {count} {groupid}");
        group.order += 1;
    }
}

#[test]
fn when_every_event_has_arrived_the_directory_equals_a_fresh_walk() {
    for seed in 0..150 {
        let mut run = Run::new(seed);
        for _ in 0..40 {
            match run.random.below(10) {
                0 => run.delete_group(),
                1..=4 => {
                    let event = run.change();
                    run.late.extend(event);
                }
                5..=6 => run.deliver(),
                7..=8 => run.refresh(),
                _ if run.random.chance(30) => run.restart(),
                _ => run.service.timer.advance(Duration::from_secs(1)),
            }
        }
        run.finish();
    }
}

#[test]
fn when_events_are_lost_the_directory_equals_a_fresh_walk_after_the_next_walk() {
    for seed in 1000..1060 {
        let mut run = Run::new(seed);
        for _ in 0..40 {
            match run.random.below(8) {
                0..=3 => {
                    let event = run.change();
                    let is_lost = run.random.chance(50);
                    run.late.extend(event.filter(|_| !is_lost));
                }
                4..=5 => run.deliver(),
                _ => run.refresh(),
            }
        }
        run.service.timer.advance(Duration::from_secs(86_400));
        run.late.clear();
        run.finish();
    }
}

#[test]
fn when_groups_fail_and_recover_no_corp_is_lost_or_left_over() {
    for seed in 2000..2300 {
        let mut run = Run::new(seed);
        run.is_calm = seed % 2 == 0;
        for _ in 0..40 {
            match run.random.below(12) {
                0 if !run.is_calm => run.delete_group(),
                0..=3 => {
                    let event = run.change();
                    run.late.extend(event);
                }
                4..=5 => run.deliver(),
                6..=7 => run.fail_group(),
                8 => run.directory.hints().request_walk(),
                9 if run.random.chance(30) => run.restart(),
                _ => run.refresh(),
            }
        }
        run.finish();
    }
}

#[test]
fn an_event_of_random_ids_changes_nothing() {
    let service = Service::new();
    let mut directory = service.directory();
    let mut random = Random(7);
    for _ in 0..50 {
        let corps = (0..1 + random.below(3)).map(|_| CorpId::new(format!("ww{}", random.below(60)))).collect();
        directory.hints().note(DirectoryEvent::Corps { chain_id: chain(), corps });
        assert!(service.run(directory.refresh()).unwrap().is_empty());
        service.assert_current(&directory);
    }
}
