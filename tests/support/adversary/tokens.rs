//! The tokens that the service has issued.

use std::time::Duration;

use super::checker::{CANARY, Scope};

/// The tokens that the service has issued, to the upstream corp and to downstream corps.
#[derive(Debug)]
pub struct Tokens {
    issued: Vec<Issued>,
    lifetime: u32,
    gives_same: bool,
}

#[derive(Clone, Debug)]
struct Issued {
    scope: Scope,
    text: String,
    until: Duration,
}

impl Tokens {
    /// Creates tokens with this validity in seconds. With `gives_same`, a repeated fetch returns the same token while at least
    /// half of its validity is left. Otherwise it returns a new one.
    #[must_use]
    pub fn new(lifetime: u32, gives_same: bool) -> Self {
        Self { issued: Vec::new(), lifetime, gives_same }
    }

    /// Sets the validity of new tokens in seconds.
    pub fn set_lifetime(&mut self, lifetime: u32) {
        self.lifetime = lifetime;
    }

    /// Issues a token, and returns it with its validity in seconds.
    pub fn issue(&mut self, scope: Scope, now: Duration) -> (String, u64) {
        self.issue_for(scope, self.lifetime, now)
    }

    /// Issues a token with this validity in seconds.
    pub fn issue_for(&mut self, scope: Scope, lifetime: u32, now: Duration) -> (String, u64) {
        let left = Duration::from_secs(lifetime.into()) / 2;
        let is_fit = |token: &&Issued| token.scope == scope && token.until > now + left;
        if let Some(same) = self.issued.iter().rev().find(is_fit).filter(|_| self.gives_same) {
            return (same.text.clone(), (same.until - now).as_secs());
        }
        // The token has characters that are escaped in a URL and in JSON.
        let text = format!("{CANARY}/{scope}xK9+{}Zt7Lm2Wp5qR8=", self.issued.len());
        let until = now + Duration::from_secs(lifetime.into());
        self.issued.push(Issued { scope, text: text.clone(), until });
        (text, lifetime.into())
    }

    /// Returns the last token, valid or not.
    #[must_use]
    pub fn last(&self, scope: Scope) -> Option<String> {
        self.issued.iter().rev().find(|token| token.scope == scope).map(|token| token.text.clone())
    }

    /// Returns the owner and the remaining validity of a valid token.
    #[must_use]
    pub fn validity(&self, text: &str, now: Duration) -> Option<(Scope, Duration)> {
        let token = self.issued.iter().rev().find(|token| token.text == text)?;
        token.until.checked_sub(now).filter(|left| !left.is_zero()).map(|left| (token.scope, left))
    }

    /// Returns the owner of a token, valid or not.
    #[must_use]
    pub fn scope(&self, text: &str) -> Option<Scope> {
        self.issued.iter().rev().find(|token| token.text == text).map(|token| token.scope)
    }

    /// Ends all tokens.
    pub fn revoke(&mut self, now: Duration) {
        for token in &mut self.issued {
            token.until = token.until.min(now);
        }
    }
}
