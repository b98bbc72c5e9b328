//! The service behind the transport: who calls, whether he may, and which call answers.

use std::sync::Arc;
use std::time::Duration;

use wecom_core::{Endpoint, ErrCode, GET_TOKEN, Method, Response, TokenKind};

use super::call::{Call, Payload, granted, not_found, payload, refused};
use super::calls::{CALLS, Work};
use super::chain::Chain;
use super::customers::Customers;
use super::jobs::Jobs;
use super::network::Network;
use super::parameters::Parameters;
use super::quotas::Quotas;
use super::refusal::{MISSING_CORP_ID, MISSING_SECRET, Refusal};
use super::tokens::{Holder, Tokens};
use super::world::{World, WorldApp};

pub(crate) struct State {
    apps: Vec<Arc<WorldApp>>,
    pub(crate) quotas: Quotas,
    pub(crate) network: Network,
    pub(crate) ip_is_trusted: bool,
    /// How long an answer takes.
    pub(crate) latency: Duration,
    refusals: u64,
}

/// The query of a call: decoded pairs.
pub(crate) type Pairs<'a> = [(&'a str, &'a str)];

impl State {
    pub(crate) fn new(world: World) -> Self {
        let agentids = world.apps.iter().map(|app| app.agentid).collect();
        Self {
            apps: world.apps.into_iter().map(Arc::new).collect(),
            quotas: Quotas::new(),
            network: Network {
                corp_id: world.corp_id,
                agentids,
                chains: world.chains.into_iter().map(Chain::new).collect(),
                customers: Customers::new(world.customers, world.chats),
                jobs: Jobs::default(),
                tokens: Tokens::default(),
            },
            ip_is_trusted: true,
            latency: Duration::ZERO,
            refusals: 0,
        }
    }

    /// Answers a call, whatever it is: `path` is relative to the base URL. `crowded` says that too many of its kind are
    /// under way.
    pub(crate) fn answer(
        &mut self,
        path: &str,
        query: &Pairs<'_>,
        body: &[u8],
        now: Duration,
        crowded: bool,
    ) -> Response {
        self.network.settle(now);
        let (outcome, malformed) = if path == GET_TOKEN.path() {
            (self.get_token(query, now), false)
        } else {
            let Some((endpoint, work)) = find(path) else { return not_found() };
            match self.admit(endpoint, query, now, crowded) {
                Err(refusal) => (Err(refusal), false),
                Ok(app) => {
                    let parameters = Parameters::read(endpoint.method(), query, body);
                    let call = Call { app: &app, now, parameters: &parameters };
                    (work(&mut self.network, &call), parameters.malformed)
                }
            }
        };
        match outcome {
            Ok(payload) => granted(&payload),
            Err(refusal) => {
                self.refusals += 1;
                refused(&refusal, malformed, now, self.refusals)
            }
        }
    }

    /// The app that makes a call, if it may make one now.
    fn admit(
        &mut self,
        endpoint: &'static Endpoint,
        query: &Pairs<'_>,
        now: Duration,
        crowded: bool,
    ) -> Result<Arc<WorldApp>, Refusal> {
        let app = caller(&self.apps, &self.network.tokens, endpoint, query, now)?;
        if !self.ip_is_trusted {
            return Err(ErrCode::IP_NOT_TRUSTED.into());
        }
        if crowded {
            return Err(ErrCode::CONCURRENCY_EXCEEDED.into());
        }
        self.quotas.count(endpoint, now)?;
        Ok(app)
    }

    /// `GET gettoken`: 获取access_token.
    fn get_token(&mut self, query: &Pairs<'_>, now: Duration) -> Result<Payload, Refusal> {
        let parameters = Parameters::read(Method::Get, query, &[]);
        let corp_id = parameters.optional_text("corpid")?.ok_or(MISSING_CORP_ID)?;
        let secret = parameters.optional_text("corpsecret")?.ok_or(MISSING_SECRET)?;
        if corp_id != self.network.corp_id.as_str() {
            return Err(ErrCode::INVALID_CORP_ID.into());
        }
        let app = self.apps.iter().find(|app| app.secret.expose() == secret).ok_or(ErrCode::INVALID_SECRET)?;
        let holder = Holder { app: app.agentid, downstream: None };
        let (token, validity) = self.network.tokens.give(&holder, now);
        Ok(payload([("access_token", token.into()), ("expires_in", validity.as_secs().into())]))
    }
}

/// The call at a path.
pub(crate) fn find(path: &str) -> Option<(&'static Endpoint, Work)> {
    CALLS.iter().find(|(endpoint, _)| endpoint.path() == path).copied()
}

/// The app whose token a call carries.
fn caller(
    apps: &[Arc<WorldApp>],
    tokens: &Tokens,
    endpoint: &Endpoint,
    query: &Pairs<'_>,
    now: Duration,
) -> Result<Arc<WorldApp>, Refusal> {
    let token = query.iter().find(|(name, _)| *name == "access_token").map(|(_, token)| *token);
    let token = token.filter(|token| !token.is_empty()).ok_or(ErrCode::MISSING_ACCESS_TOKEN)?;
    let holder = tokens.holder(token, now)?;
    let fits = match endpoint.token_kind() {
        TokenKind::Upstream => holder.downstream.is_none(),
        TokenKind::Downstream => holder.downstream.is_some(),
        _ => true,
    };
    if !fits {
        return Err(ErrCode::API_FORBIDDEN.into());
    }
    apps.iter().find(|app| app.agentid == holder.app).cloned().ok_or_else(|| ErrCode::INVALID_ACCESS_TOKEN.into())
}
