//! The simulator: a transport backed by a simulated service that keeps state.

use std::fmt;
#[cfg(feature = "server")]
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wecom_core::http::{AsLocal, QueryValue};
use wecom_core::{
    Client, Credentials, Delivery, Endpoint, Local, LocalTransport, Request, Response, Secret, Timer, Transport,
    TransportError, TransportErrorKind,
};
use wecom_upstream::AgentId;

use crate::misuse::fail;
use crate::service::{IncomingRequest, Reply, RequestContext, Service};
use crate::unknown_endpoint::UnknownEndpoint;
use crate::wire_variant::WireVariant;
use crate::world::{World, WorldError};

/// A simulated WeCom service in memory: a [`Transport`] and [`LocalTransport`] that replies from a [`World`] and changes it
/// as calls do.
///
/// A simulator is cheap to clone. All clones share the world.
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
/// let removed = upstream
///     .get_chain_corpinfo(GetChainCorpinfo::new(&chain, &corp))
///     .await
///     .unwrap_err();
/// assert_eq!(removed.code(), Some(wecom_core::ErrCode::CORP_NOT_IN_CHAIN));
/// # Ok::<(), wecom_core::Error>(())
/// # })?;
/// # Ok::<(), wecom_core::Error>(())
/// ```
///
/// # Replies
///
/// The simulator implements `gettoken`, `corpgroup/corp/gettoken`, the calls of `wecom_upstream`, the calls about rules
/// (`corpgroup/rule/…`) and `miniprogram/transfer_session`. Replies have the documented fields and types, which differ
/// between endpoints: `is_joined` is a number in one list and a boolean in another. Every reply has HTTP status 200 and the
/// headers `Error-Code` and `Error-Msg`. A refused call has the documented `errcode` and an `errmsg` like the vendor's.
/// [`Simulator::wire_variants`] selects the other forms of replies that the service is known to send.
///
/// [`Simulator::respond`] adds an endpoint. A call of any other endpoint fails with
/// [`TransportErrorKind::Other`], and the text of the error lists the known endpoints. A server replies with HTTP status 404
/// and the same text. A wrong HTTP method is refused with 43001 (`GET` is required) or 43002 (`POST` is
/// required). The vendor's table of codes for WeCom has none for that case; these are from its table for official accounts
/// (公众号).
///
/// The simulator accepts requests that differ from the documentation as far as the service accepts them: see
/// [`Simulator::strict`].
///
/// # Error codes
///
/// Every error code follows from the simulated state. Tests do not ask for the code of a call; they can set a condition of the
/// whole service, such as a busy one.
///
/// | state | set by | error code |
/// |---|---|---|
/// | an app can see only some chains or groups | [`WorldApp::sees_only`](crate::WorldApp::sees_only), [`WorldApp::sees_only_groups`](crate::WorldApp::sees_only_groups) | 670002; 670030 for a group, 60011 for a corp or a member |
/// | an app is not in the list of callable apps | [`WorldApp::not_callable`](crate::WorldApp::not_callable) | 48002 |
/// | a chain has reached its limit of corps or rules, a corp its limit of people | [`WorldChain::corp_limit`](crate::WorldChain::corp_limit), [`rule_limit`](crate::WorldChain::rule_limit), [`corp_people_limit`](crate::WorldChain::corp_people_limit) | 670005, 670007, 670019 |
/// | the upstream corp has reached its limit of joined corps | [`World::joined_corp_limit`] | 670026 |
/// | only some members and departments of the upstream corp are in a chain | [`WorldChain::owner_range`](crate::WorldChain::owner_range) | 670029 |
/// | a person cannot be invited | [`WorldPerson`](crate::WorldPerson) | 670018, 670031 |
/// | a user's ids come from an account that the service does not accept | [`WorldCustomer::login_account`](crate::WorldCustomer::login_account) | 845001, 845002, 845003 |
/// | the upstream corp's account cannot import | [`World::account_unusable`], [`Simulator::set_account_usable`] | 670024 |
/// | an import from the admin console is running | [`Simulator::set_console_import_running`] | 670022 |
/// | the caller's IP address is not trusted | [`Simulator::set_ip_trusted`] | 60020 |
/// | the service is busy | [`Simulator::set_busy`] | -1 |
/// | the tokens were revoked | [`Simulator::revoke_tokens`] | 40014 |
/// | two calls change one rule at the same time | [`Simulator::latency`] | 6000 |
/// | a rate limit or a concurrency limit is exceeded | a timer, see below | 45009, 45033 |
///
/// The other codes follow from the parameters of a call: one of them names an unknown object or breaks a documented rule.
///
/// # Time
///
/// Time does not advance unless the simulator has a timer, set with [`Simulator::on_timer`]. With a timer, an import is
/// running after one second and finished after five. Without one, each `getresult` advances the import: its status is
/// started in the first reply, running in the second, and finished in the third.
///
/// # Limits
///
/// With a timer, the documented rate limits of each endpoint apply. A call over a limit, and every later one, fails with
/// [`FREQUENCY_EXCEEDED`](wecom_core::ErrCode::FREQUENCY_EXCEEDED) for as long as the window of that limit. So do calls over
/// 20,000 a minute from one IP address (all calls come from one), and over 1,000 added or modified rules a day. Five wrong
/// secrets in a row within an hour ban the address: `gettoken` fails with `FREQUENCY_EXCEEDED` for an hour. The vendor
/// documents such a ban, but not the number of secrets.
///
/// [`Simulator::divide_quotas`] lowers the limits, except the number of wrong secrets. [`Simulator::latency`] makes calls take
/// time, so that calls can exceed a concurrency limit.
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
    timer: Option<Arc<dyn Timer>>,
}

