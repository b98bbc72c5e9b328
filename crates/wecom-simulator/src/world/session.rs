//! The login sessions of the upstream corp's mini program.

use wecom_core::Secret;
use wecom_upstream::{CorpId, UserId};

/// A login session of the upstream corp's mini program (小程序): the user's `userid` and `session_key` in the upstream corp,
/// and the user's `userid` in downstream corps.
///
/// With the token of one of these corps, `miniprogram/transfer_session` returns the `userid` in that corp and a `session_key`
/// of that corp. The key is the same for every transfer of the same session to the same corp. The call fails with
///
/// - [`UNKNOWN_USER`](wecom_core::ErrCode::UNKNOWN_USER) for an unknown `userid`, or a user who is not in the corp,
/// - [`INVALID_PARAMETER`](wecom_core::ErrCode::INVALID_PARAMETER) for a wrong `session_key`,
/// - [`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN) with the upstream corp's token.
///
/// The vendor documents no error codes for this call. These are the codes of its global table that match.
///
/// ```
/// use wecom_core::Secret;
/// use wecom_simulator::{World, WorldSession};
/// use wecom_upstream::{CorpId, UserId};
///
/// let session =
///     WorldSession::new(UserId::new("woSunlei"), Secret::new("a-session-key"))
///         .corp_user(CorpId::new("wwjingxi"), UserId::new("sunlei"));
/// let world = World::demo().session(session);
/// # let _ = world;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a session does nothing without a world"]
pub struct WorldSession {
    pub(crate) userid: UserId,
    pub(crate) session_key: Secret,
    pub(crate) corps: Vec<(CorpId, UserId)>,
}

impl WorldSession {
    /// Creates a session of a user who is in no downstream corp.
    pub fn new(userid: impl Into<UserId>, session_key: Secret) -> Self {
        Self { userid: userid.into(), session_key, corps: Vec::new() }
    }

    /// Adds a downstream corp, with the user's `userid` in it.
    pub fn corp_user(mut self, corpid: impl Into<CorpId>, userid: impl Into<UserId>) -> Self {
        self.corps.push((corpid.into(), userid.into()));
        self
    }
}
