//! Waits for futures without a runtime.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// Returns the output of a future, or `None` if the duration elapses first.
pub(crate) async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut alarm = Alarm::new(duration);
    cancel_when(poll_fn(move |context| alarm.poll(context)), future).await
}

/// Returns once the duration has elapsed.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn sleep(duration: Duration) {
    let mut alarm = Alarm::new(duration);
    poll_fn(move |context| alarm.poll(context)).await;
}

/// Returns the output of a future, or drops the future and returns `None` if the signal completes first.
pub(crate) async fn cancel_when<T>(signal: impl Future, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut signal) = (pin!(future), pin!(signal));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => signal.as_mut().poll(context).map(|_| None),
    })
    .await
}

/// Runs futures concurrently, and returns their outputs in order.
pub(crate) async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| Slot::Pending(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut done = true;
        for slot in &mut pending {
            done &= slot.poll(context);
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(Slot::into_value).collect()
}

enum Slot<F: Future> {
    Pending(Pin<Box<F>>),
    Done(F::Output),
}

impl<F: Future> Slot<F> {
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if let Self::Pending(future) = self {
            let Poll::Ready(value) = future.as_mut().poll(context) else { return false };
            *self = Self::Done(value);
        }
        true
    }

    fn into_value(self) -> Option<F::Output> {
        match self {
            Self::Pending(_) => None,
            Self::Done(value) => Some(value),
        }
    }
}

/// Wakes its task once, from its own thread. The thread ends when the alarm is dropped.
///
/// On a platform without threads, such as WebAssembly, it never wakes.
struct Alarm {
    state: Arc<Mutex<AlarmState>>,
    _alive: Sender<()>,
}

#[derive(Default)]
struct AlarmState {
    has_elapsed: bool,
    waker: Option<Waker>,
}

impl Alarm {
    fn new(duration: Duration) -> Self {
        let (alive, ended) = channel();
        let state = Arc::new(Mutex::new(AlarmState::default()));
        let shared = Arc::clone(&state);
        let _ = thread::Builder::new().spawn(move || {
            if ended.recv_timeout(duration) == Err(RecvTimeoutError::Timeout) {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                state.has_elapsed = true;
                let waker = state.waker.take();
                drop(state);
                waker.into_iter().for_each(Waker::wake);
            }
        });
        Self { state, _alive: alive }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.has_elapsed {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
