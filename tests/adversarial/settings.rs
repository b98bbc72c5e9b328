//! The settings of the client, and the behavior of the service without faults.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use wecom_core::client::{Timed, TokenSource};
use wecom_core::observe::CallOutcome;
use wecom_core::{AccessToken, CallEvent, Client, ClientBuilder, Credentials, Observer, Quotas, Retry, Secret, Shared};
use wecom_tests::adversary::behavior::StoreBehavior;
use wecom_tests::adversary::checker::{Checker, Rules, SECRET};
use wecom_tests::adversary::checks::shared_quotas::CORP;
use wecom_tests::adversary::quota_store::Quotas as SharedQuotas;
use wecom_tests::adversary::service::{Conditions, Service};
use wecom_tests::adversary::token_store::{Store, USUAL_TIME};

/// The time limit of a token fetch without a configured time limit.
const FETCH_LIMIT: Duration = Duration::from_secs(10);

/// The additional time that a fetch may spend on the token store.
const STORE_LIMIT: Duration = Duration::from_secs(8);

/// The percentage of a shared quota that the client uses while the store fails.
const OWN_SHARE: u32 = 50;

/// The additional time that a fetch may spend on leases: the wait for other processes, and four operations.
const MAX_LEASE_WAIT: Duration = Duration::from_secs(18);

