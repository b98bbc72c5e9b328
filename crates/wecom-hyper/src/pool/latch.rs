//! A waker for futures that a task both polls and wakes.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// The task is not running: a wake-up has to reach it.
const ASLEEP: u8 = 0;
/// The task is running, and checks the latch before it sleeps.
const AWAKE: u8 = 1;
/// The task is running, and was woken meanwhile.
const WOKEN: u8 = 2;

/// Passes wake-ups on to a task, except those that the task causes itself while it runs.
///
/// A connection of hyper is woken with every request by the task that drives it. If these wake-ups were passed on, each
/// would cost another run of the task and a poll of the connection.
pub(crate) struct Latch {
    shared: Arc<Shared>,
    /// The waker for what the task polls.
    waker: Waker,
    /// The waker of the task, as last passed to `shared`.
    task: Option<Waker>,
}

struct Shared {
    state: AtomicU8,
    /// Whether a wake-up came from [`Latch::marking_own`].
    own: AtomicBool,
    task: Mutex<Option<Waker>>,
}

thread_local! {
    /// The latch whose task runs in [`Latch::marking_own`] on this thread.
    static MARKING: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

impl Latch {
    /// Creates the latch of a task that is running.
    pub(crate) fn new() -> Self {
        let shared =
            Arc::new(Shared { state: AtomicU8::new(AWAKE), own: AtomicBool::new(false), task: Mutex::new(None) });
        Self { waker: Waker::from(Arc::clone(&shared)), shared, task: None }
    }

    /// Records that the task is running. `context` is the task's.
    pub(crate) fn awake(&mut self, context: &Context<'_>) {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            let task = context.waker().clone();
            *self.shared.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.clone());
            self.task = Some(task);
        }
        // A wake-up since the task began to run is kept.
        let _ = self.shared.state.compare_exchange(ASLEEP, AWAKE, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Clears earlier wake-ups, because the task polls everything now.
    pub(crate) fn reset(&self) {
        self.shared.state.store(AWAKE, Ordering::SeqCst);
    }

    /// Whether the task was woken since [`Latch::reset`] by something other than itself.
    pub(crate) fn was_woken(&self) -> bool {
        self.shared.state.load(Ordering::SeqCst) == WOKEN
    }

    /// Runs a part of the task, and returns whether that part caused a wake-up. Such wake-ups count nowhere else.
    pub(crate) fn marking_own<T>(&self, run: impl FnOnce() -> T) -> (T, bool) {
        MARKING.set(Arc::as_ptr(&self.shared));
        let output = run();
        MARKING.set(ptr::null());
        (output, self.shared.own.swap(false, Ordering::Relaxed))
    }

    /// The context for what the task polls.
    pub(crate) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// Lets the task sleep, unless it was woken since [`Latch::reset`].
    pub(crate) fn may_sleep(&self) -> bool {
        self.shared.state.compare_exchange(AWAKE, ASLEEP, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Lets the task sleep, and wakes it again immediately.
    pub(crate) fn yield_now(&self) {
        self.shared.state.store(ASLEEP, Ordering::SeqCst);
        self.task.iter().for_each(Waker::wake_by_ref);
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if MARKING.get() == Arc::as_ptr(self) {
            self.own.store(true, Ordering::Relaxed);
            return;
        }
        let state = self.state.compare_exchange(AWAKE, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        if state == Err(ASLEEP) {
            if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
                task.wake_by_ref();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_running_task_is_not_woken_and_does_not_miss_the_wake_up() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut latch = Latch::new();
        latch.awake(&Context::from_waker(&waker));
        latch.context().waker().wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        assert!(!latch.may_sleep());
        latch.awake(&Context::from_waker(&waker));
        assert!(!latch.may_sleep(), "the wake-up is kept");
        latch.reset();
        assert!(latch.may_sleep());
    }

    #[test]
    fn a_wake_up_by_the_task_itself_is_distinguished_from_others() {
        let latch = Latch::new();
        let waker = latch.context().waker().clone();
        assert!(latch.marking_own(|| waker.wake_by_ref()).1);
        assert!(!latch.was_woken());
        assert!(!latch.marking_own(|| ()).1);
        let elsewhere = || std::thread::scope(|scope| scope.spawn(|| waker.wake_by_ref()).join().unwrap());
        assert!(!latch.marking_own(elsewhere).1);
        assert!(latch.was_woken());
    }

    #[test]
    fn a_task_that_sleeps_is_woken() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut latch = Latch::new();
        latch.awake(&Context::from_waker(&waker));
        assert!(latch.may_sleep());
        latch.context().waker().wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        latch.awake(&Context::from_waker(&waker));
        latch.yield_now();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
    }
}
