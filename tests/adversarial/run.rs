//! One run: trouble, then calm, then everything is given back.

use std::rc::Rc;
use std::time::Duration;

use wecom_core::Endpoint;
use wecom_mock::ManualTimer;
use wecom_tests::adversary::executor::{Executor, Hardship, Rest, TaskId};
use wecom_tests::adversary::referee::{Referee, Violation};
use wecom_tests::adversary::service::{Conditions, Service};
use wecom_tests::adversary::token_store::Store;
use wecom_upstream::{AgentId, CorpId, Upstream};

use crate::actors::Actor;
use crate::endpoints::{NARROW, OWN, SINGLE};
use crate::plan::Plan;
use crate::stage::{Role, Stage};
use crate::world::World;
use crate::world::customers::corp_id;

/// When trouble ends.
pub(crate) const CALM: Duration = Duration::from_secs(200);

/// How long tasks that are polled may take after that.
const PROGRESS: Duration = Duration::from_secs(3600);

/// The numbers of tasks that the plan doesn't have.
const REVOCATIONS: TaskId = 1000;
const PROBES: TaskId = 2000;
const CROWD: TaskId = 3000;

/// One run of a plan.
pub(crate) struct Run {
    plan: Plan,
    timer: ManualTimer,
    stage: Rc<Stage>,
    store: Option<Store>,
    executor: Executor,
}

impl Run {
    pub(crate) fn new(plan: &Plan, keeps_journal: bool) -> Self {
        let (timer, settings) = (ManualTimer::new(), plan.settings);
        let referee = Referee::new(timer.clone(), settings.rules(), keeps_journal);
        let world = World::new(referee.clone(), plan.seed);
        let conditions = Conditions { fates: plan.fates(), ..settings.conditions() };
        let service = Service::new(referee.clone(), conditions, plan.seed ^ 1, Box::new(world.clone()));
        let store = settings.store(&referee, &service, plan.store_fates());
        let client = settings.client(&referee, &service, store.as_ref(), plan.seed);
        let executor = Executor::new(timer.clone(), referee.clone(), plan.seed ^ 2);
        let share = Upstream::new(client.clone()).share(AgentId::new(1));
        let stage = Rc::new(Stage { settings, referee, service, world, client, share });
        Self { plan: plan.clone(), timer, stage, store, executor }
    }

    pub(crate) fn referee(&self) -> &Referee {
        &self.stage.referee
    }

    pub(crate) fn finish(mut self) -> Result<(), Violation> {
        self.trouble()?;
        self.calm()?;
        self.give_back()?;
        self.stage.referee.end_run();
        drop(self.executor);
        self.stage.referee.verdict()
    }

    /// The tasks of the plan begin, and everything goes wrong that the plan says.
    fn trouble(&mut self) -> Result<(), Violation> {
        for (task, begins, actor) in self.plan.actors() {
            let hardships = self.plan.hardships(task);
            let is_attentive = hardships.iter().all(|(_, hardship)| *hardship == Hardship::WakeForNothing);
            let role = Role { stage: Rc::clone(&self.stage), task, is_attentive };
            self.executor.spawn(task, begins, hardships, Actor::run(actor.clone(), role));
        }
        for (number, at) in (REVOCATIONS..).zip(self.plan.revocations()) {
            let service = self.stage.service.clone();
            self.executor.spawn(number, at, Vec::new(), async move { service.revoke_tokens() });
        }
        let rest = self.executor.run_until(CALM)?;
        self.check_rest(rest)?;
        self.executor.sleep_until(CALM);
        Ok(())
    }

    /// The service is honest again. Whatever is polled succeeds, whatever the tasks hold that are not polled.
    fn calm(&mut self) -> Result<(), Violation> {
        self.stage.referee.note(|| "the service is honest from here on".to_owned());
        self.stage.service.calm();
        self.store.iter().for_each(Store::calm);
        let mut endpoints: Vec<_> = self.plan.actors().flat_map(|(_, _, actor)| actor.endpoints()).collect();
        endpoints.sort_by_key(|endpoint| endpoint.path());
        endpoints.dedup_by_key(|endpoint| endpoint.path());
        for (number, endpoint) in (PROBES..).zip(endpoints) {
            let role = Role { stage: Rc::clone(&self.stage), task: number, is_attentive: true };
            self.executor.spawn(number, CALM, Vec::new(), probe(role, endpoint));
        }
        let rest = self.executor.run_until(CALM + PROGRESS)?;
        self.check_rest(rest)?;
        if rest == Rest::TimeIsOver {
            let facts =
                format!("{PROGRESS:?} after all trouble, these tasks have not ended: {:?}", self.executor.unfinished());
            return Err(Violation::new("whatever is polled makes progress", facts));
        }
        Ok(())
    }

    /// Whatever is still held is dropped. Then as many calls as the limit says go out at once.
    fn give_back(&mut self) -> Result<(), Violation> {
        self.executor.drop_parked();
        let Stage { settings, referee, service, .. } = &*self.stage;
        if settings.quotas.is_none() || referee.are_credentials_refused() {
            return Ok(());
        }
        service.set_latency(Duration::from_secs(1));
        for (round, endpoint) in (0..).zip([&NARROW, &SINGLE]) {
            let is_used = self.plan.actors().any(|(_, _, actor)| actor.endpoints().contains(&endpoint));
            if !is_used {
                continue;
            }
            let (begins, limit) = (self.timer.now(), referee.least_limit(0, endpoint).min(5));
            for number in 0..limit {
                let role =
                    Role { stage: Rc::clone(&self.stage), task: CROWD + 10 * round + number, is_attentive: true };
                let call = async move { drop(role.call(endpoint).await) };
                self.executor.spawn(CROWD + 10 * round + number, begins, Vec::new(), call);
            }
            self.executor.run_until(begins + Duration::from_millis(500))?;
            let under_way = referee.under_way(0, endpoint);
            if under_way < limit && settings.tokens.is_none() {
                let facts = format!("{}: {under_way} of {limit} calls are under way", endpoint.name());
                return Err(Violation::new("no permit is lost", facts));
            }
            self.executor.run_until(begins + Duration::from_secs(300))?;
        }
        Ok(())
    }

    fn check_rest(&self, rest: Rest) -> Result<(), Violation> {
        if rest != Rest::Stuck {
            return Ok(());
        }
        let facts = format!("nothing will wake these tasks: {:?}", self.executor.unfinished());
        Err(Violation::new("whatever is polled makes progress", facts))
    }
}

/// Calls until a call succeeds.
async fn probe(role: Role, endpoint: &'static Endpoint) {
    let referee = &role.stage.referee;
    loop {
        let is_ok = if *endpoint == OWN {
            match role.stage.share.downstream(CorpId::new(corp_id(1))).await {
                Ok(dealer) => role.begin(dealer.client(), 1, endpoint).finish().await.is_ok(),
                Err(_) => false,
            }
        } else {
            role.call(endpoint).await.is_ok()
        };
        if is_ok || referee.are_credentials_refused() {
            return;
        }
        let pause = if endpoint.quota().per_minute() == Some(10) { 20 } else { 5 };
        role.sleep(Duration::from_secs(pause)).await;
    }
}
