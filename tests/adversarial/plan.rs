//! The plan of one run: settings, and operations that can be removed one by one.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use wecom_core::Endpoint;
use wecom_tests::adversary::behavior::{RequestBehavior, StoreBehavior};
use wecom_tests::adversary::checker::{Checker, Violation};
use wecom_tests::adversary::executor::{SchedulingFault, TaskId};
use wecom_tests::adversary::seed_runner;

use crate::actors::Actor;
use crate::run::Run;
use crate::settings::Settings;

/// The plan of one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// A task starts.
    Start { task: TaskId, at: Duration, actor: Actor },
    /// A scheduling fault occurs at one poll of a task.
    SchedulingFault { task: TaskId, poll: u32, fault: SchedulingFault },
    /// The service has a special behavior for one request.
    Request { endpoint: &'static Endpoint, nth: u32, behavior: RequestBehavior },
    /// The stores have a special behavior for one operation.
    Store { nth: u32, behavior: StoreBehavior },
    /// The service revokes all tokens.
    Revoke { at: Duration },
}

impl Plan {
    pub(crate) fn actors(&self) -> impl Iterator<Item = (TaskId, Duration, &Actor)> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Start { task, at, actor } => Some((*task, *at, actor)),
            _ => None,
        })
    }

    pub(crate) fn scheduling_faults(&self, of: TaskId) -> Vec<(u32, SchedulingFault)> {
        let scheduling_faults = self.operations.iter().filter_map(|operation| match operation {
            Operation::SchedulingFault { task, poll, fault } if *task == of => Some((*poll, *fault)),
            _ => None,
        });
        scheduling_faults.collect()
    }

    pub(crate) fn behaviors(&self) -> Vec<(&'static str, u32, RequestBehavior)> {
        let behaviors = self.operations.iter().filter_map(|operation| match operation {
            Operation::Request { endpoint, nth, behavior } => Some((endpoint.path(), *nth, behavior.clone())),
            _ => None,
        });
        behaviors.collect()
    }

    pub(crate) fn store_behaviors(&self) -> Vec<(u32, StoreBehavior)> {
        let behaviors = self.operations.iter().filter_map(|operation| match operation {
            Operation::Store { nth, behavior } => Some((*nth, *behavior)),
            _ => None,
        });
        behaviors.collect()
    }

    pub(crate) fn revocations(&self) -> impl Iterator<Item = Duration> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Revoke { at } => Some(*at),
            _ => None,
        })
    }
}

impl seed_runner::Plan for Plan {
    fn operations(&self) -> usize {
        self.operations.len()
    }

    fn without(&self, operations: Range<usize>) -> Self {
        let mut plan = self.clone();
        plan.operations.drain(operations);
        plan
    }

    fn run(&self, keeps_journal: bool, on_checker: &mut dyn FnMut(&Checker)) -> Result<(), Violation> {
        let run = Run::new(self, keeps_journal);
        on_checker(run.checker());
        run.finish()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)?;
        self.operations.iter().try_for_each(|operation| writeln!(f, "  {operation}"))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { task, at, actor } => write!(f, "task {task} starts after {at:?}: {actor:?}"),
            Self::SchedulingFault { task, poll, fault } => write!(f, "task {task} at poll {poll}: {fault}"),
            Self::Request { endpoint, nth, behavior } => write!(f, "request {nth} of {}: {behavior}", endpoint.name()),
            Self::Store { nth, behavior } => write!(f, "operation {nth} of a store: {behavior:?}"),
            Self::Revoke { at } => write!(f, "all tokens are revoked after {at:?}"),
        }
    }
}
