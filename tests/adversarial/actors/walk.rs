//! A task that walks the directory of a chain.

use std::collections::VecDeque;
use std::time::Duration;

use wecom_core::{Error, Timer};
use wecom_tests::adversary::checker::Checker;
use wecom_upstream::jobs::pager::PageError;
use wecom_upstream::jobs::walk::{Walk as Walking, WalkEvent};
use wecom_upstream::{ChainId, Upstream};

use crate::endpoints::READ;
use crate::environment::{TaskContext, poll_times};
use crate::world::directory::{CHAIN, Group};

/// Walks the directory of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) concurrency: usize,
    pub(crate) page_size: u32,
    /// The actions of the consumer by the number of the event, from 1.
    pub(crate) between: Vec<(u32, Between)>,
}

/// An action of the consumer between two events.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Between {
    /// Makes another call, without polling the walk.
    Call,
    /// Does not poll the walk for this time.
    Pause(Duration),
    /// Drops the future of `next` after this number of polls, and calls `next` again.
    DropNext(u32),
    /// Stores the state of the walk and continues with another walk.
    Restart,
}

impl Walk {
    pub(crate) async fn run(self, context: TaskContext) {
        let environment = &context.environment;
        let upstream = Upstream::new(environment.client.clone());
        let mut walk = upstream.walk(ChainId::new(CHAIN)).concurrency(self.concurrency).page_size(self.page_size);
        let mut check = Check::new(&context);
        let mut number = 0;
        loop {
            number += 1;
            let mut drop_after = None;
            for (_, between) in self.between.iter().filter(|(at, _)| *at == number) {
                match between {
                    Between::Call => drop(context.call(&READ).await),
                    Between::Pause(time) => context.sleep(*time).await,
                    Between::DropNext(polls) => drop_after = Some(*polls),
                    Between::Restart => walk = restart(&context, &upstream, &walk),
                }
            }
            environment.checker.check_text(&format!("{walk:?}"));
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
                    context.sleep(Duration::from_secs(5)).await;
                }
            }
            if check.is_over() {
                return;
            }
        }
        check.end();
    }
}

/// Resumes a walk from the stored state of this one.
fn restart(context: &TaskContext, upstream: &Upstream, walk: &Walking) -> Walking {
    let stored = serde_json::to_string(&walk.state()).unwrap_or_default();
    let state = serde_json::from_str(&stored).unwrap_or_else(|error| {
        context.environment.checker.report("a stored walk can be read", error.to_string());
        walk.state()
    });
    upstream.resume_walk(state)
}

/// Compares a walk with the directory.
struct Check<'a> {
    context: &'a TaskContext,
    began: Duration,
    groups: VecDeque<Group>,
    /// The current group with its remaining corps.
    current: Option<Group>,
    deferred: Vec<Group>,
    /// The groups that failed. A walk that is resumed lists them again.
    failed: Vec<Group>,
    has_failed: bool,
}

const PROMISE: &str = "a walk yields each group and each corp once, in order";

impl<'a> Check<'a> {
    fn new(context: &'a TaskContext) -> Self {
        let groups = context.environment.world.with(|world| world.directory.in_order());
        let began = context.environment.checker.now();
        Self {
            context,
            began,
            groups: groups.into(),
            current: None,
            deferred: Vec::new(),
            failed: Vec::new(),
            has_failed: false,
        }
    }

    fn checker(&self) -> &Checker {
        &self.context.environment.checker
    }

    fn event(&mut self, event: WalkEvent) {
        self.checker().log(|| format!("task {}: the walk: {event:?}", self.context.task));
        match event {
            WalkEvent::Group { group, .. } => {
                let next = self.groups.pop_front();
                self.begin(group.groupid.get(), next);
            }
            WalkEvent::GroupResumed { groupid } => {
                // A resumed walk yields the current group again.
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
                    self.broken(format!("{} instead of {next:?}", corp.corp_name));
                }
            }
            WalkEvent::GroupDeferred { error, .. } => {
                self.checker().check_text(&format!("{error} {error:?}"));
                self.deferred.extend(self.current.take());
            }
            WalkEvent::GroupFailed { groupid, error } => {
                self.failed.extend(self.current.take());
                self.checker().check_text(&format!("{error} {error:?}"));
                match error {
                    PageError::Call(error) if !self.context.may_lose(&error, self.began) => {
                        let facts = format!("group {groupid}: {error}");
                        self.checker().report("a walk loses a group only after a fault", facts);
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
            self.broken(format!("group {id} instead of {group:?}; remaining before it: {left:?}"));
        }
        self.current = group;
    }

    /// Checks an error of the walk.
    fn failure(&mut self, error: &Error) {
        self.has_failed = self.checker().are_credentials_refused();
        self.checker().check_error(error);
        if !self.context.is_expected(error, self.began) {
            self.checker().report("a walk fails only after a fault", error.to_string());
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
        self.checker().report(PROMISE, facts);
    }
}
