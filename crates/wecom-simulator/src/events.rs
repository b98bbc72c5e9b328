//! The events of the simulated service in memory: as values, and as requests for a handler.

use std::fmt;
use std::time::{Duration, SystemTime};

use wecom_callback::{CallbackKeys, CallbackRequest, Event, RandomBytes, Sender};
use wecom_upstream::AgentId;

use crate::hash::{OFFSET_BASIS, fnv1a};
use crate::simulator::Simulator;
use crate::state::outboxes::PendingEvent;

/// The events (回调事件) that wait to be sent to an app, returned by [`Simulator::events`].
///
/// Taking an event removes it. The last 1,024 events of each app are kept. A server with a URL for the app, registered with
/// `SimulatorServer::callback`, takes events too.
///
/// | event | sent to | when |
/// |---|---|---|
/// | `change_chain` | each callable app that can see the chain | a method of [`Admin`](crate::Admin) has changed the chain, its groups or its corps |
/// | `batch_job_result` | the app that started the import | the import has ended, with or without failed corps |
/// | `share_chain_change`, `share_agent_change` | the shared app | a method of [`Admin`](crate::Admin) has shared or withdrawn the app |
///
/// As with WeCom, a change that a call makes sends no `change_chain`: neither `remove_corp` does, nor an import that adds
/// corps and groups. An invited corp (未加入) causes no event before it joins, because the event names corps by `corpid`.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use wecom_callback::{CallbackKeys, Channel, Event, Receiver};
/// use wecom_simulator::Simulator;
/// use wecom_upstream::{ChainId, GroupId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let simulator = Simulator::demo();
/// simulator.admin().rename_group(
///     &ChainId::new("ChDealers"),
///     GroupId::new(3),
///     "首都",
/// )?;
///
/// // A handler of your own takes the query and the body, as from a server.
/// let keys =
///     CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// let receiver = Receiver::new(Channel::app(keys.clone(), "wwyunzao"));
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// for request in simulator.events().take_requests(&keys, now) {
///     let callback = receiver.open(request.query(), request.body(), now)?;
///     assert!(matches!(callback.event(), Event::ChangeChain(_)));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Events<'a> {
    simulator: &'a Simulator,
    app: AgentId,
}

impl Simulator {
    /// The events that wait to be sent to the world's first app.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events { simulator: self, app: self.first_app() }
    }
}

impl Events<'_> {
    /// Selects another app.
    #[must_use]
    pub fn of_app(self, app: AgentId) -> Self {
        Self { app, ..self }
    }

    /// Takes the events, oldest first.
    #[must_use = "the events are removed"]
    pub fn take(&self) -> Vec<Event> {
        self.take_pending().into_iter().map(|pending| pending.event).collect()
    }

    /// Takes the events as requests, oldest first: signed and encrypted with the keys of the app's URL, for the upstream corp.
    ///
    /// `now` is the time of the requests, and corresponds to the simulator's current time. An event that happened earlier on
    /// the simulator's timer has an earlier `CreateTime`. The random bytes are the same in every run.
    #[must_use = "the events are removed"]
    pub fn take_requests(&self, keys: &CallbackKeys, now: SystemTime) -> Vec<CallbackRequest> {
        let simulated_now = self.simulator.now();
        let sender = Sender::app(keys.clone(), self.simulator.corp_id());
        let request = |pending: PendingEvent| {
            let xml = sender.xml(&pending.event, pending.created(now, simulated_now));
            // Sealing fails only for messages of 4 GiB, which no event reaches.
            sender.xml_request(&xml, now, random_bytes(pending.number)).ok()
        };
        self.take_pending().into_iter().filter_map(request).collect()
    }

    fn take_pending(&self) -> impl IntoIterator<Item = PendingEvent> {
        let now = self.simulator.now();
        let mut service = self.simulator.lock();
        service.state.run_due_jobs(now);
        service.state.outboxes.of(self.app).take()
    }
}

impl PendingEvent {
    /// Returns the time of the event, if `now` corresponds to `simulated_now`.
    pub(crate) fn created(&self, now: SystemTime, simulated_now: Duration) -> SystemTime {
        now.checked_sub(simulated_now.saturating_sub(self.at)).unwrap_or(now)
    }
}

/// Bytes for a request in memory, derived from the number of the event.
fn random_bytes(number: u64) -> RandomBytes {
    let mut bytes = [0; 24];
    for (part, index) in bytes.chunks_mut(8).zip(0_u64..) {
        part.copy_from_slice(&fnv1a(fnv1a(OFFSET_BASIS, &number.to_le_bytes()), &index.to_le_bytes()).to_le_bytes());
    }
    RandomBytes::new(bytes)
}

impl fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("app", &self.app).finish_non_exhaustive()
    }
}
