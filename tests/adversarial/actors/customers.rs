//! A task that keeps track of customers.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::Timer;
use wecom_tests::adversary::referee::Referee;
use wecom_upstream::ids::PendingId;
use wecom_upstream::jobs::customers::{CustomerMap, CustomerRecord, CustomerStore, MapError, Recognition};
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId, Upstream};

use crate::stage::Role;
use crate::world::customers::{Dealer, User, corp_id, external_userid, unionid};

/// Keeps track of customers.
#[derive(Clone, Debug)]
pub(crate) struct Customers {
    pub(crate) steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Remember(User),
    Refresh(User),
    /// A dealer adds a user. This is no call.
    Add(Dealer, User),
    /// The customers of a dealer are recognised.
    Recognise(Dealer),
}

/// The users of a run.
pub(crate) const USERS: User = 3;

/// A store that takes its time.
struct Store {
    referee: Referee,
    records: HashMap<UnionId, CustomerRecord>,
    /// Which of its operations fails.
    fails_at: u32,
    operations: u32,
}

impl Store {
    async fn begin(&mut self) -> Result<(), &'static str> {
        self.operations += 1;
        self.referee.sleep(Duration::from_millis(1)).await;
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
    pub(crate) async fn run(self, role: Role) {
        let referee = &role.stage.referee;
        let fails_at = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        let store = Store { referee: referee.clone(), records: HashMap::new(), fails_at, operations: 0 };
        let unix_time = || Duration::from_secs(1_780_000_000);
        let mut map = Upstream::new(role.stage.client.clone()).map_customers(store, unix_time);
        let mut remembered = [false; USERS as usize];
        for step in self.steps {
            referee.note(|| format!("task {}: {step:?}", role.task));
            match step {
                Step::Remember(user) | Step::Refresh(user) => {
                    let (union, open) = (UnionId::new(unionid(user)), OpenId::new(format!("open{user}")));
                    let outcome = match step {
                        Step::Refresh(_) => map.refresh(union, open).await,
                        _ => map.remember(union, open).await,
                    };
                    match outcome {
                        // A user without a pending id is recognised by what the service says alone.
                        Ok(record) => remembered[user as usize] |= record.pending.is_some(),
                        Err(error) => check_error(&role, &error),
                    }
                }
                Step::Add(dealer, user) => role.stage.world.with(|world| world.customers.add(dealer, user)),
                Step::Recognise(dealer) => recognise(&role, &mut map, dealer, &remembered).await,
            }
        }
    }
}

async fn recognise<C: Fn() -> Duration>(
    role: &Role,
    map: &mut CustomerMap<Store, C>,
    dealer: Dealer,
    remembered: &[bool],
) {
    let referee = &role.stage.referee;
    let ids = (0..USERS).map(|user| ExternalUserId::new(external_userid(dealer, user)));
    let is_known = |user| role.stage.world.with(|world| world.customers.is_recognisable(dealer, user));
    // Others may add customers meanwhile.
    let was_known: Vec<_> = (0..USERS).map(is_known).collect();
    let mut customers = map.recognise(CorpId::new(corp_id(dealer)), ids);
    for user in 0..USERS {
        let recognition = loop {
            match customers.next().await {
                Some(Ok(recognition)) => break recognition,
                Some(Err(error)) => check_error(role, &error),
                None => return referee.broken("each customer is answered once", format!("none for user {user}")),
            }
        };
        referee.note(|| format!("task {}: {recognition:?}", role.task));
        referee.text(&format!("{recognition:?}"));
        let promise = "a customer is recognised whose pending id was remembered and is valid";
        match recognition {
            Recognition::Mapped { unionid: found, .. } if found.as_str() != unionid(user) || !is_known(user) => {
                referee.broken(promise, format!("user {user} is taken for {found}"));
            }
            Recognition::Unknown { .. } if was_known[user as usize] && remembered[user as usize] => {
                referee.broken(promise, format!("user {user}, a customer of dealer {dealer}, is unknown"));
            }
            _ => {}
        }
    }
    if customers.next().await.is_some() {
        referee.broken("each customer is answered once", "one more answer than customers");
    }
}

fn check_error(role: &Role, error: &MapError<&'static str>) {
    if let MapError::Call(error) = error {
        role.stage.referee.error(error);
    }
}
