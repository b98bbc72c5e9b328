//! The connections of a transport, and the calls that wait for one.
//!
//! Tasks of the runtime do all the work: each connection has a task that takes calls, sends them and reads the replies.
//! A caller only waits for its outcome. A caller that is never polled again holds no connection and delays no other
//! caller.
//!
//! `state` decides which call gets which connection and when to open one; `http1` and `http2` are the tasks; a `slot`
//! counts a task towards the maximum number of connections.

mod alarm;
#[cfg(test)]
mod fixture;
mod http1;
#[cfg(feature = "http2")]
mod http2;
pub(crate) mod job;
mod latch;
mod mailbox;
#[cfg(feature = "http2")]
mod shared_connection;
mod slot;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};
use wecom_core::BaseUrl;

use crate::connect::Connector;
use crate::connect::origin::Origin;
use crate::counters::Counts;
use crate::exchange::request::split;
use crate::failure;
use crate::pool::job::Job;
use crate::pool::slot::Slot;
use crate::pool::state::{Place, Plan, State};

/// The limits on the number of connections and on their idle time.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    pub(crate) max_idle_per_host: usize,
    pub(crate) idle_timeout: Duration,
}

/// The pool of a transport and its clones; dropping it closes its idle connections.
pub(crate) struct Pool(Arc<Shared>);

pub(crate) struct Shared {
    connector: Connector,
    limits: Limits,
    counts: Arc<Counts>,
    first_origin: OnceLock<Arc<Origin>>,
    state: Mutex<State>,
}

impl Pool {
    pub(crate) fn new(connector: Connector, limits: Limits, counts: Arc<Counts>) -> Self {
        let state = Mutex::new(State::new(limits.clone()));
        Self(Arc::new(Shared { connector, limits, counts, first_origin: OnceLock::new(), state }))
    }

    /// The server of the base URL; `None` if the authority is invalid.
    pub(crate) fn origin(&self, base: &BaseUrl) -> Option<Arc<Origin>> {
        // Most transports talk to one server.
        if let Some(first) = self.0.first_origin.get().filter(|first| first.is_of(base)) {
            return Some(Arc::clone(first));
        }
        let (is_https, authority) = split(base);
        let origin = self.0.lock().origin(is_https, authority)?;
        Some(Arc::clone(self.0.first_origin.get_or_init(|| Arc::clone(&origin))))
            .filter(|first| Arc::ptr_eq(first, &origin))
            .or(Some(origin))
    }

    /// Passes a call to an idle connection, or queues it for the next one that is freed or opened.
    pub(crate) fn submit(&self, runtime: &Handle, origin: &Arc<Origin>, job: Box<Job>) {
        let deadline = job.limits.deadline;
        #[cfg(feature = "http2")]
        let may_be_http2 = self.0.connector.may_be_http2(origin);
        #[cfg(not(feature = "http2"))]
        let may_be_http2 = false;
        let place = self.0.lock().submit(runtime, origin, may_be_http2, job);
        self.0.placed(place, deadline);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let wakers = self.0.lock().close();
        wakers.into_iter().for_each(std::task::Waker::wake);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call that its connection returned unsent at the head of the queue.
    fn requeue(self: &Arc<Self>, lane: u64, job: Box<Job>) {
        let deadline = job.limits.deadline;
        let place = self.lock().requeue(lane, job);
        self.placed(place, deadline);
    }

    fn placed(self: &Arc<Self>, place: Place, deadline: Instant) {
        match place {
            Place::Idle(waker) => waker.into_iter().for_each(std::task::Waker::wake),
            #[cfg(feature = "http2")]
            Place::Shared(runtime, lane, connection, job) => {
                drop(runtime.spawn(http2::exchange(Arc::clone(self), lane, connection, job)));
            }
            Place::Queued { runtime, lane, watcher } => {
                if let Some(number) = watcher {
                    let watcher = Watcher { shared: Arc::clone(self), lane, number, is_done: false };
                    drop(runtime.spawn(watcher.watch(deadline)));
                }
                self.connect_as_planned();
            }
            Place::Gone(job) => job.ticket.resolve(Err(failure::runtime_stopped(wecom_core::Delivery::NotSent))),
        }
    }

    /// Opens the connections that queued calls need, up to the maximum.
    fn connect_as_planned(self: &Arc<Self>) {
        loop {
            let plan = self.lock().plan();
            match plan {
                Some(Plan::Connect { runtime, lane, origin }) => {
                    let slot = Slot::new(Arc::clone(self), lane);
                    // On a runtime that has shut down, the task is dropped immediately, and the slot with it.
                    drop(runtime.spawn(open(slot, origin)));
                }
                Some(Plan::Evict(waker)) => waker.into_iter().for_each(std::task::Waker::wake),
                None => return,
            }
        }
    }
}

/// Opens a connection, and serves calls on it until it ends.
async fn open(slot: Slot, origin: Arc<Origin>) {
    let shared = Arc::clone(slot.shared());
    let opened = shared.connector.connect(&origin).await;
    shared.counts.connection_ended_in(opened.as_ref().map_err(crate::connect::failure::ConnectFailure::kind));
    match opened {
        #[cfg(feature = "http2")]
        Ok(connected) if connected.is_http2 => http2::serve(slot, connected, origin).await,
        Ok(connected) => http1::serve(slot, connected).await,
        Err(failure) => slot.fail(&failure::of_connect(failure)),
    }
}

/// Fails the queued calls of a lane whose deadline has passed, until the queue is empty.
struct Watcher {
    shared: Arc<Shared>,
    lane: u64,
    number: u64,
    is_done: bool,
}

impl Watcher {
    async fn watch(mut self, first: Instant) {
        let mut next = Some(first);
        while let Some(at) = next {
            sleep_until(at).await;
            let (expired, then) = self.shared.lock().expire(self.lane, self.number, Instant::now());
            for job in expired {
                let limit = job.limits.time;
                job.ticket.resolve(Err(failure::timed_out_unsent(limit)));
            }
            next = then;
        }
        self.is_done = true;
    }
}

impl Drop for Watcher {
    /// Without a watcher the queued calls would wait for ever.
    fn drop(&mut self) {
        if !self.is_done {
            // Dropping a call reports that the runtime has stopped.
            let stopped = self.shared.lock().stop(self.lane);
            drop(stopped);
        }
    }
}
