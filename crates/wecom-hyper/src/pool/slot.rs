//! A task's slot among the connections that the maximum allows.

#[cfg(feature = "http2")]
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use wecom_core::TransportError;

use crate::counters::Counts;
use crate::pool::Shared;
use crate::pool::job::Job;
use crate::pool::mailbox::Mailbox;
#[cfg(feature = "http2")]
use crate::pool::shared_connection::{Connection, Streams};
use crate::pool::state::Offer;

/// Held from the start of connecting until the socket is closed. Dropping it allows another connection.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    lane: u64,
    is_connecting: bool,
}

impl Slot {
    pub(crate) fn new(shared: Arc<Shared>, lane: u64) -> Self {
        Self { shared, lane, is_connecting: true }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    #[cfg(feature = "http2")]
    pub(crate) fn lane(&self) -> u64 {
        self.lane
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.shared.limits.idle_timeout
    }

    /// Puts a call that the connection returned unsent at the head of the queue.
    pub(crate) fn requeue(&self, job: Box<Job>) {
        self.shared.requeue(self.lane, job);
    }

    /// Fails the waiting calls for which this connection was opened.
    pub(crate) fn fail(mut self, error: &TransportError) {
        self.is_connecting = false;
        let failed = self.shared.lock().connecting_failed(self.lane);
        failed.into_iter().for_each(|job| job.ticket.resolve(Err(error.clone())));
    }

    /// Records that the connection is open and uses HTTP/1.1, and takes its first call.
    pub(crate) fn connected(&mut self, mailbox: &Arc<Mailbox>) -> Offer {
        self.is_connecting = false;
        let offer = {
            let mut state = self.shared.lock();
            state.connected(self.lane);
            state.offer(self.lane, mailbox)
        };
        // Until now, the others in the queue may have waited to share a connection.
        self.shared.connect_as_planned();
        offer
    }

    /// Takes the next call from the queue, or lists the connection as idle.
    pub(crate) fn offer(&self, mailbox: &Arc<Mailbox>) -> Offer {
        self.shared.lock().offer(self.lane, mailbox)
    }

    /// Removes the connection from the list of idle ones; `false` if a message arrived first.
    pub(crate) fn withdraw(&self, mailbox: &Arc<Mailbox>) -> bool {
        self.shared.lock().withdraw(self.lane, mailbox)
    }

    #[cfg(feature = "http2")]
    pub(crate) fn http2(&self) -> Option<&crate::http2::Http2> {
        self.shared.connector.http2.as_ref()
    }

    /// Shares the connection from now on, and returns the calls that waited for it.
    #[cfg(feature = "http2")]
    pub(crate) fn share(&mut self, connection: Connection) -> VecDeque<Box<Job>> {
        self.is_connecting = false;
        self.shared.lock().share(self.lane, connection)
    }

    /// Stops sharing the connection. With `only_if_idle`, fails while a call is under way on it.
    #[cfg(feature = "http2")]
    pub(crate) fn unshare(&self, streams: &Arc<Streams>, only_if_idle: bool) -> bool {
        self.shared.lock().unshare(self.lane, streams, only_if_idle)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Dropping a call reports that the runtime has stopped.
        let stopped = self.shared.lock().leave(self.lane, self.is_connecting);
        drop(stopped);
        self.shared.connect_as_planned();
    }
}
