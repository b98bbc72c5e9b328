//! Makes a plan from a seed, with the tasks and the trouble that a test is about.

use std::time::Duration;

use fastrand::Rng;
use wecom_core::Endpoint;
use wecom_core::token::GET_TOKEN;
use wecom_tests::adversary::executor::{Hardship, TaskId};
use wecom_tests::adversary::fate::{Ending, Fate, StoreFate};

use crate::actors::{Actor, Calls, KeptCall};
use crate::endpoints::{ADD, NARROW, RARE, READ, SET, SINGLE};
use crate::plan::{Operation, Plan};
use crate::settings::Settings;

/// What a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// Calls that share a token.
    Tokens,
    /// Calls that wait for their turn.
    Quotas,
}

impl Focus {
    pub(crate) fn plan(self, seed: u64) -> Plan {
        let mut random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(self as u64));
        let settings = self.settings(&mut random);
        let mut maker = Maker { focus: self, random, operations: Vec::new() };
        maker.tasks();
        maker.trouble(&settings);
        Plan { seed, settings, operations: maker.operations }
    }

    fn settings(self, random: &mut Rng) -> Settings {
        let quotas = self == Self::Quotas || random.u8(..4) == 0;
        let tokens = self != Self::Quotas || random.u8(..4) == 0;
        Settings::random(random, quotas, tokens)
    }

    fn endpoints(self) -> &'static [&'static Endpoint] {
        match self {
            Self::Tokens => &[&READ, &SET, &ADD],
            Self::Quotas => &[&RARE, &NARROW, &SINGLE, &READ],
        }
    }
}

struct Maker {
    focus: Focus,
    random: Rng,
    operations: Vec<Operation>,
}

impl Maker {
    fn tasks(&mut self) {
        // Few endpoints, so that the tasks meet.
        let (first, second) = (self.endpoint(), self.endpoint());
        for task in 0..self.random.u32(1..=7) {
            let at = if self.random.bool() { 0 } else { self.random.u64(..20_000) };
            let actor = self.actor([first, second]);
            self.operations.push(Operation::Start { task, at: Duration::from_millis(at), actor });
            if self.random.bool() {
                self.hardships(task);
            }
            if self.random.u8(..4) == 0 {
                let poll = self.random.u32(1..12);
                self.operations.push(Operation::Hardship { task, poll, hardship: Hardship::WakeForNothing });
            }
        }
    }

    fn actor(&mut self, endpoints: [&'static Endpoint; 2]) -> Actor {
        let endpoint = endpoints[self.random.usize(..2)];
        if self.random.u8(..4) == 0 {
            let (polls, count) = (self.random.u32(1..5), self.random.u32(1..4));
            return Actor::KeptCall(KeptCall { kept: endpoint, polls, others: endpoints[0], count });
        }
        // Now and then, one that calls without a pause for long.
        let count = if self.random.u8(..8) == 0 { 40 } else { self.random.u32(1..6) };
        let pause = if self.random.bool() { 0 } else { self.random.u64(..3000) };
        Actor::Calls(Calls { endpoint, count, pause: Duration::from_millis(pause) })
    }

    fn hardships(&mut self, task: TaskId) {
        for _ in 0..self.random.u32(1..=3) {
            let hardship = match self.random.u8(..8) {
                0..=2 => Hardship::Park(Duration::from_millis(self.random.u64(..300))),
                3 | 4 => Hardship::Park(Duration::from_millis(self.random.u64(..90_000))),
                5 => Hardship::ParkForEver,
                _ => Hardship::Drop,
            };
            let poll = self.random.u32(1..10);
            self.operations.push(Operation::Hardship { task, poll, hardship });
        }
    }

    fn trouble(&mut self, settings: &Settings) {
        if self.random.bool() {
            return;
        }
        for _ in 0..self.random.u32(1..=8) {
            let nth = self.random.u32(1..=8);
            if settings.tokens.is_some() && self.random.bool() {
                let fate = Fate::of_fetch(&mut self.random);
                self.operations.push(Operation::Request { endpoint: &GET_TOKEN, nth, fate });
            } else {
                let (endpoint, fate) = (self.endpoint(), Fate::of_call(&mut self.random));
                self.operations.push(Operation::Request { endpoint, nth, fate });
            }
        }
        self.blocks(settings);
        if settings.tokens.is_some_and(|tokens| tokens.store.is_some()) {
            for _ in 0..self.random.u32(..4) {
                let (nth, fate) = (self.random.u32(1..=8), StoreFate::of_store(&mut self.random));
                self.operations.push(Operation::Store { nth, fate });
            }
        }
        if settings.tokens.is_some() && self.random.bool() {
            for _ in 0..self.random.u32(1..=3) {
                let at = Duration::from_millis(self.random.u64(..40_000));
                self.operations.push(Operation::Revoke { at });
            }
        }
    }

    /// Refusals that close an endpoint: one each, because the next one would close it for an hour.
    fn blocks(&mut self, settings: &Settings) {
        let nth = self.random.u32(1..=8);
        let mut fate =
            Fate { ending: Ending::Code(45009), ..Fate::honest(Duration::from_millis(self.random.u64(..100))) };
        fate.acts = false;
        if self.random.u8(..4) == 0 {
            let endpoint = self.endpoint();
            self.operations.push(Operation::Request { endpoint, nth, fate: fate.clone() });
        }
        if settings.tokens.is_some() && self.random.u8(..8) == 0 {
            let code = if self.random.u8(..4) == 0 { 40001 } else { 45009 };
            let fate = Fate { ending: Ending::Code(code), ..fate };
            self.operations.push(Operation::Request { endpoint: &GET_TOKEN, nth, fate });
        }
    }

    fn endpoint(&mut self) -> &'static Endpoint {
        let endpoints = self.focus.endpoints();
        endpoints[self.random.usize(..endpoints.len())]
    }
}
