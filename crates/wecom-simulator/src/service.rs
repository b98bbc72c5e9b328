//! The service behind the transport: who calls, whether he may, and which call answers.

pub(crate) mod quotas;
pub(crate) mod recent_calls;
mod secret_ban;

use std::sync::Arc;
use std::time::Duration;

use wecom_core::endpoint::{Method, TokenKind};
use wecom_core::token::GET_TOKEN;
use wecom_core::{Endpoint, ErrCode, Response};
use wecom_upstream::CorpId;

use crate::call::{Call, Payload, granted, not_found, payload, refused};
use crate::calls::{CALLS, Work};
use crate::chain::Chain;
use crate::import::eligibility::Space;
use crate::import::jobs::Jobs;
use crate::parameters::Parameters;
use crate::refusal::{GET_REQUIRED, MISSING_CORP_ID, MISSING_SECRET, POST_REQUIRED, Refusal};
use crate::service::quotas::Quotas;
use crate::service::recent_calls::LastCalls;
use crate::state::Network;
use crate::state::access_tokens::{Holder, Tokens};
use crate::state::customers::Customers;
use crate::state::mini_program_sessions::Sessions;
use crate::wire_variant::WireVariant;
use crate::world::{World, WorldApp};

pub(crate) struct State {
    apps: Vec<Arc<WorldApp>>,
    pub(crate) quotas: Quotas,
    pub(crate) network: Network,
    pub(crate) ip_is_trusted: bool,
    pub(crate) is_busy: bool,
    /// How long an answer takes.
    pub(crate) latency: Duration,
    /// How answers are written.
    pub(crate) variants: Vec<WireVariant>,
    pub(crate) last_calls: LastCalls,
    refusals: u64,
}

/// The query of a call: decoded pairs.
pub(crate) type Pairs<'a> = [(&'a str, &'a str)];

/// A request as it comes, over a socket or in memory.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `None` for a method that no call has.
    pub(crate) method: Option<Method>,
    /// Relative to the base URL.
    pub(crate) path: &'a str,
    pub(crate) query: &'a Pairs<'a>,
    pub(crate) body: &'a [u8],
}

/// When a call is answered, and what had become of its kind when it came.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Duration,
    /// Whether too many of its kind were under way.
    pub(crate) crowded: bool,
    /// See [`Call::came_after_rule_change`].
    pub(crate) came_after_rule_change: u64,
}

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
                space: Space::new(!world.account_unusable, world.joined_corp_limit, world.people),
                sessions: Sessions::new(world.sessions),
                rule_changes: 0,
            },
            ip_is_trusted: true,
            is_busy: false,
            latency: Duration::ZERO,
            variants: Vec::new(),
            last_calls: LastCalls::default(),
            refusals: 0,
        }
    }

    /// Answers a request, whatever it is.
    pub(crate) fn answer(&mut self, asked: Asked<'_>, moment: Moment) -> Response {
        self.network.settle(moment.now);
        let Some(endpoint) = endpoint(asked.path) else { return not_found() };
        let mut malformed = false;
        let outcome = self.receive(endpoint, asked, moment.now).and_then(|()| match find(asked.path) {
            None => self.get_token(asked.query, moment.now),
            Some((_, work)) => {
                let (app, downstream) = self.admit(endpoint, asked.query, moment)?;
                let parameters = Parameters::read(endpoint.method(), asked.query, asked.body);
                malformed = parameters.malformed;
                let call = Call {
                    app: &app,
                    downstream: downstream.as_ref(),
                    now: moment.now,
                    came_after_rule_change: moment.came_after_rule_change,
                    parameters: &parameters,
                };
                work(&mut self.network, &call)
            }
        });
        let code = outcome.as_ref().map_or_else(|refusal| refusal.code, |_| ErrCode(0));
        self.last_calls.add(endpoint.name(), code);
        match outcome {
            Ok(payload) => granted(payload, &self.variants),
            Err(refusal) => {
                self.refusals += 1;
                refused(&refusal, malformed, moment.now, self.refusals, &self.variants)
            }
        }
    }

    /// Takes a call in, whoever makes it.
    fn receive(&mut self, endpoint: &Endpoint, asked: Asked<'_>, now: Duration) -> Result<(), Refusal> {
        if self.is_busy {
            return Err(ErrCode::BUSY.into());
        }
        self.quotas.count_address(now)?;
        match endpoint.method() {
            method if asked.method == Some(method) => Ok(()),
            Method::Get => Err(GET_REQUIRED.into()),
            _ => Err(POST_REQUIRED.into()),
        }
    }

    /// The app that makes a call, if it may make one now, and the downstream corp whose token the call carries.
    fn admit(
        &mut self,
        endpoint: &'static Endpoint,
        query: &Pairs<'_>,
        moment: Moment,
    ) -> Result<(Arc<WorldApp>, Option<CorpId>), Refusal> {
        let admitted = caller(&self.apps, &self.network.tokens, endpoint, query, moment.now)?;
        if !self.ip_is_trusted {
            return Err(ErrCode::IP_NOT_TRUSTED.into());
        }
        if moment.crowded {
            return Err(ErrCode::CONCURRENCY_EXCEEDED.into());
        }
        self.quotas.count(endpoint, moment.now)?;
        Ok(admitted)
    }

    /// `GET gettoken`: 获取access_token.
    fn get_token(&mut self, query: &Pairs<'_>, now: Duration) -> Result<Payload, Refusal> {
        self.quotas.check_ban(now)?;
        let parameters = Parameters::read(Method::Get, query, &[]);
        let corp_id = parameters.optional_text("corpid")?.ok_or(MISSING_CORP_ID)?;
        let secret = parameters.optional_text("corpsecret")?.ok_or(MISSING_SECRET)?;
        if corp_id != self.network.corp_id.as_str() {
            return Err(ErrCode::INVALID_CORP_ID.into());
        }
        let app = self.apps.iter().find(|app| app.secret.expose() == secret);
        self.quotas.note_secret(app.is_some(), now);
        let app = app.ok_or(ErrCode::INVALID_SECRET)?;
        let holder = Holder { app: app.agentid, downstream: None };
        let (token, validity) = self.network.tokens.give(&holder, now);
        Ok(payload([("access_token", token.into()), ("expires_in", validity.as_secs().into())]))
    }
}

/// The call at a path.
pub(crate) fn find(path: &str) -> Option<(&'static Endpoint, Work)> {
    CALLS.iter().find(|(endpoint, _)| endpoint.path() == path).copied()
}

/// The endpoint at a path, that of the tokens included.
fn endpoint(path: &str) -> Option<&'static Endpoint> {
    if path == GET_TOKEN.path() { Some(&GET_TOKEN) } else { find(path).map(|(endpoint, _)| endpoint) }
}

/// The app whose token a call carries, and the downstream corp whose it is.
fn caller(
    apps: &[Arc<WorldApp>],
    tokens: &Tokens,
    endpoint: &Endpoint,
    query: &Pairs<'_>,
    now: Duration,
) -> Result<(Arc<WorldApp>, Option<CorpId>), Refusal> {
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
    let app = apps.iter().find(|app| app.agentid == holder.app).ok_or(ErrCode::INVALID_ACCESS_TOKEN)?;
    Ok((Arc::clone(app), holder.downstream.clone()))
}
