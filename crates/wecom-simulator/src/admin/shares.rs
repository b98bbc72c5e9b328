//! Shared apps: 应用共享.

use std::sync::Arc;
use std::time::Duration;

use wecom_callback::{Event, ShareChange};
use wecom_upstream::calls::SharedCorp;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, CorpId};

use super::{Admin, not_empty};
use crate::admin::AdminError;
use crate::state::State;
use crate::world::WorldApp;

impl Admin<'_> {
    /// Shares an app with a corp of a chain. Sends `share_chain_change`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownApp`], [`AdminError::NotJoined`], [`AdminError::AlreadyShared`], [`AdminError::EmptyName`].
    pub fn share_app(&self, app: AgentId, corp: SharedCorp) -> Result<(), AdminError> {
        self.share(app, BusinessType::Chain, corp)
    }

    /// Withdraws an app from a corp of a chain. Sends `share_chain_change`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownApp`], [`AdminError::NotShared`].
    pub fn unshare_app(&self, app: AgentId, corpid: &CorpId) -> Result<(), AdminError> {
        self.unshare(app, BusinessType::Chain, corpid)
    }

    /// Shares an app with a corp by 企业互联. Sends `share_agent_change`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownApp`], [`AdminError::AlreadyShared`], [`AdminError::EmptyName`].
    pub fn share_app_in_corp_group(&self, app: AgentId, corp: SharedCorp) -> Result<(), AdminError> {
        self.share(app, BusinessType::CorpGroup, corp)
    }

    /// Withdraws an app that is shared by 企业互联. Sends `share_agent_change`.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownApp`], [`AdminError::NotShared`].
    pub fn unshare_app_in_corp_group(&self, app: AgentId, corpid: &CorpId) -> Result<(), AdminError> {
        self.unshare(app, BusinessType::CorpGroup, corpid)
    }

    fn share(&self, app: AgentId, business: BusinessType, corp: SharedCorp) -> Result<(), AdminError> {
        not_empty(corp.corpid.as_str())?;
        self.change(|state, now| {
            if business == BusinessType::Chain && !state.has_joined(&corp.corpid) {
                return Err(AdminError::NotJoined(corp.corpid));
            }
            let shared = app_mut(state, app)?;
            if shared.shares.contain(business, &corp.corpid) {
                return Err(AdminError::AlreadyShared(corp.corpid));
            }
            shared.shares.add(business, corp);
            send_share_change(state, app, business, now);
            Ok(())
        })
    }

    fn unshare(&self, app: AgentId, business: BusinessType, corpid: &CorpId) -> Result<(), AdminError> {
        self.change(|state, now| {
            if !app_mut(state, app)?.shares.remove(business, corpid) {
                return Err(AdminError::NotShared(corpid.clone()));
            }
            send_share_change(state, app, business, now);
            Ok(())
        })
    }
}

fn app_mut(state: &mut State, agentid: AgentId) -> Result<&mut WorldApp, AdminError> {
    let app = state.apps.iter_mut().find(|app| app.agentid == agentid);
    app.map(Arc::make_mut).ok_or(AdminError::UnknownApp(agentid))
}

fn send_share_change(state: &mut State, app: AgentId, business: BusinessType, now: Duration) {
    let change = ShareChange::new(app);
    let event = match business {
        BusinessType::Chain => Event::ShareChainChange(change),
        _ => Event::ShareAgentChange(change),
    };
    state.outboxes.of(app).push(event, now);
}
