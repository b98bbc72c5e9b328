//! Access tokens: issuing and checking. Each owner has one valid token at a time.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::{AgentId, CorpId};

use crate::hash::fnv1a;
use crate::refusal::Refusal;

/// The time from the issue of a token until it expires.
const VALIDITY: Duration = Duration::from_secs(7200);

/// The number of expired tokens that are still known. Older ones are invalid instead of expired.
const MAX_EXPIRED: usize = 1000;

/// The issued tokens.
#[derive(Default)]
pub(crate) struct AccessTokens {
    by_owner: HashMap<TokenOwner, String>,
    issued: HashMap<String, IssuedToken>,
    /// The keys of `issued`, in the order of issue and so of expiry.
    order: VecDeque<String>,
    /// The number of tokens issued so far.
    count: u64,
}

/// The owner of a token: an app of the upstream corp, or the same app shared with a downstream corp.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenOwner {
    pub(crate) app: AgentId,
    pub(crate) downstream: Option<CorpId>,
}

struct IssuedToken {
    owner: TokenOwner,
    expires: Duration,
}

impl AccessTokens {
    /// Returns the owner's valid token, or a new one, and the time until it expires.
    pub(crate) fn issue(&mut self, owner: &TokenOwner, now: Duration) -> (String, Duration) {
        if let Some(token) = self.by_owner.get(owner) {
            let expires = self.issued.get(token).map(|issued| issued.expires);
            if let Some(validity) = expires.and_then(|expires| expires.checked_sub(now)).filter(|it| !it.is_zero()) {
                return (token.clone(), validity);
            }
        }
        self.count += 1;
        let token = self.text(owner.app);
        let expires = now.saturating_add(VALIDITY);
        self.issued.insert(token.clone(), IssuedToken { owner: owner.clone(), expires });
        self.order.push_back(token.clone());
        self.by_owner.insert(owner.clone(), token.clone());
        self.forget_oldest();
        (token, VALIDITY)
    }

    /// Returns the owner of a valid token.
    pub(crate) fn owner(&self, token: &str, now: Duration) -> Result<&TokenOwner, Refusal> {
        match self.issued.get(token) {
            Some(issued) if issued.expires <= now => Err(ErrCode::ACCESS_TOKEN_EXPIRED.into()),
            Some(issued) => Ok(&issued.owner),
            None => Err(ErrCode::INVALID_ACCESS_TOKEN.into()),
        }
    }

    /// Revokes all tokens before they expire.
    pub(crate) fn revoke(&mut self) {
        self.by_owner.clear();
        self.issued.clear();
        self.order.clear();
    }

    /// Forgets the oldest tokens beyond the limit. They are expired, because every owner has at most one valid token.
    fn forget_oldest(&mut self) {
        while self.order.len() > MAX_EXPIRED + self.by_owner.len() {
            let oldest = self.order.pop_front();
            oldest.and_then(|token| self.issued.remove(&token));
        }
    }

    /// A new token, as long as a real one.
    fn text(&self, app: AgentId) -> String {
        let seed = fnv1a(fnv1a(self.count, &app.get().to_le_bytes()), b"token");
        let parts = (0..8_u64).map(|part| fnv1a(seed, &part.to_le_bytes()));
        parts.map(|part| format!("{part:016x}")).collect::<Vec<_>>().join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_number_of_expired_tokens_is_known() {
        let mut tokens = AccessTokens::default();
        let owner = |app| TokenOwner { app: AgentId::new(app), downstream: None };
        let (first, _) = tokens.issue(&owner(1), Duration::ZERO);
        let later = |round: u32| VALIDITY * round;
        for round in 1..=1000 {
            tokens.issue(&owner(2), later(round));
        }
        let code = |tokens: &AccessTokens, token: &str, now| tokens.owner(token, now).err().map(|refusal| refusal.code);
        assert_eq!(code(&tokens, &first, later(1000)), Some(ErrCode::ACCESS_TOKEN_EXPIRED));
        for round in 1001..=3000 {
            tokens.issue(&owner(2), later(round));
        }
        assert_eq!(code(&tokens, &first, later(3000)), Some(ErrCode::INVALID_ACCESS_TOKEN));
        assert_eq!((tokens.issued.len(), tokens.order.len(), tokens.by_owner.len()), (1002, 1002, 2));
        let (last, validity) = tokens.issue(&owner(2), later(3000));
        assert_eq!((code(&tokens, &last, later(3000)), validity), (None, VALIDITY));
    }
}
