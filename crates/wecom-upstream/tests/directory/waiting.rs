//! Waiting until there is something to do.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::support::{Service, busy, chain, corps_event};

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_new_directory_is_due() {
    let service = Service::new();
    let mut directory = service.upstream().directory(chain());
    service.run(directory.until_due());
    assert_eq!(service.timer.now(), Duration::ZERO);
}

#[test]
fn an_event_wakes_the_task_that_waits() {
    let service = Service::new();
    let mut directory = service.directory();
    let hints = directory.hints();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut until_due = pin!(directory.until_due());
    assert!(until_due.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
    hints.note(corps_event(["ww20"]));
    assert!(wakes.0.load(Ordering::SeqCst) > 0);
    assert_eq!(until_due.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(()));
}

#[test]
fn a_walk_that_is_due_ends_the_wait() {
    let service = Service::new();
    let mut directory = service.directory();
    service.run(directory.until_due());
    let day = Duration::from_secs(86_400);
    assert!((day * 9 / 10..=day).contains(&service.timer.now()), "{:?}", service.timer.now());
    service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls().len(), 1 + 4);
}

#[test]
fn after_failures_the_wait_doubles_up_to_a_minute() {
    let service = Service::new();
    let mut directory = service.directory();
    directory.hints().note(corps_event(["ww20"]));
    for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
        service.model().replies.push_back(busy());
        service.run(directory.refresh()).unwrap_err();
        let failed_at = service.timer.now();
        directory.hints().note(corps_event(["ww20"]));
        service.run(directory.until_due());
        assert_eq!(service.timer.now() - failed_at, Duration::from_secs(expected));
    }
    service.run(directory.refresh()).unwrap();
    directory.hints().note(corps_event(["ww20"]));
    let noted_at = service.timer.now();
    service.run(directory.until_due());
    assert_eq!(service.timer.now(), noted_at);
}

#[test]
fn a_wait_that_is_dropped_and_repeated_ends_at_the_same_time() {
    let service = Service::new();
    let mut directory = service.directory();
    for _ in 0..10 {
        assert!(pin!(directory.until_due()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        service.timer.advance(Duration::from_secs(3600));
    }
    service.run(directory.until_due());
    assert!(service.timer.now() <= Duration::from_secs(86_400));
}
