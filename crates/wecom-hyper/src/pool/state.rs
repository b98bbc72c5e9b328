//! Which call gets which connection, and when a connection is opened. Nothing here waits, spawns or wakes.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::Waker;

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use crate::connect::origin::Origin;
use crate::pool::Limits;
use crate::pool::job::Job;
use crate::pool::mailbox::{Mailbox, Message};
#[cfg(feature = "http2")]
use crate::pool::shared_connection::{Connection, Streams};

/// From this length on, cancelled calls are removed from a queue before it grows.
const CLEANUP_LENGTH: usize = 64;

pub(crate) struct State {
    limits: Limits,
    origins: Vec<Arc<Origin>>,
    lanes: Vec<Lane>,
    next_lane: u64,
    /// All connections that are open or being opened.
    connections: usize,
    /// The number of connections that were asked to close to make room.
    evicted: usize,
    is_closed: bool,
}

/// The connections to one server on one runtime, and the calls that wait for them.
struct Lane {
    id: u64,
    runtime: Handle,
    runtime_id: Id,
    origin: Arc<Origin>,
    queue: VecDeque<Box<Job>>,
    /// The length at which cancelled calls are removed from the queue.
    cleanup_length: usize,
    /// The latest watcher of the queue's deadlines, and when it wakes.
    watcher: u64,
    watched: Option<Instant>,
    /// Idle connections, the most recently used one last.
    idle: Vec<Arc<Mailbox>>,
    connecting: usize,
    connections: usize,
    #[cfg(feature = "http2")]
    http2: Http2State,
}

#[cfg(feature = "http2")]
enum Http2State {
    /// Each connection carries one call at a time.
    Http1,
    /// The next connection may use HTTP/2: one is opened, and all calls wait for it.
    Possible,
    Shared(Connection),
}

/// Where a submitted call was placed.
pub(crate) enum Place {
    /// On an idle connection, whose task has to be woken.
    Idle(Option<Waker>),
    /// On a connection that calls share. Its task has to be spawned.
    #[cfg(feature = "http2")]
    Shared(Handle, u64, Connection, Box<Job>),
    /// In the queue. A watcher with this number has to watch its deadline.
    Queued { runtime: Handle, lane: u64, watcher: Option<u64> },
    /// Nowhere, because the lane was removed.
    Gone(Box<Job>),
}

/// The next step for waiting calls.
pub(crate) enum Plan {
    Connect {
        runtime: Handle,
        lane: u64,
        origin: Arc<Origin>,
    },
    /// Wake an idle connection that was asked to close.
    Evict(Option<Waker>),
}

