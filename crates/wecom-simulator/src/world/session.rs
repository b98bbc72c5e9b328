//! Who is logged in to the upstream corp's mini program.

use wecom_core::Secret;
use wecom_upstream::{CorpId, UserId};

/// A login to the upstream corp's mini program (小程序): a `userid` and a `session_key` that are the upstream corp's, and who
/// the same person is in the downstream corps.
///
/// With the token of one of these corps, `miniprogram/transfer_session` gives the `userid` that he has there, and a
/// `session_key` that is that corp's own: the same one whenever the same session is transferred to the same corp. A `userid`
/// that is nobody's, or that of somebody who is not in the corp, is refused with
/// [`UNKNOWN_USER`](wecom_core::ErrCode::UNKNOWN_USER), a `session_key` that is not his with
/// [`INVALID_PARAMETER`](wecom_core::ErrCode::INVALID_PARAMETER), the upstream corp's token with
/// [`API_FORBIDDEN`](wecom_core::ErrCode::API_FORBIDDEN). (The vendor documents no codes for this call: these are the ones
/// that its table has for what is wrong.)
///
/// ```
/// use wecom_core::Secret;
/// use wecom_simulator::{World, WorldSession};
/// use wecom_upstream::{CorpId, UserId};
///
/// let session = WorldSession::new(UserId::new("woSunlei"), Secret::new("a-session-key"))
///     .is_in(CorpId::new("wwjingxi"), UserId::new("sunlei"));
/// let world = World::demo().session(session);
/// # let _ = world;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a session does nothing until a world has it"]
pub struct WorldSession {
    pub(crate) userid: UserId,
    pub(crate) session_key: Secret,
    pub(crate) corps: Vec<(CorpId, UserId)>,
}

impl WorldSession {
    /// The login of somebody who is in no downstream corp yet.
    pub fn new(userid: impl Into<UserId>, session_key: Secret) -> Self {
        Self { userid: userid.into(), session_key, corps: Vec::new() }
    }

    /// Says who he is in a downstream corp.
    pub fn is_in(mut self, corpid: impl Into<CorpId>, userid: impl Into<UserId>) -> Self {
        self.corps.push((corpid.into(), userid.into()));
        self
    }
}
