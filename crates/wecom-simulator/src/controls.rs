//! Methods by which a test or a program changes the simulated service without a call.

use wecom_upstream::calls::ExternalUserInfo;
use wecom_upstream::ids::PendingCorpId;
use wecom_upstream::{ChainId, CorpId, ExternalUserId, OpenId, UnionId};

use crate::misuse::fail;
use crate::simulator::Simulator;

impl Simulator {
    /// Revokes all access tokens before they expire, as the vendor may do.
    ///
    /// The next call with such a token fails with [`INVALID_ACCESS_TOKEN`](wecom_core::ErrCode::INVALID_ACCESS_TOKEN).
    pub fn revoke_tokens(&self) {
        self.lock().state.tokens.revoke();
    }

    /// Sets whether the caller's IP address is in the trusted list (企业可信IP) of the apps. By default it is in the list.
    ///
    /// While it is not in the list, every call except `gettoken` fails with
    /// [`IP_NOT_TRUSTED`](wecom_core::ErrCode::IP_NOT_TRUSTED).
    pub fn set_ip_trusted(&self, trusted: bool) {
        self.lock().ip_is_trusted = trusted;
    }

    /// Sets whether the service is busy. By default it is not busy.
    ///
    /// While it is busy, every call, `gettoken` included, fails with [`BUSY`](wecom_core::ErrCode::BUSY) and changes nothing.
    pub fn set_busy(&self, is_busy: bool) {
        self.lock().is_busy = is_busy;
    }

    /// Sets whether the upstream corp's account can import. By default it can, unless the world is
    /// [`account_unusable`](crate::World::account_unusable).
    ///
    /// While it cannot import, starting an import fails with
    /// [`IMPORT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::IMPORT_ACCOUNT_UNUSABLE). A running import continues.
    pub fn set_account_usable(&self, is_usable: bool) {
        self.lock().state.eligibility.account_is_usable = is_usable;
    }

    /// Makes a WeChat user a customer (外部联系人) of a downstream corp, as if a member of the corp had added the user.
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

    /// Lets a pending corp join its chain, like [`Admin::join_corp`](crate::Admin::join_corp), but panics on an error.
    ///
    /// # Panics
    ///
    /// Panics if the chain has no such pending corp, or has a corp with the new id.
    #[track_caller]
    pub fn join_corp(&self, chain_id: &ChainId, pending_corpid: &PendingCorpId, corpid: impl Into<CorpId>) {
        self.admin().join_corp(chain_id, pending_corpid, corpid).unwrap_or_else(|error| fail(&error));
    }

    /// Sets whether an import started in the admin console (管理后台) is running. By default no such import is running.
    ///
    /// While it is running, starting an import fails with [`IMPORT_RUNNING`](wecom_core::ErrCode::IMPORT_RUNNING).
    pub fn set_console_import_running(&self, is_running: bool) {
        self.lock().state.jobs.console_is_importing = is_running;
    }
}