/// What a free connection does next.
pub(crate) enum Offer {
    Job(Box<Job>),
    Idle,
    Close,
}

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        let (origins, lanes) = (Vec::new(), Vec::new());
        Self { limits, origins, lanes, next_lane: 0, connections: 0, evicted: 0, is_closed: false }
    }

    pub(crate) fn origin(&mut self, is_https: bool, authority: &str) -> Option<Arc<Origin>> {
        if let Some(known) = self.origins.iter().find(|origin| origin.is(is_https, authority)) {
            return Some(Arc::clone(known));
        }
        let origin = Arc::new(Origin::new(is_https, authority)?);
        self.origins.push(Arc::clone(&origin));
        Some(origin)
    }

    pub(crate) fn submit(
        &mut self,
        runtime: &Handle,
        origin: &Arc<Origin>,
        may_be_http2: bool,
        job: Box<Job>,
    ) -> Place {
        self.lane_for(runtime, origin, may_be_http2).place(job, VecDeque::push_back)
    }

    pub(crate) fn requeue(&mut self, lane: u64, job: Box<Job>) -> Place {
        match self.lane(lane) {
            Some(lane) => lane.place(job, VecDeque::push_front),
            None => Place::Gone(job),
        }
    }

    /// The next step for waiting calls, the longest-waiting first.
    pub(crate) fn plan(&mut self) -> Option<Plan> {
        let wanting = self.lanes.iter_mut().filter(|lane| lane.wants_connection());
        let lane = wanting.min_by_key(|lane| lane.queue.front().map(|job| job.limits.began))?;
        if self.connections < self.limits.max_connections {
            lane.connecting += 1;
            lane.connections += 1;
            self.connections += 1;
            return Some(Plan::Connect {
                runtime: lane.runtime.clone(),
                lane: lane.id,
                origin: Arc::clone(&lane.origin),
            });
        }
        let waiting: usize = self.lanes.iter().map(|lane| lane.queue.len().saturating_sub(lane.connecting)).sum();
        if self.evicted >= waiting {
            return None;
        }
        let lane = self.lanes.iter_mut().find(|lane| !lane.idle.is_empty())?;
        self.evicted += 1;
        Some(Plan::Evict(lane.idle.remove(0).put(Message::Close)))
    }

    pub(crate) fn connected(&mut self, lane: u64) {
        if let Some(lane) = self.lane(lane) {
            lane.connecting -= 1;
            #[cfg(feature = "http2")]
            if !matches!(lane.http2, Http2State::Shared(_)) {
                lane.http2 = Http2State::Http1;
            }
        }
    }

    /// The calls that fail with an attempt to connect: the first one, or all if all wait for one connection.
    pub(crate) fn connecting_failed(&mut self, lane: u64) -> VecDeque<Box<Job>> {
        let Some(lane) = self.lane(lane) else { return VecDeque::new() };
        lane.connecting -= 1;
        #[cfg(feature = "http2")]
        if matches!(lane.http2, Http2State::Possible) {
            return mem::take(&mut lane.queue);
        }
        lane.next_job().into_iter().collect()
    }

    pub(crate) fn offer(&mut self, lane: u64, mailbox: &Arc<Mailbox>) -> Offer {
        let (is_closed, max_idle) = (self.is_closed, self.limits.max_idle_per_host);
        let Some(lane) = self.lane(lane) else { return Offer::Close };
        if let Some(job) = lane.next_job() {
            return Offer::Job(job);
        }
        if is_closed || lane.idle.len() >= max_idle {
            return Offer::Close;
        }
        lane.idle.push(Arc::clone(mailbox));
        Offer::Idle
    }

    pub(crate) fn withdraw(&mut self, lane: u64, mailbox: &Arc<Mailbox>) -> bool {
        let Some(lane) = self.lane(lane) else { return false };
        let place = lane.idle.iter().rposition(|other| Arc::ptr_eq(other, mailbox));
        place.map(|place| lane.idle.remove(place)).is_some()
    }

    #[cfg(feature = "http2")]
    pub(crate) fn share(&mut self, lane: u64, connection: Connection) -> VecDeque<Box<Job>> {
        let Some(lane) = self.lane(lane) else { return VecDeque::new() };
        lane.connecting -= 1;
        let mut jobs = VecDeque::new();
        while let Some(job) = lane.next_job() {
            connection.begin();
            jobs.push_back(job);
        }
        lane.http2 = Http2State::Shared(connection);
        jobs
    }

    /// Stops new calls from using a shared connection. With `only_if_idle`, fails while a call is under way on it.
    #[cfg(feature = "http2")]
    pub(crate) fn unshare(&mut self, lane: u64, streams: &Arc<Streams>, only_if_idle: bool) -> bool {
        if only_if_idle && !streams.is_idle() {
            return false;
        }
        if let Some(lane) = self.lane(lane) {
            if matches!(&lane.http2, Http2State::Shared(shared) if Arc::ptr_eq(shared.streams(), streams)) {
                lane.http2 = Http2State::Possible;
            }
        }
        true
    }

    /// Removes a connection. If its task never connected, the runtime has stopped, and the calls that wait on it are
    /// returned.
    pub(crate) fn leave(&mut self, lane: u64, was_connecting: bool) -> VecDeque<Box<Job>> {
        self.connections -= 1;
        self.evicted = self.evicted.saturating_sub(1);
        let mut stopped = VecDeque::new();
        if let Some(lane) = self.lane(lane) {
            lane.connections -= 1;
            if was_connecting {
                lane.connecting -= 1;
                stopped = mem::take(&mut lane.queue);
            }
        }
        self.lanes.retain(|lane| lane.connections > 0 || !lane.queue.is_empty());
        stopped
    }

    /// Removes the calls whose deadline has passed, and returns when this watcher has to wake next; `None` if the queue is
    /// empty or another watcher watches it.
    pub(crate) fn expire(&mut self, lane: u64, watcher: u64, now: Instant) -> (VecDeque<Box<Job>>, Option<Instant>) {
        let Some(lane) = self.lane(lane) else { return (VecDeque::new(), None) };
        let (expired, waiting) = mem::take(&mut lane.queue).into_iter().partition(|job| job.limits.deadline <= now);
        lane.queue = waiting;
        if lane.watcher != watcher {
            return (expired, None);
        }
        lane.watched = lane.queue.iter().map(|job| job.limits.deadline).min();
        (expired, lane.watched)
    }

    /// Empties the queue of a lane whose runtime has stopped.
    pub(crate) fn stop(&mut self, lane: u64) -> VecDeque<Box<Job>> {
        self.lane(lane).map(|lane| mem::take(&mut lane.queue)).unwrap_or_default()
    }

    /// Asks all idle connections to close, and busy ones once they become free.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        self.is_closed = true;
        let idle = self.lanes.iter_mut().flat_map(|lane| mem::take(&mut lane.idle));
        let wakers = idle.filter_map(|mailbox| mailbox.put(Message::Close)).collect();
        #[cfg(feature = "http2")]
        for lane in &mut self.lanes {
            // Without the pool's sender, the connection ends with its last call.
            if matches!(lane.http2, Http2State::Shared(_)) {
                lane.http2 = Http2State::Possible;
            }
        }
        wakers
    }

    fn lane(&mut self, id: u64) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.id == id)
    }

    fn lane_for(&mut self, runtime: &Handle, origin: &Arc<Origin>, may_be_http2: bool) -> &mut Lane {
        let runtime_id = runtime.id();
        let is_it = |lane: &Lane| Arc::ptr_eq(&lane.origin, origin) && lane.runtime_id == runtime_id;
        let index = self.lanes.iter().position(is_it).unwrap_or(self.lanes.len());
        if index == self.lanes.len() {
            self.next_lane += 1;
            self.lanes.push(Lane::new(self.next_lane, runtime, Arc::clone(origin), may_be_http2));
        }
        #[allow(clippy::indexing_slicing, reason = "the lane was found or added")]
        &mut self.lanes[index]
    }
}

