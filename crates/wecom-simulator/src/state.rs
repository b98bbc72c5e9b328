//! The data that calls read and change: the chains, customers, import jobs, tokens and sessions of the upstream corp.

pub(crate) mod access_tokens;
pub(crate) mod customers;
pub(crate) mod mass_call_ticket;
pub(crate) mod mini_program_sessions;
pub(crate) mod outboxes;
pub(crate) mod recent_events;

use std::sync::Arc;
use std::time::Duration;

use wecom_callback::{BatchJobResult, Event, JobType};
use wecom_core::ErrCode;
use wecom_upstream::CorpId;
use wecom_upstream::ids::{JobId, PendingCorpId};
use wecom_upstream::values::BusinessType;

use crate::call::Call;
use crate::chain::Chain;
use crate::chain::visible_chain::VisibleChain;
use crate::import::eligibility::Eligibility;
use crate::import::jobs::ImportJobs;
use crate::refusal::Refusal;
use crate::state::access_tokens::AccessTokens;
use crate::state::customers::Customers;
use crate::state::mass_call_ticket::MassCallTicket;
use crate::state::mini_program_sessions::MiniProgramSessions;
use crate::state::outboxes::Outboxes;
use crate::steps::each;
use crate::world::{WorldApp, WorldCorpId};

/// The state of the upstream corp.
pub(crate) struct State {
    pub(crate) corp_id: CorpId,
    pub(crate) apps: Vec<Arc<WorldApp>>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) customers: Customers,
    pub(crate) jobs: ImportJobs,
    pub(crate) tokens: AccessTokens,
    pub(crate) eligibility: Eligibility,
    pub(crate) sessions: MiniProgramSessions,
    /// The events that wait to be sent.
    pub(crate) outboxes: Outboxes,
    pub(crate) mass_call_ticket: MassCallTicket,
    /// The number of rule changes in all chains.
    pub(crate) rule_version: u64,
}

impl State {
    /// Executes the import job that is due, and sends the event of its end.
    pub(crate) fn run_due_jobs(&mut self, now: Duration) {
        if let Some(ended) = self.jobs.run_due_job(&mut self.chains, &self.eligibility, now) {
            let result = BatchJobResult::new(JobId::new(ended.jobid), JobType::ImportChainContact);
            self.outboxes.of(ended.app).push(Event::BatchJobResult(result), ended.at);
        }
    }

    /// The chains that are visible to an app.
    pub(crate) fn visible_chains(&self, app: &WorldApp) -> impl Iterator<Item = &Chain> {
        each(&self.chains).filter(|chain| app.sees_chain(&chain.chain_id))
    }

    /// Returns the chain in the call's `chain_id`, if it is visible to the app.
    pub(crate) fn chain(&self, call: &Call<'_>) -> Result<&Chain, Refusal> {
        let chain_id = call.parameters.text("chain_id")?;
        let chain = self.visible_chains(call.app).find(|chain| chain.chain_id.as_str() == chain_id);
        chain.ok_or_else(|| ErrCode::UNKNOWN_CHAIN.into())
    }

    /// Like [`State::chain`], with the groups that are visible to the app.
    pub(crate) fn visible_chain<'a>(&'a self, call: &Call<'a>) -> Result<VisibleChain<'a>, Refusal> {
        Ok(VisibleChain::new(self.chain(call)?, call.app))
    }

    /// Like [`State::chain`], for a change.
    pub(crate) fn chain_mut(&mut self, call: &Call<'_>) -> Result<&mut Chain, Refusal> {
        let chain_id = call.parameters.text("chain_id")?;
        let mut chains = each(&mut self.chains).filter(|chain| call.app.sees_chain(&chain.chain_id));
        chains.find(|chain| chain.chain_id.as_str() == chain_id).ok_or_else(|| ErrCode::UNKNOWN_CHAIN.into())
    }

    /// Increments the rule version and returns it.
    pub(crate) fn next_rule_version(&mut self) -> u64 {
        self.rule_version += 1;
        self.rule_version
    }

    /// Returns whether a corp has joined any chain.
    pub(crate) fn has_joined(&self, corpid: &CorpId) -> bool {
        let id = WorldCorpId::Joined(corpid.clone());
        self.chains.iter().any(|chain| chain.corps.position(&id).is_some())
    }

    /// Returns whether an app is shared with a corp. Sharing through a chain ends when the corp has left all chains.
    pub(crate) fn is_shared(&self, app: &WorldApp, business: BusinessType, corpid: &CorpId) -> bool {
        app.shares.contain(business, corpid) && (business != BusinessType::Chain || self.has_joined(corpid))
    }
}

/// Returns the corp in the call's `corpid` or `pending_corpid`. `corpid` takes precedence.
pub(crate) fn corp_id(call: &Call<'_>) -> Result<WorldCorpId, Refusal> {
    let corpid = call.parameters.optional_text("corpid")?;
    let pending_corpid = call.parameters.optional_text("pending_corpid")?;
    match (corpid, pending_corpid) {
        (Some(corpid), _) => Ok(WorldCorpId::Joined(CorpId::new(corpid))),
        (None, Some(pending_corpid)) => Ok(WorldCorpId::Pending(PendingCorpId::new(pending_corpid))),
        (None, None) => Err(Refusal::about(ErrCode::EMPTY_PARAMETER, "corpid")),
    }
}
