//! A call in the pool.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use wecom_core::{Delivery, Response, TransportError};

use crate::exchange::body::Whole;
use crate::failure;

pub(crate) type Outcome = Result<Response, TransportError>;

/// A request, its limits, and the ticket of the caller that waits for its outcome.
pub(crate) struct Job {
    pub(crate) request: http::Request<Whole>,
    pub(crate) limits: JobLimits,
    pub(crate) ticket: Ticket,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct JobLimits {
    pub(crate) began: Instant,
    pub(crate) deadline: Instant,
    /// From the beginning to the deadline.
    pub(crate) time: Duration,
    /// The maximum size of the body of the reply, in bytes.
    pub(crate) reply: usize,
}

impl JobLimits {
    pub(crate) fn new(time: Duration, reply: usize) -> Self {
        let began = Instant::now();
        Self { began, deadline: after(began, time), time, reply }
    }
}

/// Thirty years: in effect never, without overflowing a clock.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment after a duration of any length.
pub(crate) fn after(moment: Instant, time: Duration) -> Instant {
    moment + time.min(NEVER)
}

/// Sends the outcome of a call to its caller. A ticket that is dropped reports that the runtime has stopped.
#[derive(Debug)]
pub(crate) struct Ticket {
    sender: Option<oneshot::Sender<Outcome>>,
    delivery: Delivery,
}

impl Ticket {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, outcome) = oneshot::channel();
        (Self { sender: Some(sender), delivery: Delivery::NotSent }, outcome)
    }

    pub(crate) fn resolve(mut self, outcome: Outcome) {
        self.send(outcome);
    }

    /// Whether the caller has dropped the call.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.sender.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Is ready once the caller has dropped the call.
    pub(crate) fn poll_cancelled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.sender.as_mut().map_or(Poll::Ready(()), |sender| sender.poll_closed(context))
    }

    /// Records whether a connection has taken the request.
    pub(crate) fn set_delivery(&mut self, delivery: Delivery) {
        self.delivery = delivery;
    }

    fn send(&mut self, outcome: Outcome) {
        if let Some(sender) = self.sender.take() {
            // The caller may have dropped the call.
            let _ = sender.send(outcome);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.send(Err(failure::runtime_stopped(self.delivery)));
        }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::TransportErrorKind;

    use super::*;

    #[test]
    fn a_dropped_ticket_reports_that_the_runtime_stopped() {
        for delivery in [Delivery::NotSent, Delivery::Unknown] {
            let (mut ticket, mut outcome) = Ticket::new();
            ticket.set_delivery(delivery);
            drop(ticket);
            let error = outcome.try_recv().unwrap().unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::NoRuntime, delivery));
        }
    }

    #[test]
    fn an_endless_duration_does_not_overflow_the_clock() {
        let now = Instant::now();
        assert!(after(now, Duration::MAX) > after(now, Duration::from_secs(1)));
    }
}
