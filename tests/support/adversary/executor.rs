//! Polls tasks on virtual time, in an order that a seed decides, and with the hardships of a plan.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use fastrand::Rng;
use wecom_mock::ManualTimer;

use super::referee::{Referee, Violation};

/// More polls than any plan needs: a run that reaches them goes in a circle.
const MOST_POLLS: u32 = 200_000;

/// A task of a plan. The number stays the same when other tasks are left out of the plan.
pub type TaskId = u32;

/// What happens to a task instead of one of its polls, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hardship {
    /// The task is ready and isn't polled for this long.
    Park(Duration),
    /// The task is ready and is never polled again. It is dropped at the end of the run.
    ParkForEver,
    /// The task is dropped instead of being polled.
    Drop,
    /// The task is polled once more although nothing woke it.
    WakeForNothing,
}

impl fmt::Display for Hardship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Park(time) => write!(f, "is left unpolled for {time:?}"),
            Self::ParkForEver => f.write_str("is never polled again"),
            Self::Drop => f.write_str("is dropped"),
            Self::WakeForNothing => f.write_str("is polled once more although nothing woke it"),
        }
    }
}

/// Runs tasks on virtual time.
pub struct Executor {
    timer: ManualTimer,
    referee: Referee,
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
    /// What comes instead of a poll, by the number of the poll, the last first.
    hardships: Vec<(u32, Hardship)>,
    /// After which polls it is polled once more, the last first.
    extra_polls: Vec<u32>,
    parked: Parked,
    woken: Arc<Woken>,
    waker: Waker,
}

impl Task {
    fn suffer(&mut self, hardship: Hardship, now: Duration) {
        match hardship {
            Hardship::Park(time) => self.parked = Parked::Until(now.saturating_add(time)),
            Hardship::ParkForEver => self.parked = Parked::ForEver,
            Hardship::Drop => self.future = None,
            Hardship::WakeForNothing => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parked {
    No,
    Until(Duration),
    ForEver,
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

/// How [`Executor::run_until`] came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Every task has ended, except for those that are never polled again.
    AllEnded,
    /// The time is over.
    TimeIsOver,
    /// Tasks are left, and neither a wake-up nor the passing of time will continue them.
    Stuck,
}

impl Executor {
    /// An executor without tasks.
    #[must_use]
    pub fn new(timer: ManualTimer, referee: Referee, seed: u64) -> Self {
        Self { timer, referee, random: Rng::with_seed(seed), tasks: Vec::new(), ready: Vec::new(), polls: 0 }
    }

    /// Adds a task that is first polled at this time, and its hardships by the number of the poll, counted from 1.
    pub fn spawn(
        &mut self,
        id: TaskId,
        begins: Duration,
        mut hardships: Vec<(u32, Hardship)>,
        future: impl Future<Output = ()> + 'static,
    ) {
        hardships.sort_by_key(|&(poll, _)| std::cmp::Reverse(poll));
        let (extra, hardships): (Vec<_>, Vec<_>) =
            hardships.into_iter().partition(|(_, hardship)| *hardship == Hardship::WakeForNothing);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.tasks.push(Task {
            id,
            future: Some(Box::pin(future)),
            begins,
            polls: 0,
            hardships,
            extra_polls: extra.into_iter().map(|(poll, _)| poll).collect(),
            parked: Parked::No,
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        });
    }

    /// Runs until every task has ended, but no longer than until this time.
    ///
    /// # Errors
    ///
    /// The first promise that the referee saw broken.
    pub fn run_until(&mut self, end: Duration) -> Result<Rest, Violation> {
        loop {
            self.referee.verdict()?;
            if self.tasks.iter().all(|task| task.future.is_none() || task.parked == Parked::ForEver) {
                return Ok(Rest::AllEnded);
            }
            if let Some(index) = self.choose() {
                self.poll(index)?;
                continue;
            }
            let now = self.timer.now();
            let Some(next) = self.next_event(now) else { return Ok(Rest::Stuck) };
            self.advance(now, next.min(end));
            if next >= end {
                return Ok(Rest::TimeIsOver);
            }
        }
    }

    /// Lets time pass without polling anything.
    pub fn sleep_until(&mut self, end: Duration) {
        let now = self.timer.now();
        if end > now {
            self.advance(now, end);
        }
    }

    /// The tasks that have not ended, without those that are never polled again.
    #[must_use]
    pub fn unfinished(&self) -> Vec<TaskId> {
        let tasks = self.tasks.iter().filter(|task| task.future.is_some() && task.parked != Parked::ForEver);
        tasks.map(|task| task.id).collect()
    }

    /// Drops the tasks that are never polled again, in any order.
    pub fn drop_parked(&mut self) {
        let mut parked: Vec<_> = (0..self.tasks.len()).filter(|&at| self.tasks[at].parked == Parked::ForEver).collect();
        self.random.shuffle(&mut parked);
        for at in parked {
            self.tasks[at].future = None;
        }
    }

    /// A ready task, any of them.
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

    /// Polls a task, unless its plan has a hardship in place of this poll.
    fn poll(&mut self, index: usize) -> Result<(), Violation> {
        self.polls += 1;
        if self.polls > MOST_POLLS {
            return Err(Violation::new("a run ends", format!("{MOST_POLLS} polls were not enough")));
        }
        let now = self.timer.now();
        let task = &mut self.tasks[index];
        let number = task.polls + 1;
        if let Some(&(_, hardship)) = task.hardships.last().filter(|&&(poll, _)| poll <= number) {
            task.hardships.pop();
            self.referee.note(|| format!("task {} {hardship}", task.id));
            task.suffer(hardship, now);
            return Ok(());
        }
        task.polls = number;
        task.woken.0.store(false, Ordering::Relaxed);
        self.referee.begin_poll();
        let future = task.future.as_mut().map(|future| future.as_mut().poll(&mut Context::from_waker(&task.waker)));
        if future != Some(Poll::Pending) {
            task.future = None;
        }
        if task.extra_polls.last().is_some_and(|&poll| poll <= number) {
            task.extra_polls.pop();
            task.woken.0.store(true, Ordering::Relaxed);
        }
        self.referee.end_poll(task.id, now);
        Ok(())
    }

    /// When something happens next, if anything does.
    fn next_event(&self, now: Duration) -> Option<Duration> {
        let of_tasks = self.tasks.iter().filter(|task| task.future.is_some()).filter_map(|task| match task.parked {
            Parked::Until(end) => Some(end),
            Parked::No if task.begins > now => Some(task.begins),
            Parked::No | Parked::ForEver => None,
        });
        of_tasks.chain(self.timer.next_wake()).min()
    }

    fn advance(&self, now: Duration, to: Duration) {
        self.referee.time_passes(now, to);
        self.timer.advance(to.saturating_sub(now));
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("tasks", &self.tasks.len()).field("polls", &self.polls).finish_non_exhaustive()
    }
}