impl Simulator {
    /// Creates a simulator of a world.
    ///
    /// # Panics
    ///
    /// Panics if the world is inconsistent: see [`World::check`].
    #[track_caller]
    #[must_use]
    pub fn new(world: World) -> Self {
        Self::try_new(world).unwrap_or_else(|error| fail(&error))
    }

    /// Like [`Simulator::new`], for a world from outside the program.
    ///
    /// # Errors
    ///
    /// Returns an error if the world is inconsistent: see [`World::check`].
    pub fn try_new(world: World) -> Result<Self, WorldError> {
        world.check()?;
        let secret = world.apps.first().map_or_else(|| Secret::new(""), |app| app.secret.clone());
        let credentials = Credentials::new(world.corp_id.as_str(), secret);
        Ok(Self { shared: Arc::new(Shared { credentials, service: Mutex::new(Service::new(world)), timer: None }) })
    }

    /// Creates a simulator of the [demo world](World::demo).
    #[must_use]
    pub fn demo() -> Self {
        Self::new(World::demo())
    }

    /// Sets the timer: a `ManualTimer` of `wecom-mock`, or the timer of a runtime.
    ///
    /// # Panics
    ///
    /// Panics if the simulator has been cloned: the clones would have another time.
    #[track_caller]
    #[must_use]
    pub fn on_timer(mut self, timer: impl Timer + 'static) -> Self {
        match Arc::get_mut(&mut self.shared) {
            Some(shared) => {
                shared.timer = Some(Arc::new(timer));
                let service = shared.service.get_mut().unwrap_or_else(PoisonError::into_inner);
                service.state.jobs.on_timer = true;
                service.quotas.on_timer = true;
            }
            None => fail(&"the timer must be set before the simulator is cloned or creates a client"),
        }
        self
    }

