//! A task that links customers with users.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::Timer;
use wecom_tests::adversary::checker::Checker;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerMap, CustomerRecord, CustomerStore, MapError, Recognition};
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId, Upstream};

use crate::environment::TaskContext;
use crate::world::customers::{Dealer, User, corp_id, external_userid, unionid};

/// Links customers with users.
#[derive(Clone, Debug)]
pub(crate) struct Customers {
    pub(crate) steps: Vec<Step>,
}

/// One step of the task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Remember(User),
    Refresh(User),
    /// A dealer adds a user as a customer, without a call.
    Add(Dealer, User),
    /// Links the customers of a dealer.
    Recognize(Dealer),
}

/// The users of a run.
pub(crate) const USERS: User = 3;

/// A store with latency.
struct Store {
    checker: Checker,
    records: HashMap<UnionId, CustomerRecord>,
    /// The number of the operation that fails.
    fails_at: u32,
    operations: u32,
}

impl Store {
    async fn begin(&mut self) -> Result<(), &'static str> {
        self.operations += 1;
        self.checker.sleep(Duration::from_millis(1)).await;
        if self.operations == self.fails_at { Err("the store fails") } else { Ok(()) }
    }
}

impl CustomerStore for Store {
    type Error = &'static str;

    async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, Self::Error> {
        self.begin().await?;
        Ok(self.records.get(unionid).cloned())
    }

    async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, Self::Error> {
        self.begin().await?;
        let is_its =
            |record: &&CustomerRecord| record.pending.as_ref().is_some_and(|known| known.pending_id == *pending_id);
        Ok(self.records.values().find(is_its).cloned())
    }

    async fn put(&mut self, record: &CustomerRecord) -> Result<(), Self::Error> {
        self.begin().await?;
        self.records.insert(record.unionid.clone(), record.clone());
        Ok(())
    }
}

impl Customers {
    pub(crate) async fn run(self, context: TaskContext) {
        let checker = &context.environment.checker;
        let fails_at = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        let store = Store { checker: checker.clone(), records: HashMap::new(), fails_at, operations: 0 };
        let mut map = Upstream::new(context.environment.client.clone()).map_customers(store);
        let mut remembered = [false; USERS as usize];
        for step in self.steps {
            checker.log(|| format!("task {}: {step:?}", context.task));
            match step {
                Step::Remember(user) | Step::Refresh(user) => {
                    let (union, open) = (UnionId::new(unionid(user)), OpenId::new(format!("open{user}")));
                    let outcome = match step {
                        Step::Refresh(_) => map.refresh(union, open).await,
                        _ => map.remember(union, open).await,
                    };
                    match outcome {
                        // A user without a pending id is linked only by a reply of the service.
                        Ok(record) => remembered[user as usize] |= record.pending.is_some(),
                        Err(error) => check_error(&context, &error),
                    }
                }
                Step::Add(dealer, user) => context.environment.world.with(|world| world.customers.add(dealer, user)),
                Step::Recognize(dealer) => recognize(&context, &mut map, dealer, &remembered).await,
            }
        }
    }
}

async fn recognize(context: &TaskContext, map: &mut CustomerMap<Store>, dealer: Dealer, remembered: &[bool]) {
    let checker = &context.environment.checker;
    let ids = (0..USERS).map(|user| ExternalUserId::new(external_userid(dealer, user)));
    let is_known = |user| context.environment.world.with(|world| world.customers.is_recognizable(dealer, user));
    // Other tasks may add customers in the meantime.
    let was_known: Vec<_> = (0..USERS).map(is_known).collect();
    let mut customers = map.recognize(CorpId::new(corp_id(dealer)), ids);
    for user in 0..USERS {
        let recognition = loop {
            match customers.next().await {
                Some(Ok(recognition)) => break recognition,
                Some(Err(error)) => check_error(context, &error),
                None => return checker.report("each customer is answered once", format!("none for user {user}")),
            }
        };
        checker.log(|| format!("task {}: {recognition:?}", context.task));
        checker.check_text(&format!("{recognition:?}"));
        let promise = "a customer with a stored and valid pending id is linked";
        match recognition {
            Recognition::Mapped { unionid: found, .. } if found.as_str() != unionid(user) || !is_known(user) => {
                checker.report(promise, format!("user {user} is mapped to {found}"));
            }
            Recognition::Unknown { .. } if was_known[user as usize] && remembered[user as usize] => {
                checker.report(promise, format!("user {user}, a customer of dealer {dealer}, is unknown"));
            }
            _ => {}
        }
    }
    if customers.next().await.is_some() {
        checker.report("each customer is answered once", "one more answer than customers");
    }
}

fn check_error(context: &TaskContext, error: &MapError<&'static str>) {
    if let MapError::Call(error) = error {
        context.environment.checker.check_error(error);
    }
}
