//! A task that walks the directory of a chain.

use std::collections::VecDeque;
use std::time::Duration;

use wecom_core::{Error, Timer};
use wecom_tests::adversary::referee::Referee;
use wecom_upstream::jobs::pager::PageError;
use wecom_upstream::jobs::walk::{Walk as Walking, WalkEvent};
use wecom_upstream::{ChainId, Upstream};

use crate::endpoints::READ;
use crate::stage::{Role, poll_times};
use crate::world::directory::{CHAIN, Group};

/// Walks the directory of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
    /// What the consumer does at an event, counted from 1.
    pub(crate) between: Vec<(u32, Between)>,
}

/// What the consumer does between two events.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Between {
    /// Makes a call of its own, and doesn't poll the walk meanwhile.
    Call,
    /// Does something else for this long.
    Pause(Duration),
    /// Drops the future of `next` after this number of polls, and asks again.
    DropNext(u32),
    /// Stores the state of the walk and goes on with another walk.
    Restart,
}

impl Walk {
    pub(crate) async fn run(self, role: Role) {
        let stage = &role.stage;
        let upstream = Upstream::new(stage.client.clone());
        let mut walk = upstream.walk(ChainId::new(CHAIN)).concurrency(self.concurrency).page_size(self.page_size);
        let mut check = Check::new(&role);
        let mut number = 0;
        loop {
            number += 1;
            let mut drop_after = None;
            for (_, between) in self.between.iter().filter(|(at, _)| *at == number) {
                match between {
                    Between::Call => drop(role.call(&READ).await),
                    Between::Pause(time) => role.sleep(*time).await,
                    Between::DropNext(polls) => drop_after = Some(*polls),
                    Between::Restart => walk = restart(&role, &upstream, &walk),
                }
            }
            stage.referee.text(&format!("{walk:?}"));
            let dropped = match drop_after {
                Some(polls) => poll_times(&mut Box::pin(walk.next()), polls).await,
                None => None,
            };
            let event = match dropped {
                Some(event) => event,
                None => walk.next().await,
            };
            match event {
                Ok(Some(event)) => check.event(event),
                Ok(None) => break,
                Err(error) => {
                    check.failure(&error);
                    role.sleep(Duration::from_secs(5)).await;
                }
            }
            if check.is_over() {
                return;
            }
        }
        check.end();
    }
}

/// Another walk from the stored state of this one.
fn restart(role: &Role, upstream: &Upstream, walk: &Walking) -> Walking {
    let stored = serde_json::to_string(&walk.state()).unwrap_or_default();
    let state = serde_json::from_str(&stored).unwrap_or_else(|error| {
        role.stage.referee.broken("a stored walk can be read", error.to_string());
        walk.state()
    });
    upstream.resume_walk(state)
}

/// Compares a walk with the directory.
struct Check<'a> {
    role: &'a Role,
    began: Duration,
    groups: VecDeque<Group>,
    /// The group that is being listed, and its corps that are still to come.
    current: Option<Group>,
    deferred: Vec<Group>,
    /// The groups that failed. A walk that is resumed lists them again.
    failed: Vec<Group>,
    has_failed: bool,
}

const PROMISE: &str = "a walk yields each group and each corp once, in order";

impl<'a> Check<'a> {
    fn new(role: &'a Role) -> Self {
        let groups = role.stage.world.with(|world| world.directory.in_order());
        let began = role.stage.referee.now();
        Self {
            role,
            began,
            groups: groups.into(),
            current: None,
            deferred: Vec::new(),
            failed: Vec::new(),
            has_failed: false,
        }
    }

    fn referee(&self) -> &Referee {
        &self.role.stage.referee
    }

    fn event(&mut self, event: WalkEvent) {
        self.referee().note(|| format!("task {}: the walk: {event:?}", self.role.task));
        match event {
            WalkEvent::Group { group, .. } => {
                let next = self.groups.pop_front();
                self.begin(group.groupid.get(), next);
            }
            WalkEvent::GroupResumed { groupid } => {
                // A walk that is resumed says again which group it is in.
                if self.current.as_ref().is_some_and(|current| current.id == groupid.get()) {
                    return;
                }
                let group = [&mut self.deferred, &mut self.failed].into_iter().find_map(|groups| {
                    let at = groups.iter().position(|group| group.id == groupid.get())?;
                    Some(groups.remove(at))
                });
                self.begin(groupid.get(), group);
            }
            WalkEvent::Corp(corp) => {
                let next = self.current.as_mut().and_then(Group::take_corp);
                if next.as_deref() != Some(corp.corp_name.as_str()) {
                    self.broken(format!("{} comes, and {next:?} was to come", corp.corp_name));
                }
            }
            WalkEvent::GroupDeferred { error, .. } => {
                self.referee().text(&format!("{error} {error:?}"));
                self.deferred.extend(self.current.take());
            }
            WalkEvent::GroupFailed { groupid, error } => {
                self.failed.extend(self.current.take());
                self.referee().text(&format!("{error} {error:?}"));
                match error {
                    PageError::Call(error) if !self.role.may_lose(&error, self.began) => {
                        let facts = format!("group {groupid}: {error}");
                        self.referee().broken("a walk loses no group without a reason", facts);
                    }
                    _ => {}
                }
            }
            other => self.broken(format!("an unexpected event: {other:?}")),
        }
    }

    fn begin(&mut self, id: i64, group: Option<Group>) {
        let left = self.current.take().filter(|left| !left.corps.is_empty());
        if left.is_some() || group.as_ref().is_none_or(|group| group.id != id) {
            self.broken(format!("group {id} begins, and {group:?} was to begin; left before it: {left:?}"));
        }
        self.current = group;
    }

    /// The walk could not go on.
    fn failure(&mut self, error: &Error) {
        self.has_failed = self.referee().are_credentials_refused();
        self.referee().error(error);
        if !self.role.is_excused(error, self.began) {
            self.referee().broken("a walk fails for a reason", error.to_string());
        }
    }

    fn is_over(&self) -> bool {
        self.has_failed
    }

    fn end(&self) {
        let left =
            self.current.iter().filter(|group| !group.corps.is_empty()).chain(&self.deferred).chain(&self.groups);
        let left: Vec<_> = left.collect();
        if !left.is_empty() {
            self.broken(format!("the walk ends before {left:?}"));
        }
    }

    fn broken(&self, facts: String) {
        self.referee().broken(PROMISE, facts);
    }
}