/// The settings of the client, and the behavior of the service without faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) attempts: u32,
    pub(crate) deadline: Option<Duration>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) quotas: Option<QuotaSettings>,
    /// `None` for a client with a fixed token.
    pub(crate) tokens: Option<TokenSettings>,
    pub(crate) latency: Duration,
    pub(crate) needs_polls: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaSettings {
    /// `None` for a client that refuses calls over the quota.
    pub(crate) max_wait: Option<Duration>,
    pub(crate) percent: u32,
    /// The default behavior of the store of a shared quota; `None` without a store.
    pub(crate) store: Option<StoreBehavior>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenSettings {
    pub(crate) latency: Duration,
    pub(crate) lifetime: u32,
    pub(crate) gives_same: bool,
    /// The default behavior of the store; `None` without a store.
    pub(crate) store: Option<StoreBehavior>,
    /// Whether the store has leases of token fetches.
    pub(crate) has_leases: bool,
}

fn one_of<T: Copy, const N: usize>(random: &mut Rng, choices: [T; N]) -> T {
    choices[random.usize(..N)]
}

impl Settings {
    pub(crate) fn random(random: &mut Rng, quotas: bool, tokens: bool) -> Self {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        Self {
            attempts: random.u32(1..=3),
            deadline: one_of(random, [None, None, seconds(1), seconds(5), seconds(30), seconds(90)]),
            time_limit: one_of(random, [None, None, seconds(2), seconds(10)]),
            quotas: quotas.then(|| QuotaSettings::random(random)),
            tokens: tokens.then(|| TokenSettings::random(random)),
            latency: Duration::from_millis(one_of(random, [0, 1, 30, 30, 300, 800])),
            needs_polls: random.bool(),
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            percent: self.quotas.map(|quotas| quotas.percent),
            own_share: self.quotas.and_then(|quotas| quotas.store).map(|_| OWN_SHARE),
            max_wait: self.quotas.and_then(|quotas| quotas.max_wait),
            fetch_limit: self.time_limit.unwrap_or(FETCH_LIMIT),
            has_fixed_token: self.tokens.is_none(),
        }
    }

    /// Returns the behavior of the service, without the planned behaviors.
    pub(crate) fn conditions(&self) -> Conditions {
        Conditions {
            latency: self.latency,
            fetch_latency: self.tokens.map_or(Duration::ZERO, |tokens| tokens.latency),
            needs_polls: self.needs_polls,
            lifetime: self.tokens.map_or(7200, |tokens| tokens.lifetime),
            gives_same_token: self.tokens.is_some_and(|tokens| tokens.gives_same),
            behaviors: Vec::new(),
        }
    }

    pub(crate) fn store(
        &self,
        checker: &Checker,
        service: &Service,
        behaviors: Vec<(u32, StoreBehavior)>,
    ) -> Option<Store> {
        let tokens = self.tokens?;
        let store = Store::new(checker.clone(), service.clone(), behaviors, tokens.store?);
        Some(if tokens.has_leases { store.with_leases() } else { store })
    }

    pub(crate) fn quota_store(&self, checker: &Checker, behaviors: Vec<(u32, StoreBehavior)>) -> Option<SharedQuotas> {
        Some(SharedQuotas::new(checker.clone(), behaviors, self.quotas?.store?))
    }

    pub(crate) fn client(
        &self,
        checker: &Checker,
        service: &Service,
        store: Option<&Store>,
        quotas: Option<&SharedQuotas>,
        seed: u64,
    ) -> Client {
        let builder = Client::builder(service.clone()).observer(Texts(checker.clone()));
        let builder = match store {
            Some(store) => builder.token_store("app", store.clone()),
            None => builder,
        };
        let builder = builder.timer(checker.clone()).retry(Retry::new().attempts(self.attempts).seed(seed));
        let builder = match quotas {
            Some(quotas) => builder.quota_store(CORP, quotas.clone()),
            None => builder,
        };
        if self.tokens.is_none() {
            return self.finish(builder.token(AccessToken::new(service.fixed_token())));
        }
        self.finish(builder.credentials(Credentials::new(CORP, Secret::new(SECRET))))
    }

    fn finish(&self, mut builder: ClientBuilder<TokenSource<Shared>, Timed<Shared>>) -> Client {
        if let Some(QuotaSettings { max_wait, percent, .. }) = self.quotas {
            let quotas = max_wait.map_or_else(Quotas::refuse, Quotas::wait_at_most);
            builder = builder.quotas(quotas.percent(percent).own_share(OWN_SHARE));
        }
        if let Some(limit) = self.time_limit {
            builder = builder.time_limit(limit);
        }
        if let Some(deadline) = self.deadline {
            builder = builder.deadline(deadline);
        }
        builder.build()
    }

    /// Returns the maximum duration of a call that does not wait for a quota, including a token fetch.
    pub(crate) fn usual_time(&self) -> Duration {
        let fetch = self.tokens.map_or(Duration::ZERO, |tokens| {
            let leases = if tokens.has_leases { MAX_LEASE_WAIT } else { Duration::ZERO };
            let store = tokens.store.map_or(Duration::ZERO, |_| STORE_LIMIT + leases);
            tokens.latency * 2 + store
        });
        Duration::from_secs(3) + self.latency * 4 + fetch
    }
}

impl QuotaSettings {
    fn random(random: &mut Rng) -> Self {
        let max_wait = one_of(random, [None, Some(2), Some(20), Some(60), Some(600), Some(600)]);
        let store = match random.u8(..8) {
            0..=3 => None,
            4 | 5 => Some(StoreBehavior::Normal(USUAL_TIME)),
            6 => Some(StoreBehavior::Normal(Duration::ZERO)),
            _ => Some(one_of(random, [StoreBehavior::Fails, StoreBehavior::Hangs])),
        };
        Self { max_wait: max_wait.map(Duration::from_secs), percent: one_of(random, [80, 80, 100, 30]), store }
    }
}

impl TokenSettings {
    fn random(random: &mut Rng) -> Self {
        let usual = StoreBehavior::Normal(USUAL_TIME);
        Self {
            latency: Duration::from_millis(one_of(random, [0, 20, 300, 300, 1500, 6000])),
            lifetime: one_of(random, [7200, 7200, 7200, 400, 60, 3]),
            gives_same: random.bool(),
            store: match random.u8(..8) {
                0..=3 => None,
                4 | 5 => Some(usual),
                6 => Some(StoreBehavior::Hangs),
                _ => Some(one_of(
                    random,
                    [StoreBehavior::Fails, StoreBehavior::Inconsistent, StoreBehavior::ConcurrentSwap],
                )),
            },
            has_leases: random.bool(),
        }
    }
}

/// Passes every text of an event to the checker.
struct Texts(Checker);

impl Observer for Texts {
    fn on_event(&self, event: &CallEvent<'_>) {
        let error = match event {
            CallEvent::Retrying { error, .. } | CallEvent::ReplacingToken { error, .. } => *error,
            CallEvent::Ended { outcome: CallOutcome::Failed(error), .. } => *error,
            _ => return,
        };
        self.0.log(|| format!("event: {event:?}"));
        self.0.check_text(&format!("{event:?}"));
        self.0.check_error(error);
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  client: {} attempts, deadline {:?}, time limit {:?}",
            self.attempts, self.deadline, self.time_limit
        )?;
        writeln!(f, "  quotas: {:?}", self.quotas)?;
        writeln!(f, "  tokens: {:?}", self.tokens)?;
        writeln!(f, "  replies within {:?}, needs polls: {}", self.latency, self.needs_polls)
    }
}
