//! Polls tasks on virtual time, in an order that a seed decides, and with the scheduling faults of a plan.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use fastrand::Rng;
use wecom_mock::ManualTimer;

use super::checker::{Checker, Violation};

/// The maximum number of polls. A run that reaches it is in an endless loop.
const MAX_POLLS: u32 = 200_000;

/// A task of a plan. The number stays the same when other tasks are left out of the plan.
pub type TaskId = u32;

/// A fault of the scheduler, which replaces or follows one poll of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulingFault {
    /// The task is ready and isn't polled for this long.
    Park(Duration),
    /// The task is ready and is never polled again. It is dropped at the end of the run.
    ParkForever,
    /// The task is dropped instead of being polled.
    Drop,
    /// The task is polled once more although nothing woke it.
    SpuriousPoll,
}

impl fmt::Display for SchedulingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Park(time) => write!(f, "is not polled for {time:?}"),
            Self::ParkForever => f.write_str("is never polled again"),
            Self::Drop => f.write_str("is dropped"),
            Self::SpuriousPoll => f.write_str("is polled once more although nothing woke it"),
        }
    }
}

/// Runs tasks on virtual time.
pub struct Executor {
    timer: ManualTimer,
    checker: Checker,
    random: Rng,
    tasks: Vec<Task>,
    ready: Vec<usize>,
    polls: u32,
}

struct Task {
    id: TaskId,
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    begins: Duration,
    polls: u32,
    /// The faults that replace a poll, by the number of the poll, the last first.
    scheduling_faults: Vec<(u32, SchedulingFault)>,
    /// The numbers of the polls that are followed by a spurious poll, the last first.
    extra_polls: Vec<u32>,
    parked: Parked,
    woken: Arc<Woken>,
    waker: Waker,
}

