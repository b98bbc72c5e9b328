//! One run in three phases: with faults, after the faults, and with all parked tasks dropped.

use std::rc::Rc;
use std::time::Duration;

use wecom_core::Endpoint;
use wecom_mock::ManualTimer;
use wecom_tests::adversary::checker::{Checker, Violation};
use wecom_tests::adversary::executor::{Executor, RunEnd, SchedulingFault, TaskId};
use wecom_tests::adversary::quota_store::Quotas;
use wecom_tests::adversary::service::{Conditions, Service};
use wecom_tests::adversary::token_store::Store;
use wecom_upstream::{AgentId, CorpId, Upstream};

use crate::actors::Actor;
use crate::endpoints::{NARROW, OWN, SINGLE};
use crate::environment::{Environment, TaskContext};
use crate::plan::Plan;
use crate::world::World;
use crate::world::customers::corp_id;

/// The time at which the faults end.
pub(crate) const FAULTS_END: Duration = Duration::from_secs(200);

/// The time limit for the tasks that are polled after that.
const RECOVERY_LIMIT: Duration = Duration::from_secs(3600);

/// The first numbers of tasks that are not in the plan.
const REVOCATIONS: TaskId = 1000;
const PROBES: TaskId = 2000;
const CROWD: TaskId = 3000;

/// One run of a plan.
pub(crate) struct Run {
    plan: Plan,
    timer: ManualTimer,
    environment: Rc<Environment>,
    store: Option<Store>,
    quotas: Option<Quotas>,
    executor: Executor,
}

impl Run {
    pub(crate) fn new(plan: &Plan, keeps_journal: bool) -> Self {
        let (timer, settings) = (ManualTimer::new(), plan.settings);
        let checker = Checker::new(timer.clone(), settings.rules(), keeps_journal);
        let world = World::new(checker.clone(), plan.seed);
        let conditions = Conditions { behaviors: plan.behaviors(), ..settings.conditions() };
        let service = Service::new(checker.clone(), conditions, plan.seed ^ 1, Box::new(world.clone()));
        let store = settings.store(&checker, &service, plan.store_behaviors());
        let quotas = settings.quota_store(&checker, plan.store_behaviors());
        let client = settings.client(&checker, &service, store.as_ref(), quotas.as_ref(), plan.seed);
        let executor = Executor::new(timer.clone(), checker.clone(), plan.seed ^ 2);
        let share = Upstream::new(client.clone()).share(AgentId::new(1));
        let environment = Rc::new(Environment { settings, checker, service, world, client, share });
        Self { plan: plan.clone(), timer, environment, store, quotas, executor }
    }

    pub(crate) fn checker(&self) -> &Checker {
        &self.environment.checker
    }

    pub(crate) fn finish(mut self) -> Result<(), Violation> {
        self.run_with_faults()?;
        self.recover()?;
        self.check_permits()?;
        self.environment.checker.end_run();
        drop(self.executor);
        self.environment.checker.verdict()
    }

    /// Starts the tasks of the plan and runs them with the planned faults.
    fn run_with_faults(&mut self) -> Result<(), Violation> {
        for (task, begins, actor) in self.plan.actors() {
            let scheduling_faults = self.plan.scheduling_faults(task);
            let is_always_polled = scheduling_faults.iter().all(|(_, fault)| *fault == SchedulingFault::SpuriousPoll);
            let context = TaskContext { environment: Rc::clone(&self.environment), task, is_always_polled };
            self.executor.spawn(task, begins, scheduling_faults, Actor::run(actor.clone(), context));
        }
        for (number, at) in (REVOCATIONS..).zip(self.plan.revocations()) {
            let service = self.environment.service.clone();
            self.executor.spawn(number, at, Vec::new(), async move { service.revoke_tokens() });
        }
        let end = self.executor.run_until(FAULTS_END)?;
        self.check_end(end)?;
        self.executor.sleep_until(FAULTS_END);
        Ok(())
    }

