//! How an idle connection's task receives its next call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::pool::job::Job;

/// Holds at most one letter for the task of a connection.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    letter: Option<Letter>,
    reader: Option<Waker>,
}

pub(crate) enum Letter {
    Job(Box<Job>),
    /// Close the connection.
    Close,
}

impl Mailbox {
    /// Leaves a letter, and returns the waker of the task. The caller wakes it outside its locks.
    pub(crate) fn put(&self, letter: Letter) -> Option<Waker> {
        let mut inner = self.lock();
        inner.letter = Some(letter);
        inner.reader.take()
    }

    pub(crate) fn take(&self) -> Option<Letter> {
        self.lock().letter.take()
    }

    pub(crate) fn poll_take(&self, context: &mut Context<'_>) -> Poll<Letter> {
        let mut inner = self.lock();
        match inner.letter.take() {
            Some(letter) => Poll::Ready(letter),
            None => {
                match &mut inner.reader {
                    Some(reader) => reader.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
