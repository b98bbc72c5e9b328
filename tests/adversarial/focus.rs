//! Generates a plan from a seed, with the tasks and faults that a test is about.

use std::time::Duration;

use fastrand::Rng;
use wecom_core::Endpoint;
use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN};
use wecom_tests::adversary::behavior::{ReplyKind, RequestBehavior, StoreBehavior};
use wecom_tests::adversary::executor::{SchedulingFault, TaskId};
use wecom_upstream::calls::{
    EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, GET_RESULT, IMPORT_CHAIN_CONTACT,
    LIST_APP_SHARE_INFO, UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID,
};

use crate::actors::{
    Actor, Between, Calls, Customers, DealerCalls, Import, KeptCall, Kill, PendingIds, Step, USERS, Walk,
};
use crate::endpoints::{ADD, BOTH, NARROW, OWN, RARE, READ, SET, SINGLE};
use crate::plan::{Operation, Plan};
use crate::settings::Settings;

/// The subject of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// Calls that share a token.
    Tokens,
    /// Calls that wait for a quota.
    Quotas,
    /// Calls with the tokens of downstream corps.
    Dealers,
    /// Walks through the directory of a chain.
    Walks,
    /// Imports.
    Imports,
    /// Pending ids and customers.
    Customers,
    /// All kinds of tasks.
    All,
}

impl Focus {
    pub(crate) fn plan(self, seed: u64) -> Plan {
        let mut random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(self as u64));
        let settings = self.settings(&mut random);
        let mut builder = PlanBuilder { focus: self, random, operations: Vec::new() };
        builder.tasks();
        if builder.random.bool() {
            builder.faults(&settings);
        }
        Plan { seed, settings, operations: builder.operations }
    }

    fn settings(self, random: &mut Rng) -> Settings {
        let quotas = self == Self::Quotas || random.u8(..4) == 0;
        let tokens = match self {
            Self::Tokens | Self::Dealers | Self::All => true,
            Self::Walks => random.bool(),
            Self::Quotas | Self::Imports | Self::Customers => random.u8(..4) == 0,
        };
        Settings::random(random, quotas, tokens)
    }

    /// Returns the endpoints that are called.
    fn endpoints(self) -> &'static [&'static Endpoint] {
        match self {
            Self::Tokens => &[&READ, &SET, &ADD],
            Self::Quotas => &[&RARE, &NARROW, &NARROW, &SINGLE, &BOTH, &READ],
            Self::Dealers => &[&OWN, &READ, &LIST_APP_SHARE_INFO, &CORP_GET_TOKEN],
            Self::Walks => &[&GET_CHAIN_CORPINFO_LIST, &GET_CHAIN_CORPINFO_LIST, &GET_CHAIN_GROUP, &READ],
            Self::Imports => &[&IMPORT_CHAIN_CONTACT, &GET_RESULT, &GET_CHAIN_GROUP, &GET_CHAIN_CORPINFO_LIST],
            Self::Customers => &[&EXTERNAL_USERID_TO_PENDING_ID, &UNIONID_TO_EXTERNAL_USERID, &UNIONID_TO_PENDING_ID],
            Self::All => &[&READ, &NARROW, &SINGLE, &GET_CHAIN_CORPINFO_LIST, &IMPORT_CHAIN_CONTACT, &CORP_GET_TOKEN],
        }
    }
}

struct PlanBuilder {
    focus: Focus,
    random: Rng,
    operations: Vec<Operation>,
}

impl PlanBuilder {
    fn tasks(&mut self) {
        let endpoints = self.endpoints_of_calls();
        let most = if matches!(self.focus, Focus::Tokens | Focus::Quotas | Focus::Dealers) { 7 } else { 3 };
        for task in 0..self.random.u32(1..=most) {
            let at = if self.random.bool() { 0 } else { self.random.u64(..20_000) };
            let actor = self.actor(task, endpoints);
            self.operations.push(Operation::Start { task, at: Duration::from_millis(at), actor });
            if self.random.bool() {
                self.scheduling_faults(task);
            }
            if self.random.u8(..4) == 0 {
                let poll = self.random.u32(1..12);
                self.operations.push(Operation::SchedulingFault { task, poll, fault: SchedulingFault::SpuriousPoll });
            }
        }
    }

