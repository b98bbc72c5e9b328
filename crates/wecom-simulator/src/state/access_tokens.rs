//! Access tokens: given for a secret, the same one until it ends, and checked on every call.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::{AgentId, CorpId};

use crate::cursor::mix;
use crate::refusal::Refusal;

/// How long a token is valid unless something else is said.
const LIFETIME: Duration = Duration::from_secs(7200);

#[derive(Default)]
pub(crate) struct Tokens {
    given: HashMap<String, Given>,
    count: u64,
}

/// Whom a token is given to: an app of the upstream corp, at home or in a corp that it is shared with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) app: AgentId,
    pub(crate) downstream: Option<CorpId>,
}

struct Given {
    holder: Holder,
    until: Duration,
    revoked: bool,
}

impl Tokens {
    /// The token of a holder, and how long it is still valid.
    pub(crate) fn give(&mut self, holder: &Holder, now: Duration) -> (String, Duration) {
        let valid = self.given.iter().find(|(_, given)| given.holder == *holder && !given.revoked && given.until > now);
        if let Some((token, given)) = valid {
            return (token.clone(), given.until.saturating_sub(now));
        }
        self.count += 1;
        let token = self.text(holder.app);
        let until = now.saturating_add(LIFETIME);
        self.given.insert(token.clone(), Given { holder: holder.clone(), until, revoked: false });
        (token, LIFETIME)
    }

    /// Whom a token was given to.
    pub(crate) fn holder(&self, token: &str, now: Duration) -> Result<&Holder, Refusal> {
        match self.given.get(token) {
            Some(given) if given.revoked => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
            Some(given) if given.until <= now => Err(ErrCode::ACCESS_TOKEN_EXPIRED.into()),
            Some(given) => Ok(&given.holder),
            None => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
        }
    }

    /// Ends all tokens before their time.
    pub(crate) fn revoke(&mut self) {
        self.given.values_mut().for_each(|given| given.revoked = true);
    }

    /// Long and of mixed signs, as a real one is.
    fn text(&self, app: AgentId) -> String {
        let seed = mix(mix(self.count, &app.get().to_le_bytes()), b"token");
        let parts = (0..8_u64).map(|part| mix(seed, &part.to_le_bytes()));
        parts.map(|part| format!("{part:016x}")).collect::<Vec<_>>().join("-")
    }
}
