//! A WeCom in memory: a transport that behaves as the service does, and remembers what calls have done.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::http::QueryValue;
use wecom_core::{
    Client, Credentials, Endpoint, Local, LocalTransport, Request, Response, Secret, Timer, Transport, TransportError,
};

use crate::service::{IncomingRequest, RequestContext, Service, find};
use crate::wire_variant::WireVariant;
use crate::world::{World, WorldError};

/// A WeCom of one's own: a [`Transport`] and [`LocalTransport`] that answers the upstream API from a [`World`], and
/// changes it as calls do.
///
/// Cheap to clone; all clones share the world.
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::{GetChainCorpinfo, RemoveCorp};
/// use wecom_upstream::{ChainId, CorpId, Upstream};
///
/// let simulator = Simulator::demo();
/// let upstream = Upstream::new(simulator.client());
/// let (chain, corp) = (ChainId::new("ChDealers"), CorpId::new("wwjingxi"));
/// # pollster::block_on(async {
/// let info = upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, &corp)).await?;
/// assert_eq!(info.corp_name, "京西厨卫商贸");
///
/// upstream.remove_corp(RemoveCorp::new(&chain, &corp)).await?;
/// let gone = upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, &corp)).await.unwrap_err();
/// assert_eq!(gone.code(), Some(wecom_core::ErrCode::CORP_NOT_IN_CHAIN));
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// # What it answers
///
/// `gettoken`, `corpgroup/corp/gettoken`, the calls of `wecom_upstream`, the five calls about rules (`corpgroup/rule/…`) and
/// `miniprogram/transfer_session`, in the documented shapes with the very types that each endpoint uses (`is_joined` is a
/// number in one list and a flag in another), with HTTP status 200 and the headers `Error-Code` and `Error-Msg`. What it
/// can't grant it refuses with the documented code and an `errmsg` in the vendor's manner.
/// [`Simulator::wire_variants`] has it write answers in the other ways that the service is known to use.
///
/// An unknown path is answered with HTTP status 404; a known one by another HTTP method than its own with 43001 (`GET` is
/// required) or 43002 (`POST` is required). The vendor's table of codes for WeCom has none for that; these are the two of its
/// table for official accounts (公众号).
///
/// # What it refuses
///
/// Never because a test says "answer this code", always because of what is so:
///
/// | what is so | said by | the code |
/// |---|---|---|
/// | an app sees some chains, or some groups, alone | [`WorldApp::sees_only`](crate::WorldApp::sees_only), [`WorldApp::sees_only_groups`](crate::WorldApp::sees_only_groups) | 670002; 670030 for a group, 60011 for a corp or a member |
/// | an app is not among the callable ones | [`WorldApp::not_callable`](crate::WorldApp::not_callable) | 48002 |
/// | a chain is full of corps, of rules, a corp of people | [`WorldChain::corp_limit`](crate::WorldChain::corp_limit), [`rule_limit`](crate::WorldChain::rule_limit), [`corp_people_limit`](crate::WorldChain::corp_people_limit) | 670005, 670007, 670019 |
/// | as many corps have joined as may | [`World::joined_corp_limit`] | 670026 |
/// | some members and departments take part in a chain | [`WorldChain::owner_range`](crate::WorldChain::owner_range) | 670029 |
/// | somebody can't, or may not, be invited | [`WorldPerson`](crate::WorldPerson) | 670018, 670031 |
/// | a user's ids were got where WeCom doesn't take them from | [`WorldCustomer::login_account`](crate::WorldCustomer::login_account) | 845001, 845002, 845003 |
/// | the upstream corp's account can't import | [`World::account_unusable`], [`Simulator::account_usable`] | 670024 |
/// | somebody at the console imports | [`Simulator::import_at_console`] | 670022 |
/// | the caller's address is not trusted | [`Simulator::trust_ip`] | 60020 |
/// | WeCom is busy | [`Simulator::busy`] | -1 |
/// | the tokens have ended early | [`Simulator::revoke_tokens`] | 40014 |
/// | somebody else changed the rule meanwhile | [`Simulator::latency`], two calls at once | 6000 |
/// | too many calls in a while, or at once | a timer: see below | 45009, 45033 |
///
/// The others need nothing but a call that names what isn't there, or breaks a documented rule.
///
/// # Time
///
/// Time stands still, unless there is a timer: [`Simulator::on_timer`]. On a timer, an import begins to run after a second
/// and is finished after five, and what it did is seen from then on. Without one it goes a step on whenever somebody asks
/// about it: the first `getresult` finds it started, the second running, the third finished.
///
/// # Limits
///
/// On a timer, the documented frequency limits of each endpoint hold: the call that is too many is refused with
/// [`FREQUENCY_EXCEEDED`](wecom_core::ErrCode::FREQUENCY_EXCEEDED), and so is every one after it for as long as the window is
/// that was passed. So do the limits of 20,000 calls a minute from one address (all calls here come from one), and of 1,000
/// rules added and changed a day. Five wrong secrets within an hour, with no right one between them, ban the address:
/// `gettoken` is refused with `FREQUENCY_EXCEEDED` for an hour. (The vendor documents such a ban, but not after how many.)
///
/// [`Simulator::divide_quotas`] makes the limits small, the number of wrong secrets apart. [`Simulator::latency`] makes calls
/// last, so that the limits on calls at once are met too.
///
/// ```
/// use std::time::Duration;
/// use wecom_mock::ManualTimer;
/// use wecom_simulator::Simulator;
/// use wecom_upstream::Upstream;
///
/// let timer = ManualTimer::new();
/// let simulator = Simulator::demo().on_timer(timer.clone()).divide_quotas(10_000);
/// let upstream = Upstream::new(simulator.client());
/// # pollster::block_on(async {
/// upstream.get_chain_list().await?;
/// assert!(upstream.get_chain_list().await.unwrap_err().is_rate_limited());
/// timer.advance(Duration::from_secs(60));
/// upstream.get_chain_list().await?;
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    credentials: Credentials,
    service: Mutex<Service>,
    timer: Option<Box<dyn Timer>>,
}