    /// Runs without faults. Every task that is polled succeeds, even if parked tasks hold resources.
    fn recover(&mut self) -> Result<(), Violation> {
        self.environment.checker.log(|| "the faults of the service end here".to_owned());
        self.environment.service.stop_faults();
        self.store.iter().for_each(Store::stop_faults);
        self.quotas.iter().for_each(Quotas::stop_faults);
        let mut endpoints: Vec<_> = self.plan.actors().flat_map(|(_, _, actor)| actor.endpoints()).collect();
        endpoints.sort_by_key(|endpoint| endpoint.path());
        endpoints.dedup_by_key(|endpoint| endpoint.path());
        for (number, endpoint) in (PROBES..).zip(endpoints) {
            let context =
                TaskContext { environment: Rc::clone(&self.environment), task: number, is_always_polled: true };
            self.executor.spawn(number, FAULTS_END, Vec::new(), probe(context, endpoint));
        }
        let end = self.executor.run_until(FAULTS_END + RECOVERY_LIMIT)?;
        self.check_end(end)?;
        if end == RunEnd::TimeLimit {
            let facts = format!(
                "{RECOVERY_LIMIT:?} after the last fault, these tasks have not ended: {:?}",
                self.executor.unfinished()
            );
            return Err(Violation::new("every polled task makes progress", facts));
        }
        Ok(())
    }

    /// Drops the parked tasks, and checks that as many concurrent calls as the limit allows are sent.
    fn check_permits(&mut self) -> Result<(), Violation> {
        self.executor.drop_parked();
        let Environment { settings, checker, service, .. } = &*self.environment;
        if settings.quotas.is_none() || checker.are_credentials_refused() {
            return Ok(());
        }
        service.set_latency(Duration::from_secs(1));
        for (round, endpoint) in (0..).zip([&NARROW, &SINGLE]) {
            let is_used = self.plan.actors().any(|(_, _, actor)| actor.endpoints().contains(&endpoint));
            if !is_used {
                continue;
            }
            let (begins, limit) = (self.timer.now(), checker.min_limit(0, endpoint).min(5));
            for number in 0..limit {
                let context = TaskContext {
                    environment: Rc::clone(&self.environment),
                    task: CROWD + 10 * round + number,
                    is_always_polled: true,
                };
                let call = async move { drop(context.call(endpoint).await) };
                self.executor.spawn(CROWD + 10 * round + number, begins, Vec::new(), call);
            }
            self.executor.run_until(begins + Duration::from_millis(500))?;
            let in_flight = checker.in_flight(0, endpoint);
            if in_flight < limit && settings.tokens.is_none() {
                let facts = format!("{}: {in_flight} of {limit} calls are in flight", endpoint.name());
                return Err(Violation::new("no permit is lost", facts));
            }
            self.executor.run_until(begins + Duration::from_secs(300))?;
        }
        Ok(())
    }

    fn check_end(&self, end: RunEnd) -> Result<(), Violation> {
        if end != RunEnd::Deadlock {
            return Ok(());
        }
        let facts = format!("nothing wakes these tasks: {:?}", self.executor.unfinished());
        Err(Violation::new("every polled task makes progress", facts))
    }
}

/// Makes calls until one succeeds.
async fn probe(context: TaskContext, endpoint: &'static Endpoint) {
    let checker = &context.environment.checker;
    loop {
        let is_ok = if *endpoint == OWN {
            match context.environment.share.downstream(CorpId::new(corp_id(1))).await {
                Ok(dealer) => context.begin(dealer.client(), 1, endpoint).finish().await.is_ok(),
                Err(_) => false,
            }
        } else {
            context.call(endpoint).await.is_ok()
        };
        if is_ok || checker.are_credentials_refused() {
            return;
        }
        let pause = if endpoint.quota().per_minute() == Some(10) { 20 } else { 5 };
        context.sleep(Duration::from_secs(pause)).await;
    }
}
