//! The state of one token, without waiting and without I/O.

use std::time::Duration;

use super::error::TokenError;
use crate::error::code::ErrCode;
use crate::error::{Error, ErrorKind};
use crate::observe::observer::TokenFetchReason;
use crate::quota::block::Block;
use crate::retry::jitter::Jitter;
use crate::secret::AccessToken;

/// How long before its expiry a token is renewed, if it is valid for long enough.
const RENEWAL_LEAD: Duration = Duration::from_secs(300);

/// How long no renewal begins after one that failed or returned the old token.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);

/// How long no fetch begins after WeCom refused the caller's IP address. Addresses become trusted while programs run.
const IP_PAUSE: Duration = Duration::from_secs(10);

/// The interval at which the store is asked for a token while no fetch may begin.
const STORE_PAUSE: Duration = Duration::from_secs(10);

/// One token, and the outcome of its last fetches.
pub(super) struct Cache {
    current: Option<Entry>,
    /// The last token that WeCom refused on a call.
    rejected: Option<AccessToken>,
    /// Until when a fetch is expected to return only `rejected`.
    rejected_until: Option<Duration>,
    /// The generation of the last token.
    generation: u64,
    failure: Option<Failure>,
    block: Block,
    jitter: Jitter,
}

struct Entry {
    token: AccessToken,
    /// When the token expires, on the timer; `None` without a timer, or if its validity is unknown.
    expires: Option<Duration>,
    /// When to renew the token; `None` in the same cases.
    renew: Option<Duration>,
}

/// A failed fetch that is not repeated yet.
struct Failure {
    error: TokenError,
    pause: Pause,
    /// When the store was last asked for a token of another process.
    store_asked_at: Option<Duration>,
}

enum Pause {
    Forever,
    Until { end: Duration, length: Duration },
}

/// The result of a fetch.
pub(super) struct Fetched {
    pub(super) token: AccessToken,
    /// When the token was requested, on the timer.
    pub(super) requested_at: Option<Duration>,
    pub(super) expires_in: Option<Duration>,
}

/// A fetch that failed.
pub(super) struct Failed {
    pub(super) purpose: Purpose,
    pub(super) with_credentials: bool,
    pub(super) began: Option<Duration>,
    /// The maximum duration of the fetch while it is polled.
    pub(super) longest: Duration,
}

/// Why a token is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// There is no token to send a call with.
    Needed,
    /// The token expires soon.
    Renewal,
}

/// What a caller that wants a token does next.
pub(super) enum Next {
    Use(AccessToken),
    /// Use the token, after trying to renew it.
    Renew(AccessToken),
    Fetch,
    Fail(TokenError),
}

