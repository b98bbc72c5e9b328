//! Access tokens: issuing and checking. Each owner has one valid token at a time.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::{AgentId, CorpId};

use crate::hash::fnv1a;
use crate::refusal::Refusal;

/// The time from the issue of a token until it expires.
const VALIDITY: Duration = Duration::from_secs(7200);

/// The issued tokens.
#[derive(Default)]
pub(crate) struct AccessTokens {
    issued: HashMap<String, IssuedToken>,
    count: u64,
}

/// The owner of a token: an app of the upstream corp, or the same app shared with a downstream corp.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenOwner {
    pub(crate) app: AgentId,
    pub(crate) downstream: Option<CorpId>,
}

struct IssuedToken {
    owner: TokenOwner,
    expires: Duration,
    revoked: bool,
}

impl AccessTokens {
    /// Returns the owner's valid token, or a new one, and the time until it expires.
    pub(crate) fn issue(&mut self, owner: &TokenOwner, now: Duration) -> (String, Duration) {
        let valid =
            self.issued.iter().find(|(_, issued)| issued.owner == *owner && !issued.revoked && issued.expires > now);
        if let Some((token, issued)) = valid {
            return (token.clone(), issued.expires.saturating_sub(now));
        }
        self.count += 1;
        let token = self.text(owner.app);
        let expires = now.saturating_add(VALIDITY);
        self.issued.insert(token.clone(), IssuedToken { owner: owner.clone(), expires, revoked: false });
        (token, VALIDITY)
    }

    /// Returns the owner of a valid token.
    pub(crate) fn owner(&self, token: &str, now: Duration) -> Result<&TokenOwner, Refusal> {
        match self.issued.get(token) {
            Some(issued) if issued.revoked => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
            Some(issued) if issued.expires <= now => Err(ErrCode::ACCESS_TOKEN_EXPIRED.into()),
            Some(issued) => Ok(&issued.owner),
            None => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
        }
    }

    /// Revokes all tokens before they expire.
    pub(crate) fn revoke(&mut self) {
        self.issued.values_mut().for_each(|issued| issued.revoked = true);
    }

    /// A new token, as long as a real one.
    fn text(&self, app: AgentId) -> String {
        let seed = fnv1a(fnv1a(self.count, &app.get().to_le_bytes()), b"token");
        let parts = (0..8_u64).map(|part| fnv1a(seed, &part.to_le_bytes()));
        parts.map(|part| format!("{part:016x}")).collect::<Vec<_>>().join("-")
    }
}