    /// Sets the time until each reply. It has no effect without a timer.
    ///
    /// Calls can then be in flight at the same time, and those over the documented concurrency fail with
    /// [`CONCURRENCY_EXCEEDED`](wecom_core::ErrCode::CONCURRENCY_EXCEEDED).
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.lock().latency = latency;
        self
    }

    /// Divides the documented rate limits, so that a test can exceed one with few calls.
    ///
    /// With a divisor of 1,000, an endpoint with a documented limit of 10,000 calls a minute accepts 10. Every limit is at
    /// least 1.
    ///
    /// # Panics
    ///
    /// Panics if the divisor is 0.
    #[track_caller]
    #[must_use]
    pub fn divide_quotas(self, divisor: u32) -> Self {
        assert!(divisor != 0, "quotas can't be divided by 0");
        self.lock().quotas.divisor = divisor;
        self
    }

    /// Sets the ways in which replies deviate from the documentation: see [`WireVariant`]. None by default.
    #[must_use]
    pub fn wire_variants(self, variants: impl IntoIterator<Item = WireVariant>) -> Self {
        self.lock().variants = variants.into_iter().collect();
        self
    }

    /// Makes the simulator refuse requests that differ from the documentation, so that a test finds the mistakes of a
    /// client.
    ///
    /// By default the simulator accepts what the service accepts: a number instead of a string, a string of digits instead
    /// of a number, 0 or 1 instead of a boolean, a comma after the last item, and a byte order mark. Such a call succeeds
    /// with the vendor's warning in `errmsg`: `ok. Warning: wrong json format. `. A `groupid` of 0 and an empty
    /// `user_custom_id` count as absent, without a warning.
    #[must_use]
    pub fn strict(self) -> Self {
        self.lock().is_strict = true;
        self
    }

    /// Creates a client of this simulator with the credentials of the world's first app, and with the simulator's timer if
    /// it has one.
    #[must_use]
    pub fn client(&self) -> Client {
        let builder = Client::builder(self.clone()).credentials(self.credentials());
        match &self.shared.timer {
            Some(timer) => builder.timer(Arc::clone(timer)).build(),
            None => builder.build(),
        }
    }

    /// Like [`Simulator::client`], for code on a single thread.
    #[must_use]
    pub fn local_client(&self) -> Client<Local> {
        let builder = Client::local(self.clone()).credentials(self.credentials());
        match &self.shared.timer {
            Some(timer) => builder.timer(AsLocal(Arc::clone(timer))).build(),
            None => builder.build(),
        }
    }

    /// The credentials of the world's first app.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.shared.credentials.clone()
    }

    /// The id of the upstream corp.
    pub(crate) fn corp_id(&self) -> &str {
        self.shared.credentials.corp_id()
    }

    /// The world's first app. The check of a world guarantees one.
    pub(crate) fn first_app(&self) -> AgentId {
        self.lock().state.apps.first().map_or(AgentId::new(0), |app| app.agentid)
    }

    /// Sleeps on the timer, if the simulator has one.
    #[cfg(feature = "server")]
    pub(crate) fn sleep(&self, duration: Duration) -> Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> {
        self.shared.timer.as_ref().map(|timer| timer.sleep(duration))
    }

    /// Replies to a request.
    ///
    /// # Errors
    ///
    /// Returns an error if the simulator does not implement the endpoint.
    pub(crate) async fn reply(&self, request: IncomingRequest<'_>) -> Result<Response, UnknownEndpoint> {
        let permit = ConcurrencyPermit::new(self, request.path);
        let (latency, rule_version_on_arrival) = {
            let service = self.lock();
            (service.latency, service.state.rule_version)
        };
        let mut arrived = None;
        if let (Some(timer), false) = (&self.shared.timer, latency.is_zero()) {
            timer.sleep(latency).await;
            arrived = Some(rule_version_on_arrival);
        }
        let now = self.now();
        let mut service = self.lock();
        // Without latency, no other call can change a rule in between.
        let rule_version_on_arrival = arrived.unwrap_or(service.state.rule_version);
        let context = RequestContext { now, exceeds_concurrency: permit.exceeds_concurrency, rule_version_on_arrival };
        let reply = service.reply(request, context)?;
        drop(service);
        Ok(match reply {
            Reply::Finished(response) => response,
            Reply::Pending(call, responder) => {
                let result = responder(&call.parameters);
                self.lock().finish(&call, result)
            }
        })
    }

    /// The current time. The timer is the caller's code, so this must not be called under the lock.
    pub(crate) fn now(&self) -> Duration {
        self.shared.timer.as_ref().map_or(Duration::ZERO, Timer::now)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Service> {
        // No code of the caller runs under the lock, so a panic cannot leave the state inconsistent.
        self.shared.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reply_to(&self, request: &Request) -> Result<Response, TransportError> {
        let token = request.token().map(|token| ("access_token", token.expose()));
        let pairs = request.query().iter().filter_map(|(name, value)| match value {
            QueryValue::Public(value) => Some((name, value.as_str())),
            QueryValue::Secret(value) => Some((name, value.expose())),
            _ => None,
        });
        let query: Vec<_> = token.into_iter().chain(pairs).collect();
        let endpoint = request.endpoint();
        let body = request.body().map_or(&[][..], |body| body);
        let request = IncomingRequest {
            method: Some(endpoint.method()),
            path: endpoint.path(),
            name: Some(endpoint.name()),
            query: &query,
            body,
        };
        self.reply(request)
            .await
            .map_err(|error| TransportError::new(TransportErrorKind::Other, Delivery::NotSent).with_source(error))
    }
}

/// A permit for one call of an endpoint. Dropping it releases it.
struct ConcurrencyPermit<'a> {
    simulator: &'a Simulator,
    acquired: Option<&'static Endpoint>,
    /// Whether the endpoint had no permit left.
    exceeds_concurrency: bool,
}

impl<'a> ConcurrencyPermit<'a> {
    fn new(simulator: &'a Simulator, path: &str) -> Self {
        let mut service = simulator.lock();
        let endpoint = service.route(path).map(|route| route.endpoint());
        let acquired = endpoint.filter(|endpoint| service.quotas.acquire(endpoint));
        drop(service);
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
        self.reply_to(&request).await
    }
}

#[async_trait(?Send)]
impl LocalTransport for Simulator {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.reply_to(&request).await
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("corp_id", &self.shared.credentials.corp_id()).finish_non_exhaustive()
    }
}
