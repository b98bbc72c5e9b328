//! Time that a test moves by hand.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use event_listener::Event;
use wecom_core::{LocalTimer, Timer};

use crate::fail::fail;

/// A [`Timer`] and [`LocalTimer`] whose time passes when a test says so. It begins at zero.
///
/// Cheap to clone; all clones share the time. A sleep begins when its future is first polled, as with any `async fn`.
///
/// ```
/// use std::time::Duration;
/// use serde_json::json;
/// use wecom_core::endpoint::RawCall;
/// use wecom_core::token::GET_TOKEN;
/// use wecom_core::{Client, Credentials, Endpoint, Secret};
/// use wecom_mock::{ManualTimer, Mock};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");
///
/// let (mock, timer) = (Mock::new(), ManualTimer::new());
/// mock.on_endpoint(&GET_TOKEN).json(json!({"access_token": "a-token", "expires_in": 7200})).times(2);
/// mock.on_endpoint(&LIST_IDS).json(json!({"errcode": 0, "rule_ids": [1, 2]}));
///
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
/// let client = Client::builder(mock.clone()).credentials(credentials).timer(timer.clone()).build();
/// # pollster::block_on(async {
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// timer.advance(Duration::from_secs(7200)); // The token has expired, so the next call fetches another.
/// client.call_raw(RawCall::new(&LIST_IDS)).await?;
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// With spawned tasks, [`ManualTimer::until_sleepers`] tells when all of them have come to wait:
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
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    timeline: Mutex<Timeline>,
    came: Event,
}

#[derive(Default)]
struct Timeline {
    now: Duration,
    /// Those who wait, by the time of their waking and the order in which they came.
    sleepers: BTreeMap<Place, Waker>,
    came: u64,
}

type Place = (Duration, u64);

impl ManualTimer {
    /// A timer at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since the beginning.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// Lets time pass at once, and wakes those whose time has come, the earliest first.
    ///
    /// One who then sleeps again does so from the new time on. To go from one waking to the next, advance by
    /// [`next_wake`](Self::next_wake) less [`now`](Self::now).
    pub fn advance(&self, duration: Duration) {
        let mut timeline = self.lock();
        timeline.now = timeline.now.saturating_add(duration);
        let last = (timeline.now, u64::MAX);
        let still_asleep = timeline.sleepers.split_off(&last);
        let woken = std::mem::replace(&mut timeline.sleepers, still_asleep);
        // A waker is foreign code, which may come back to this timer.
        drop(timeline);
        woken.into_values().for_each(Waker::wake);
    }

    /// How many wait.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// When the first of those who wait will wake; `None` when nobody waits.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.lock().sleepers.keys().next().map(|&(wakes, _)| wakes)
    }

    /// Comes back when at least so many wait.
    pub async fn until_sleepers(&self, count: usize) {
        loop {
            let came = self.shared.came.listen();
            if self.sleepers() >= count {
                return;
            }
            came.await;
        }
    }

    /// Drives a future to its end, and lets time pass whenever it waits for nothing else: so what takes hours on a clock
    /// is over at once, and takes exactly as long on this timer.
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
    /// When the future waits for something that no passing of time on this timer brings about: another thread, say.
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if woken.0.swap(false, Ordering::SeqCst) {
                continue;
            }
            match self.next_wake() {
                Some(wakes) => self.advance(wakes.saturating_sub(self.now())),
                None => fail(&"the future waits for something that passing time does not bring about"),
            }
        }
    }

    fn sleep_for(&self, duration: Duration) -> Sleep<'_> {
        Sleep { timer: self, duration, place: None }
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        // Nothing in here panics between two changes that belong together.
        self.shared.timeline.lock().unwrap_or_else(PoisonError::into_inner)
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
}

#[async_trait(?Send)]
impl LocalTimer for ManualTimer {
    fn now(&self) -> Duration {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_for(duration).await;
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

/// Whether the future that is driven has something to do again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Sleep<'a> {
    timer: &'a ManualTimer,
    duration: Duration,
    /// On the timeline, from the first poll on.
    place: Option<Place>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let waker = context.waker().clone();
        let mut timeline = this.timer.lock();
        let place = *this.place.get_or_insert_with(|| {
            timeline.came += 1;
            (timeline.now.saturating_add(this.duration), timeline.came)
        });
        if place.0 <= timeline.now {
            return Poll::Ready(());
        }
        let replaced = timeline.sleepers.insert(place, waker);
        drop(timeline);
        // Dropped without the lock: it may hold the last of a task that sleeps on this timer too.
        drop(replaced);
        this.timer.shared.came.notify(usize::MAX);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let waker = self.timer.lock().sleepers.remove(&place);
        // As in `poll`: without the lock.
        drop(waker);
    }
}
