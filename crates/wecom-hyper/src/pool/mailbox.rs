//! How an idle connection's task receives its next call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::pool::job::Job;

/// Holds at most one message for the task of a connection.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    message: Option<Message>,
    reader: Option<Waker>,
}

pub(crate) enum Message {
    Job(Box<Job>),
    /// Close the connection.
    Close,
}

impl Mailbox {
    /// Puts a message, and returns the waker of the task. The caller wakes it outside its locks.
    pub(crate) fn put(&self, message: Message) -> Option<Waker> {
        let mut inner = self.lock();
        inner.message = Some(message);
        inner.reader.take()
    }

    pub(crate) fn take(&self) -> Option<Message> {
        self.lock().message.take()
    }

    pub(crate) fn poll_take(&self, context: &mut Context<'_>) -> Poll<Message> {
        let mut inner = self.lock();
        match inner.message.take() {
            Some(message) => Poll::Ready(message),
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
