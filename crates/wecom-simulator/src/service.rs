//! The simulated service: routing, authentication, quotas and the reply to every request.

pub(crate) mod quotas;
pub(crate) mod recent_calls;
mod secret_ban;

use std::sync::Arc;
use std::time::Duration;

use wecom_core::endpoint::{Method, TokenKind};
use wecom_core::token::GET_TOKEN;
use wecom_core::{Endpoint, ErrCode, Response};
use wecom_upstream::CorpId;

use crate::call::{Call, Payload, failure, payload, success};
use crate::calls::{CALLS, Handler};
use crate::chain::Chain;
use crate::custom_endpoints::{CustomEndpoints, Responder};
use crate::import::eligibility::Eligibility;
use crate::import::jobs::ImportJobs;
use crate::parameters::Parameters;
use crate::refusal::{GET_REQUIRED, MISSING_CORP_ID, MISSING_SECRET, POST_REQUIRED, Refusal};
use crate::service::quotas::Quotas;
use crate::service::recent_calls::RecentCalls;
use crate::state::State;
use crate::state::access_tokens::{AccessTokens, TokenOwner};
use crate::state::customers::Customers;
use crate::state::mass_call_ticket::MassCallTicket;
use crate::state::mini_program_sessions::MiniProgramSessions;
use crate::state::outboxes::Outboxes;
use crate::unknown_endpoint::UnknownEndpoint;
use crate::wire_variant::WireVariant;
use crate::world::{World, WorldApp};

/// The service and its state.
pub(crate) struct Service {
    pub(crate) quotas: Quotas,
    pub(crate) state: State,
    pub(crate) ip_is_trusted: bool,
    pub(crate) is_busy: bool,
    /// The time until a reply.
    pub(crate) latency: Duration,
    /// The ways in which replies deviate from the documentation.
    pub(crate) variants: Vec<WireVariant>,
    /// Whether requests that differ from the documentation are refused, as `Simulator::strict` sets it.
    pub(crate) is_strict: bool,
    pub(crate) custom_endpoints: CustomEndpoints,
    pub(crate) recent_calls: RecentCalls,
    refusals: u64,
}

/// The decoded pairs of a query.
pub(crate) type Pairs<'a> = [(&'a str, &'a str)];

/// A request, from a socket or from memory.
#[derive(Clone, Copy)]
pub(crate) struct IncomingRequest<'a> {
    /// `None` for a method that no call uses.
    pub(crate) method: Option<Method>,
    /// Relative to the base URL.
    pub(crate) path: &'a str,
    /// The name of the endpoint. A request over a socket has none.
    pub(crate) name: Option<&'static str>,
    pub(crate) query: &'a Pairs<'a>,
    pub(crate) body: &'a [u8],
}

/// The endpoint at a path, and what replies to its calls.
pub(crate) enum Route {
    GetToken,
    BuiltIn(&'static Endpoint, Handler),
    Custom(&'static Endpoint, Responder),
}

impl Route {
    pub(crate) fn endpoint(&self) -> &'static Endpoint {
        match self {
            Self::GetToken => &GET_TOKEN,
            Self::BuiltIn(endpoint, _) | Self::Custom(endpoint, _) => endpoint,
        }
    }
}

/// A call that passed the checks of every call.
pub(crate) struct AdmittedCall {
    endpoint: &'static Endpoint,
    pub(crate) parameters: Parameters,
    now: Duration,
}

/// The reply to a request.
pub(crate) enum Reply {
    Finished(Response),
    /// The closure of the program replies, without the lock. Then [`Service::finish`] makes the response.
    Pending(AdmittedCall, Responder),
}

/// The circumstances of a request.
#[derive(Clone, Copy)]
pub(crate) struct RequestContext {
    pub(crate) now: Duration,
    /// Whether it exceeds the concurrency limit of its endpoint.
    pub(crate) exceeds_concurrency: bool,
    /// See [`Call::rule_version_on_arrival`].
    pub(crate) rule_version_on_arrival: u64,
}

impl Service {
    pub(crate) fn new(world: World) -> Self {
        Self {
            quotas: Quotas::new(),
            state: State {
                corp_id: world.corp_id,
                apps: world.apps.into_iter().map(Arc::new).collect(),
                chains: world.chains.into_iter().map(Chain::new).collect(),
                customers: Customers::new(world.customers, world.chats),
                jobs: ImportJobs::default(),
                tokens: AccessTokens::default(),
                eligibility: Eligibility::new(!world.account_unusable, world.joined_corp_limit, world.people),
                sessions: MiniProgramSessions::new(world.sessions),
                outboxes: Outboxes::default(),
                mass_call_ticket: MassCallTicket::default(),
                rule_version: 0,
            },
            ip_is_trusted: true,
            is_busy: false,
            latency: Duration::ZERO,
            variants: Vec::new(),
            is_strict: false,
            custom_endpoints: CustomEndpoints::default(),
            recent_calls: RecentCalls::default(),
            refusals: 0,
        }
    }

