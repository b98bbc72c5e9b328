//! Access tokens: issued for a secret, the same one until it ends, and checked on every call.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::{AgentId, CorpId};

use crate::hash::fnv1a;
use crate::refusal::Refusal;

/// How long a token is valid unless something else is said.
const VALIDITY: Duration = Duration::from_secs(7200);

#[derive(Default)]
pub(crate) struct AccessTokens {
    issued: HashMap<String, IssuedToken>,
    count: u64,
}

/// Whom a token is issued to: an app of the upstream corp, at home or in a corp that it is shared with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenOwner {
    pub(crate) app: AgentId,
    pub(crate) downstream: Option<CorpId>,
}

struct IssuedToken {
    owner: TokenOwner,
    until: Duration,
    revoked: bool,
}

impl AccessTokens {
    /// The token of a owner, and how long it is still valid.
    pub(crate) fn issue(&mut self, owner: &TokenOwner, now: Duration) -> (String, Duration) {
        let valid =
            self.issued.iter().find(|(_, issued)| issued.owner == *owner && !issued.revoked && issued.until > now);
        if let Some((token, issued)) = valid {
            return (token.clone(), issued.until.saturating_sub(now));
        }
        self.count += 1;
        let token = self.text(owner.app);
        let until = now.saturating_add(VALIDITY);
        self.issued.insert(token.clone(), IssuedToken { owner: owner.clone(), until, revoked: false });
        (token, VALIDITY)
    }

    /// Whom a token was issued to.
    pub(crate) fn owner(&self, token: &str, now: Duration) -> Result<&TokenOwner, Refusal> {
        match self.issued.get(token) {
            Some(issued) if issued.revoked => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
            Some(issued) if issued.until <= now => Err(ErrCode::ACCESS_TOKEN_EXPIRED.into()),
            Some(issued) => Ok(&issued.owner),
            None => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
        }
    }

    /// Ends all tokens before their time.
    pub(crate) fn revoke(&mut self) {
        self.issued.values_mut().for_each(|issued| issued.revoked = true);
    }

    /// Long and of mixed signs, as a real one is.
    fn text(&self, app: AgentId) -> String {
        let seed = fnv1a(fnv1a(self.count, &app.get().to_le_bytes()), b"token");
        let parts = (0..8_u64).map(|part| fnv1a(seed, &part.to_le_bytes()));
        parts.map(|part| format!("{part:016x}")).collect::<Vec<_>>().join("-")
    }
}