impl Cache {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self {
            current: None,
            rejected: None,
            rejected_until: None,
            generation: 0,
            failure: None,
            block: Block::default(),
            jitter: Jitter::new(seed),
        }
    }

    /// The token in use, if it is valid at this moment and not due for renewal.
    pub(super) fn fresh(&self, now: Option<Duration>) -> Option<AccessToken> {
        let entry = self.current.as_ref()?;
        let is_fresh = !has_passed(entry.expires, now) && !has_passed(entry.renew, now);
        is_fresh.then(|| entry.token.clone())
    }

    pub(super) fn next(&mut self, now: Option<Duration>) -> Next {
        if let Some(entry) = self.current.as_ref().filter(|entry| !has_passed(entry.expires, now)) {
            let token = entry.token.clone();
            return if has_passed(entry.renew, now) { Next::Renew(token) } else { Next::Use(token) };
        }
        let failure = self.failure.as_mut().and_then(|failure| failure.error_during_pause(now));
        failure.map_or(Next::Fetch, |error| Next::Fail(error.clone()))
    }

    /// Whether the store may be asked during a pause: another process may have stored a token meanwhile.
    pub(super) fn may_ask_store(&mut self, now: Option<Duration>) -> bool {
        let Some((failure, now)) = self.failure.as_mut().zip(now) else { return false };
        let is_due = failure.store_asked_at.is_none_or(|at| now.abs_diff(at) >= STORE_PAUSE);
        if is_due {
            failure.store_asked_at = Some(now);
        }
        is_due
    }

    /// The token that a fetch must not return again.
    pub(super) fn unwanted(&self, purpose: Purpose) -> Option<AccessToken> {
        match purpose {
            Purpose::Needed => self.rejected.clone(),
            Purpose::Renewal => self.current.as_ref().map(|entry| entry.token.clone()),
        }
    }

    /// Why a token is fetched, for observers.
    pub(super) fn reason(&self, purpose: Purpose) -> TokenFetchReason {
        match (purpose, &self.current, &self.rejected) {
            (Purpose::Renewal, ..) => TokenFetchReason::Renewal,
            (Purpose::Needed, None, Some(_)) => TokenFetchReason::Refused,
            (Purpose::Needed, ..) => TokenFetchReason::Missing,
        }
    }

    /// Drops the token that WeCom refused, if it is still the one in use: a late refusal of a token that has been
    /// replaced since changes nothing. Returns whether a fetch may return another token.
    pub(super) fn reject(&mut self, rejected: &AccessToken, now: Option<Duration>) -> bool {
        if self.current.as_ref().is_none_or(|entry| entry.token.generation() != rejected.generation()) {
            return true;
        }
        // A clock that was set back must not prolong it.
        let latest = now.map(|now| now.saturating_add(RENEWAL_PAUSE));
        self.rejected_until = self.rejected_until.zip(latest).map(|(until, latest)| until.min(latest));
        let is_only_token = self.rejected_until.zip(now).is_some_and(|(until, now)| now < until);
        if is_only_token && self.rejected.as_ref().is_some_and(|last| last.expose() == rejected.expose()) {
            return false;
        }
        self.current = None;
        self.rejected = Some(rejected.clone());
        true
    }

    pub(super) fn keep(&mut self, fetched: Fetched) -> AccessToken {
        let Fetched { token, requested_at, expires_in } = fetched;
        let is = |other: Option<&AccessToken>| other.is_some_and(|other| other.expose() == token.expose());
        let was_rejected = is(self.rejected.as_ref());
        let is_unchanged = was_rejected || is(self.current.as_ref().map(|entry| &entry.token));
        self.generation += 1;
        self.failure = None;
        self.rejected_until = requested_at.filter(|_| was_rejected).map(|at| at.saturating_add(RENEWAL_PAUSE));
        let token = token.with_generation(self.generation);
        let expires = requested_at.zip(expires_in).map(|(at, valid)| at.saturating_add(valid));
        let renew = requested_at.zip(expires_in).map(|(at, valid)| {
            let lead = RENEWAL_LEAD.min(valid / 4);
            // Processes must not all renew at the same moment.
            let lead = lead + self.jitter.up_to(lead / 5);
            let after = valid.saturating_sub(lead);
            at.saturating_add(if is_unchanged { after.max(RENEWAL_PAUSE) } else { after })
        });
        self.current = Some(Entry { token: token.clone(), expires, renew });
        token
    }

    /// Records that a fetch failed, and how long it is not repeated.
    ///
    /// A wrong secret is never sent again, because repeating it gets the caller's IP address banned. At a renewal the
    /// refusal is not final, because the current token shows that the secret was valid. It is final if the fetch after
    /// the token's expiry is refused too.
    pub(super) fn fail(&mut self, error: Error, failed: Failed, now: Option<Duration>) -> TokenError {
        let Failed { purpose, with_credentials, began, longest } = failed;
        // A fetch of a downstream token may fail because of the upstream token, which has a pause of its own.
        let code = error.code().filter(|_| !matches!(error.kind(), ErrorKind::Token(_)));
        let error = TokenError::from(error);
        if let (Some(ErrCode::FREQUENCY_EXCEEDED), Some(began), Some(now)) = (code, began, now) {
            self.block.record_refusal(began, now);
        }
        let was_polled = began.zip(now).is_none_or(|(began, now)| now.saturating_sub(began) <= longest);
        if code.is_none() && !was_polled {
            // A fetch that was not polled in time says nothing about the service.
            return error;
        }
        let is_credentials_error = with_credentials && code.is_some_and(ErrCode::means_credentials_rejected);
        let pause = match (is_credentials_error, code, now) {
            (true, ..) => (purpose == Purpose::Needed).then_some(Pause::Forever),
            (false, Some(code), Some(now)) => self.pause_after(code, now),
            _ => None,
        };
        if purpose == Purpose::Renewal {
            // The old token is used until it expires. If it expires during the pause, calls fail with this error.
            let rest = pause.as_ref().map_or(RENEWAL_PAUSE, |pause| RENEWAL_PAUSE.max(pause.length()));
            self.set_renewal(now.filter(|_| !is_credentials_error).map(|now| now.saturating_add(rest)));
        }
        self.failure = pause.map(|pause| Failure { error: error.clone(), pause, store_asked_at: now });
        error
    }

    fn pause_after(&mut self, code: ErrCode, now: Duration) -> Option<Pause> {
        let length = match code {
            ErrCode::FREQUENCY_EXCEEDED => self.block.remaining(now)?,
            ErrCode::IP_NOT_TRUSTED => IP_PAUSE,
            _ => return None,
        };
        Some(Pause::Until { end: now.saturating_add(length), length })
    }

    fn set_renewal(&mut self, moment: Option<Duration>) {
        if let Some(entry) = &mut self.current {
            entry.renew = moment;
        }
    }
}

impl Pause {
    fn length(&self) -> Duration {
        match self {
            Self::Forever => Duration::MAX,
            Self::Until { length, .. } => *length,
        }
    }
}

impl Failure {
    /// The error, until the pause ends.
    fn error_during_pause(&mut self, now: Option<Duration>) -> Option<&TokenError> {
        let holds = match (&mut self.pause, now) {
            (Pause::Forever, _) => true,
            (Pause::Until { .. }, None) => false,
            (Pause::Until { end, length }, Some(now)) => {
                // A clock that was set back must not prolong it.
                *end = (*end).min(now.saturating_add(*length));
                now < *end
            }
        };
        holds.then_some(&self.error)
    }
}

/// Whether a moment has passed. An unknown moment has not.
fn has_passed(moment: Option<Duration>, now: Option<Duration>) -> bool {
    moment.zip(now).is_some_and(|(moment, now)| now >= moment)
}