impl Lane {
    fn new(id: u64, runtime: &Handle, origin: Arc<Origin>, may_be_http2: bool) -> Self {
        #[cfg(not(feature = "http2"))]
        let _ = may_be_http2;
        Self {
            id,
            runtime: runtime.clone(),
            runtime_id: runtime.id(),
            origin,
            queue: VecDeque::new(),
            cleanup_length: CLEANUP_LENGTH,
            watcher: 0,
            watched: None,
            idle: Vec::new(),
            connecting: 0,
            connections: 0,
            #[cfg(feature = "http2")]
            http2: if may_be_http2 { Http2State::Possible } else { Http2State::Http1 },
        }
    }

    /// Passes the call to a connection, or puts it into the queue with `push`.
    fn place(&mut self, job: Box<Job>, push: fn(&mut VecDeque<Box<Job>>, Box<Job>)) -> Place {
        #[cfg(feature = "http2")]
        if let Http2State::Shared(connection) = &self.http2 {
            if !connection.is_closed() {
                connection.begin();
                return Place::Shared(self.runtime.clone(), self.id, connection.clone(), job);
            }
            self.http2 = Http2State::Possible;
        }
        if let Some(mailbox) = self.idle.pop() {
            return Place::Idle(mailbox.put(Message::Job(job)));
        }
        if self.queue.len() >= self.cleanup_length {
            self.queue.retain(|job| !job.ticket.is_cancelled());
            self.cleanup_length = CLEANUP_LENGTH.max(2 * self.queue.len());
        }
        let deadline = job.limits.deadline;
        push(&mut self.queue, job);
        let is_first = self.watched.is_none_or(|watched| deadline < watched);
        if is_first {
            self.watcher += 1;
            self.watched = Some(deadline);
        }
        Place::Queued { runtime: self.runtime.clone(), lane: self.id, watcher: is_first.then_some(self.watcher) }
    }

    /// The first call in the queue that is not cancelled.
    fn next_job(&mut self) -> Option<Box<Job>> {
        while let Some(job) = self.queue.pop_front() {
            if !job.ticket.is_cancelled() {
                return Some(job);
            }
        }
        None
    }

    fn wants_connection(&self) -> bool {
        #[cfg(feature = "http2")]
        match self.http2 {
            Http2State::Http1 => {}
            Http2State::Possible => return !self.queue.is_empty() && self.connecting == 0,
            Http2State::Shared(_) => return false,
        }
        self.queue.len() > self.connecting
    }
}

#[cfg(test)]
mod tests;
