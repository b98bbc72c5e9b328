//! The logins to the upstream corp's mini program, and what becomes of one in a downstream corp.

use wecom_core::ErrCode;
use wecom_upstream::{CorpId, UserId};

use crate::hash::fnv1a;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::world::WorldSession;

pub(crate) struct MiniProgramSessions {
    sessions: Vec<WorldSession>,
}

impl MiniProgramSessions {
    pub(crate) fn new(sessions: Vec<WorldSession>) -> Self {
        Self { sessions }
    }

    /// Who somebody is in a downstream corp, and his session key there: the same one for the same session and corp.
    pub(crate) fn transfer(
        &self,
        corpid: &CorpId,
        userid: &str,
        session_key: &str,
    ) -> Result<(&UserId, String), Refusal> {
        let mut of_user = self.sessions.iter().filter(|session| session.userid.as_str() == userid).peekable();
        if of_user.peek().is_none() {
            return Err(ErrCode::UNKNOWN_USER.into());
        }
        let session = of_user.find(|session| session.session_key.expose() == session_key);
        let session = session.ok_or_else(|| invalid("session_key"))?;
        let there = session.corps.iter().find(|(corp, _)| corp == corpid).ok_or(ErrCode::UNKNOWN_USER)?;
        Ok((&there.1, key_for(corpid, session_key)))
    }
}

/// 32 hexadecimal digits that only the corp and the upstream session decide.
fn key_for(corpid: &CorpId, session_key: &str) -> String {
    let seed = [corpid.as_str(), "/", session_key].iter().fold(0, |hash, part| fnv1a(hash, part.as_bytes()));
    format!("{:016x}{:016x}", fnv1a(seed, b"first"), fnv1a(seed, b"second"))
}
