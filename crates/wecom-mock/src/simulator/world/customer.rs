//! The WeChat users of a world.

use wecom_upstream::{CorpId, ExternalUserId, ExternalUserInfo, OpenId, UnionId};

/// A WeChat user who is or may become a customer (外部联系人) of downstream corps.
#[derive(Clone, Debug)]
#[must_use = "a customer does nothing until a world has him"]
pub struct WorldCustomer {
    pub(crate) unionid: UnionId,
    pub(crate) openid: OpenId,
    pub(crate) known_to: Vec<ExternalUserInfo>,
}

impl WorldCustomer {
    /// A WeChat user who is no corp's customer yet.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), known_to: Vec::new() }
    }

    /// Makes him a customer of a corp, and says as whom the upstream corp knows him there.
    pub fn known_to(mut self, corpid: impl Into<CorpId>, external_userid: impl Into<ExternalUserId>) -> Self {
        self.known_to.push(ExternalUserInfo::new(corpid, external_userid));
        self
    }
}
