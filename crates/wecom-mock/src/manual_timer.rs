//! A timer that a test advances.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::{LocalTimer, Timer};

use crate::fail_test::fail;

/// A [`Timer`] and [`LocalTimer`] that a test advances. It starts at zero.
///
/// Cheap to clone; all clones share the time. A sleep starts when its future is first polled.
///
/// ```
/// use serde_json::json;
/// use std::time::Duration;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::token::GET_TOKEN;
/// use wecom_core::{Client, Credentials, Endpoint, Secret};
/// use wecom_mock::{ManualTimer, Mock};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let (mock, timer) = (Mock::new(), ManualTimer::new());
/// mock.on_endpoint(&GET_TOKEN)
///     .json(json!({"access_token": "a-token", "expires_in": 7200}))
///     .times(2);
/// mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
/// let client =
///     Client::builder(mock.clone()).credentials(credentials).timer(timer.clone()).build();
/// # pollster::block_on(async {
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// timer.advance(Duration::from_secs(7200)); // The token expires: the next call fetches one.
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// [`ManualTimer::until_sleepers`] waits until spawned tasks sleep:
///
/// ```
/// # use std::time::Duration;
/// # use wecom_core::Timer;
/// # use wecom_mock::ManualTimer;
/// # let timer = ManualTimer::new();
/// # let task = std::thread::spawn({
/// #     let timer = timer.clone();
/// #     move || pollster::block_on(Timer::sleep(&timer, Duration::from_secs(1)))
/// # });
/// # pollster::block_on(async {
/// // ... spawn a task that sleeps on timer.clone() ...
/// timer.until_sleepers(1).await;
/// timer.advance(Duration::from_secs(60));
/// # });
/// # task.join().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct ManualTimer {
    timeline: Arc<Mutex<Timeline>>,
}

#[derive(Default)]
struct Timeline {
    now: Duration,
    /// The wakers of the sleeping futures, by the time and the order in which they wake.
    sleepers: BTreeMap<SleeperKey, Waker>,
    sleeps: u64,
    /// The wakers of the futures that wait for sleepers, in the order in which they started to wait.
    observers: BTreeMap<u64, Waker>,
    observations: u64,
}

/// The time at which a future wakes, and the number of its sleep.
type SleeperKey = (Duration, u64);

impl ManualTimer {
    /// Creates a timer at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// Returns the time since the Unix epoch. The timer starts at the beginning of 2026 (UTC).
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        const START: Duration = Duration::from_secs(1_767_225_600);
        START.saturating_add(self.now())
    }

    /// Advances the time and wakes the sleepers whose time has come, the earliest first.
    ///
    /// A sleep that starts afterwards starts at the new time. To advance to the next wake-up only, advance by
    /// [`next_wake`](Self::next_wake) minus [`now`](Self::now).
    ///
    /// # Panics
    ///
    /// Panics if a waker panics, after all others have been woken.
    pub fn advance(&self, duration: Duration) {
        let mut timeline = self.lock();
        timeline.now = timeline.now.saturating_add(duration);
        let last = (timeline.now, u64::MAX);
        let sleeping = timeline.sleepers.split_off(&last);
        let woken = std::mem::replace(&mut timeline.sleepers, sleeping);
        // A waker is user code, which may call this timer.
        drop(timeline);
        wake_all(woken.into_values());
    }

    /// Returns the number of sleepers.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// Returns the time at which the next sleeper wakes. `None` if there is no sleeper.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.lock().sleepers.keys().next().map(|&(wakes, _)| wakes)
    }

    /// Waits until there are at least `count` sleepers.
    ///
    /// If the waker of such a wait panics, the other wakers are woken first. The panic then continues in the poll that
    /// started the sleep.
    pub async fn until_sleepers(&self, count: usize) {
        UntilSleepers { timer: self, count, key: None }.await;
    }

    /// Runs a future to completion. Whenever the future is pending, advances to the next wake-up.
    ///
    /// A future that sleeps for hours completes immediately, and the timer advances by exactly these hours.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wecom_core::Timer;
    /// use wecom_mock::ManualTimer;
    ///
    /// let timer = ManualTimer::new();
    /// timer.run(Timer::sleep(&timer, Duration::from_secs(7200)));
    /// assert_eq!(timer.now(), Duration::from_secs(7200));
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the future is pending and nothing sleeps on this timer, for example if it waits for another thread.
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(WakeFlag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            // A future that nothing woke is not polled, because that would hide a lost wake-up.
            if woken.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return output;
                }
                continue;
            }
            match self.next_wake() {
                Some(wakes) => self.advance(wakes.saturating_sub(self.now())),
                None => fail(&"deadlock: the future is pending, but nothing sleeps on this timer"),
            }
        }
    }

    fn sleep_for(&self, duration: Duration) -> Sleep<'_> {
        Sleep { timer: self, duration, key: None }
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        // No user code runs under the lock, so the state is valid even if the mutex is poisoned.
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Timer for ManualTimer {
    fn now(&self) -> Duration {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_for(duration).await;
    }

    fn unix_time(&self) -> Option<Duration> {
        Some(Self::unix_time(self))
    }
}