    /// Replies to a request, except to a valid one of a custom endpoint.
    ///
    /// # Errors
    ///
    /// Returns an error if the simulator does not implement the endpoint.
    pub(crate) fn reply(
        &mut self,
        request: IncomingRequest<'_>,
        context: RequestContext,
    ) -> Result<Reply, UnknownEndpoint> {
        self.state.run_due_jobs(context.now);
        let Some(route) = self.route(request.path) else { return Err(self.unknown_endpoint(request)) };
        let endpoint = route.endpoint();
        let mut parameters = Parameters::default();
        let mut responder = None;
        let result = self.check_request(endpoint, request, context.now).and_then(|()| match route {
            Route::GetToken => self.get_token(request.query, context.now),
            Route::BuiltIn(_, handler) => {
                let (app, downstream) = self.authorize(endpoint, request, context)?;
                parameters = Parameters::read(endpoint.method(), request.query, request.body, self.is_strict);
                parameters.check_strictly()?;
                let call = Call {
                    app: &app,
                    downstream: downstream.as_ref(),
                    now: context.now,
                    rule_version_on_arrival: context.rule_version_on_arrival,
                    variants: &self.variants,
                    parameters: &parameters,
                };
                handler(&mut self.state, &call)
            }
            Route::Custom(_, custom) => {
                if endpoint.token_kind() != TokenKind::None {
                    self.authorize(endpoint, request, context)?;
                }
                parameters =
                    Parameters::read_unconverted(endpoint.method(), request.query, request.body, self.is_strict);
                parameters.check_strictly()?;
                responder = Some(custom);
                Ok(Payload::new())
            }
        });
        let call = AdmittedCall { endpoint, parameters, now: context.now };
        Ok(match responder {
            Some(responder) => Reply::Pending(call, responder),
            None => Reply::Finished(self.finish(&call, result)),
        })
    }

    /// Returns the response to a call, given its result.
    pub(crate) fn finish(&mut self, call: &AdmittedCall, result: Result<Payload, Refusal>) -> Response {
        let code = result.as_ref().map_or_else(|refusal| refusal.code, |_| ErrCode(0));
        let chain_id = call.parameters.optional_text("chain_id").ok().flatten();
        let chain = chain_id.and_then(|id| self.state.chains.iter().find(|chain| chain.chain_id.as_str() == id));
        self.recent_calls.add(call.endpoint.name(), code, chain.map(|chain| &chain.chain_id), call.now);
        let has_wrong_format = call.parameters.has_wrong_format();
        match result {
            Ok(payload) => success(payload, has_wrong_format, &self.variants),
            Err(refusal) => {
                self.refusals += 1;
                failure(&refusal, has_wrong_format, call.now, self.refusals, &self.variants)
            }
        }
    }

    /// Finds the endpoint at a path.
    pub(crate) fn route(&self, path: &str) -> Option<Route> {
        let custom =
            || self.custom_endpoints.find(path).map(|(endpoint, responder)| Route::Custom(endpoint, responder));
        built_in(path).or_else(custom)
    }

    fn unknown_endpoint(&self, request: IncomingRequest<'_>) -> UnknownEndpoint {
        let built_in = CALLS.iter().map(|(endpoint, _)| *endpoint);
        UnknownEndpoint {
            method: request.method,
            path: request.path.to_owned(),
            name: request.name,
            known: [&GET_TOKEN].into_iter().chain(built_in).chain(self.custom_endpoints.all()).collect(),
        }
    }

