//! The most recent events of an app, for the server's page. A record states the delivery of an event, and of its content
//! only the id of the chain.
#![cfg_attr(not(feature = "server"), expect(dead_code, reason = "only the server's page reads the events"))]

use std::collections::VecDeque;
use std::time::Duration;

use wecom_callback::Event;
use wecom_upstream::ChainId;

/// The maximum number of records.
pub(crate) const KEPT: usize = 20;

/// The most recent events of an app.
#[derive(Default)]
pub(crate) struct RecentEvents {
    events: VecDeque<RecentEvent>,
}

/// An event and its delivery.
#[derive(Clone)]
pub(crate) struct RecentEvent {
    /// The number of events of the app before this one.
    pub(crate) number: u64,
    /// The kind of event, such as `change_chain/corp_join`.
    pub(crate) kind: String,
    pub(crate) chain_id: Option<ChainId>,
    /// The time of the event, on the simulator's timer.
    pub(crate) at: Duration,
    pub(crate) delivery: EventDelivery,
    /// The number of attempts to send it.
    pub(crate) attempts: u32,
}

/// The state of an event's delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventDelivery {
    /// Not sent yet, or no URL is registered.
    Waiting,
    /// The last attempt failed, and another one follows.
    Retrying,
    Accepted,
    /// The last attempt failed.
    Failed,
    /// Not sent, because too many events were waiting.
    Dropped,
    /// Taken by the program that runs the simulator.
    Taken,
}

impl RecentEvents {
    pub(crate) fn add(&mut self, number: u64, event: &Event, at: Duration) {
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let (kind, chain_id) = match event {
            Event::ChangeChain(event) => {
                (format!("change_chain/{}", event.change.change_type()), Some(event.chain_id.clone()))
            }
            Event::BatchJobResult(_) => ("batch_job_result".to_owned(), None),
            Event::ShareChainChange(_) => ("share_chain_change".to_owned(), None),
            Event::ShareAgentChange(_) => ("share_agent_change".to_owned(), None),
            // The simulator has no other events.
            _ => (String::new(), None),
        };
        self.events.push_back(RecentEvent {
            number,
            kind,
            chain_id,
            at,
            delivery: EventDelivery::Waiting,
            attempts: 0,
        });
    }

    /// Sets the delivery of an event, if its record is kept.
    pub(crate) fn set(&mut self, number: u64, delivery: EventDelivery, attempts: u32) {
        if let Some(event) = self.events.iter_mut().find(|event| event.number == number) {
            (event.delivery, event.attempts) = (delivery, attempts);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecentEvent> {
        self.events.iter()
    }
}
