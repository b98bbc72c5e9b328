//! Waiting without a runtime: for several futures at once, and for no longer than a bound.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// What the future gives, or `None` when the bound passes first.
pub(crate) async fn timeout<T>(bound: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut alarm) = (pin!(future), Alarm::new(bound));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => alarm.poll(context).map(|()| None),
    })
    .await
}

/// What the future gives, if that is before `signal` is over; the future is then dropped, unfinished.
pub(crate) async fn cancel_when<T>(signal: impl Future, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut signal) = (pin!(future), pin!(signal));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => signal.as_mut().poll(context).map(|_| None),
    })
    .await
}

/// What all of them give, in their order; all are begun before any is done.
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

/// Wakes once, by a thread of its own that ends with it.
struct Alarm {
    state: Arc<Mutex<State>>,
    _alive: Sender<()>,
}

#[derive(Default)]
struct State {
    rang: bool,
    waker: Option<Waker>,
}

impl Alarm {
    fn new(bound: Duration) -> Self {
        let (alive, ended) = channel();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            if ended.recv_timeout(bound) == Err(RecvTimeoutError::Timeout) {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                state.rang = true;
                let waker = state.waker.take();
                drop(state);
                waker.into_iter().for_each(Waker::wake);
            }
        });
        Self { state, _alive: alive }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.rang {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