#[async_trait(?Send)]
impl LocalTimer for ManualTimer {
    fn now(&self) -> Duration {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_for(duration).await;
    }

    fn unix_time(&self) -> Option<Duration> {
        Some(Self::unix_time(self))
    }
}

impl fmt::Debug for ManualTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeline = self.lock();
        f.debug_struct("ManualTimer")
            .field("now", &timeline.now)
            .field("sleepers", &timeline.sleepers.len())
            .finish_non_exhaustive()
    }
}

/// Wakes all wakers, even if some of them panic. Then the first panic continues.
fn wake_all(wakers: impl Iterator<Item = Waker>) {
    let wake = |waker: Waker| catch_unwind(AssertUnwindSafe(|| waker.wake())).err();
    let panics: Vec<_> = wakers.filter_map(wake).collect();
    if let Some(panic) = panics.into_iter().next() {
        resume_unwind(panic);
    }
}

/// Whether the future has been woken.
struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Sleep<'a> {
    timer: &'a ManualTimer,
    duration: Duration,
    /// Set by the first poll.
    key: Option<SleeperKey>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = context.waker().clone();
        let mut timeline = this.timer.lock();
        let key = *this.key.get_or_insert_with(|| {
            timeline.sleeps += 1;
            (timeline.now.saturating_add(this.duration), timeline.sleeps)
        });
        if key.0 <= timeline.now {
            return Poll::Ready(());
        }
        let replaced = timeline.sleepers.insert(key, waker);
        let observers = std::mem::take(&mut timeline.observers);
        drop(timeline);
        // A waker is user code. Dropping it may drop a task that sleeps on this timer, so the lock is released first.
        drop(replaced);
        wake_all(observers.into_values());
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let waker = self.timer.lock().sleepers.remove(&key);
        // As in `poll`: after the lock is released.
        drop(waker);
    }
}

struct UntilSleepers<'a> {
    timer: &'a ManualTimer,
    count: usize,
    /// Set by the first poll that is pending.
    key: Option<u64>,
}

impl Future for UntilSleepers<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = context.waker().clone();
        let mut timeline = this.timer.lock();
        if timeline.sleepers.len() >= this.count {
            drop(timeline);
            return Poll::Ready(());
        }
        let key = *this.key.get_or_insert_with(|| {
            timeline.observations += 1;
            timeline.observations
        });
        let replaced = timeline.observers.insert(key, waker);
        // As in `Sleep::poll`: after the lock is released.
        drop(timeline);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for UntilSleepers<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let waker = self.timer.lock().observers.remove(&key);
        drop(waker);
    }
}