    /// Checks what does not depend on the caller.
    fn check_request(
        &mut self,
        endpoint: &Endpoint,
        request: IncomingRequest<'_>,
        now: Duration,
    ) -> Result<(), Refusal> {
        if self.is_busy {
            return Err(ErrCode::BUSY.into());
        }
        self.quotas.count_address(now)?;
        match endpoint.method() {
            method if request.method == Some(method) => Ok(()),
            Method::Get => Err(GET_REQUIRED.into()),
            _ => Err(POST_REQUIRED.into()),
        }
    }

    /// Authenticates the caller and counts the call. Returns the app, and the downstream corp of a downstream token.
    fn authorize(
        &mut self,
        endpoint: &'static Endpoint,
        request: IncomingRequest<'_>,
        context: RequestContext,
    ) -> Result<(Arc<WorldApp>, Option<CorpId>), Refusal> {
        let caller = authenticate(&self.state.apps, &self.state.tokens, endpoint, request.query, context.now)?;
        if !self.ip_is_trusted {
            return Err(ErrCode::IP_NOT_TRUSTED.into());
        }
        if context.exceeds_concurrency {
            return Err(ErrCode::CONCURRENCY_EXCEEDED.into());
        }
        let has_ticket = endpoint.ticketed_quota().is_some() && self.has_valid_ticket(request, context.now);
        self.quotas.count(endpoint, has_ticket, context.now)?;
        Ok(caller)
    }

    /// Returns whether a request contains the ticket that lifts frequency limits.
    fn has_valid_ticket(&self, request: IncomingRequest<'_>, now: Duration) -> bool {
        let parameters = Parameters::read_unconverted(Method::Post, request.query, request.body, self.is_strict);
        let ticket = parameters.optional_text("mass_call_ticket").ok().flatten();
        ticket.is_some_and(|ticket| self.state.mass_call_ticket.is_valid(ticket, now))
    }

    /// `GET gettoken`: 获取access_token.
    fn get_token(&mut self, query: &Pairs<'_>, now: Duration) -> Result<Payload, Refusal> {
        self.quotas.check_secret_ban(now)?;
        let parameters = Parameters::read(Method::Get, query, &[], true);
        let corp_id = parameters.optional_text("corpid")?.ok_or(MISSING_CORP_ID)?;
        let secret = parameters.optional_text("corpsecret")?.ok_or(MISSING_SECRET)?;
        if corp_id != self.state.corp_id.as_str() {
            return Err(ErrCode::INVALID_CORP_ID.into());
        }
        let app = self.state.apps.iter().find(|app| app.secret.expose() == secret);
        self.quotas.record_secret(app.is_some(), now);
        let app = app.ok_or(ErrCode::INVALID_SECRET)?;
        let owner = TokenOwner { app: app.agentid, downstream: None };
        let (token, validity) = self.state.tokens.issue(&owner, now);
        Ok(payload([("access_token", token.into()), ("expires_in", validity.as_secs().into())]))
    }
}

/// Finds the endpoint at a path that the simulator implements itself.
pub(crate) fn built_in(path: &str) -> Option<Route> {
    if path == GET_TOKEN.path() {
        return Some(Route::GetToken);
    }
    CALLS
        .iter()
        .find(|(endpoint, _)| endpoint.path() == path)
        .map(|&(endpoint, handler)| Route::BuiltIn(endpoint, handler))
}

/// Returns the app that owns the token of a call, and the downstream corp of a downstream token.
fn authenticate(
    apps: &[Arc<WorldApp>],
    tokens: &AccessTokens,
    endpoint: &Endpoint,
    query: &Pairs<'_>,
    now: Duration,
) -> Result<(Arc<WorldApp>, Option<CorpId>), Refusal> {
    let token = query.iter().find(|(name, _)| *name == "access_token").map(|(_, token)| *token);
    let token = token.filter(|token| !token.is_empty()).ok_or(ErrCode::MISSING_ACCESS_TOKEN)?;
    let owner = tokens.owner(token, now)?;
    let is_right_kind = match endpoint.token_kind() {
        TokenKind::Upstream => owner.downstream.is_none(),
        TokenKind::Downstream => owner.downstream.is_some(),
        _ => true,
    };
    if !is_right_kind {
        return Err(ErrCode::API_FORBIDDEN.into());
    }
    let app = apps.iter().find(|app| app.agentid == owner.app).ok_or(ErrCode::INVALID_ACCESS_TOKEN)?;
    Ok((Arc::clone(app), owner.downstream.clone()))
}
