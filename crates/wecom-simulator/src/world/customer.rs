//! The WeChat users of a world.

use serde::Deserialize;
use wecom_core::ErrCode;
use wecom_upstream::calls::ExternalUserInfo;
use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId};

/// A WeChat user who is or can become a customer (外部联系人) of downstream corps.
#[derive(Clone, Debug)]
#[must_use = "a customer does nothing without a world"]
pub struct WorldCustomer {
    pub(crate) unionid: UnionId,
    pub(crate) openid: OpenId,
    pub(crate) known_to: Vec<ExternalUserInfo>,
    pub(crate) account: LoginAccount,
}

/// The account from which a user's `unionid` and `openid` come. WeCom accepts a service account (服务号) or mini program
/// (小程序) whose principal (认证主体) is the same as the upstream corp's.
///
/// In the JSON of a world it is `login_account`: `own` (the default), `open_id_of_wrong_account`,
/// `open_id_of_another_principal` or `union_id_of_another_principal`.
///
/// ```
/// use wecom_simulator::{LoginAccount, Simulator, World, WorldCustomer};
/// use wecom_upstream::calls::UnionidToPendingId;
/// use wecom_upstream::{ErrCode, OpenId, UnionId, Upstream};
///
/// let (unionid, openid) = (UnionId::new("oUnionNew"), OpenId::new("oOpenNew"));
/// let user = WorldCustomer::new(&unionid, &openid)
///     .login_account(LoginAccount::UnionIdOfAnotherPrincipal);
/// let upstream = Upstream::new(Simulator::new(World::demo().customer(user)).client());
/// let refused = pollster::block_on(
///     upstream.unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid)),
/// );
/// assert_eq!(refused.unwrap_err().code(), Some(ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoginAccount {
    /// An account that WeCom accepts.
    #[default]
    Own,
    /// The `openid` comes from an account that is neither a service account nor a mini program:
    /// [`OPEN_ID_OF_WRONG_ACCOUNT`](ErrCode::OPEN_ID_OF_WRONG_ACCOUNT).
    OpenIdOfWrongAccount,
    /// The `openid` comes from an account of another principal:
    /// [`OPEN_ID_OF_ANOTHER_PRINCIPAL`](ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL).
    OpenIdOfAnotherPrincipal,
    /// The `unionid` comes from an open platform (开放平台) account of another principal:
    /// [`UNION_ID_OF_ANOTHER_PRINCIPAL`](ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL).
    UnionIdOfAnotherPrincipal,
}

impl LoginAccount {
    /// The error code for ids from the account.
    pub(crate) fn refusal(self) -> Option<ErrCode> {
        match self {
            Self::Own => None,
            Self::OpenIdOfWrongAccount => Some(ErrCode::OPEN_ID_OF_WRONG_ACCOUNT),
            Self::OpenIdOfAnotherPrincipal => Some(ErrCode::OPEN_ID_OF_ANOTHER_PRINCIPAL),
            Self::UnionIdOfAnotherPrincipal => Some(ErrCode::UNION_ID_OF_ANOTHER_PRINCIPAL),
        }
    }
}

impl WorldCustomer {
    /// Creates a user who is not a customer of any corp.
    pub fn new(unionid: impl Into<UnionId>, openid: impl Into<OpenId>) -> Self {
        Self { unionid: unionid.into(), openid: openid.into(), known_to: Vec::new(), account: LoginAccount::Own }
    }

    /// Sets the account from which the `unionid` and `openid` come.
    pub fn login_account(mut self, account: LoginAccount) -> Self {
        self.account = account;
        self
    }

    /// Makes the user a customer of a corp, with this id.
    pub fn known_to(mut self, corpid: impl Into<CorpId>, external_userid: impl Into<ExternalUserId>) -> Self {
        self.known_to.push(ExternalUserInfo::new(corpid, external_userid));
        self
    }
}
