//! What happens in a world without any call: what somebody else does, or what befalls the service.

use wecom_upstream::calls::ExternalUserInfo;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::{ChainId, CorpId, ExternalUserId, OpenId, UnionId};

use crate::simulator::Simulator;

impl Simulator {
    /// Ends all access tokens before their time, as the vendor may: the next call with one is refused with
    /// [`INVALID_ACCESS_TOKEN`](wecom_core::ErrCode::INVALID_ACCESS_TOKEN).
    pub fn revoke_tokens(&self) {
        self.lock().state.tokens.revoke();
    }

    /// Puts the caller's address on the apps' list of trusted ones, where it is at first, or takes it off: then every call
    /// but `gettoken` is refused with [`IP_NOT_TRUSTED`](wecom_core::ErrCode::IP_NOT_TRUSTED).
    pub fn trust_ip(&self, trusted: bool) {
        self.lock().ip_is_trusted = trusted;
    }

    /// Begins or ends a spell in which WeCom is busy: every call, that for a token included, is refused with
    /// [`BUSY`](wecom_core::ErrCode::BUSY) and does nothing.
    pub fn busy(&self, is_busy: bool) {
        self.lock().is_busy = is_busy;
    }

    /// Says whether the upstream corp's account is in a state in which it can import, as it is at first unless
    /// [`World::account_unusable`](crate::World::account_unusable) says otherwise. If not, an import is refused with
    /// [`IMPORT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::IMPORT_ACCOUNT_UNUSABLE); one that runs already goes on.
    pub fn account_usable(&self, is_usable: bool) {
        self.lock().state.eligibility.account_is_usable = is_usable;
    }

    /// Makes a WeChat user the customer of a downstream corp, as when one of its members adds him.
    pub fn add_customer(
        &self,
        unionid: impl Into<UnionId>,
        openid: impl Into<OpenId>,
        corpid: impl Into<CorpId>,
        external_userid: impl Into<ExternalUserId>,
    ) {
        let info = ExternalUserInfo::new(corpid, external_userid);
        self.lock().state.customers.add(unionid.into(), openid.into(), Some(info));
    }

    /// Makes a pending corp of a chain one that has joined. The people whom an import named are its members from then on,
    /// with their mobile numbers for `userid`.
    ///
    /// # Panics
    ///
    /// When there is no such pending corp, or a corp of the new id is in the chain already.
    #[track_caller]
    pub fn join_corp(&self, chain_id: &ChainId, pending_corpid: &PendingCorpId, corpid: impl Into<CorpId>) {
        let corpid = corpid.into();
        let now = self.now();
        let mut service = self.lock();
        service.state.run_due_jobs(now);
        let chain = service.state.chains.iter_mut().find(|chain| chain.chain_id == *chain_id);
        let joined = chain.is_some_and(|chain| chain.join(pending_corpid, corpid));
        drop(service);
        assert!(joined, "{pending_corpid} can't join {chain_id}: it isn't pending there, or has joined already");
    }

    /// Says whether somebody at the admin console (管理后台) imports contacts: while he does, no import can be started by a
    /// call.
    pub fn import_at_console(&self, is_running: bool) {
        self.lock().state.jobs.console_is_importing = is_running;
    }
}
