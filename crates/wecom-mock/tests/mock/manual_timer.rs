//! The manual timer.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pollster::block_on;
use wecom_core::{LocalTimer, Timer};
use wecom_mock::ManualTimer;

const SECOND: Duration = Duration::from_secs(1);

/// Polls once, with a waker that does nothing.
fn poll(future: Pin<&mut (impl Future<Output = ()> + ?Sized)>) -> Poll<()> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_sleep_ends_when_its_time_has_elapsed_and_not_before() {
    let timer = ManualTimer::new();
    let mut sleep = Timer::sleep(&timer, SECOND);
    assert_eq!(poll(sleep.as_mut()), Poll::Pending);
    timer.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(poll(sleep.as_mut()), Poll::Pending);
    timer.advance(Duration::from_nanos(1));
    assert_eq!(poll(sleep.as_mut()), Poll::Ready(()));
    assert_eq!(timer.now(), SECOND);
}

#[test]
fn a_run_advances_to_each_sleep() {
    let timer = ManualTimer::new();
    timer.run(async {
        Timer::sleep(&timer, SECOND).await;
        Timer::sleep(&timer, 2 * SECOND).await;
    });
    assert_eq!(timer.now(), 3 * SECOND);
}

#[test]
fn the_unix_time_is_that_of_2026_and_advances() {
    let timer = ManualTimer::new();
    timer.advance(SECOND);
    let expected = Some(Duration::from_secs(1_767_225_601));
    assert_eq!([Timer::unix_time(&timer), LocalTimer::unix_time(&timer)], [expected; 2]);
    assert_eq!([Timer::now(&timer), LocalTimer::now(&timer)], [SECOND; 2]);
}

#[test]
fn the_debug_text_has_the_time_and_the_number_of_sleepers() {
    let timer = ManualTimer::new();
    timer.advance(SECOND);
    let mut sleep = Timer::sleep(&timer, SECOND);
    assert!(poll(sleep.as_mut()).is_pending());
    assert_eq!(format!("{timer:?}"), "ManualTimer { now: 1s, sleepers: 1, .. }");
}

#[test]
fn a_sleep_of_zero_does_not_wait() {
    block_on(LocalTimer::sleep(&ManualTimer::new(), Duration::ZERO));
}

#[test]
fn the_longest_sleep_and_advance_do_not_overflow() {
    let timer = ManualTimer::new();
    timer.advance(SECOND);
    let mut sleep = Timer::sleep(&timer, Duration::MAX);
    assert_eq!(poll(sleep.as_mut()), Poll::Pending);
    timer.advance(Duration::MAX);
    assert_eq!(poll(sleep.as_mut()), Poll::Ready(()));
}

#[test]
fn sleepers_are_counted_until_they_are_dropped() {
    let timer = ManualTimer::new();
    let mut long = Timer::sleep(&timer, 2 * SECOND);
    let mut short = LocalTimer::sleep(&timer, SECOND);
    assert_eq!((timer.sleepers(), timer.next_wake()), (0, None));
    assert!(poll(long.as_mut()).is_pending() && poll(short.as_mut()).is_pending());
    assert_eq!((timer.sleepers(), timer.next_wake()), (2, Some(SECOND)));
    drop(short);
    assert_eq!((timer.sleepers(), timer.next_wake()), (1, Some(2 * SECOND)));
    timer.advance(2 * SECOND);
    assert_eq!((timer.sleepers(), timer.next_wake()), (0, None));
}

#[test]
fn a_sleep_that_is_polled_twice_is_one_sleeper() {
    let timer = ManualTimer::new();
    let mut sleep = Timer::sleep(&timer, SECOND);
    assert!(poll(sleep.as_mut()).is_pending() && poll(sleep.as_mut()).is_pending());
    assert_eq!(timer.sleepers(), 1);
}