impl Simulator {
    /// A simulator of a world.
    ///
    /// # Panics
    ///
    /// When the world contradicts itself: see [`World::check`].
    #[track_caller]
    #[must_use]
    pub fn new(world: World) -> Self {
        Self::try_new(world).unwrap_or_else(|error| fail(&error))
    }

    /// As [`Simulator::new`], for a world that comes from outside.
    ///
    /// # Errors
    ///
    /// When the world contradicts itself: see [`World::check`].
    pub fn try_new(world: World) -> Result<Self, WorldError> {
        world.check()?;
        let secret = world.apps.first().map_or_else(|| Secret::new(""), |app| app.secret.clone());
        let credentials = Credentials::new(world.corp_id.as_str(), secret);
        Ok(Self { shared: Arc::new(Shared { credentials, service: Mutex::new(Service::new(world)), timer: None }) })
    }

    /// A simulator of the [demo world](World::demo).
    #[must_use]
    pub fn demo() -> Self {
        Self::new(World::demo())
    }

    /// Lets time pass as a timer says: the `ManualTimer` of `wecom-mock`, or a runtime's.
    ///
    /// # Panics
    ///
    /// When the simulator has been cloned already: a clone would go by another time.
    #[track_caller]
    #[must_use]
    pub fn on_timer(mut self, timer: impl Timer + 'static) -> Self {
        match Arc::get_mut(&mut self.shared) {
            Some(shared) => {
                shared.timer = Some(Box::new(timer));
                let service = shared.service.get_mut().unwrap_or_else(PoisonError::into_inner);
                service.state.jobs.on_timer = true;
                service.quotas.on_timer = true;
            }
            None => fail(&"a simulator is given its timer before it is cloned, or makes a client"),
        }
        self
    }