impl Task {
    fn apply(&mut self, fault: SchedulingFault, now: Duration) {
        match fault {
            SchedulingFault::Park(time) => self.parked = Parked::Until(now.saturating_add(time)),
            SchedulingFault::ParkForever => self.parked = Parked::Forever,
            SchedulingFault::Drop => self.future = None,
            SchedulingFault::SpuriousPoll => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parked {
    No,
    Until(Duration),
    Forever,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The reason why [`Executor::run_until`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Every task has ended, except for those that are never polled again.
    AllEnded,
    /// The time limit is reached.
    TimeLimit,
    /// Tasks are left, and neither a wake-up nor a timer will continue them.
    Deadlock,
}

impl Executor {
    /// Creates an executor without tasks.
    #[must_use]
    pub fn new(timer: ManualTimer, checker: Checker, seed: u64) -> Self {
        Self { timer, checker, random: Rng::with_seed(seed), tasks: Vec::new(), ready: Vec::new(), polls: 0 }
    }

    /// Adds a task that is first polled at this time, with its scheduling faults by the number of the poll, from 1.
    pub fn spawn(
        &mut self,
        id: TaskId,
        begins: Duration,
        mut scheduling_faults: Vec<(u32, SchedulingFault)>,
        future: impl Future<Output = ()> + 'static,
    ) {
        scheduling_faults.sort_by_key(|&(poll, _)| std::cmp::Reverse(poll));
        let (extra, scheduling_faults): (Vec<_>, Vec<_>) =
            scheduling_faults.into_iter().partition(|(_, fault)| *fault == SchedulingFault::SpuriousPoll);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.tasks.push(Task {
            id,
            future: Some(Box::pin(future)),
            begins,
            polls: 0,
            scheduling_faults,
            extra_polls: extra.into_iter().map(|(poll, _)| poll).collect(),
            parked: Parked::No,
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        });
    }

    /// Runs until every task has ended, or until this time.
    ///
    /// # Errors
    ///
    /// Returns the first broken promise.
    pub fn run_until(&mut self, end: Duration) -> Result<RunEnd, Violation> {
        loop {
            self.checker.verdict()?;
            if self.tasks.iter().all(|task| task.future.is_none() || task.parked == Parked::Forever) {
                return Ok(RunEnd::AllEnded);
            }
            if let Some(index) = self.choose() {
                self.poll(index)?;
                continue;
            }
            let now = self.timer.now();
            let Some(next) = self.next_event(now) else { return Ok(RunEnd::Deadlock) };
            self.advance(now, next.min(end));
            if next >= end {
                return Ok(RunEnd::TimeLimit);
            }
        }
    }

    /// Advances the time without polling anything.
    pub fn sleep_until(&mut self, end: Duration) {
        let now = self.timer.now();
        if end > now {
            self.advance(now, end);
        }
    }

    /// Returns the tasks that have not ended, except those that are never polled again.
    #[must_use]
    pub fn unfinished(&self) -> Vec<TaskId> {
        let tasks = self.tasks.iter().filter(|task| task.future.is_some() && task.parked != Parked::Forever);
        tasks.map(|task| task.id).collect()
    }

    /// Drops the tasks that are never polled again, in any order.
    pub fn drop_parked(&mut self) {
        let mut parked: Vec<_> = (0..self.tasks.len()).filter(|&at| self.tasks[at].parked == Parked::Forever).collect();
        self.random.shuffle(&mut parked);
        for at in parked {
            self.tasks[at].future = None;
        }
    }

    /// Chooses one of the ready tasks.
    fn choose(&mut self) -> Option<usize> {
        let now = self.timer.now();
        self.ready.clear();
        for (index, task) in self.tasks.iter_mut().enumerate() {
            if matches!(task.parked, Parked::Until(end) if end <= now) {
                task.parked = Parked::No;
            }
            let may_run = task.future.is_some() && task.parked == Parked::No && task.begins <= now;
            if may_run && task.woken.0.load(Ordering::Relaxed) {
                self.ready.push(index);
            }
        }
        match self.ready.len() {
            0 => None,
            ready => Some(self.ready[self.random.usize(..ready)]),
        }
    }

    /// Polls a task, unless a scheduling fault replaces this poll.
    fn poll(&mut self, index: usize) -> Result<(), Violation> {
        self.polls += 1;
        if self.polls > MAX_POLLS {
            return Err(Violation::new("a run ends", format!("the run did not end within {MAX_POLLS} polls")));
        }
        let now = self.timer.now();
        let task = &mut self.tasks[index];
        let number = task.polls + 1;
        if let Some(&(_, fault)) = task.scheduling_faults.last().filter(|&&(poll, _)| poll <= number) {
            task.scheduling_faults.pop();
            self.checker.log(|| format!("task {} {fault}", task.id));
            task.apply(fault, now);
            return Ok(());
        }
        task.polls = number;
        task.woken.0.store(false, Ordering::Relaxed);
        self.checker.begin_poll();
        let future = task.future.as_mut().map(|future| future.as_mut().poll(&mut Context::from_waker(&task.waker)));
        if future != Some(Poll::Pending) {
            task.future = None;
        }
        if task.extra_polls.last().is_some_and(|&poll| poll <= number) {
            task.extra_polls.pop();
            task.woken.0.store(true, Ordering::Relaxed);
        }
        // A task that was woken during its poll is polled again before the time advances.
        if !task.woken.0.load(Ordering::Relaxed) {
            self.checker.end_poll(task.id, now);
        }
        Ok(())
    }

    /// Returns the time of the next event, if there is one.
    fn next_event(&self, now: Duration) -> Option<Duration> {
        let of_tasks = self.tasks.iter().filter(|task| task.future.is_some()).filter_map(|task| match task.parked {
            Parked::Until(end) => Some(end),
            Parked::No if task.begins > now => Some(task.begins),
            Parked::No | Parked::Forever => None,
        });
        of_tasks.chain(self.timer.next_wake()).min()
    }

    fn advance(&self, now: Duration, to: Duration) {
        self.checker.time_passes(now, to);
        self.timer.advance(to.saturating_sub(now));
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("tasks", &self.tasks.len()).field("polls", &self.polls).finish_non_exhaustive()
    }
}
