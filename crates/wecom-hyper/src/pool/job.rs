//! A call on its way through the pool.

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
    /// The most bytes that the body of the reply may have.
    pub(crate) reply: usize,
}

impl JobLimits {
    pub(crate) fn new(time: Duration, reply: usize) -> Self {
        let began = Instant::now();
        Self { began, deadline: after(began, time), time, reply }
    }
}

/// Thirty years: as good as never, and no clock overflows.
const NEVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The moment after this much time, however much that is.
pub(crate) fn after(moment: Instant, time: Duration) -> Instant {
    moment + time.min(NEVER)
}

/// Where the outcome of a call goes. A ticket that is dropped reports that the runtime has stopped.
#[derive(Debug)]
pub(crate) struct Ticket {
    slot: Option<oneshot::Sender<Outcome>>,
    delivery: Delivery,
}

impl Ticket {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Outcome>) {
        let (slot, outcome) = oneshot::channel();
        (Self { slot: Some(slot), delivery: Delivery::NotSent }, outcome)
    }

    pub(crate) fn resolve(mut self, outcome: Outcome) {
        self.send(outcome);
    }

    /// Whether the caller has gone.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.slot.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Is ready when the caller has gone.
    pub(crate) fn poll_cancelled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.slot.as_mut().map_or(Poll::Ready(()), |slot| slot.poll_closed(context))
    }

    /// Notes whether a connection has the request.
    pub(crate) fn set_delivery(&mut self, delivery: Delivery) {
        self.delivery = delivery;
    }

    fn send(&mut self, outcome: Outcome) {
        if let Some(slot) = self.slot.take() {
            // The caller may have gone.
            let _ = slot.send(outcome);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.slot.is_some() {
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
