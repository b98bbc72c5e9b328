//! The events that wait to be sent to apps. They are kept until they are taken, up to a limit.

use std::collections::{HashMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use wecom_callback::Event;
use wecom_upstream::AgentId;

use crate::state::recent_events::{EventDelivery, RecentEvents};
#[cfg(feature = "server")]
use crate::state::recent_events::{KEPT, RecentEvent};

/// The maximum number of events that wait for one app. Beyond it the oldest are dropped.
pub(crate) const CAPACITY: usize = 1024;

/// The outboxes of all apps.
#[derive(Default)]
pub(crate) struct Outboxes {
    by_app: HashMap<AgentId, Outbox>,
}

/// The events of one app, oldest first.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<PendingEvent>,
    recent: RecentEvents,
    /// The number of events so far.
    count: u64,
    /// The number of events that were dropped and not reported.
    dropped: u64,
    /// The server's task that waits for an event.
    waker: Option<Waker>,
}

/// An event that waits to be sent.
pub(crate) struct PendingEvent {
    pub(crate) event: Event,
    /// When it happened, on the simulator's timer.
    pub(crate) at: Duration,
    /// The number of events of the app before this one.
    pub(crate) number: u64,
}

impl Outboxes {
    pub(crate) fn of(&mut self, app: AgentId) -> &mut Outbox {
        self.by_app.entry(app).or_default()
    }

    /// The most recent events of all apps, each with its app, latest first.
    #[cfg(feature = "server")]
    pub(crate) fn recent(&self) -> Vec<(AgentId, RecentEvent)> {
        let events =
            self.by_app.iter().flat_map(|(app, outbox)| outbox.recent.iter().map(|event| (*app, event.clone())));
        let mut recent: Vec<_> = events.collect();
        recent.sort_by_key(|(app, event)| std::cmp::Reverse((event.at, event.number, *app)));
        recent.truncate(KEPT);
        recent
    }
}

impl Outbox {
    pub(crate) fn push(&mut self, event: Event, at: Duration) {
        if self.waiting.len() == CAPACITY {
            if let Some(oldest) = self.waiting.pop_front() {
                self.recent.set(oldest.number, EventDelivery::Dropped, 0);
            }
            self.dropped += 1;
        }
        self.recent.add(self.count, &event, at);
        self.waiting.push_back(PendingEvent { event, at, number: self.count });
        self.count += 1;
        self.wake();
    }

    /// Takes all events.
    pub(crate) fn take(&mut self) -> VecDeque<PendingEvent> {
        let taken = std::mem::take(&mut self.waiting);
        taken.iter().for_each(|event| self.recent.set(event.number, EventDelivery::Taken, 0));
        taken
    }

    /// Records an attempt to send an event.
    #[cfg(feature = "server")]
    pub(crate) fn record(&mut self, number: u64, delivery: EventDelivery, attempts: u32) {
        self.recent.set(number, delivery, attempts);
    }

    /// Wakes the task that waits for an event, because there is one, or something else to wait for.
    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Takes the oldest event. If there is none, the waker is woken once there may be one.
    #[cfg(feature = "server")]
    pub(crate) fn next(&mut self, waker: &Waker) -> Option<PendingEvent> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.waker = Some(waker.clone());
        }
        next
    }

    /// The number of events dropped since the last call.
    #[cfg(feature = "server")]
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}