#[test]
fn sleepers_are_woken_in_the_order_of_their_time() {
    struct LogWake(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for LogWake {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    let (timer, woken) = (ManualTimer::new(), Arc::new(Mutex::new(Vec::new())));
    let mut sleeps: Vec<_> = [3, 1, 2].map(|seconds| Timer::sleep(&timer, seconds * SECOND)).into();
    for (number, sleep) in sleeps.iter_mut().enumerate() {
        let waker = Waker::from(Arc::new(LogWake(number, Arc::clone(&woken))));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    timer.advance(3 * SECOND);
    assert_eq!(*woken.lock().unwrap(), [1, 2, 0]);
}

#[test]
fn a_waker_may_use_the_timer() {
    struct UsesTimer(ManualTimer, AtomicUsize);
    impl Wake for UsesTimer {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.sleepers() + 1, Ordering::SeqCst);
        }
    }

    let timer = ManualTimer::new();
    let waker_state = Arc::new(UsesTimer(timer.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&waker_state));
    let mut sleep = Timer::sleep(&timer, SECOND);
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    timer.advance(SECOND);
    assert_eq!(waker_state.1.load(Ordering::SeqCst), 1);
}

#[test]
fn until_sleepers_waits_for_the_number_of_sleepers() {
    let timer = ManualTimer::new();
    let mut all_asleep = pin!(timer.until_sleepers(2));
    let mut first = Timer::sleep(&timer, SECOND);
    let mut second = Timer::sleep(&timer, SECOND);
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(poll(all_asleep.as_mut()), Poll::Pending);
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(poll(all_asleep.as_mut()), Poll::Ready(()));
}

#[test]
fn threads_that_sleep_are_woken_by_the_thread_that_advances_time() {
    let timer = ManualTimer::new();
    std::thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| block_on(Timer::sleep(&timer, SECOND)))));
        block_on(timer.until_sleepers(8));
        timer.advance(SECOND);
    });
    assert_eq!(timer.sleepers(), 0);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("in the waker");
    }
}

#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Wakers that panic, each followed by one that counts.
fn panicking_and_counting(counts: &Arc<Counts>) -> [Waker; 4] {
    [Arc::new(Panics).into(), Arc::clone(counts).into(), Arc::new(Panics).into(), Arc::clone(counts).into()]
}

#[test]
fn a_waker_that_panics_does_not_lose_those_that_wait_for_sleepers() {
    let (timer, counts) = (ManualTimer::new(), Arc::new(Counts::default()));
    let wakers = panicking_and_counting(&counts);
    let mut waits: Vec<_> = wakers.iter().map(|_| Box::pin(timer.until_sleepers(1))).collect();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    let mut sleep = Timer::sleep(&timer, SECOND);
    assert_eq!(crate::verification::panic_text(|| assert!(poll(sleep.as_mut()).is_pending())), "in the waker");
    assert_eq!(counts.0.load(Ordering::SeqCst), 2);
}

#[test]
fn a_wait_for_sleepers_that_was_dropped_is_not_woken() {
    let (timer, counts) = (ManualTimer::new(), Arc::new(Counts::default()));
    let waker = Waker::from(Arc::clone(&counts));
    let mut wait = Box::pin(timer.until_sleepers(1));
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop((wait, waker));
    assert_eq!(Arc::strong_count(&counts), 1);
}

#[test]
fn a_waker_that_panics_does_not_lose_the_others() {
    let (timer, counts) = (ManualTimer::new(), Arc::new(Counts::default()));
    let wakers = panicking_and_counting(&counts);
    let mut sleeps: Vec<_> = wakers.iter().map(|_| Timer::sleep(&timer, SECOND)).collect();
    for (sleep, waker) in sleeps.iter_mut().zip(&wakers) {
        assert!(sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert_eq!(crate::verification::panic_text(|| timer.advance(SECOND)), "in the waker");
    assert_eq!((counts.0.load(Ordering::SeqCst), timer.sleepers()), (2, 0));
}

#[test]
#[should_panic(expected = "deadlock")]
fn run_does_not_poll_a_future_that_nothing_woke() {
    let timer = ManualTimer::new();
    let mut sleep = Timer::sleep(&timer, SECOND);
    let mut polls = 0;
    timer.run(poll_fn(|_| {
        polls += 1;
        // The sleep wakes nothing: a future that relied on it would have lost its wake-up.
        if polls > 1 { Poll::Ready(()) } else { poll(sleep.as_mut()) }
    }));
}
