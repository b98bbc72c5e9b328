//! The login sessions of the upstream corp's mini program, and their transfer to a downstream corp.

use wecom_core::ErrCode;
use wecom_upstream::{CorpId, UserId};

use crate::hash::fnv1a;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::steps::each;
use crate::world::WorldSession;

/// The login sessions.
pub(crate) struct MiniProgramSessions {
    sessions: Vec<WorldSession>,
}

impl MiniProgramSessions {
    pub(crate) fn new(sessions: Vec<WorldSession>) -> Self {
        Self { sessions }
    }

    /// Returns the user's id and session key in a downstream corp. The same session and corp always have the same key.
    pub(crate) fn transfer(
        &self,
        corpid: &CorpId,
        userid: &str,
        session_key: &str,
    ) -> Result<(&UserId, String), Refusal> {
        let mut of_user = each(&self.sessions).filter(|session| session.userid.as_str() == userid).peekable();
        if of_user.peek().is_none() {
            return Err(ErrCode::UNKNOWN_USER.into());
        }
        let session = of_user.find(|session| session.session_key.expose() == session_key);
        let session = session.ok_or_else(|| invalid("session_key"))?;
        let corp_user = each(&session.corps).find(|(corp, _)| corp == corpid).ok_or(ErrCode::UNKNOWN_USER)?;
        Ok((&corp_user.1, key_for(corpid, session_key)))
    }
}

/// A session key of 32 hexadecimal digits, derived from the corp and the upstream session.
fn key_for(corpid: &CorpId, session_key: &str) -> String {
    let seed = [corpid.as_str(), "/", session_key].iter().fold(0, |hash, part| fnv1a(hash, part.as_bytes()));
    format!("{:016x}{:016x}", fnv1a(seed, b"first"), fnv1a(seed, b"second"))
}