    /// Returns two endpoints, so that the tasks share some of them.
    fn endpoints_of_calls(&mut self) -> [&'static Endpoint; 2] {
        let endpoints: &[&'static Endpoint] = match self.focus {
            Focus::Tokens | Focus::Quotas => self.focus.endpoints(),
            Focus::All => &[&READ, &NARROW, &SINGLE],
            _ => &[&READ],
        };
        [(); 2].map(|()| endpoints[self.random.usize(..endpoints.len())])
    }

    fn actor(&mut self, task: TaskId, endpoints: [&'static Endpoint; 2]) -> Actor {
        let kind = match self.focus {
            Focus::All => {
                [Focus::Tokens, Focus::Dealers, Focus::Walks, Focus::Imports, Focus::Customers][self.random.usize(..5)]
            }
            focus => focus,
        };
        match kind {
            Focus::Dealers if self.random.u8(..4) > 0 => self.dealer_calls(),
            Focus::Walks if self.random.u8(..4) > 0 => self.walk(),
            Focus::Imports => self.import(task),
            Focus::Customers if self.random.bool() => self.pending_ids(),
            Focus::Customers => self.customers(),
            _ => self.calls(endpoints),
        }
    }

    fn calls(&mut self, endpoints: [&'static Endpoint; 2]) -> Actor {
        let endpoint = endpoints[self.random.usize(..2)];
        if self.random.u8(..4) == 0 {
            let (polls, count) = (self.random.u32(1..5), self.random.u32(1..4));
            return Actor::KeptCall(KeptCall { kept: endpoint, polls, others: endpoints[0], count });
        }
        // Some tasks make many calls without a pause, or many concurrent calls.
        let (count, at_once) = match (self.random.u8(..8), self.focus) {
            (0, _) | (4, Focus::Quotas) => (40, 1),
            (1, _) | (2 | 3, Focus::Quotas) => (self.random.u32(1..3), self.random.u32(2..16)),
            _ => (self.random.u32(1..6), 1),
        };
        Actor::Calls(Calls { endpoint, count, at_once, pause: self.pause() })
    }

    fn dealer_calls(&mut self) -> Actor {
        let (dealer, count) = (self.random.u32(1..3), self.random.u32(1..5));
        Actor::DealerCalls(DealerCalls { dealer, count, pause: self.pause() })
    }

    fn walk(&mut self) -> Actor {
        let between = |random: &mut Rng| match random.u8(..6) {
            0 => Between::Call,
            1 => Between::Pause(Duration::from_millis(random.u64(..200))),
            2 | 3 => Between::Pause(Duration::from_millis(random.u64(..90_000))),
            4 => Between::DropNext(random.u32(1..4)),
            _ => Between::Restart,
        };
        let count = self.random.u32(..6);
        let between = (0..count).map(|_| (self.random.u32(1..10), between(&mut self.random))).collect();
        Actor::Walk(Walk { concurrency: self.random.usize(1..5), page_size: self.random.u32(..4), between })
    }

    fn import(&mut self, name: u32) -> Actor {
        // Few imports have two jobs, because such runs take long.
        let (corps, contacts) = if self.random.u8(..50) == 0 { (11, 200) } else { (self.random.u32(1..6), 1) };
        let kill = |random: &mut Rng| match random.bool() {
            true => Kill::DuringNext(random.u32(1..3)),
            false => Kill::BeforeStoring,
        };
        let count = self.random.u32(..4);
        let kills = (0..count).map(|_| (self.random.u32(1..10), kill(&mut self.random))).collect();
        Actor::Import(Import { name, corps, contacts, kills })
    }

    fn pending_ids(&mut self) -> Actor {
        let count = if self.random.u8(..8) == 0 { self.random.u32(90..120) } else { self.random.u32(1..10) };
        let wrong = (self.random.u8(..4) == 0).then(|| self.random.u32(..count));
        let drops = self.random.u32(..3);
        let drops = (0..drops).map(|_| (self.random.u32(..count), self.random.u32(1..4))).collect();
        Actor::PendingIds(PendingIds { count, wrong, drops })
    }

    fn customers(&mut self) -> Actor {
        let step = |random: &mut Rng| {
            let (user, dealer) = (random.u32(..USERS), random.u32(1..3));
            match random.u8(..7) {
                0 | 1 => Step::Remember(user),
                2 => Step::Refresh(user),
                3 | 4 => Step::Add(dealer, user),
                _ => Step::Recognize(dealer),
            }
        };
        let count = self.random.u32(2..10);
        Actor::Customers(Customers { steps: (0..count).map(|_| step(&mut self.random)).collect() })
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(if self.random.bool() { 0 } else { self.random.u64(..3000) })
    }

    fn scheduling_faults(&mut self, task: TaskId) {
        for _ in 0..self.random.u32(1..=3) {
            let fault = match self.random.u8(..8) {
                0..=2 => SchedulingFault::Park(Duration::from_millis(self.random.u64(..300))),
                3 | 4 => SchedulingFault::Park(Duration::from_millis(self.random.u64(..90_000))),
                5 => SchedulingFault::ParkForever,
                _ => SchedulingFault::Drop,
            };
            let poll = self.random.u32(1..10);
            self.operations.push(Operation::SchedulingFault { task, poll, fault });
        }
    }

    fn faults(&mut self, settings: &Settings) {
        for _ in 0..self.random.u32(1..=8) {
            let nth = self.random.u32(1..=8);
            if settings.tokens.is_some() && self.random.bool() {
                let behavior = RequestBehavior::of_fetch(&mut self.random);
                self.operations.push(Operation::Request { endpoint: &GET_TOKEN, nth, behavior });
            } else {
                let (endpoint, behavior) = (self.endpoint(), RequestBehavior::of_call(&mut self.random));
                self.operations.push(Operation::Request { endpoint, nth, behavior });
            }
        }
        self.blocks(settings);
        if self.focus == Focus::Quotas && self.random.bool() {
            self.concurrency_refusal();
        }
        let has_quota_store = settings.quotas.is_some_and(|quotas| quotas.store.is_some());
        if has_quota_store || settings.tokens.is_some_and(|tokens| tokens.store.is_some()) {
            for _ in 0..self.random.u32(..4) {
                let (nth, behavior) = (self.random.u32(1..=8), StoreBehavior::of_store(&mut self.random));
                self.operations.push(Operation::Store { nth, behavior });
            }
        }
        if settings.tokens.is_some() && self.random.bool() {
            for _ in 0..self.random.u32(1..=3) {
                let at = Duration::from_millis(self.random.u64(..40_000));
                self.operations.push(Operation::Revoke { at });
            }
        }
    }

    /// Adds refusals that block an endpoint. At most one for each, because the second one would block it for an hour.
    fn blocks(&mut self, settings: &Settings) {
        let nth = self.random.u32(1..=8);
        let mut behavior = RequestBehavior {
            reply: ReplyKind::Code(45009),
            ..RequestBehavior::normal(Duration::from_millis(self.random.u64(..100)))
        };
        behavior.is_carried_out = false;
        if self.random.u8(..4) == 0 {
            let endpoint = self.endpoint();
            self.operations.push(Operation::Request { endpoint, nth, behavior: behavior.clone() });
        }
        if settings.tokens.is_some() && self.random.u8(..8) == 0 {
            let code = if self.random.u8(..4) == 0 { 40001 } else { 45009 };
            let behavior = RequestBehavior { reply: ReplyKind::Code(code), ..behavior };
            self.operations.push(Operation::Request { endpoint: &GET_TOKEN, nth, behavior });
        }
    }

    /// Adds a refusal that lowers the limit on concurrent calls.
    fn concurrency_refusal(&mut self) {
        let (endpoint, nth) = (self.endpoint(), self.random.u32(1..=8));
        let after = Duration::from_millis(self.random.u64(..1000));
        let reply = ReplyKind::Code(45033);
        let behavior = RequestBehavior { is_carried_out: false, reply, ..RequestBehavior::normal(after) };
        self.operations.push(Operation::Request { endpoint, nth, behavior });
    }

    fn endpoint(&mut self) -> &'static Endpoint {
        let endpoints = self.focus.endpoints();
        endpoints[self.random.usize(..endpoints.len())]
    }
}
