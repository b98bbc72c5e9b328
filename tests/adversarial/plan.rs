//! What happens in one run: settings, and operations that can be left out one by one.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use wecom_core::Endpoint;
use wecom_tests::adversary::executor::{Hardship, TaskId};
use wecom_tests::adversary::fate::{Fate, StoreFate};
use wecom_tests::adversary::hunt;
use wecom_tests::adversary::referee::{Referee, Violation};

use crate::actors::Actor;
use crate::run::Run;
use crate::settings::Settings;

/// What happens in one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// A task begins.
    Start { task: TaskId, at: Duration, actor: Actor },
    /// Something happens to a task at one of its polls.
    Hardship { task: TaskId, poll: u32, hardship: Hardship },
    /// A request has a fate of its own.
    Request { endpoint: &'static Endpoint, nth: u32, fate: Fate },
    /// An operation of the token store has a fate of its own.
    Store { nth: u32, fate: StoreFate },
    /// All tokens end.
    Revoke { at: Duration },
}

impl Plan {
    pub(crate) fn actors(&self) -> impl Iterator<Item = (TaskId, Duration, &Actor)> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Start { task, at, actor } => Some((*task, *at, actor)),
            _ => None,
        })
    }

    pub(crate) fn hardships(&self, of: TaskId) -> Vec<(u32, Hardship)> {
        let hardships = self.operations.iter().filter_map(|operation| match operation {
            Operation::Hardship { task, poll, hardship } if *task == of => Some((*poll, *hardship)),
            _ => None,
        });
        hardships.collect()
    }

    pub(crate) fn fates(&self) -> Vec<(&'static str, u32, Fate)> {
        let fates = self.operations.iter().filter_map(|operation| match operation {
            Operation::Request { endpoint, nth, fate } => Some((endpoint.path(), *nth, fate.clone())),
            _ => None,
        });
        fates.collect()
    }

    pub(crate) fn store_fates(&self) -> Vec<(u32, StoreFate)> {
        let fates = self.operations.iter().filter_map(|operation| match operation {
            Operation::Store { nth, fate } => Some((*nth, *fate)),
            _ => None,
        });
        fates.collect()
    }

    pub(crate) fn revocations(&self) -> impl Iterator<Item = Duration> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::Revoke { at } => Some(*at),
            _ => None,
        })
    }
}

impl hunt::Plan for Plan {
    fn operations(&self) -> usize {
        self.operations.len()
    }

    fn without(&self, operations: Range<usize>) -> Self {
        let mut plan = self.clone();
        plan.operations.drain(operations);
        plan
    }

    fn run(&self, keeps_journal: bool, on_referee: &mut dyn FnMut(&Referee)) -> Result<(), Violation> {
        let run = Run::new(self, keeps_journal);
        on_referee(run.referee());
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
            Self::Start { task, at, actor } => write!(f, "task {task} begins after {at:?}: {actor:?}"),
            Self::Hardship { task, poll, hardship } => write!(f, "task {task} at its poll {poll}: {hardship}"),
            Self::Request { endpoint, nth, fate } => write!(f, "request {nth} of {}: {fate}", endpoint.name()),
            Self::Store { nth, fate } => write!(f, "operation {nth} of the token store: {fate:?}"),
            Self::Revoke { at } => write!(f, "all tokens end after {at:?}"),
        }
    }
}