    /// Makes every answer take this long, on a timer: without one there is none to wait on. Calls are then under way at once,
    /// and those past the documented number are refused with
    /// [`CONCURRENCY_EXCEEDED`](wecom_core::ErrCode::CONCURRENCY_EXCEEDED).
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.lock().latency = latency;
        self
    }

    /// Divides the documented frequency limits, so that a test need not make ten thousand calls to pass one: by 1000, ten
    /// calls a minute are what an endpoint takes that is documented with 10,000. At least one call is always taken.
    ///
    /// # Panics
    ///
    /// When the divisor is 0.
    #[track_caller]
    #[must_use]
    pub fn divide_quotas(self, divisor: u32) -> Self {
        assert!(divisor != 0, "quotas can't be divided by 0");
        self.lock().quotas.divisor = divisor;
        self
    }

    /// Writes answers in other ways than the documented ones: see [`WireVariant`]. None by default.
    #[must_use]
    pub fn wire_variants(self, variants: impl IntoIterator<Item = WireVariant>) -> Self {
        self.lock().variants = variants.into_iter().collect();
        self
    }

    /// A client over this simulator, with the credentials of the world's first app.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::builder(self.clone()).credentials(self.credentials()).build()
    }

    /// As [`Simulator::client`], for code that stays on one thread.
    #[must_use]
    pub fn local_client(&self) -> Client<Local> {
        Client::local(self.clone()).credentials(self.credentials()).build()
    }

    /// The credentials of the world's first app.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.shared.credentials.clone()
    }

    /// What the service answers to a request.
    pub(crate) async fn answer(&self, request: IncomingRequest<'_>) -> Response {
        let permit = ConcurrencyPermit::new(self, request.path);
        let (latency, rule_version_on_arrival) = {
            let service = self.lock();
            (service.latency, service.state.rule_version)
        };
        let mut came = None;
        if let (Some(timer), false) = (&self.shared.timer, latency.is_zero()) {
            timer.sleep(latency).await;
            came = Some(rule_version_on_arrival);
        }
        let now = self.now();
        let mut service = self.lock();
        // A call that takes no time is never overtaken.
        let rule_version_on_arrival = came.unwrap_or(service.state.rule_version);
        service.answer(
            request,
            RequestContext { now, exceeds_concurrency: permit.exceeds_concurrency, rule_version_on_arrival },
        )
    }

    /// The timer is the caller's code: not to be called under the lock.
    pub(crate) fn now(&self) -> Duration {
        self.shared.timer.as_ref().map_or(Duration::ZERO, |timer| timer.now())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Service> {
        // No code of the caller's runs under the lock, so nothing is left half done.
        self.shared.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer_request(&self, request: &Request) -> Response {
        let token = request.token().map(|token| ("access_token", token.expose()));
        let pairs = request.query().iter().filter_map(|(name, value)| match value {
            QueryValue::Public(value) => Some((name, value.as_str())),
            QueryValue::Secret(value) => Some((name, value.expose())),
            _ => None,
        });
        let query: Vec<_> = token.into_iter().chain(pairs).collect();
        let endpoint = request.endpoint();
        let body = request.body().map_or(&[][..], |body| body);
        self.answer(IncomingRequest { method: Some(endpoint.method()), path: endpoint.path(), query: &query, body })
            .await
    }
}

/// A call from its coming to its answer, or to where the caller gives it up.
struct ConcurrencyPermit<'a> {
    simulator: &'a Simulator,
    acquired: Option<&'static Endpoint>,
    /// Whether there were too many of its kind already.
    exceeds_concurrency: bool,
}

impl<'a> ConcurrencyPermit<'a> {
    fn new(simulator: &'a Simulator, path: &str) -> Self {
        let endpoint = find(path).map(|(endpoint, _)| endpoint);
        let acquired = endpoint.filter(|endpoint| simulator.lock().quotas.acquire(endpoint));
        Self { simulator, acquired, exceeds_concurrency: endpoint.is_some() && acquired.is_none() }
    }
}

impl Drop for ConcurrencyPermit<'_> {
    fn drop(&mut self) {
        if let Some(endpoint) = self.acquired {
            self.simulator.lock().quotas.release(endpoint);
        }
    }
}

#[async_trait]
impl Transport for Simulator {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Ok(self.answer_request(&request).await)
    }
}

#[async_trait(?Send)]
impl LocalTransport for Simulator {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        Ok(self.answer_request(&request).await)
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("corp_id", &self.shared.credentials.corp_id()).finish_non_exhaustive()
    }
}

#[expect(clippy::panic, reason = "a mistake in a test is reported where the test makes it")]
#[track_caller]
fn fail(report: &dyn fmt::Display) -> ! {
    panic!("{report}")
}
